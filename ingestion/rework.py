"""Going through documents again: what needs an engine once more is planned here."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction

from documents import arranging, relations, review
from documents.arranging import Arranged
from documents.errors import SenderError
from documents.models import AnyUser, Document, DocumentType, Page, record
from ingestion import ledger
from ingestion.models import WITH_UPLOAD, Job, Kind, Priority
from ingestion.stages.ocr import PAGES

STAGES = ("extract", "embed")
"""What documents may be put through again; pages are read again only for a reason."""


def process(
    documents: Sequence[Document],
    *,
    user: AnyUser | None,
    priority: Priority = Priority.NORMAL,
    stages: Iterable[str] = STAGES,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Job:
    """One job that extracts, chunks and embeds these documents again, all of one project.

    options: more of `Job.options`.
    What a person settled keeps its values and is indexed again all the same. Raises
    SenderError: no_documents, unknown_stage, several_projects."""
    chosen = list(dict.fromkeys(stages))
    if not documents:
        raise SenderError("Name at least one document.", "no_documents")
    if not chosen or not set(chosen) <= set(STAGES):
        raise SenderError(f"The stages of it are {' and '.join(STAGES)}.", "unknown_stage")
    projects = {document.project_id for document in documents}
    if len(projects) > 1:
        raise SenderError("All documents must be of one project.", "several_projects")
    pages = Page.objects.filter(document__in=documents).count()
    with transaction.atomic():
        job = Job.objects.create(
            kind=Kind.PROCESS,
            project_id=projects.pop(),
            options={**options, **({} if chosen == list(STAGES) else {"stages": chosen})},
            priority=priority,
            created_by_id=user.pk if user is not None else None,
            documents_made=len(documents),
            pages_total=pages,
            pages_read=pages,
        )
        job.documents.set(documents)
        record("job.created", job, actor=user, project=job.project)
        ledger.submit(job)
    return job


def reclassify(
    document_id: UUID, kind: DocumentType | None, user: AnyUser, *, version: int
) -> Job | None:
    """Say of which type a document is, None for none, and read the fields of a new type.

    Returns the job that reads them; None where there is nothing to read. Raises Conflict."""
    project_id = Document.objects.values_list("project_id", flat=True).get(pk=document_id)
    with transaction.atomic():
        # Before any document is locked, as everybody who relates documents does.
        relations.take_turn(project_id)
        document = review.reclassify(document_id, user, version=version, kind=kind)
        if kind is None:
            relations.save_look(document_id)
        if document.schema_version is None or document.payload or document.evidence:
            return None
        return process([document], user=user, priority=Priority.HIGH, stages=("extract",))


def split(document_id: UUID, user: AnyUser, *, version: int, at: int) -> Arranged:
    """See `arranging.split`; like all of these, in one transaction with the job that reads the
    documents again."""
    with transaction.atomic():
        _take_turn(document_id)
        return _planned(arranging.split(document_id, user, version=version, at=at), user)


def merge(document_id: UUID, user: AnyUser, *, version: int, others: Sequence[UUID]) -> Arranged:
    with transaction.atomic():
        _take_turn(document_id)
        return _planned(arranging.merge(document_id, user, version=version, others=others), user)


def move(
    document_id: UUID, user: AnyUser, *, version: int, pages: Sequence[int], into: UUID | None
) -> Arranged:
    with transaction.atomic():
        _take_turn(document_id)
        done = arranging.move(document_id, user, version=version, pages=pages, into=into)
        return _planned(done, user)


def reorder(document_id: UUID, user: AnyUser, *, version: int, pages: Sequence[int]) -> Arranged:
    with transaction.atomic():
        _take_turn(document_id)
        return _planned(arranging.reorder(document_id, user, version=version, pages=pages), user)


def turn(
    document_id: UUID, user: AnyUser, *, version: int, pages: Sequence[int], degrees: int
) -> Arranged:
    with transaction.atomic():
        _take_turn(document_id)
        done = arranging.turn(document_id, user, version=version, pages=pages, degrees=degrees)
        return _planned(done, user, options={PAGES: list(pages)})


def _take_turn(document_id: UUID) -> None:
    """Before any document is locked, as everybody who relates documents does."""
    project_id = Document.objects.values_list("project_id", flat=True).get(pk=document_id)
    relations.take_turn(project_id)


def _planned(
    arranged: Arranged, user: AnyUser, options: Mapping[str, Any] = MappingProxyType({})
) -> Arranged:
    """Read anew what was changed; of what is only in another order the index is made anew."""
    for document in arranged.changed:
        if document.type_id is None:
            relations.save_look(document.pk)
    if arranged.changed:
        process(arranged.changed, user=user, priority=Priority.HIGH, options=options)
    if arranged.reordered:
        process(arranged.reordered, user=user, priority=Priority.HIGH, stages=("embed",))
    upload_id = arranged.document.upload_id
    made = Document.objects.filter(upload=upload_id).count()
    Job.objects.filter(upload=upload_id, kind__in=WITH_UPLOAD).update(documents_made=made)
    return arranged
