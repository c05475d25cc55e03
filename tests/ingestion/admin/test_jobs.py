"""What an operator does with jobs and steps."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from documents.models import Membership, Project, Role
from ingestion import ledger
from ingestion.models import (
    Job,
    JobStatus,
    Kind,
    Priority,
    Step,
    StepStatus,
)
from tests import factories
from tests.ingestion.admin.ground import JOBS, act, do, failed, staff

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


def test_cancel_asks_first(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    assert "Cancel these jobs?" in act(operator, "cancel", job)
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    assert "1 cancelled" in act(operator, "cancel", job, sure="yes")
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert "1 of them was cancelled" in act(operator, "retry", job)
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert "1 taken up again" in act(operator, "retry", job, sure="yes")
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_cancel_on_the_page_of_a_job_asks_first(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    assert "Cancel this job?" in do(operator, job, "cancel").text
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    assert "was cancelled" in do(operator, job, "cancel", sure="yes").text


def test_refusals_of_one_kind_are_told_once_with_their_number(
    operator: Client, project: Project
) -> None:
    broken = failed(project)
    jobs = [factories.job(in_project=project) for _ in range(3)]
    page = act(operator, "retry", broken, *jobs, sure="yes")
    assert page.count("The job is still at work.") == 1
    assert "3 jobs: The job is still at work." in page
    assert "1 taken up again" in page
    page = act(operator, "retry", jobs[0], sure="yes")
    assert f"“{jobs[0]}”: The job is still at work." in page


def test_a_job_of_a_project_that_one_only_views_is_refused(
    operator: Client, project: Project
) -> None:
    seen = failed(factories.project())
    me = Membership.objects.get(project=project).user
    Membership.objects.create(project=seen.project, user=me, role=Role.VIEWER)
    assert "not its operator" in act(operator, "retry", seen, sure="yes")
    seen.refresh_from_db()
    assert seen.status == JobStatus.FAILED


def test_viewers_are_offered_nothing_that_would_be_refused(project: Project) -> None:
    job = failed(project)
    viewer, operator = staff(Role.VIEWER, project), staff(Role.OPERATOR, project)
    for path in (JOBS, "/admin/ingestion/step/"):
        assert 'name="action"' in operator.get(path).text
        assert 'name="action"' not in viewer.get(path).text
    assert "Retry all that failed in this list" in operator.get(JOBS).text
    assert "Retry all that failed in this list" not in viewer.get(JOBS).text
    assert "set-priority" not in operator.get(f"{JOBS}{job.pk}/change/").text
    waits = factories.job(in_project=project)
    assert "set-priority" in operator.get(f"{JOBS}{waits.pk}/change/").text
    assert "set-priority" not in viewer.get(f"{JOBS}{waits.pk}/change/").text


def test_what_cannot_be_done_is_said(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    ledger.cancel(job.pk, None)
    assert "already ended" in act(operator, "cancel", job, sure="yes")
    assert "already ended" in do(operator, job, "cancel", sure="yes").text


@pytest.mark.parametrize("priority", Priority)
def test_every_priority_can_be_given(
    operator: Client, project: Project, priority: Priority
) -> None:
    job = factories.job(in_project=project)
    assert f"1 made {priority.label.lower()}" in act(
        operator, f"make_{priority.label.lower()}", job
    )
    job.refresh_from_db()
    assert job.priority == priority
    do(operator, job, "priority", priority="0")
    job.refresh_from_db()
    assert job.priority == Priority.URGENT
    assert do(operator, job, "priority", priority="7").status_code == 403


def test_the_list_is_narrowed_by_code_of_jobs_and_of_steps(
    operator: Client, project: Project
) -> None:
    failed(project, "engine_crashed", "crashed.txt")
    failed(project, "file_damaged", "damaged.txt")
    page = operator.get(f"{JOBS}?code=file_damaged").text
    assert "damaged.txt" in page
    assert "crashed.txt" not in page
    for narrowed in ("kind__exact=file", "priority__exact=2", "status__exact=failed"):
        assert "damaged.txt" in operator.get(f"{JOBS}?{narrowed}").text


def test_all_that_failed_in_the_filter_is_retried_on_all_pages_of_the_list(
    operator: Client, project: Project
) -> None:
    jobs = [failed(project) for _ in range(3)]
    other = failed(project, "file_damaged")
    elsewhere = failed(factories.project())
    path = f"{JOBS}retry-failed/?code=engine_crashed"
    assert "3 jobs of this list failed" in operator.get(path).text
    answer = operator.post(path, follow=True)
    assert "3 jobs were taken up again" in answer.text
    for job in jobs:
        job.refresh_from_db()
        assert job.status == JobStatus.QUEUED
    for job in (other, elsewhere):
        job.refresh_from_db()
        assert job.status == JobStatus.FAILED


def test_a_request_acts_on_so_many_jobs_only_and_says_so(
    operator: Client, project: Project, settings: Settings
) -> None:
    settings.JOBS_AT_ONCE = 2
    jobs = [failed(project) for _ in range(3)]
    question = operator.get("/admin/failures/retry?code=engine_crashed").text
    assert "2 of them are taken up at once" in question
    assert "Retry 2 jobs" in question
    page = act(operator, "retry", *jobs, sure="yes")
    assert "The first 2 were taken; do it again for the rest." in page
    assert Job.objects.filter(status=JobStatus.FAILED).count() == 1


def test_documents_of_jobs_are_extracted_and_indexed_again_after_a_question(
    operator: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    document = factories.document(job.upload)
    hidden = factories.job()
    factories.document(hidden.upload)
    assert "again?" in act(operator, "process_again", job)
    assert not Job.objects.filter(kind=Kind.PROCESS).exists()
    told = act(operator, "process_again", job, hidden, sure="yes")
    again = Job.objects.get(kind=Kind.PROCESS)
    assert list(again.documents.all()) == [document]
    assert "1 document is gone through again" in told


def test_documents_of_a_batch_are_those_of_its_jobs(operator: Client, project: Project) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.COMPLETED)
    child = factories.job(in_project=project)
    Job.objects.filter(pk=child.pk).update(parent=batch)
    assert "These jobs made no documents." in act(operator, "process_again", batch, sure="yes")
    document = factories.document(child.upload)
    act(operator, "process_again", batch, sure="yes")
    again = Job.objects.get(kind=Kind.PROCESS)
    assert list(again.documents.all()) == [document]


def test_one_failed_step_is_retried(operator: Client, project: Project) -> None:
    job = failed(project)
    step = Step.objects.get(job=job)
    answer = do(operator, job, "step", step=str(step.pk))
    assert "runs again" in answer.text
    step.refresh_from_db()
    assert step.status == StepStatus.QUEUED
    assert do(operator, job, "step", step="999999").status_code == 404


def test_steps_are_retried_from_their_list(operator: Client, project: Project) -> None:
    step = Step.objects.get(job=failed(project))
    data = {"action": "retry", "_selected_action": [step.pk]}
    page = operator.post("/admin/ingestion/step/", data, follow=True).text
    assert "1 taken up again" in page
    assert "did not fail" in operator.post("/admin/ingestion/step/", data, follow=True).text
