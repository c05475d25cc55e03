"""What a person, or a proof, does to a document: draft, confirm, correct, reclassify, reject,
reopen.

Every verb is compare-and-set on the document's `version` and opens its own transaction,
except `save_draft`, which belongs into the caller's.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from documents import drafts, edits, field_checks, identity, measures, outcomes, schemas
from documents.errors import Conflict, SenderError
from documents.models import (
    BY_PERSON,
    AnyUser,
    Correction,
    Document,
    DocumentReading,
    DocumentStatus,
    DocumentType,
    Page,
    SchemaVersion,
    record,
)


class NotReady(SenderError):
    """The document cannot be confirmed yet; fill what is missing."""

    code = "not_ready"


class ValueRefused(SenderError):
    """The value does not fit the field."""

    code = "value_refused"


def save_draft(document: Document, schema: SchemaVersion, draft: drafts.Draft) -> bool:
    """Write what extraction found; False, and nothing written, on a document that a person
    has settled, or given another type, meanwhile."""
    free = Document.objects.filter(
        pk=document.pk,
        type=schema.type_id,
        reviewer__isnull=True,
        status__in=(DocumentStatus.DRAFT_PENDING, DocumentStatus.DRAFT_CREATED),
    )
    changed = free.update(
        schema_version=schema,
        payload=draft.payload,
        evidence=draft.evidence,
        confidence=draft.confidence,
        status=draft.status,
        reasons=draft.reasons,
        version=document.version + 1,
        updated_at=timezone.now(),
    )
    return bool(changed)


def confirm(
    document_id: UUID,
    actor: AnyUser,
    *,
    version: int,
    values: Mapping[str, Any],
    marks: edits.Marks = edits.NO_MARKS,
) -> Document:
    """Correct the fields in `values` (JSON Pointer -> value) and confirm the document.

    Raises Conflict, ValueRefused, or NotReady when a required field stays empty."""
    with transaction.atomic():
        document = _take(document_id, version, (DocumentStatus.DRAFT_PENDING,))
        _write(document, actor, values, marks)
        schema = _schema(document)
        gaps = drafts.missing(document.payload, schema, drafts.required_pointers(schema, ()))
        if gaps:
            raise NotReady(" ".join(gap["message"] for gap in gaps))
        outcomes.keep(document, was_sample=_is_sample(document))
        return _settle(document, actor, DocumentStatus.DRAFT_CREATED, "document.confirmed")


def correct(
    document_id: UUID,
    actor: AnyUser,
    *,
    version: int,
    values: Mapping[str, Any],
    marks: edits.Marks = edits.NO_MARKS,
) -> Document:
    """Change values without confirming; the document stays in review."""
    with transaction.atomic():
        document = _take(document_id, version, (DocumentStatus.DRAFT_PENDING,))
        _write(document, actor, values, marks)
        schema = _schema(document)
        required = drafts.required_pointers(schema, ())
        document.reasons = [
            *(reason for reason in document.reasons if reason["code"] == drafts.SAMPLED),
            *_of_others(document),
            *drafts.failed_checks(
                field_checks.run(_slug(document), schema, document.payload), document.evidence
            ),
            *drafts.missing(document.payload, schema, required),
        ]
        document.reviewer_id = actor.pk
        return _store(document, actor, "document.corrected")


def reclassify(
    document_id: UUID, actor: AnyUser, *, version: int, kind: DocumentType | None
) -> Document:
    """Say of which type a document in review is; None is none that is set up.

    Its pages keep that type through every later run. Another type has other fields: the
    values go (what a person changed stays in the history), and `schema_version` is that of
    the new type, without values. Where the type was right its values stay."""
    with transaction.atomic():
        document = _take(
            document_id, version, (DocumentStatus.DRAFT_PENDING, DocumentStatus.UNKNOWN)
        )
        before = document.type
        _name_pages(document, kind)
        document.type, document.type_confidence = kind, 1.0 if kind else 0.0
        if kind != before or kind is None:
            _empty(document, kind)
        else:
            document.reasons = [r for r in document.reasons if r["code"] != "type_unsure"]
        _know(document)
        document.version += 1
        document.save()
        told = {"was": before.slug if before else "", "type": kind.slug if kind else ""}
        record("document.reclassified", document, actor=actor, project=document.project, **told)
        return document


def reject(document_id: UUID, actor: AnyUser, *, version: int, reason: str) -> Document:
    """Refuse the paper: it is no document of ours, a copy, unreadable."""
    with transaction.atomic():
        open_states = (DocumentStatus.DRAFT_PENDING, DocumentStatus.UNKNOWN)
        document = _take(document_id, version, open_states)
        outcomes.refuse(document, was_sample=_is_sample(document))
        message = reason.strip()[:500] or "Rejected."
        document.reasons = [{"code": "rejected", "field": "", "message": message}]
        return _settle(document, actor, DocumentStatus.REJECTED, "document.rejected")


def reopen(document_id: UUID, actor: AnyUser, *, version: int) -> Document:
    """Take back a confirmation or a rejection."""
    with transaction.atomic():
        settled = (DocumentStatus.DRAFT_CREATED, DocumentStatus.REJECTED)
        document = _take(document_id, version, settled)
        message = "Reopened for review."
        document.reasons = [{"code": "reopened", "field": "", "message": message}]
        is_typed = document.type_id is not None
        status = DocumentStatus.DRAFT_PENDING if is_typed else DocumentStatus.UNKNOWN
        return _settle(document, actor, status, "document.reopened")


def _take(document_id: UUID, version: int, states: tuple[DocumentStatus, ...]) -> Document:
    document = Document.objects.select_for_update(of=("self",)).get(pk=document_id)
    if document.version != version:
        raise Conflict("Somebody changed this document; reload it and decide again.")
    if document.status not in states:
        raise Conflict(f"That cannot be done to a document that is {document.status}.")
    return document


def _name_pages(document: Document, kind: DocumentType | None) -> None:
    """Write a person's word on the pages, and that they are one paper from first to last.

    `signals["said"]` keeps what the classifier had said, [slug, confidence]."""
    pages = list(Page.objects.filter(document=document).select_related("type").defer("words"))
    for page in pages:
        if page.type_engine != BY_PERSON:
            said = [page.type.slug if page.type else "", page.type_confidence]
            page.signals.setdefault("said", said)
        starts = float(page.number == document.first_page)
        page.signals |= {"starts": starts, "document_number": "", "label": 0, "count": 0}
        page.type, page.type_confidence, page.type_engine = kind, 1.0, BY_PERSON
        page.runner_up, page.runner_up_confidence = "", 0.0
    written = ["type", "type_confidence", "type_engine", "runner_up", "runner_up_confidence"]
    Page.objects.bulk_update(pages, [*written, "signals"])


def _empty(document: Document, kind: DocumentType | None) -> None:
    """A document of this type of which no value is known yet, free for whoever reads them."""
    message = f"Given the type {kind.name}; its fields have not been read yet." if kind else ""
    code = "reclassified" if kind else "type_unknown"
    message = message or "A person found that no type that is set up fits."
    document.reasons = [{"code": code, "field": "", "message": message}]
    document.payload, document.evidence, document.confidence = {}, {}, 0.0
    document.schema_version = kind.schema_versions.order_by("-number").first() if kind else None
    document.status = DocumentStatus.DRAFT_PENDING if kind else DocumentStatus.UNKNOWN
    document.reviewer = document.reviewed_at = None
    # What was read as of the old type is weighed no more.
    DocumentReading.objects.filter(document=document).delete()


def _write(
    document: Document, actor: AnyUser, values: Mapping[str, Any], marks: edits.Marks
) -> None:
    assert actor.pk is not None  # noqa: S101  (views ask for an account)
    schema = _schema(document)
    _check_places(document, marks)
    try:
        edited = edits.apply(document.payload, document.evidence, values, marks)
    except ValueError as fault:
        raise ValueRefused(f"{fault}.") from fault
    faults = dict(schemas.validate(edited.payload, schema))
    changed = [change.pointer for change in edited.changes]
    refused = [faults[pointer] for pointer in changed if pointer in faults]
    unknown = [pointer for pointer in changed if pointer.split("/")[1] not in schema["properties"]]
    if refused or unknown:
        raise ValueRefused(" ".join([*refused, *(f"{p} is no field." for p in unknown)]))
    document.payload, document.evidence = edited.payload, edited.evidence
    Correction.objects.bulk_create(
        Correction(
            document=document,
            pointer=change.pointer,
            old=change.old,
            new=change.new,
            made_by_id=actor.pk,
        )
        for change in edited.changes
    )


def _check_places(document: Document, marks: edits.Marks) -> None:
    """A place is on a page of this document and within its image."""
    if not marks.places:
        return
    named = {place.page for place in marks.places.values()}
    pages = Page.objects.filter(document=document, number__in=named, image__gt="")
    sizes = {
        n: (w or 0, h or 0) for n, w, h in pages.values_list("number", "width_px", "height_px")
    }
    for place in marks.places.values():
        width, height = sizes.get(place.page, (0, 0))
        left, top, right, bottom = place.box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueRefused("A value was marked at a place that is not on these pages.")


def _settle(document: Document, actor: AnyUser, status: DocumentStatus, verb: str) -> Document:
    document.status = status
    if status == DocumentStatus.DRAFT_CREATED:
        document.reasons = []
    document.reviewer_id = actor.pk
    document.reviewed_at = timezone.now()
    measures.keep(document, actor)
    return _store(document, actor, verb)


def _of_others(document: Document) -> list[dict[str, str]]:
    """Reasons that name another document, save those about a value that a person has given."""
    given = {p for p, found in document.evidence.items() if found["source"] == "person"}
    return [r for r in document.reasons if "document" in r and f"/{r['field']}" not in given]


def _know(document: Document) -> None:
    """By what others find the document again, after its values or its type have changed."""
    known = identity.Identity.of(_slug(document), document.payload)
    document.identity = known.as_json()
    looks = [key for key in document.keys if key & 3 == identity.LOOK]
    document.keys = [*identity.keys(document.project_id, known), *looks]


def _store(document: Document, actor: AnyUser, verb: str) -> Document:
    _know(document)
    document.version += 1
    document.save(
        update_fields=[
            "payload",
            "evidence",
            "status",
            "reasons",
            "reviewer",
            "reviewed_at",
            "identity",
            "keys",
            "version",
            "updated_at",
        ]
    )
    record(verb, document, actor=actor, project=document.project)
    return document


def _is_sample(document: Document) -> bool:
    """Whether nothing but the draw sent the document to a person."""
    return {reason["code"] for reason in document.reasons} == {drafts.SAMPLED}


def _slug(document: Document) -> str:
    return document.type.slug if document.type else ""


def _schema(document: Document) -> dict[str, Any]:
    if document.schema_version is None:
        raise NotReady("Give the document a type first.", "no_type")
    schema: dict[str, Any] = document.schema_version.schema
    return schema
