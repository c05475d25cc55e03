"""What review costs: seconds a document, values changed, and how many documents needed nobody.

A row (`turn_models.Handling`) is kept at each confirmation; everything else here reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from documents import turns
from documents.models import (
    STRAIGHT_THROUGH,
    AnyUser,
    Correction,
    Document,
    DocumentStatus,
    Project,
    Role,
)
from documents.turn_models import Handling


class Median(Aggregate):
    """percentile_cont(0.5); nulls are left out."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Confirmations of a day, or of several. seconds: the median, None where none was timed;
    fields, changed: values, all and those that people changed; untouched: documents in which
    nothing was changed; straight: documents that needed nobody."""

    confirmed: int = 0
    seconds: float | None = None
    fields: int = 0
    changed: int = 0
    untouched: int = 0
    straight: int = 0

    @property
    def changed_each(self) -> float:
        """Values that were changed a document."""
        return self.changed / self.confirmed if self.confirmed else 0.0

    @property
    def straight_share(self) -> float | None:
        """Of all that were settled, those that needed nobody, 0..1."""
        settled = self.straight + self.confirmed
        return self.straight / settled if settled else None


def keep(document: Document, actor: AnyUser) -> None:
    """A document was settled: its turn ends, and of a confirmation what it took is written.

    Belongs into the transaction that settles it."""
    seconds = turns.end(document, actor)
    if document.status != DocumentStatus.DRAFT_CREATED:
        return
    assert actor.pk is not None  # noqa: S101  (who settles a document has an account)
    changed = Correction.objects.filter(document=document).values("pointer").distinct()
    Handling.objects.update_or_create(
        document=document,
        defaults={
            "project_id": document.project_id,
            "reviewer_id": actor.pk,
            "type_slug": document.type.slug if document.type else "",
            "seconds": seconds,
            "fields": _count_values(document.payload),
            "changed": changed.count(),
            "is_bulk": False,
            "at": timezone.now(),
        },
    )


def of_person(user: AnyUser, since: datetime) -> "QuerySet[Handling]":
    """What this person confirmed, one document at a time."""
    return Handling.objects.filter(reviewer=user.pk, at__gte=since, is_bulk=False)


def of_projects(user: AnyUser, since: datetime) -> "QuerySet[Handling]":
    """What was confirmed in the projects that this user operates."""
    return Handling.objects.open_to(user, Role.OPERATOR).filter(at__gte=since)


def straight_of(user: AnyUser, since: datetime) -> "QuerySet[Document]":
    """Documents that needed nobody, in the projects that this user operates."""
    found = Document.objects.open_to(user, Role.OPERATOR).filter(STRAIGHT_THROUGH)
    return found.filter(created_at__gte=since)


def total(handlings: "QuerySet[Handling]", straight: "QuerySet[Document] | None" = None) -> Figures:
    """One query, two with `straight`."""
    told = handlings.order_by().aggregate(**_MEASURES)
    return _figures(told, straight.order_by().count() if straight is not None else 0)


def by_day(
    handlings: "QuerySet[Handling]", straight: "QuerySet[Document] | None" = None
) -> dict[date, Figures]:
    """By local day; one query, two with `straight`. Days without either are left out."""
    found = handlings.order_by().annotate(day=TruncDate("at")).values("day").annotate(**_MEASURES)
    told: dict[date, Any] = {row["day"]: row for row in found}
    through: dict[date, int] = {}
    if straight is not None:
        days = straight.order_by().annotate(on=TruncDate("created_at")).values_list("on")
        through = dict(days.annotate(n=Count("pk")))
    return {
        day: _figures(told.get(day, {}), through.get(day, 0)) for day in sorted({*told, *through})
    }


def by_project(user: AnyUser, since: datetime) -> list[tuple[str, Figures]]:
    """Of each project that this user operates and in which anything was settled."""
    found = of_projects(user, since).order_by().values("project").annotate(**_MEASURES)
    told: dict[int, Any] = {row["project"]: row for row in found}
    counted = straight_of(user, since).order_by().values_list("project")
    through = dict(counted.annotate(n=Count("pk")))
    names = Project.objects.filter(pk__in={*told, *through}).values_list("pk", "name")
    return [(name, _figures(told.get(pk, {}), through.get(pk, 0))) for pk, name in names]


def days_back(days: int) -> list[date]:
    """Local days, oldest first, today the last."""
    today = timezone.localdate()
    return [today - timedelta(days=back) for back in reversed(range(days))]


def since(days: int) -> datetime:
    """When the first of these days began."""
    now = timezone.localtime()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days - 1)


_MEASURES: Mapping[str, Any] = {
    "confirmed": Count("pk"),
    "seconds_median": Median(F("seconds"), filter=Q(seconds__isnull=False)),
    "fields_sum": Sum("fields", default=0),
    "changed_sum": Sum("changed", default=0),
    "untouched": Count("pk", filter=Q(changed=0)),
}


def _figures(told: Mapping[str, Any], straight: int) -> Figures:
    return Figures(
        confirmed=told.get("confirmed", 0),
        seconds=told.get("seconds_median"),
        fields=told.get("fields_sum", 0),
        changed=told.get("changed_sum", 0),
        untouched=told.get("untouched", 0),
        straight=straight,
    )


def _count_values(payload: Any) -> int:
    """How many values a payload holds, those in its tables among them."""
    if isinstance(payload, dict):
        return sum(_count_values(value) for value in payload.values())
    if isinstance(payload, list):
        return sum(_count_values(value) for value in payload)
    return int(payload not in (None, ""))
