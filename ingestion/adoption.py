"""Making the results of a replay the values of its documents: for all, some or none.

Each document in a transaction of its own, so that thousands hold up nobody and what was
adopted stays when the rest is not. Values go the way of every reading
(`documents/relations.py`): weighed, checked, held against the other papers. What a person has
confirmed, rejected or changed is left alone, and so is what has changed since the replay.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import OperationalError, transaction
from django.db.models import Case, Count, Q, Value, When
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from documents import drafts, relations
from documents.drafts import Reading
from documents.errors import Conflict, SenderError
from documents.models import AnyUser, Document, DocumentStatus, record
from documents.relations import Read
from ingestion import changes
from ingestion.replay_models import Adopted, Replay, ReplayResult
from ingestion.stages.inputs import packet_of

CONFIRMED, REJECTED, CORRECTED = "confirmed", "rejected", "corrected"
CHANGED, ALREADY = "changed_since", "already_adopted"
WHY = {
    CONFIRMED: "A person has confirmed it.",
    REJECTED: "A person has rejected it.",
    CORRECTED: "A person has changed a value of it.",
    CHANGED: "It has changed since it was replayed.",
    ALREADY: "It was adopted before.",
}
"""Why a document keeps its values, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """adopted: documents; skipped: how many by code of WHY; left: not reached in the time."""

    adopted: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    left: int = 0


