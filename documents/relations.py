"""What documents of a project have to do with one another, and what follows for their drafts.

Which documents a document is related to says `documents/relatives.py`. The answers are kept as
rows (`Relation`); a draft is then made again from what was read (`DocumentReading`) and these
rows, for the document that was just read and for all that it concerns, so that the order in
which documents are read does not matter. What a person has settled is left alone.

Everything here belongs into the caller's transaction and takes the project's turn first: of
two documents that are read at the same time one comes after the other and sees it. Locks are
taken in this order: job, turn, documents by id.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from documents import calibration, drafts, identity, outcomes, packets, relatives, review, trust
from documents.drafts import Others, Reading
from documents.identity import Identity
from documents.models import (
    Document,
    DocumentQuerySet,
    DocumentReading,
    DocumentStatus,
    Relation,
    RelationKind,
    SchemaVersion,
    Upload,
    record,
)
from documents.relatives import Pair

DUPLICATE, NUMBER_TAKEN, NEAR = "duplicate", "number_seen_before", "near_duplicate"
_OPEN = (DocumentStatus.DRAFT_PENDING, DocumentStatus.DRAFT_CREATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What an engine read of a document; see `DocumentReading`."""

    schema: SchemaVersion
    readings: Sequence[Reading]
    conflicts: Sequence[Reading] = ()
    objections: Sequence[dict[str, str]] = ()
    labelled: Sequence[str] = ()
    engine: str = ""


def take_turn(project_id: int) -> None:
    """Wait until no other transaction relates documents of this project; held until commit.

    Comes before any lock on a document."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"docket relations {project_id}"],
        )


def save_reading(document_id: UUID, read: Read, *, packet: "QuerySet[Upload]") -> bool:
    """Keep what was read of a document, relate it to others, and make its draft and theirs.

    packet: the uploads that came with its own, if any. False, and nothing written, where a
    person has settled the document or given it another type meanwhile, or it is gone."""
    project_id = Document.objects.values_list("project_id", flat=True).get(pk=document_id)
    take_turn(project_id)
    document = (
        relatives.comparable(project_id)
        .filter(pk=document_id, reviewer=None, status__in=_OPEN)
        .first()
    )
    if document is None or document.type_id != read.schema.type_id:
        return False
    return _hold(document, _identity_of(read), read, packet)


def save_look(document_id: UUID) -> None:
    """Relate a document of no type, which only its pages can tell of."""
    project_id = Document.objects.values_list("project_id", flat=True).get(pk=document_id)
    take_turn(project_id)
    document = (
        relatives.comparable(project_id).filter(pk=document_id, type=None, reviewer=None).first()
    )
    if document is not None:
        _hold(document, Identity(), None, Upload.objects.none())


def stored_reading(document_id: UUID) -> Read | None:
    """What was last read of a document, where it was kept."""
    row = DocumentReading.objects.select_related("schema_version__type").filter(pk=document_id)
    return next((_read(stored) for stored in row), None)


def would_be(document: Document, read: Read) -> drafts.Draft:
    """The draft that this reading would make of a document, with what its relations of now say
    of it; nothing is written, and no relation is looked for anew."""
    assert document.type is not None  # noqa: S101
    slug = document.type.slug
    seen = copy(document)
    seen.identity = _identity_of(read).as_json()
    rows = _relations_of([document.pk])[document.pk]
    return _made(seen, read, _others(seen, rows), calibration.active(slug))


def _taken_turn(document_id: UUID) -> DocumentQuerySet:
    """Take the turn of the document's project; its documents that no person has settled."""
    project_id = Document.objects.values_list("project_id", flat=True).get(pk=document_id)
    take_turn(project_id)
    return relatives.comparable(project_id).filter(reviewer=None)


