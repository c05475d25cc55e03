"""Deleting that really deletes: rows, vectors and blobs of a job or of a whole project."""

import logging
from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from documents import files
from documents.errors import Conflict
from documents.models import AnyUser, Document, Project, Upload, record
from ingestion import ledger
from ingestion.llm import places
from ingestion.models import Job, Kind
from search import answers, indexing

log = logging.getLogger(__name__)
_ROUNDS = 10


def delete_job(job_id: UUID, actor: AnyUser | None) -> None:
    """Delete an ended job, its steps, and its upload where nothing else hangs on that; of a
    batch, its jobs with it. Either all of it goes or, refused, nothing.

    Raises Job.DoesNotExist and Conflict: job_open, or has_confirmed_documents when a person
    settled one."""
    with transaction.atomic():
        jobs, others = _locked(job_id)
        uploads = _lone_uploads(jobs)
        documents = Document.objects.filter(upload__in=uploads)
        _refuse_kept(documents, others)
        for job in jobs:
            record("job.deleted", job, actor=actor, project=job.project)
        papers = list(documents.values_list("pk", flat=True))
        Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
        indexing.forget(papers)
        asked = answers.forget(papers)
        places.forget(jobs=[*(job.pk for job in jobs), *asked], documents=papers)
        documents.delete()
        Upload.objects.filter(pk__in=uploads).delete()
    for upload_id in uploads:
        _remove_blobs(upload_id)


def _locked(job_id: UUID) -> tuple[list[Job], list[UUID]]:
    """The ended job with the jobs of its batch, locked; and the ids of others that were locked
    because they go through documents of its files again."""
    ours = Job.objects.filter(Q(pk=job_id) | Q(parent=job_id))
    again = Job.objects.filter(documents__upload__jobs__in=ours)
    found = _lock(Job.objects.filter(Q(pk__in=ours) | Q(pk__in=again)))
    jobs = [job for job in found if job_id in (job.pk, job.parent_id)]
    if job_id not in {job.pk for job in jobs}:
        raise Job.DoesNotExist
    if any(job.is_open for job in jobs) or ours.count() > len(jobs):
        raise Conflict("The job is still at work; cancel it first.", "job_open")
    return jobs, [job.pk for job in found if job not in jobs]


def _lock(jobs: QuerySet[Job]) -> list[Job]:
    """Lock jobs in the order in which everybody does: by id, batches after their jobs.

    A lock that leaves the key alone: rows that refer to the job may be written meanwhile."""
    ordered = jobs.select_related("project").order_by("pk")
    locking = ordered.select_for_update(no_key=True, of=("self",))
    return [*locking.exclude(kind=Kind.BATCH), *locking.filter(kind=Kind.BATCH)]


def _lone_uploads(jobs: list[Job]) -> list[UUID]:
    """The uploads that go with these jobs, locked: no other job hangs on them."""
    ids = {job.upload_id for job in jobs if job.upload_id is not None}
    # The door locks it too: the same file arriving now gets its job before or after.
    _lock_rows(Upload.objects.filter(pk__in=ids))
    others = Job.objects.filter(upload__in=ids).exclude(pk__in=[job.pk for job in jobs])
    return sorted(ids.difference(others.values_list("upload_id", flat=True)))


def _lock_rows(rows: QuerySet[Upload] | QuerySet[Document]) -> list[UUID]:
    return list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def _refuse_kept(documents: QuerySet[Document], locked: list[UUID]) -> None:
    """Lock documents that are to go. Conflict where a person or an open job is at them.

    `locked` are the jobs on them that were locked before; one that came since is open."""
    _lock_rows(documents)
    if documents.filter(reviewer__isnull=False).exists():
        message = "A person has worked on its documents; they keep the job."
        raise Conflict(message, "has_confirmed_documents")
    again = Job.objects.filter(documents__in=documents)
    if again.is_open().exists() or again.exclude(pk__in=locked).exists():
        message = "Its documents are being gone through again; cancel that job first."
        raise Conflict(message, "job_open")


def _remove_blobs(upload_id: UUID) -> None:
    """What the storage cannot delete now, `upkeep.tidy` deletes later: its row is gone."""
    try:
        files.remove_upload(upload_id)
    except OSError as fault:
        log.warning("blobs.left", extra={"upload": upload_id, "fault": type(fault).__name__})


def delete_project(project: Project) -> None:
    """Delete a project with everything in it; nothing of it can be brought back.

    Jobs at work are cancelled first: their workers lose their leases and save nothing.
    Raises Conflict, project_busy, where files kept arriving meanwhile; call it again."""
    for _ in range(_ROUNDS):
        _cancel_open(project)
        uploads = _delete_if_quiet(project)
        if uploads is not None:
            break
    else:
        raise Conflict("Files keep arriving in it; stop them, then try again.", "project_busy")
    for upload_id in uploads:
        _remove_blobs(upload_id)


def _cancel_open(project: Project) -> None:
    for job_id in Job.objects.is_open().filter(project=project).values_list("pk", flat=True):
        with suppress(Conflict, Job.DoesNotExist):
            ledger.cancel(job_id, None)


@transaction.atomic
def _delete_if_quiet(project: Project) -> list[UUID] | None:
    """Delete the project and return its uploads; None where anything began or came meanwhile.

    The project is locked last: who holds one of its rows asks for the project's key on
    commit. What came before that lock and is not ours may hold rows, so we let go of all."""
    owned = Job.objects.filter(project=project)
    documents = Document.objects.filter(project=project)
    files_of = Upload.objects.filter(project=project)
    jobs = [job.pk for job in _lock(owned)]
    uploads, papers = _lock_rows(files_of), _lock_rows(documents)
    Project.objects.select_for_update().get(pk=project.pk)
    locked = ((owned, jobs), (files_of, uploads), (documents, papers))
    is_quiet = not owned.is_open().exists() and all(
        set(ids).issuperset(rows.values_list("pk", flat=True)) for rows, ids in locked
    )
    if not is_quiet:
        return None
    owned.delete()
    documents.delete()
    project.delete()
    return uploads
