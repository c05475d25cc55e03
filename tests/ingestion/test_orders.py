"""Orders and batches in the states in which they can be given."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connections, transaction
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from config.engines import EngineError
from documents.errors import Conflict
from ingestion import intake, ledger, queue, rework, tasks, upkeep, workers
from ingestion.models import Chore, Control, Job, Limits, Priority, Step, StepStatus
from tests import factories
from tests.ingestion.conftest import work_off

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]


def batch_of(project: Any, **values: Any) -> Job:
    return intake.open_batch(project, user=None, priority=values.get("priority", Priority.NORMAL))


def test_retrying_one_step_of_a_cancelled_job_reads_its_other_pages_too(drain: Drain) -> None:
    job = factories.job("one\ftwo\fthree\ffour")
    work_off(3)  # open, split, and the first page
    ledger.cancel(job.pk, None)
    skipped = Step.objects.filter(job=job, status=StepStatus.SKIPPED).latest("pk")
    ledger.retry_step(skipped.pk, None)
    drain(job)
    assert (job.status, job.pages_read) == ("completed", 4)


def test_a_batch_of_files_that_are_all_known_is_complete() -> None:
    project = factories.project()
    factories.job("known", in_project=project)
    batch = batch_of(project)
    factories.job("known", in_project=project, batch=batch)
    ledger.close_batch(batch)
    batch.refresh_from_db()
    assert batch.status == "completed"


def test_a_batch_that_was_cancelled_while_its_files_came_takes_no_more() -> None:
    project = factories.project()
    batch = batch_of(project)
    factories.job("first", in_project=project, batch=batch)
    ledger.cancel(batch.pk, None)
    with pytest.raises(Conflict, match="no more files"):
        factories.job("second", in_project=project, batch=batch)
    ledger.close_batch(batch)
    assert set(Job.objects.values_list("status", flat=True)) == {"cancelled"}


def test_a_batch_made_urgent_while_its_files_come_hands_that_to_the_later_ones() -> None:
    project = factories.project()
    batch = batch_of(project)
    ledger.set_priority(batch.pk, Priority.URGENT, None)
    job = factories.job("later", in_project=project, batch=batch)
    assert job.priority == Priority.URGENT


def test_a_batch_is_not_closed_while_files_still_come(drain: Drain) -> None:
    project = factories.project()
    batch = batch_of(project)
    drain(factories.job("young", in_project=project, batch=batch))
    Job.objects.filter(pk=batch.pk).update(created_at=timezone.now() - timedelta(hours=2))
    ledger.advance_stuck()
    batch.refresh_from_db()
    assert batch.status == "pending"


def test_a_cap_holds_when_many_claim_at_the_same_moment() -> None:
    project = factories.project()
    Limits.objects.create(project=project, steps_at_once=1)
    for _ in range(8):
        factories.job(in_project=project)
    barrier = threading.Barrier(6)

    def claim() -> None:
        try:
            barrier.wait()
            ledger.claim(threading.current_thread().name)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Step.objects.filter(status=StepStatus.RUNNING).count() == 1


def test_while_a_lane_is_full_a_claim_holds_no_other_lane_from_the_others() -> None:
    Limits.objects.create(project=factories.job().project, steps_at_once=0)
    jobs = {factories.job().pk, factories.job().pk}
    with transaction.atomic():
        first = ledger.claim("one")
        other: list[Step | None] = []

        def claim() -> None:
            try:
                other.append(ledger.claim("two"))
            finally:
                connections.close_all()

        thread = threading.Thread(target=claim)
        thread.start()
        thread.join()
    assert {step.job_id for step in (first, *other) if step is not None} == jobs


def test_urgent_work_does_not_wait_for_high_work_that_came_of_age() -> None:
    old = timezone.now() - timedelta(minutes=11)
    for _ in range(5):
        job = factories.job(priority=Priority.HIGH)
        Step.objects.filter(job=job).update(run_after=old)
    ledger.age()
    urgent = factories.job(priority=Priority.URGENT)
    step = ledger.claim("worker")
    assert step is not None
    assert step.job_id == urgent.pk


def test_a_job_that_changes_its_priority_takes_turns_in_its_new_class() -> None:
    """Its old ranks mean nothing there."""
    normal = factories.job()
    low = factories.job(priority=Priority.LOW)
    for job, first in ((normal, 500), (low, 0)):
        Step.objects.filter(job=job).delete()
        Step.objects.bulk_create(
            Step(
                job=job,
                project=job.project,
                stage="ocr",
                priority=job.priority,
                first=number,
                last=number,
                rank=first + number,
            )
            for number in range(4)
        )
    ledger.set_priority(low.pk, Priority.NORMAL, None)
    claimed = [ledger.claim("worker") for _ in range(4)]
    assert {step.job_id for step in claimed[:2] if step} == {low.pk, normal.pk}
    assert {step.job_id for step in claimed[2:] if step} == {low.pk, normal.pk}


def test_a_job_that_ended_takes_no_new_priority(drain: Drain) -> None:
    job = drain(factories.job())
    with pytest.raises(Conflict, match="already ended"):
        ledger.set_priority(job.pk, Priority.URGENT, None)


def test_a_fault_told_in_odd_letters_is_recorded_all_the_same() -> None:
    factories.job()
    step = ledger.claim("worker")
    assert step is not None
    ledger.fail(step, EngineError("It broke\x00 here.", "c" * 60), elapsed_s=0)
    step.refresh_from_db()
    assert (step.error_message, step.error_code) == ("It broke here.", "c" * 40)


def test_a_file_whose_blob_is_gone_is_whole_again_when_it_is_sent_again(drain: Drain) -> None:
    project = factories.project()
    job = factories.job("precious", in_project=project)
    default_storage.delete(job.file.file)
    again = factories.job("precious", in_project=project, options=intake.Options(anew=True))
    assert default_storage.exists(again.file.file)
    assert drain(again).status == "completed"


def test_chores_are_done_under_steady_load_without_a_message(
    fake_engines: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "CHORES_EVERY_S", 0)
    factories.job("one\ftwo")
    tasks.work()
    assert set(Chore.objects.exclude(elapsed_s=None).values_list("name", flat=True)) == {
        "batches",
        "reap",
        "reembed",
        "tidy",
        "sweep",
    }


def test_a_paused_host_leaves_the_wake_up_to_the_others(settings: Settings) -> None:
    factories.job()
    workers.set_paused(True, of_host=settings.HOST_NAME)
    OrmQ.objects.all().delete()
    queue.push(1)
    assert queue.Listening("docket")._take() is None
    Control.objects.all().delete()
    assert queue.Listening("docket")._take() is not None


def test_a_document_that_cannot_be_indexed_does_not_keep_the_sweep_from_the_others(
    settings: Settings, drain: Drain
) -> None:
    settings.BACKLOG_BATCH = 1
    from django.db.models import F

    from documents.models import Document

    drain(factories.job("bill start\fother"))
    Document.objects.update(text_version=F("text_version") + 1)
    first = Document.objects.order_by("pk")[0]
    assert upkeep.sweep()["indexed"] == 1
    Step.objects.filter(document=first, stage="embed").update(
        status=StepStatus.FAILED, finished_at=timezone.now()
    )
    Job.objects.filter(kind="process").update(status="failed")
    upkeep.sweep()
    newest = Job.objects.filter(kind="process").latest("created_at")
    assert list(newest.documents.all()) == [Document.objects.order_by("pk")[1]]


def test_documents_that_are_only_extracted_again_count_as_processed(drain: Drain) -> None:
    from documents.models import Document

    job = drain(factories.job("bill start total_amount=1"))
    documents = list(Document.objects.filter(project=job.project))
    again = rework.process(documents, user=None, stages=("extract",))
    assert (drain(again).status, again.processed) == ("completed", 1)


def test_a_worker_that_lives_after_all_is_not_told_lost(settings: Settings) -> None:
    settings.MAX_LOSSES = 0
    factories.job()
    step = ledger.claim("worker")
    assert step is not None
    ledger.renew(step)
    ledger.release_expired()
    step.refresh_from_db()
    assert step.status == StepStatus.RUNNING