def _hold(
    document: Document, known: Identity, read: Read | None, packet: "QuerySet[Upload]"
) -> bool:
    document.identity = known.as_json()
    document.keys = [*identity.keys(document.project_id, known), *relatives.look_keys(document)]
    found = relatives.related(document, packet)
    only = relatives.only_pairs(document, found, packet)
    before = relatives.rows(Q(document=document) | Q(other=document)) | only.before
    locked = _lock({document.pk, *(pk for pair in (*before, *only.after, *found) for pk in pair)})
    if document.pk not in locked or locked[document.pk].reviewer_id is not None:
        return False
    after = {pair: kind for pair, kind in (only.after | found).items() if locked.keys() >= {*pair}}
    _write_rows(before, after)
    locked[document.pk].identity = document.identity
    Document.objects.filter(pk=document.pk).update(identity=document.identity, keys=document.keys)
    if read is not None:
        _keep(document.pk, read)
    concerned = {document.pk, *(mine for mine, _ in (*before, *after))}
    _weigh([locked[pk] for pk in sorted(concerned & locked.keys())])
    return True


def _lock(ids: Iterable[UUID]) -> dict[UUID, Document]:
    """By id, as everybody who locks several; a lock that leaves alone who refers to them."""
    rows = Document.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=set(ids))
    found = rows.select_related("type", "project").order_by("pk")
    return {document.pk: document for document in found}


def _write_rows(before: Mapping[Pair, RelationKind], after: Mapping[Pair, RelationKind]) -> None:
    gone = [pair for pair, kind in before.items() if after.get(pair) != kind]
    new = [pair for pair, kind in after.items() if before.get(pair) != kind]
    which = Q()
    for mine, other in gone:
        which |= Q(document=mine, other=other)
    if gone:
        Relation.objects.filter(which).delete()
    Relation.objects.bulk_create(
        Relation(document_id=mine, other_id=other, kind=after[mine, other]) for mine, other in new
    )


def _keep(document_id: UUID, read: Read) -> None:
    DocumentReading.objects.update_or_create(
        document_id=document_id,
        defaults={
            "schema_version": read.schema,
            "readings": [asdict(reading) for reading in read.readings],
            "conflicts": [asdict(reading) for reading in read.conflicts],
            "objections": list(read.objections),
            "labelled": list(read.labelled),
            "engine": read.engine,
        },
    )


def _weigh(documents: Sequence[Document]) -> None:
    """Make the drafts of these locked documents again, from what was read and their relations."""
    free = [document for document in documents if document.reviewer_id is None]
    related = _relations_of([document.pk for document in free])
    stored = DocumentReading.objects.select_related("schema_version").in_bulk(list(related))
    curves: dict[str, calibration.Curves] = {}
    for document in free:
        others = _others(document, related[document.pk])
        if document.type is None:
            _note(document, others)
        elif document.pk in stored and document.status in _OPEN:
            slug = document.type.slug
            curves[slug] = curves.get(slug) or calibration.active(slug)
            _draft(document, stored[document.pk], others, curves[slug])


def _relations_of(document_ids: Iterable[UUID]) -> dict[UUID, list[Relation]]:
    """The relations of each of these documents, in the order in which the others arrived."""
    related: dict[UUID, list[Relation]] = {pk: [] for pk in document_ids}
    rows = Relation.objects.filter(document__in=related).select_related("other__type")
    shown = rows.order_by("other__upload_id", "other__first_page").only(
        "document", "kind", "other", "other__identity", "other__type", "other__type__slug"
    )
    for row in shown:
        related[row.document_id].append(row)
    return related


def _draft(
    document: Document, read: DocumentReading, others: Others, curves: calibration.Curves
) -> None:
    draft = _made(document, _read(read), others, curves)
    if _stands(document, draft, read.schema_version):
        return
    was_through = document.status == DocumentStatus.DRAFT_CREATED
    if review.save_draft(document, read.schema_version, draft) and was_through and others.reasons:
        codes = sorted({reason["code"] for reason in others.reasons})
        record("document.questioned", document, actor=None, project=document.project, codes=codes)


