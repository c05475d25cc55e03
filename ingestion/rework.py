"""Going through documents again: what needs an engine once more is planned here."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction

from documents import relations, review
from documents.errors import SenderError
from documents.models import AnyUser, Document, DocumentType, Page, record
from ingestion import ledger, pipeline
from ingestion.models import Job, Kind, Priority

STAGES = pipeline.OF_KIND[Kind.PROCESS]


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
