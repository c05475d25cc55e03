"""The front page: what runs, what failed and why, and what puts it right."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Project
from ingestion.models import (
    Chore,
    Job,
    JobStatus,
    Priority,
    Step,
    StepStatus,
)
from tests import factories
from tests.ingestion.admin.ground import JOBS, do, failed

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


def test_the_front_page_says_what_failed_and_why_by_kind(
    operator: Client, project: Project
) -> None:
    for name in ("a.txt", "b.txt"):
        failed(project, filename=name)
    failed(project, "file_damaged", "c.txt")
    page = operator.get("/admin/")
    kinds = page.context["panel"]["failed"]
    assert {(kind.code, kind.jobs, kind.retryable) for kind in kinds} == {
        ("engine_crashed", 2, 2),
        ("file_damaged", 1, 1),
    }
    assert "The engine crashed on it." in page.text
    assert "Retry all 2 of this kind" in page.text
    assert "The engine crashed. <code>" in page.text
    assert "No worker is running" in page.text
    assert "3 steps failed for good in the last 24 hours." in page.text


def test_what_a_retry_cannot_cure_is_not_offered_for_retry_of_all(
    operator: Client, project: Project
) -> None:
    for name in ("c.txt", "d.txt"):
        failed(project, "file_damaged", name)
    page = operator.get("/admin/").text
    assert "Retry all" not in page
    assert "A file is damaged" in page
    assert "Ask for a sound copy" in page


def test_failed_pages_of_completed_jobs_are_among_what_failed(
    operator: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    Step.objects.create(
        job=job,
        project=project,
        stage="ocr",
        first=1,
        last=1,
        status=StepStatus.FAILED,
        error_code="page_damaged",
        error_message="Page 1 is torn.",
        finished_at=timezone.now(),
    )
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.COMPLETED, completed_at=now)
    page = operator.get("/admin/")
    (kind,) = page.context["panel"]["failed"]
    assert (kind.code, kind.jobs, kind.title) == ("page_damaged", 1, "A page is damaged.")
    assert list(kind.newest) == [job]
    assert kind.newest[0].sentence == "Page 1 is torn."
    assert "Page 1 is torn." in page.text


def test_what_failed_long_ago_is_not_on_the_front_page(operator: Client, project: Project) -> None:
    job = failed(project)
    long_ago = timezone.now() - timedelta(days=9)
    Job.objects.filter(pk=job.pk).update(failed_at=long_ago)
    Step.objects.filter(job=job).update(finished_at=long_ago)
    assert not operator.get("/admin/").context["panel"]["failed"]


def test_the_front_page_costs_the_same_queries_for_few_and_for_many(
    operator: Client, project: Project
) -> None:
    failed(project)
    operator.get("/admin/")
    with CaptureQueriesContext(connection) as few:
        operator.get("/admin/")
    for n in range(8):
        failed(project, f"code_{n}")
        factories.job(in_project=project)
    with CaptureQueriesContext(connection) as many:
        operator.get("/admin/")
    assert len(many) == len(few)


def test_the_front_page_tells_of_the_backlog_by_priority(
    operator: Client, project: Project
) -> None:
    factories.job(in_project=project)
    factories.job(in_project=project, priority=Priority.URGENT)
    factories.job()
    backlog = operator.get("/admin/").context["panel"]["backlog"]
    assert [(lane.priority, lane.ready) for lane in backlog.lanes] == [("Urgent", 1), ("Normal", 1)]


def test_a_kind_of_failure_is_retried_in_two_clicks_after_a_question(
    operator: Client, project: Project
) -> None:
    jobs = [failed(project), failed(project)]
    other = failed(project, "file_damaged")
    question = operator.get("/admin/failures/retry?code=engine_crashed")
    assert "2 jobs that failed with engine_crashed" in question.text
    assert Job.objects.filter(status=JobStatus.FAILED).count() == 3
    answer = operator.post("/admin/failures/retry", {"code": "engine_crashed"}, follow=True)
    assert "2 jobs were taken up again" in answer.text
    assert answer.redirect_chain == [("/admin/", 302)]
    for job in jobs:
        job.refresh_from_db()
        assert job.status == JobStatus.QUEUED
    other.refresh_from_db()
    assert other.status == JobStatus.FAILED


def test_one_failed_job_is_retried_from_the_front_page(operator: Client, project: Project) -> None:
    job = failed(project)
    answer = do(operator, job, "retry", next="/admin/")
    assert answer.redirect_chain == [("/admin/", 302)]
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_a_button_leads_back_to_our_own_addresses_only(operator: Client, project: Project) -> None:
    job = failed(project)
    answer = do(operator, job, "retry", next="https://evil.example/")
    assert answer.redirect_chain == [(f"{JOBS}{job.pk}/change/", 302)]


def test_chores_tell_what_they_found(admin_client: Client) -> None:
    Chore.objects.update_or_create(
        pk="reap", defaults={"started_at": timezone.now(), "told": {"released": 2}}
    )
    page = admin_client.get("/admin/").text
    assert "Repairs what nobody ended" in page
    assert "2 steps of vanished workers queued again" in page
