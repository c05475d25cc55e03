"""Whose turn a document in review is: claimed, renewed, released, postponed, handed on.

A claim is a row (`turn_models.Turn`) that one person holds until a time on the database's
clock; every change of it is one statement that names the state it starts from, so that of two
people who ask at once one is refused. What has run out is free, without anybody's doing. A
claim only keeps people out of each other's way: what is saved is guarded by the document's
version (`review.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Exists, F, FloatField, Func, OuterRef, Q, Value, When
from django.db.models.functions import Least, Now
from django.utils import timezone

from documents.errors import Conflict, SenderError
from documents.models import (
    WAITING,
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentType,
    Project,
    Role,
    record,
)
from documents.turn_models import Turn

REVIEWERS = (Role.REVIEWER, Role.OPERATOR)
# A pause between two signs of work counts no longer than this.
IDLE_S = 120.0
LONGEST_POSTPONED = timedelta(days=90)
# How many documents one who asks for the next is offered at a time; others may take them first.
OFFERED = 20
COUNTED_MOST = 10_000


class Held(Conflict):
    """Somebody else is at work on this document."""

    code = "held"


class NotWaiting(Conflict):
    """This document does not wait for a review any more."""

    code = "not_waiting"


class TimeRefused(SenderError):
    """Postpone it to a time within the next 90 days."""

    code = "time_refused"


class Order(models.TextChoices):
    OLDEST = "oldest", "Oldest first"
    UNSURE = "unsure", "Least sure first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which part of the queue, in which order. project, type: slugs; reason: one of
    `Document.reason_kinds`; each "" for all."""

    project: str = ""
    type: str = ""
    reason: str = ""
    order: Order = Order.OLDEST

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """From a form or a session; what makes no sense is left out."""
        texts = {name: str(told.get(name) or "")[:60] for name in ("project", "type", "reason")}
        order = told.get("order")
        return cls(order=Order(order) if order in Order.values else Order.OLDEST, **texts)

    def as_dict(self) -> dict[str, str]:
        """What differs from all of it, oldest first."""
        usual = {"order": Order.OLDEST}
        return {
            name: str(value)
            for name, value in asdict(self).items()
            if value and value != usual.get(name)
        }


EVERYTHING = Choice()


# -- what waits -------------------------------------------------------------------------------


def waiting(user: AnyUser, choice: Choice = EVERYTHING) -> DocumentQuerySet:
    """Documents that wait for this user's review, in the order of `choice`; those that are
    postponed are not among them, those that somebody holds are."""
    found = _of_projects(user, choice.project)
    if choice.type:
        kinds = DocumentType.objects.filter(slug=choice.type)
        found = found.filter(type__in=list(kinds.values_list("pk", flat=True)))
    if choice.reason:
        found = found.filter(reason_kinds__contains=[choice.reason])
    return found.filter(~_has_turn(postponed_until__gt=Now())).order_by(*_columns(choice))


def free(user: AnyUser, choice: Choice = EVERYTHING) -> DocumentQuerySet:
    """Of those that wait, those that nobody else holds."""
    return waiting(user, choice).filter(~_has_turn(~Q(holder=user.pk), until__gt=Now()))


def postponed(user: AnyUser) -> DocumentQuerySet:
    """Documents that were put away, the next to come back first."""
    found = _of_projects(user)
    return found.filter(turn__postponed_until__gt=Now()).order_by("turn__postponed_until", "pk")


def count(documents: DocumentQuerySet) -> int:
    """How many there are, up to COUNTED_MOST + 1, which stands for more."""
    return documents.order_by()[: COUNTED_MOST + 1].count()


def past(documents: DocumentQuerySet, after: Document, order: Order) -> DocumentQuerySet:
    """Those of `documents` that come after this one in the order of the queue."""
    found = documents.filter(created_at__gte=after.created_at)
    later = Q(created_at__gt=after.created_at) | Q(created_at=after.created_at, pk__gt=after.pk)
    if order == Order.OLDEST:
        return found.filter(later)
    same = Q(confidence=after.confidence) & later
    surer = documents.filter(confidence__gte=after.confidence)
    return surer.filter(Q(confidence__gt=after.confidence) | same)


