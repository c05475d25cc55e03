"""How much was read right, over time, as reviewers found it: the questions of the accuracy page.

Made of `Outcome` rows, one a value of a document that a person confirmed, and one for each sample
that a person refused. Those are the values
of documents that needed a person, and of those that were drawn as a sample of the others; only
the sample speaks for what goes through without anybody. Every question starts from the user."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Sum, When
from django.db.models.functions import TruncDate, TruncDay, TruncMonth, TruncWeek
from django.utils import timezone

from documents import reliability, schemas, trust
from documents.drafts import SAMPLED
from documents.models import (
    AnyUser,
    Document,
    DocumentStatus,
    DocumentType,
    Outcome,
    Project,
    SchemaVersion,
)
from documents.outcomes import WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """count spans that end today; `truncate` finds the first day of a span."""

    name: str
    span: str
    count: int
    truncate: type[TruncDay | TruncWeek | TruncMonth]


PERIODS: Mapping[str, Period] = {
    "30d": Period(name="30 days", span="day", count=30, truncate=TruncDay),
    "12w": Period(name="12 weeks", span="week", count=12, truncate=TruncWeek),
    "12m": Period(name="12 months", span="month", count=12, truncate=TruncMonth),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the page is asked for. project: all that the user may see where it is None."""

    user: AnyUser
    type_slug: str
    project: Project | None = None
    period: str = "12w"

    def spans(self) -> list[date]:
        """The first day of each span, oldest first."""
        today, count = timezone.localdate(), PERIODS[self.period].count
        if self.period == "30d":
            return [today - timedelta(days=back) for back in reversed(range(count))]
        if self.period == "12w":
            monday = today - timedelta(days=today.weekday())
            return [monday - timedelta(weeks=back) for back in reversed(range(count))]
        months = [today.year * 12 + today.month - 1 - back for back in reversed(range(count))]
        return [date(month // 12, month % 12 + 1, 1) for month in months]

    def since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.spans()[0], time.min))

    def span_of(self, column: str) -> Any:
        return TruncDate(PERIODS[self.period].truncate(column))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """values that were reviewed: right as read, not read at all, and the rest read wrong."""

    values: int = 0
    right: int = 0
    missed: int = 0

    @property
    def read(self) -> int:
        return self.values - self.missed

    @property
    def wrong(self) -> int:
        return self.read - self.right

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            values=self.values + other.values,
            right=self.right + other.right,
            missed=self.missed + other.missed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The values of one field, or what one version read. spans: the same, oldest span first."""

    key: str
    name: str
    total: Tally
    spans: Sequence[Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """Documents of a span: all, and those that needed nobody (drawn samples among them)."""

    documents: int = 0
    straight: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Documents that needed nobody and were reviewed as a sample; of their values those that
    would have been accepted. wrong: of which a person changed any, or one; a refused document
    counts as one wrong value."""

    documents: int = 0
    documents_wrong: int = 0
    values: int = 0
    values_wrong: int = 0

    @property
    def at_most(self) -> float:
        """The share of documents with a wrong value that is hardly exceeded."""
        return reliability.at_most(self.documents_wrong, self.documents)

    def __add__(self, other: "Sampled") -> "Sampled":
        return Sampled(
            documents=self.documents + other.documents,
            documents_wrong=self.documents_wrong + other.documents_wrong,
            values=self.values + other.values,
            values_wrong=self.values_wrong + other.values_wrong,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """All that was reviewed of a type, by field, and by what read it."""

    total: Tally
    fields: Sequence[Line]
    versions: Sequence[Line] = field(default_factory=list)


def types(user: AnyUser, project: Project | None = None) -> dict[str, str]:
    """Slug -> name of the types of which values were reviewed, the most reviewed first."""
    rows = _outcomes(user, project).order_by().values("type_slug").annotate(n=Count("pk"))
    slugs = [row["type_slug"] for row in sorted(rows, key=lambda row: -row["n"])]
    names = dict(DocumentType.objects.filter(slug__in=slugs).values_list("slug", "name"))
    return {slug: names.get(slug, slug) for slug in slugs}


def reviewed(asked: Asked, of_field: str = "") -> Reviewed:
    """Fields with most that was not right come first, versions with the newest.

    Versions and total are those of `of_field` alone where one is named. A value that was not
    read has no engine, and so none of the versions."""
    rows = list(
        _asked(asked)
        .exclude(pointer=WHOLE)
        .annotate(span=asked.span_of("at"))
        .values_list("field", "schema_number", "engine", "span")
        .annotate(
            n=Count("pk"),
            right=Count("pk", filter=Q(is_right=True)),
            missed=Count("pk", filter=Q(source="")),
        )
    )
    titles = _titles(asked.type_slug)
    fields = _lines(asked, rows, lambda row: row[0], lambda key: titles(str(key)))
    kept = [row for row in rows if of_field in ("", row[0])]
    read = [row for row in kept if row[2]]
    versions = _lines(
        asked, read, lambda row: (row[1], row[2]), lambda key: f"{key[1]}, schema {key[0]}"
    )
    return Reviewed(
        total=_sum(_tally(row) for row in kept),
        fields=sorted(fields, key=lambda line: (line.total.right - line.total.values, line.name)),
        versions=sorted(versions, key=_began, reverse=True),
    )


def through(asked: Asked) -> list[Through]:
    """By span of the day they came, oldest first."""
    drawn = Exists(Outcome.objects.filter(document=OuterRef("pk"), is_sample=True))
    needed_nobody = (
        Q(status=DocumentStatus.DRAFT_CREATED, reviewer__isnull=True)
        | Q(reasons__contains=[{"code": SAMPLED}])
        | Q(is_drawn=True)
    )
    found = Document.objects.visible_to(asked.user).filter(
        type__slug=asked.type_slug, schema_version__isnull=False, created_at__gte=asked.since()
    )
    if asked.project is not None:
        found = found.filter(project=asked.project)
    rows: Iterable[Any] = (
        found.order_by()
        .annotate(is_drawn=drawn)
        .values(span=asked.span_of("created_at"))
        .annotate(documents=Count("pk"), straight=Count("pk", filter=needed_nobody))
    )
    by_span = {row.pop("span"): Through(**row) for row in rows}
    return [by_span.get(span, Through()) for span in asked.spans()]


def sampled(asked: Asked) -> list[Sampled]:
    """By span of the review, oldest first. Documents deleted since count by their values only."""
    accepted, wrong = Q(is_settled=True), Q(is_settled=True, is_right=False)
    rows: Iterable[Any] = (
        _asked(asked)
        .filter(is_sample=True)
        .values(span=asked.span_of("at"))
        .annotate(
            documents=Count("document", distinct=True),
            documents_wrong=Count("document", distinct=True, filter=wrong),
            values=Count("pk", filter=accepted),
            values_wrong=Count("pk", filter=wrong),
        )
    )
    by_span = {row.pop("span"): Sampled(**row) for row in rows}
    return [by_span.get(span, Sampled()) for span in asked.spans()]


def bins(asked: Asked, of_field: str = "") -> list[reliability.Bin]:
    """The confidence that was shown against the share that was right; of what was read from
    the page, since what the file carries is proven and needs none."""
    whens = [
        When(confidence__gte=edge, then=at)
        for at, edge in reversed([*enumerate(reliability.EDGES)])
    ]
    rows = _asked(asked).exclude(source__in=("", *trust.CARRIED))
    if of_field:
        rows = rows.filter(field=of_field)
    counted = (
        rows.values(bin=Case(*whens, output_field=IntegerField()))
        .annotate(n=Count("pk"), said=Sum("confidence"), right=Count("pk", filter=Q(is_right=True)))
        .order_by("bin")
    )
    return [
        reliability.make_bin(row["bin"], n=row["n"], said=row["said"], right=row["right"])
        for row in counted
    ]


def documents(asked: Asked) -> int:
    """How many documents were reviewed; those deleted since are not counted."""
    found: int = _asked(asked).aggregate(n=Count("document", distinct=True))["n"]
    return found


def _outcomes(user: AnyUser, project: Project | None) -> "QuerySet[Outcome]":
    found = Outcome.objects.visible_to(user)
    return found if project is None else found.filter(project=project)


def _asked(asked: Asked) -> "QuerySet[Outcome]":
    found = _outcomes(asked.user, asked.project)
    return found.filter(type_slug=asked.type_slug, at__gte=asked.since()).order_by()


def _lines(
    asked: Asked,
    rows: Iterable[Any],
    key: Callable[[Any], Any],
    name: Callable[[Any], str],
) -> list[Line]:
    spans = asked.spans()
    by_key: dict[Any, dict[date, Tally]] = {}
    for row in rows:
        of_key = by_key.setdefault(key(row), {})
        of_key[row[3]] = of_key.get(row[3], Tally()) + _tally(row)
    return [
        Line(
            key=str(one),
            name=name(one),
            total=_sum(of_span.values()),
            spans=[of_span.get(span, Tally()) for span in spans],
        )
        for one, of_span in by_key.items()
    ]


def _began(line: Line) -> tuple[int, str]:
    """The first span in which it read anything."""
    return next(at for at, tally in enumerate(line.spans) if tally.values), line.name


def _tally(row: Any) -> Tally:
    return Tally(values=row[4], right=row[5], missed=row[6])


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def _titles(type_slug: str) -> Callable[[str], str]:
    """What a person calls a field: "line_items.hsn_code" -> "Line items, HSN/SAC"."""
    newest = SchemaVersion.objects.filter(type__slug=type_slug).order_by("-number").first()
    schema: Mapping[str, Any] = newest.schema if newest else {}

    def title(name: str) -> str:
        table, _, column = name.rpartition(".")
        if not table:
            return schemas.title_of(schema, f"/{column}") or column
        parts = (f"/{table}", f"/{table}/0/{column}")
        return ", ".join(schemas.title_of(schema, part) or part for part in parts)

    return title