def _made(
    document: Document, read: Read, others: Others, curves: calibration.Curves
) -> drafts.Draft:
    return drafts.make(
        type_slug=relatives.slug(document),
        schema=read.schema.schema,
        readings=read.readings,
        conflicts=read.conflicts,
        objections=read.objections,
        labelled=read.labelled,
        engine=read.engine,
        thresholds=trust.thresholds_of(document.project, relatives.slug(document)),
        curves=curves,
        type_confidence=document.type_confidence,
        is_sample=outcomes.is_drawn(document.pk, document.project.audit_share),
        others=others,
    )


def _stands(document: Document, draft: drafts.Draft, schema: SchemaVersion) -> bool:
    """Whether a document is what the draft says: then nobody's page goes out of date."""
    return document.schema_version_id == schema.pk and all(
        getattr(document, name) == getattr(draft, name)
        for name in ("payload", "evidence", "confidence", "status", "reasons")
    )


def _identity_of(read: Read) -> Identity:
    """By what other papers know it: nothing that stands on no page."""
    printed = [r for r in read.readings if r.pointer.count("/") == 1 and not r.is_unprinted]
    simple = {r.pointer[1:]: r.value for r in printed}
    return Identity.of(read.schema.type.slug, simple)


def _read(stored: DocumentReading) -> Read:
    return Read(
        schema=stored.schema_version,
        readings=[as_reading(row) for row in stored.readings],
        conflicts=[as_reading(row) for row in stored.conflicts],
        objections=stored.objections,
        labelled=stored.labelled,
        engine=stored.engine,
    )


def as_reading(row: Mapping[str, Any]) -> Reading:
    """A reading as it is kept in rows, read back."""
    box, others = row["box"], row["alternatives"]
    values = {**row, "box": tuple(box) if box else None, "alternatives": tuple(others)}
    return Reading(**values)


def _note(document: Document, others: Others) -> None:
    """A document of no type keeps its own reasons and is told what it looks like."""
    own = [reason for reason in document.reasons if reason["code"] != NEAR]
    reasons = [*own, *others.reasons]
    if reasons != document.reasons:
        Document.objects.filter(pk=document.pk).update(
            reasons=reasons, version=document.version + 1, updated_at=timezone.now()
        )


def _others(document: Document, rows: Sequence[Relation]) -> Others:
    """What its relations have to say of a document; rows in the order of arrival."""
    checked: dict[tuple[str, bool], Any] = {}
    reasons: list[dict[str, str]] = []
    for row in rows:
        both = relatives.bill_and_eway(document, row.other)
        if row.kind not in (RelationKind.PACKET, RelationKind.ONLY_PAIR) or both is None:
            continue
        for found in packets.findings(relatives.slug(document), *both):
            checked.setdefault((found.fields[0], found.passed), found)
        reasons += [
            _reason(packets.MISMATCH, row.other, message, field)
            for field, message in packets.mismatches(relatives.slug(document), *both)
        ]
    first: dict[str, Document] = {}
    for row in rows:
        first.setdefault(row.kind, row.other)
    if other := first.get(RelationKind.DUPLICATE):
        message = "This paper came before: same supplier, number, date and total."
        reasons.append(_reason(DUPLICATE, other, message))
    elif other := first.get(RelationKind.NEAR):
        message = "Its pages look like another picture of a paper that came before."
        reasons.append(_reason(NEAR, other, message))
    if other := first.get(RelationKind.NUMBER_TAKEN):
        field = "ewb_number" if relatives.slug(document) == packets.EWAY else "document_number"
        reasons.append(_reason(NUMBER_TAKEN, other, _taken(document, other), field))
    return Others(findings=tuple(checked.values()), reasons=tuple(reasons))


def _taken(document: Document, other: Document) -> str:
    mine, theirs = relatives.known(document), relatives.known(other)
    if mine.kind == packets.EWAY:
        return f"The e-way bill number {mine.ewb_number} came before with other values."
    told = f"dated {theirs.date}" if mine.date != theirs.date else f"over {theirs.total}"
    return (
        f"The number {mine.number} of this supplier came before on a paper {told}; a number "
        "should stand on one paper only."
    )


def _reason(code: str, other: Document, message: str, field: str = "") -> dict[str, str]:
    return {"code": code, "field": field, "message": message, "document": str(other.pk)}