def adopt(
    replay: Replay,
    *,
    user: AnyUser | None,
    documents: Collection[UUID] | None = None,
    fields: Collection[str] | None = None,
    limit_s: float | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Outcome:
    """Take over what a replay read: of these documents (None: all of it) these fields, by their
    names in the schema (None: all).

    Adopting again changes nothing more. After `limit_s` seconds the rest is left for another
    call. Opens a transaction a document. Raises Conflict, job_open, while the replay is at work;
    SenderError, unknown_field or no_fields."""
    replay.job.refresh_from_db()
    if replay.job.is_open:
        raise Conflict("The replay is still at work; stop it or wait until it ends.", "job_open")
    chosen = _checked(replay, fields)
    results = ReplayResult.objects.filter(replay=replay)
    if documents is not None:
        results = results.filter(document__in=documents)
    # Left out at once, so that each call goes on where the last one came to its limit.
    results = results.annotate(why=_known_refusal(chosen))
    counted = results.order_by().values_list("why").annotate(n=Count("pk"))
    came_to: Counter[str] = Counter({why: n for why, n in counted if why})
    known = came_to.total()
    ids = list(results.filter(why="").order_by("document").values_list("pk", flat=True))
    until = None if limit_s is None else time.monotonic() + limit_s
    for done, result_id in enumerate(ids):
        if until is not None and time.monotonic() > until:
            break
        came_to[_adopt_one(replay, result_id, chosen, user)] += 1
        on_progress(done + 1, len(ids))
    left = known + len(ids) - came_to.total()
    outcome = Outcome(adopted=came_to.pop("", 0), skipped=dict(came_to), left=left)
    _tell(replay, outcome, user, chosen)
    return outcome


def _checked(replay: Replay, fields: Collection[str] | None) -> tuple[str, ...] | None:
    if fields is None:
        return None
    unknown = set(fields).difference(replay.schema_version.schema.get("properties") or ())
    if unknown:
        raise SenderError(f"The schema has no field {min(unknown)}.", "unknown_field")
    if not fields:
        raise SenderError("Choose at least one field.", "no_fields")
    return tuple(sorted(set(fields)))


def _tell(
    replay: Replay, outcome: Outcome, user: AnyUser | None, fields: Sequence[str] | None
) -> None:
    if not outcome.adopted:
        return
    of_fields = {} if fields is None else {"fields": list(fields)}
    with transaction.atomic():
        Replay.objects.filter(pk=replay.pk).update(
            adopted_at=timezone.now(), adopted_by=user.pk if user else None
        )
        record(
            "replay.adopted",
            replay,
            actor=user,
            project=replay.project,
            documents=outcome.adopted,
            skipped=outcome.skipped,
            **of_fields,
        )


def _known_refusal(fields: Sequence[str] | None) -> Case:
    """`_refusal` as far as the columns of a result and its document tell it."""
    is_confirmed = Q(document__status=DocumentStatus.DRAFT_CREATED)
    is_adopted = Q(adopted=Adopted.ALL)
    if fields:
        is_adopted |= Q(adopted_fields__contains=list(fields))
    return Case(
        When(document__status=DocumentStatus.REJECTED, then=Value(REJECTED)),
        When(Q(is_confirmed, document__reviewer__isnull=False), then=Value(CONFIRMED)),
        When(document__reviewer__isnull=False, then=Value(CORRECTED)),
        When(is_reviewed=True, then=Value(CONFIRMED)),
        When(is_adopted, then=Value(ALREADY)),
        default=Value(""),
    )


def _adopt_one(
    replay: Replay, result_id: int, fields: Sequence[str] | None, user: AnyUser | None
) -> str:
    """What kept the document from it, a code of WHY; "" where it was adopted.

    Where the database ends it for the sake of another transaction, it begins again, once."""
    try:
        try:
            return _adopted(replay, result_id, fields, user)
        except OperationalError as fault:
            if not isinstance(fault.__cause__, DeadlockDetected):
                raise
            return _adopted(replay, result_id, fields, user)
    except ObjectDoesNotExist:  # deleted meanwhile
        return CHANGED


def _adopted(
    replay: Replay, result_id: int, fields: Sequence[str] | None, user: AnyUser | None
) -> str:
    with transaction.atomic():
        # Before any document is locked, as everybody who relates documents does; and of two
        # who adopt the same one comes after the other. The document itself is locked with its
        # relatives, by id, where `save_reading` looks at it once more.
        relations.take_turn(replay.project_id)
        result = ReplayResult.objects.get(pk=result_id)
        document = Document.objects.select_related("type").get(pk=result.document_id)
        old = relations.stored_reading(document.pk)
        if why := _refusal(document, result, old, fields):
            return why
        new = read_of(replay, result)
        read = new if fields is None else _merged(document, old, new, set(fields))
        if not relations.save_reading(document.pk, read, packet=packet_of(document.pk)):
            return CHANGED
        _keep(result, fields)
        told = {} if fields is None else {"fields": list(fields)}
        record(
            "document.adopted",
            document,
            actor=user,
            project=replay.project,
            replay=str(replay.pk),
            schema=replay.schema_version.number,
            **told,
        )
    return ""


def _refusal(
    document: Document, result: ReplayResult, old: Read | None, fields: Sequence[str] | None
) -> str:
    if document.status == DocumentStatus.REJECTED:
        return REJECTED
    if document.reviewer_id is not None:
        is_confirmed = document.status == DocumentStatus.DRAFT_CREATED
        return CONFIRMED if is_confirmed else CORRECTED
    if result.adopted == Adopted.ALL or (fields and set(fields) <= set(result.adopted_fields)):
        return ALREADY
    return "" if basis_of(document, old) == result.basis else CHANGED


def _keep(result: ReplayResult, fields: Sequence[str] | None) -> None:
    """That it was adopted; what the rest of it may be adopted into is the document of now.

    Raises ReplayResult.DoesNotExist: with its job deleted since it was looked at."""
    document = Document.objects.get(pk=result.document_id)
    kept = ReplayResult.objects.filter(pk=result.pk).update(
        adopted=Adopted.ALL if fields is None else Adopted.SOME,
        adopted_fields=sorted({*result.adopted_fields, *(fields or ())}),
        adopted_at=timezone.now(),
        basis=basis_of(document, relations.stored_reading(document.pk)),
    )
    if not kept:
        raise ReplayResult.DoesNotExist


def basis_of(document: Document, read: Read | None) -> str:
    """Digest of what a document's values rest on: its type, its text, what was read and what
    became of it. A reason that comes or goes with another paper is none of these."""
    told = [
        document.type_id,
        document.text_version,
        document.schema_version_id,
        document.payload,
        [asdict(reading) for reading in read.readings] if read else None,
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def read_of(replay: Replay, result: ReplayResult) -> Read:
    """What the replay read, as it is saved."""
    return Read(
        schema=replay.schema_version,
        readings=[relations.as_reading(row) for row in result.readings],
        conflicts=[relations.as_reading(row) for row in result.conflicts],
        objections=result.objections,
        labelled=result.labelled,
        engine=result.engine,
    )


def _merged(document: Document, old: Read | None, new: Read, fields: set[str]) -> Read:
    """These fields as they were read now, all others as they were."""

    def is_new(pointer: str) -> bool:
        return pointer.split("/")[1] in fields

    before = old or Read(schema=new.schema, readings=_of_evidence(document))
    kept = [
        replace(r, engine=r.engine or before.engine)
        for r in _held(document, before.readings)
        if not is_new(r.pointer) and changes.spec_of(new.schema.schema, r.pointer)
    ]
    return Read(
        schema=new.schema,
        readings=[*kept, *(r for r in new.readings if is_new(r.pointer))],
        conflicts=[
            *(r for r in before.conflicts if not is_new(r.pointer)),
            *(r for r in new.conflicts if is_new(r.pointer)),
        ],
        objections=[
            *(one for one in before.objections if not is_new(f"/{one['field']}")),
            *(one for one in new.objections if is_new(f"/{one['field']}")),
        ],
        labelled=[
            *(name for name in before.labelled if name not in fields),
            *(name for name in new.labelled if name in fields),
        ],
        engine=new.engine,
    )


def _held(document: Document, readings: Iterable[Reading]) -> list[Reading]:
    """Readings with the values that the document holds; a doubtful one that it left empty
    keeps its own."""
    values = dict(changes.leaves(document.payload))
    return [replace(r, value=values.get(r.pointer, r.value)) for r in readings]


def _of_evidence(document: Document) -> list[Reading]:
    """The readings of a document of which none were kept, from what stands beside its values."""
    values = dict(changes.leaves(document.payload))
    found: list[tuple[str, dict[str, Any]]] = list(document.evidence.items())
    return [
        drafts.Reading(
            pointer=pointer,
            value=values.get(pointer, told.get("candidate")),
            raw=told.get("raw", ""),
            page=told.get("page", 0),
            box=tuple(told["box"]) if told.get("box") else None,
            source=told["source"],
            confidence=told.get("score", told["confidence"]),
            note=told.get("note", ""),
            alternatives=tuple(told.get("alternatives", ())),
            engine=told.get("engine", ""),
        )
        for pointer, told in found
        if values.get(pointer, told.get("candidate")) is not None
    ]
