"""Deleting that really deletes."""

from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage

from documents import review
from documents.errors import Conflict
from documents.models import AuditEvent, Document, Page, Upload
from ingestion import intake, ledger, removal
from ingestion.models import Job, Step
from search.models import Chunk
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]


def is_empty() -> bool:
    tables = (Job, Step, Upload, Page, Document, Chunk)
    return not any(table.objects.exists() for table in tables)


def test_deleting_a_job_deletes_rows_vectors_and_blobs_and_keeps_the_audit(drain: Drain) -> None:
    job = drain(factories.job("one\ftwo"))
    removal.delete_job(job.pk, None)
    assert is_empty()
    assert default_storage.listdir("uploads") == ([], [])
    assert AuditEvent.objects.filter(verb="job.deleted").exists()


def test_a_job_at_work_cannot_be_deleted() -> None:
    with pytest.raises(Conflict, match="still at work"):
        removal.delete_job(factories.job().pk, None)


def test_a_job_whose_document_a_person_settled_cannot_be_deleted(drain: Drain) -> None:
    job = drain(factories.job("bill supplier_name=A"))
    document = Document.objects.get(upload=job.upload)
    review.reject(document.pk, factories.user(), version=document.version, reason="")
    with pytest.raises(Conflict) as refusal:
        removal.delete_job(job.pk, None)
    assert refusal.value.code == "has_confirmed_documents"


def test_the_first_of_two_jobs_leaves_the_upload_to_the_other(drain: Drain) -> None:
    project = factories.project()
    first = drain(factories.job("one", in_project=project))
    drain(factories.job("one", in_project=project, options=intake.Options(anew=True)))
    removal.delete_job(first.pk, None)
    assert Upload.objects.count() == 1
    assert Document.objects.count() == 1


def test_deleting_a_project_stops_its_work_and_leaves_nothing(drain: Drain) -> None:
    project = factories.project()
    drain(factories.job("one", in_project=project))
    factories.job("two", in_project=project)
    running = ledger.claim("worker")
    assert running is not None
    removal.delete_project(project)
    assert is_empty()
    assert default_storage.listdir("uploads") == ([], [])
