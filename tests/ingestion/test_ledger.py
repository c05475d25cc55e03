"""Each arrow of Job and Step: that it works, and that the wrong state is refused."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from config.engines import EngineBusy, EngineError, EngineUnavailable
from documents.errors import Conflict
from ingestion import ledger, tasks, upkeep
from ingestion.engines.base import FileFacts
from ingestion.errors import LeaseLost
from ingestion.models import Job, JobStatus, Priority, Step, StepStatus
from ingestion.stages.base import Target
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
ONE_PAGE = FileFacts(pages=1)


def claim() -> Step:
    step = ledger.claim("test-worker")
    assert step is not None
    return step


def expire(step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_submitted_job_is_queued_with_one_step_and_one_token() -> None:
    job = factories.job()
    assert job.status == JobStatus.QUEUED
    assert Step.objects.get(job=job).status == StepStatus.QUEUED
    assert OrmQ.objects.count() == 1


def test_a_submission_that_rolls_back_leaves_no_job_no_step_and_no_token() -> None:
    with transaction.atomic():
        factories.job()
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert not Step.objects.exists()
    assert not OrmQ.objects.exists()


def test_the_first_claim_runs_the_job_and_nobody_claims_the_step_twice() -> None:
    job = factories.job()
    step = claim()
    job.refresh_from_db()
    assert (job.status, step.status) == (JobStatus.RUNNING, StepStatus.RUNNING)
    assert ledger.claim("another") is None


def test_two_workers_at_once_never_get_the_same_step() -> None:
    for _ in range(10):
        factories.job()
    claimed: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        try:
            while (step := ledger.claim(threading.current_thread().name)) is not None:
                with lock:
                    claimed.append(step.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 10


def test_a_claim_takes_one_step_whatever_the_planner_believes_of_the_table() -> None:
    """With statistics of a table that was all but empty, a claim once locked every ready step."""
    project = factories.project()
    kept = factories.job(in_project=project)
    jobs = [factories.job(in_project=project) for _ in range(20)]
    Step.objects.exclude(job=kept).delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ingestion_step")
    for job in jobs:
        ledger.plan(job, "ocr", [Target(first=1, last=1)])
    claim()
    assert Step.objects.filter(status=StepStatus.RUNNING).count() == 1


def test_urgent_goes_first_and_jobs_of_one_priority_take_turns() -> None:
    project = factories.project()
    long, short = factories.job(in_project=project), factories.job(in_project=project)
    Step.objects.all().delete()
    ledger.plan(long, "ocr", [Target(first=n, last=n) for n in range(1, 6)])
    ledger.plan(short, "ocr", [Target(first=1, last=1)])
    urgent = factories.job(in_project=project, priority=Priority.URGENT)
    order = [claim().job_id for _ in range(7)]
    assert order[0] == urgent.pk
    assert short.pk in order[1:3]


def test_a_result_is_saved_once_and_plans_what_follows() -> None:
    job = factories.job()
    step = claim()
    ledger.finish(step, ONE_PAGE, elapsed_s=0.1)
    with pytest.raises(LeaseLost):
        ledger.finish(step, ONE_PAGE, elapsed_s=0.1)
    assert Step.objects.filter(job=job, stage="split").count() == 2


def test_a_worker_that_lost_its_lease_saves_nothing() -> None:
    job = factories.job()
    late = claim()
    expire(late)
    taken = claim()
    assert taken.pk == late.pk
    assert taken.losses == 1
    with pytest.raises(LeaseLost):
        ledger.finish(late, ONE_PAGE, elapsed_s=0.1)
    with pytest.raises(LeaseLost):
        ledger.renew(late)
    with pytest.raises(LeaseLost):
        ledger.fail(late, EngineError("no"), elapsed_s=0.1)
    job.refresh_from_db()
    assert job.pages_total == 0
    ledger.finish(taken, ONE_PAGE, elapsed_s=0.1)


def test_a_step_that_loses_too_many_workers_fails(settings: Settings) -> None:
    settings.MAX_LOSSES = 2
    job = factories.job()
    for _ in range(2):
        expire(claim())
    expire(claim())
    assert ledger.claim("another") is None
    job.refresh_from_db()
    assert (job.status, job.error_code) == (JobStatus.FAILED, "worker_lost")


def test_a_transient_fault_waits_before_it_is_tried_again(settings: Settings) -> None:
    settings.BACKOFF_BASE_S = 60
    factories.job()
    step = claim()
    ledger.fail(step, EngineUnavailable("busy"), elapsed_s=0.1)
    step.refresh_from_db()
    assert (step.status, step.attempts) == (StepStatus.QUEUED, 1)
    assert step.run_after > timezone.now() + timedelta(seconds=25)
    assert ledger.claim("another") is None


def test_waiting_for_a_busy_engine_costs_no_attempt(settings: Settings) -> None:
    settings.BACKOFF_BASE_S = 0
    factories.job()
    for _ in range(5):
        step = claim()
        ledger.fail(step, EngineBusy("Others are at it."), elapsed_s=0.1)
    step.refresh_from_db()
    assert (step.status, step.attempts) == (StepStatus.QUEUED, 0)


def test_a_permanent_fault_fails_at_once() -> None:
    job = factories.job()
    ledger.fail(claim(), EngineError("The file is damaged.", "file_damaged"), elapsed_s=0.1)
    job.refresh_from_db()
    assert (job.status, job.error_code) == (JobStatus.FAILED, "file_damaged")
    assert job.failed_at is not None


def test_cancel_skips_what_waits_and_stops_what_runs() -> None:
    job = factories.job()
    running = claim()
    ledger.plan(job, "ocr", [Target(first=1, last=1)])
    ledger.cancel(job.pk, None)
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert set(Step.objects.values_list("status", flat=True)) == {StepStatus.SKIPPED}
    with pytest.raises(LeaseLost):
        ledger.renew(running)


def test_a_job_that_ended_cannot_be_cancelled() -> None:
    job = factories.job()
    ledger.cancel(job.pk, None)
    with pytest.raises(Conflict, match="cancelled"):
        ledger.cancel(job.pk, None)


def test_retry_queues_a_cancelled_job_again() -> None:
    job = factories.job()
    ledger.cancel(job.pk, None)
    ledger.retry(job.pk, None)
    job.refresh_from_db()
    assert (job.status, job.error_code) == (JobStatus.QUEUED, "")
    assert claim().job_id == job.pk


def test_an_open_job_cannot_be_retried() -> None:
    with pytest.raises(Conflict, match="still at work"):
        ledger.retry(factories.job().pk, None)


def test_a_completed_job_without_failures_cannot_be_retried(drain: Callable[[Job], Job]) -> None:
    with pytest.raises(Conflict, match="Nothing"):
        ledger.retry(drain(factories.job()).pk, None)


def test_a_changed_priority_reaches_the_steps_that_wait() -> None:
    job = factories.job(priority=Priority.LOW)
    ledger.set_priority(job.pk, Priority.URGENT, None)
    assert claim().priority == Priority.URGENT


def test_the_reaper_plans_a_fan_in_that_nobody_planned() -> None:
    job = factories.job()
    Step.objects.filter(job=job).update(status=StepStatus.DONE)
    upkeep.reap()
    assert Step.objects.filter(job=job, stage="assemble", status=StepStatus.QUEUED).exists()


def test_the_reaper_frees_expired_leases_and_wakes_a_worker() -> None:
    factories.job()
    step = claim()
    expire(step)
    OrmQ.objects.all().delete()
    upkeep.reap()
    step.refresh_from_db()
    assert step.status == StepStatus.QUEUED
    assert OrmQ.objects.count() == django_settings.WORKERS


def test_a_step_that_waited_too_long_counts_one_class_higher_once() -> None:
    job = factories.job(priority=Priority.LOW)
    long_ago = timezone.now() - timedelta(minutes=11)
    Step.objects.filter(job=job).update(run_after=long_ago)
    assert ledger.age() == 1
    assert ledger.age() == 0
    assert Step.objects.get(job=job).priority == Priority.NORMAL


def test_a_paused_installation_claims_nothing() -> None:
    from ingestion import workers

    factories.job()
    workers.set_paused(True)
    tasks.work()
    assert Step.objects.get().status == StepStatus.QUEUED
    OrmQ.objects.all().delete()
    workers.set_paused(False)
    assert OrmQ.objects.count() == django_settings.WORKERS


def test_cancel_and_finish_at_the_same_time_end_in_one_of_the_two() -> None:
    for _ in range(8):
        job = factories.job()
        step = claim()
        outcomes: list[str] = []

        def attempt(verb: Callable[[], Any], outcomes: list[str] = outcomes) -> None:
            try:
                verb()
                outcomes.append("done")
            except (LeaseLost, Conflict) as fault:
                outcomes.append(type(fault).__name__)
            finally:
                connection.close()

        def finish(step: Step = step) -> None:
            ledger.finish(step, ONE_PAGE, elapsed_s=0.1)

        def cancel(job: Job = job) -> None:
            ledger.cancel(job.pk, None)

        threads = [threading.Thread(target=attempt, args=(verb,)) for verb in (finish, cancel)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        job.refresh_from_db()
        assert job.status == JobStatus.CANCELLED
        assert outcomes.count("done") >= 1
        assert not Step.objects.filter(job=job, status__in=["queued", "running"]).exists()


def test_the_database_refuses_a_lease_on_a_step_that_does_not_run() -> None:
    job = factories.job()
    with pytest.raises(IntegrityError, match="step_lease_while_running"):
        Step.objects.filter(job=job).update(lease=job.pk)


def test_the_database_refuses_the_same_step_twice() -> None:
    job = factories.job()
    with pytest.raises(IntegrityError, match="step_once_per_target"):
        Step.objects.create(job=job, project=job.project, stage="split")


@pytest.mark.parametrize("status", ["sleeping", ""])
def test_the_database_refuses_a_status_that_is_none(status: str) -> None:
    job = factories.job()
    with pytest.raises(IntegrityError, match="job_status_known"):
        Job.objects.filter(pk=job.pk).update(status=status)
