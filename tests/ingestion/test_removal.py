"""Deleting that really deletes."""

import threading
import time
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction

from documents import review
from documents.errors import Conflict
from documents.models import AuditEvent, Document, Page, Upload
from ingestion import intake, ledger, removal, rework
from ingestion.ledger import rows
from ingestion.models import Job, Kind, Step
from search import indexing
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


def test_a_batch_with_a_settled_document_is_refused_whole(drain: Drain) -> None:
    batch, settled, _ = batch_of_two(drain)
    document = Document.objects.get(upload=settled.upload)
    review.reject(document.pk, factories.user(), version=document.version, reason="")
    with pytest.raises(Conflict) as refusal:
        removal.delete_job(batch.pk, None)
    assert refusal.value.code == "has_confirmed_documents"
    assert (Job.objects.count(), Upload.objects.count(), Document.objects.count()) == (3, 2, 2)
    assert len(default_storage.listdir("uploads")[0]) == 2


def test_a_batch_with_a_job_at_work_is_refused_whole(drain: Drain) -> None:
    batch, child, _ = batch_of_two(drain)
    ledger.retry(_failed(child).pk, None)
    with pytest.raises(Conflict) as refusal:
        removal.delete_job(batch.pk, None)
    assert refusal.value.code == "job_open"
    assert (Job.objects.count(), Upload.objects.count()) == (3, 2)


def test_deleting_a_batch_deletes_its_jobs_and_one_file_that_two_of_them_share(
    drain: Drain,
) -> None:
    batch, first, _ = batch_of_two(drain)
    again = intake.Options(anew=True)
    job = factories.job("one", in_project=first.project, options=again)
    drain(job)
    Job.objects.filter(pk=job.pk).update(parent=batch)
    removal.delete_job(batch.pk, None)
    assert is_empty()
    assert default_storage.listdir("uploads") == ([], [])
    assert AuditEvent.objects.filter(verb="job.deleted").count() == 4


def test_a_file_of_which_documents_are_gone_through_again_is_kept(drain: Drain) -> None:
    job = drain(factories.job("one"))
    again = rework.process(list(Document.objects.all()), user=None)
    with pytest.raises(Conflict) as refusal:
        removal.delete_job(job.pk, None)
    assert refusal.value.code == "job_open"
    drain(again)
    removal.delete_job(job.pk, None)
    assert not Document.objects.exists()


def test_deleting_a_file_waits_for_a_step_that_ends_on_its_document(drain: Drain) -> None:
    job = drain(factories.job("one"))
    again = rework.process(list(Document.objects.all()), user=None)
    with transaction.atomic():
        # What finishing a step does: the job, the step, then the document.
        rows.lock(again.pk)
        Step.objects.filter(job=again).update(elapsed_s=1)
        deleting = Beside(lambda: removal.delete_job(job.pk, None))
        deleting.wait_until_it_waits()
        indexing.forget([Document.objects.get().pk])
    fault = deleting.fault()
    assert isinstance(fault, Conflict)
    assert fault.code == "job_open"


def test_deleting_a_project_waits_for_an_order_on_one_of_its_jobs() -> None:
    project = factories.project()
    job = ledger.cancel(factories.job("one", in_project=project).pk, None)
    with transaction.atomic():
        # It has the job, and asks for the project when it commits.
        ledger.retry(job.pk, None)
        deleting = Beside(lambda: removal.delete_project(project))
        deleting.wait_until_it_waits()
    assert deleting.fault() is None
    assert is_empty()


def batch_of_two(drain: Drain) -> tuple[Job, Job, Job]:
    project = factories.project()
    batch = Job.objects.create(kind=Kind.BATCH, project=project)
    first, second = (
        factories.job(text, in_project=project, batch=batch) for text in ("one", "two")
    )
    ledger.close_batch(batch)
    return drain(batch), drain(first), drain(second)


def _failed(job: Job) -> Job:
    Step.objects.filter(job=job, stage="ocr").update(status="failed")
    return job


class Beside:
    """Does `verb` in a thread with a connection of its own."""

    def __init__(self, verb: Callable[[], None]) -> None:
        self._verb = verb
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._verb()
        except Exception as fault:
            self._fault = fault
        finally:
            connection.close()

    def wait_until_it_waits(self) -> None:
        with connection.cursor() as cursor:
            while self._thread.is_alive():
                cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
                if cursor.fetchone() is not None:
                    return
                time.sleep(0.01)

    def fault(self) -> Exception | None:
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        return self._fault