def before(documents: DocumentQuerySet, at: Document, order: Order) -> DocumentQuerySet:
    """Those of `documents` that come before this one, the nearest first."""
    sooner = Q(created_at__lt=at.created_at) | Q(created_at=at.created_at, pk__lt=at.pk)
    found = documents.reverse()
    if order == Order.OLDEST:
        return found.filter(sooner, created_at__lte=at.created_at)
    same = Q(confidence=at.confidence) & sooner
    less = Q(confidence__lt=at.confidence)
    return found.filter(less | same, confidence__lte=at.confidence)


# -- who holds what ---------------------------------------------------------------------------


def claim(document_id: UUID, user: AnyUser) -> Turn:
    """Hold a document that waits for REVIEW_HOLD_S seconds; whoever holds it already goes on.

    The token is a new one each time. Raises Held, NotWaiting (also where the user may not
    review it)."""
    Turn.objects.bulk_create(
        [Turn(document_id=pk) for pk in _reviewable(document_id, user)], ignore_conflicts=True
    )
    is_own = Q(holder=user.pk, until__gt=Now())
    taken = _free_for(document_id, user).update(
        holder=user.pk,
        until=Now() + timedelta(seconds=settings.REVIEW_HOLD_S),
        token=uuid4(),
        began_at=Case(When(is_own, then=F("began_at")), default=Now()),
        spent_s=Case(When(is_own, then=_worked()), default=F("spent_s")),
        seen_at=Now(),
        postponed_until=None,
        postponed_by=None,
    )
    if not taken:
        raise _refusal(document_id, user)
    return Turn.objects.get(pk=document_id)


def renew(document_id: UUID, user: AnyUser, *, is_active: bool = True) -> Turn:
    """Hold it on, and count the time since the last sign of work unless the person paused.

    A claim that ran out and that nobody took is taken up again. Raises Held, NotWaiting."""
    held = Turn.objects.filter(_is_waiting(user), pk=document_id, holder=user.pk)
    renewed = held.update(
        until=Now() + timedelta(seconds=settings.REVIEW_HOLD_S),
        spent_s=_worked() if is_active else F("spent_s"),
        seen_at=Now(),
    )
    return Turn.objects.get(pk=document_id) if renewed else claim(document_id, user)


def release(document_id: UUID, user: AnyUser, *, token: UUID | None = None) -> bool:
    """Give it back; False where this user, or the page with this token, does not hold it."""
    held = Turn.objects.filter(pk=document_id, holder=user.pk)
    if token is not None:
        held = held.filter(token=token)
    return bool(held.update(holder=None, until=None, token=None, spent_s=_worked()))


def postpone(document_id: UUID, user: AnyUser, *, until: datetime) -> None:
    """Put it away for everybody until a time. Raises Held, NotWaiting, TimeRefused."""
    if not timezone.now() < until <= timezone.now() + LONGEST_POSTPONED:
        raise TimeRefused
    with transaction.atomic():
        turn = claim(document_id, user)
        Turn.objects.filter(pk=turn.pk).update(
            holder=None, until=None, token=None, postponed_until=until, postponed_by=user.pk
        )
        document = turn.document
        told = {"until": until.isoformat()}
        record("document.postponed", document, actor=user, project=document.project, **told)


def recall(document_id: UUID, user: AnyUser) -> None:
    """Take a postponed document back into the queue; harmless where it is in it."""
    with transaction.atomic():
        own = Turn.objects.filter(_is_waiting(user), pk=document_id, postponed_until__gt=Now())
        if own.update(postponed_until=None, postponed_by=None):
            document = Document.objects.select_related("project").get(pk=document_id)
            record("document.recalled", document, actor=user, project=document.project)


def following(
    user: AnyUser, *, after: Document | None = None, choice: Choice = EVERYTHING
) -> UUID | None:
    """Claim the next document for this user and give `after` back; None where none is free.

    From the end of the queue it goes on at its beginning. To be asked for in any state of
    `after`: confirmed, rejected or left as it is."""
    found = None
    if after is not None:
        release(after.pk, user)
        found = _first(past(free(user, choice), after, choice.order), user, after)
    return found or _first(free(user, choice), user, after)


def preceding(user: AnyUser, *, at: Document, choice: Choice = EVERYTHING) -> UUID | None:
    """Claim the document before this one and give this one back; None at the beginning."""
    found = _first(before(free(user, choice), at, choice.order), user, at)
    if found is not None:
        release(at.pk, user)
    return found


