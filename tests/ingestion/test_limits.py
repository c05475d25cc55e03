"""Lanes that are full, hosts that are paused, jobs and steps that may take only so long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from documents.errors import Conflict
from documents.models import Project
from ingestion import ledger, workers
from ingestion.models import Job, Kind, Limits, Priority, Step, StepStatus
from tests import factories
from tests.ingestion.conftest import work_off

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]


def capped(steps: int) -> Project:
    project = factories.project()
    Limits.objects.create(project=project, steps_at_once=steps)
    return project


def test_a_project_at_its_cap_is_passed_by_and_goes_on_when_a_step_ends() -> None:
    busy = capped(1)
    first = factories.job(in_project=busy)
    factories.job(in_project=busy)
    other = factories.job()
    claimed = [ledger.claim("worker") for _ in range(3)]
    assert [step.job_id if step else None for step in claimed] == [first.pk, other.pk, None]
    Step.objects.filter(job=first).update(status=StepStatus.DONE, lease=None, lease_until=None)
    assert ledger.claim("worker") is not None


def test_the_best_step_is_taken_while_some_project_is_full() -> None:
    """Sought lane by lane then; the order must be the same."""
    full = capped(0)
    factories.job(in_project=full, priority=Priority.URGENT)
    jobs = [factories.job(priority=p) for p in (Priority.LOW, Priority.HIGH, Priority.NORMAL)]
    claimed = [ledger.claim("worker") for _ in range(4)]
    order = [step.job_id if step else None for step in claimed]
    assert order == [jobs[1].pk, jobs[2].pk, jobs[0].pk, None]


def test_no_more_captures_run_at_once_than_the_setting_allows(settings: Settings) -> None:
    settings.CAPTURES_AT_ONCE = 2
    for _ in range(3):
        job = factories.job()
        Job.objects.filter(pk=job.pk).update(kind=Kind.CAPTURE)
        Step.objects.filter(job=job).update(kind=Kind.CAPTURE)
    file = factories.job()
    claimed = [ledger.claim("worker") for _ in range(4)]
    kinds = [step.kind if step else None for step in claimed]
    assert kinds == ["capture", "capture", "file", None]
    assert claimed[2] is not None
    assert claimed[2].job_id == file.pk


def test_work_that_is_capped_or_paused_makes_no_cluster_silent() -> None:
    job = factories.job(in_project=capped(0))
    long_ago = timezone.now() - timedelta(minutes=5)
    Step.objects.filter(job=job).update(run_after=long_ago)
    assert not ledger.waits_since(60)
    Limits.objects.update(steps_at_once=1)
    assert ledger.waits_since(60, "here")
    workers.set_paused(True, of_host="here")
    assert not ledger.waits_since(60, "here")
    assert ledger.waits_since(60, "there")


def test_a_paused_host_claims_nothing_and_resuming_wakes_it() -> None:
    factories.job()
    workers.set_paused(True, of_host="here")
    assert ledger.claim("worker", "here") is None
    workers.set_paused(False, of_host="here")
    assert ledger.claim("worker", "here") is not None


@pytest.mark.parametrize("steps", [0, 1])
def test_a_job_that_was_worked_on_too_long_fails_as_expired(
    drain: Drain, settings: Settings, steps: int
) -> None:
    """At once where it has used up its time, or in the middle of a page that takes too long."""
    settings.JOB_LIMIT_S = 2
    job = factories.job("one\fhang" if steps else "one")
    if not steps:
        Job.objects.filter(pk=job.pk).update(active_s=3)
    drain(job)
    assert (job.status, job.error_code) == ("failed", "job_expired")
    assert "2 s" in job.error_message
    assert not Step.objects.filter(job=job, status__in=("queued", "running")).exists()


def test_waiting_for_its_turn_is_not_charged_to_a_job(drain: Drain, settings: Settings) -> None:
    settings.JOB_LIMIT_S = 30
    job = factories.job()
    hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=job.pk).update(created_at=hour_ago, started_at=hour_ago)
    assert drain(job).status == "completed"
    assert job.active_s < 10


def test_time_in_which_two_steps_ran_side_by_side_counts_once() -> None:
    job = factories.job("one\ftwo")
    step = ledger.claim("worker")
    assert step is not None
    minute_ago = timezone.now() - timedelta(seconds=60)
    half_ago = timezone.now() - timedelta(seconds=20)
    Job.objects.filter(pk=job.pk).update(active_s=40, active_until=half_ago)
    Step.objects.filter(pk=step.pk).update(started_at=minute_ago)
    step.started_at = minute_ago
    from ingestion.engines.base import FileFacts

    ledger.finish(step, FileFacts(pages=1), elapsed_s=60)
    job.refresh_from_db()
    assert 60 <= job.active_s < 62


def test_a_retry_of_an_expired_job_begins_with_its_full_time(
    drain: Drain, settings: Settings
) -> None:
    job = factories.job()
    Job.objects.filter(pk=job.pk).update(active_s=4_000)
    assert drain(job).error_code == "job_expired"
    ledger.retry(job.pk, None)
    assert drain(job).status == "completed"


def test_a_project_sets_its_own_limit_for_a_stage(drain: Drain) -> None:
    project = factories.project()
    Limits.objects.create(project=project, step_limit_s={"ocr": 1})
    job = drain(factories.job("fine\fhang", in_project=project))
    failed = Step.objects.get(job=job, status=StepStatus.FAILED)
    assert (failed.first, failed.error_code) == (2, "time_limit")
    assert "limit of 1 s" in failed.error_message
    assert [run["code"] for run in failed.history] == ["time_limit"] * 3
    assert (job.status, job.pages_failed) == ("completed", 1)


@pytest.mark.parametrize(("is_fatal", "status"), [(False, "completed"), (True, "failed")])
def test_a_project_says_whether_a_failed_page_is_fatal(
    drain: Drain, is_fatal: bool, status: str
) -> None:
    project = factories.project()
    Limits.objects.create(project=project, failed_page_is_fatal=is_fatal)
    job = drain(factories.job("fine\fdamaged", in_project=project))
    assert job.status == status
    if is_fatal:
        assert job.error_code == "page_damaged"
        assert job.error_message.startswith("Page 2: ")


def test_steps_of_age_take_turns_with_those_of_their_new_class() -> None:
    """A thousand low pages that come of age together must not all go before the normal ones."""
    low = factories.job(priority=Priority.LOW)
    Step.objects.filter(job=low).delete()
    old = timezone.now() - timedelta(minutes=11)
    common: dict[str, Any] = {"project": low.project, "stage": "ocr"}
    for number in range(1, 4):
        page = {"first": number, "last": number, "rank": 50 + number}
        Step.objects.create(job=low, priority=3, run_after=old, **page, **common)
    normal = factories.job()
    Step.objects.filter(job=normal).delete()
    common["project"] = normal.project
    for number in range(1, 4):
        page = {"first": number, "last": number, "rank": 10 + number}
        Step.objects.create(job=normal, priority=2, **page, **common)
    assert ledger.age() == 3
    claimed = [ledger.claim("worker") for _ in range(6)]
    order = ["low" if step and step.job_id == low.pk else "normal" for step in claimed]
    assert order == ["low", "normal", "low", "normal", "low", "normal"]


def test_a_single_failed_step_is_retried_while_nothing_follows_from_it_yet(drain: Drain) -> None:
    job = factories.job("fine\fdamaged\fslow")
    failing = work_off(4)  # open, split, and two pages
    failing.refresh_from_db()
    assert failing.status == StepStatus.FAILED
    ledger.retry_step(failing.pk, None)
    failing.refresh_from_db()
    assert (failing.status, failing.attempts) == (StepStatus.QUEUED, 0)
    drain(job)
    with pytest.raises(Conflict, match="did not fail"):
        ledger.retry_step(Step.objects.filter(job=job, status="done").latest("pk").pk, None)
