"""Deleting that really deletes: rows, vectors and blobs of a job or of a whole project."""

import logging
from contextlib import suppress
from uuid import UUID

from django.db import transaction

from documents import files
from documents.errors import Conflict
from documents.models import AnyUser, Document, Project, Upload, record
from ingestion import ledger
from ingestion.models import OPEN_JOB, Job
from search import indexing

log = logging.getLogger(__name__)


def delete_job(job_id: UUID, actor: AnyUser | None) -> None:
    """Delete an ended job, its steps, and its upload where nothing else hangs on that; of a
    batch, its jobs first.

    Raises Conflict: job_open, or has_confirmed_documents when a person settled one."""
    for child in Job.objects.filter(parent=job_id).values_list("pk", flat=True):
        delete_job(child, actor)
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).get(pk=job_id)
        if job.is_open:
            raise Conflict("The job is still at work; cancel it first.", "job_open")
        lone = _lone_upload(job)
        record("job.deleted", job, actor=actor, project=job.project)
        job.delete()
        if lone is not None:
            documents = Document.objects.filter(upload=lone)
            indexing.forget(list(documents.values_list("pk", flat=True)))
            documents.delete()
            Upload.objects.filter(pk=lone).delete()
    if lone is not None:
        _remove_blobs(lone)


def _lone_upload(job: Job) -> UUID | None:
    """The upload that goes with the job, locked: nothing else hangs on it."""
    if job.upload_id is None:
        return None
    # The door locks it too: the same file arriving now gets its job before or after.
    Upload.objects.select_for_update(of=("self",)).get(pk=job.upload_id)
    if Job.objects.filter(upload=job.upload_id).exclude(pk=job.pk).exists():
        return None
    if Document.objects.filter(upload=job.upload_id, reviewer__isnull=False).exists():
        message = "A person has worked on its documents; they keep the job."
        raise Conflict(message, "has_confirmed_documents")
    return job.upload_id


def _remove_blobs(upload_id: UUID) -> None:
    """What the storage cannot delete now, `upkeep.tidy` deletes later: its row is gone."""
    try:
        files.remove_upload(upload_id)
    except OSError as fault:
        log.warning("blobs.left", extra={"upload": upload_id, "fault": type(fault).__name__})


def delete_project(project: Project) -> None:
    """Delete a project with everything in it; nothing of it can be brought back.

    Jobs at work are cancelled first: their workers lose their leases and save nothing."""
    for job_id in Job.objects.filter(project=project, status__in=OPEN_JOB).values_list("pk"):
        with suppress(Conflict):
            ledger.cancel(job_id[0], None)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        uploads = list(Upload.objects.filter(project=project).values_list("pk", flat=True))
        jobs = Job.objects.filter(project=project).order_by("pk")
        list(jobs.select_for_update().values_list("pk"))
        jobs.delete()
        Document.objects.filter(project=project).delete()
        project.delete()
    for upload_id in uploads:
        _remove_blobs(upload_id)