def held(ids: Sequence[UUID]) -> dict[UUID, Turn]:
    """The turns of those documents that somebody holds or that are postponed."""
    at_work = Turn.objects.filter(pk__in=ids).filter(
        Q(until__gt=Now()) | Q(postponed_until__gt=Now())
    )
    return {turn.pk: turn for turn in at_work.select_related("holder", "postponed_by")}


def refuse_if_held(ids: Sequence[UUID], user: AnyUser) -> None:
    """Raises Held where somebody else is at work on one of these documents."""
    others = Turn.objects.filter(pk__in=ids, until__gt=Now()).exclude(holder=user.pk)
    turn = others.select_related("holder").first()
    if turn is not None:
        raise Held(f"{turn.holder} is at work on it until {_clock(turn)}.")


def end(document: Document, user: AnyUser) -> float | None:
    """Forget the turn of a document that was settled; the seconds that people worked on it,
    None where nobody opened it. Belongs into the transaction that settles it."""
    turn = Turn.objects.filter(pk=document.pk).annotate(
        all_s=Case(When(holder=user.pk, then=_worked()), default=F("spent_s"))
    )
    spent = turn.values_list("all_s", "began_at").first()
    turn.delete()
    return None if spent is None or spent[1] is None else float(spent[0])


def _first(offered: DocumentQuerySet, user: AnyUser, but: Document | None) -> UUID | None:
    """The first of these that this user gets hold of."""
    while ids := list(offered.values_list("pk", flat=True)[:OFFERED]):
        for document_id in ids:
            if but is not None and document_id == but.pk:
                continue
            try:
                return claim(document_id, user).document_id
            except Conflict:
                continue
        if but is not None and ids == [but.pk]:
            return None
    return None


def _reviewable(document_id: UUID, user: AnyUser) -> Sequence[UUID]:
    found = Document.objects.open_to(user, *REVIEWERS).filter(WAITING, pk=document_id)
    return list(found.values_list("pk", flat=True))


def _of_projects(user: AnyUser, slug: str = "") -> DocumentQuerySet:
    """What waits in the projects that the user reviews, or in one of them.

    The projects are looked up first and named: of a subquery Postgres expects so few documents
    that it reads them all and sorts them, instead of the first ones from the index."""
    if getattr(user, "is_superuser", False) and not slug:
        return Document.objects.filter(WAITING)
    projects = Project.objects.open_to(user, *REVIEWERS)
    if slug:
        projects = projects.filter(slug=slug)
    named = list(projects.values_list("pk", flat=True))
    return Document.objects.filter(WAITING, project__in=named)


def _is_waiting(user: AnyUser) -> Q:
    return Q(document__in=Document.objects.open_to(user, *REVIEWERS).filter(WAITING))


def _free_for(document_id: UUID, user: AnyUser) -> "models.QuerySet[Turn]":
    is_free = Q(holder=None) | Q(holder=user.pk) | Q(until__lte=Now())
    return Turn.objects.filter(is_free, _is_waiting(user), pk=document_id)


def _refusal(document_id: UUID, user: AnyUser) -> Conflict:
    if not _reviewable(document_id, user):
        return NotWaiting()
    turn = Turn.objects.select_related("holder").filter(pk=document_id, holder__isnull=False)
    told = [f"{one.holder} is at work on it until {_clock(one)}." for one in turn]
    return Held(told[0]) if told else Held()


def _clock(turn: Turn) -> str:
    return f"{timezone.localtime(turn.until):%H:%M}"


def _has_turn(*conditions: Q, **values: Any) -> Exists:
    return Exists(Turn.objects.filter(*conditions, document=OuterRef("pk"), **values))


def _columns(choice: Choice) -> tuple[str, ...]:
    oldest = ("created_at", "pk")
    return oldest if choice.order == Order.OLDEST else ("confidence", *oldest)


def _worked() -> models.expressions.CombinedExpression:
    """The seconds worked so far, those since the last sign of work among them."""
    # greatest() passes over nulls: nothing was seen before the first sign of work.
    gap = Func(
        Now() - F("seen_at"),
        template="greatest(0, extract(epoch FROM %(expressions)s))",
        output_field=FloatField(),
    )
    return F("spent_s") + Least(gap, Value(IDLE_S))
