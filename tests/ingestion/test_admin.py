"""The admin: what runs, what failed and why, what puts it right, and who may."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.engines import EngineError
from documents.models import AuditEvent, Membership, Project, Role
from ingestion import ledger, overview, workers
from ingestion.models import (
    Chore,
    Control,
    Job,
    JobStatus,
    Kind,
    Limits,
    Priority,
    Step,
    StepStatus,
    WorkerBeat,
)
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
LISTS = [
    "documents/document",
    "documents/page",
    "documents/upload",
    "documents/project",
    "documents/documenttype",
    "documents/auditevent",
    "ingestion/job",
    "ingestion/step",
    "ingestion/limits",
    "ingestion/workerbeat",
    "ingestion/control",
]
JOBS = "/admin/ingestion/job/"


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def operator(project: Project) -> Client:
    """Staff, and operator of one project; nothing else was given to them."""
    return staff(Role.OPERATOR, project)


def staff(role: Role, project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(role, project, is_staff=True))
    return client


def failed(project: Project, code: str = "engine_crashed", filename: str = "torn.txt") -> Job:
    """A job that failed at its first step."""
    job = factories.job(in_project=project, filename=filename)
    step = Step.objects.get(job=job)
    Step.objects.exclude(pk=step.pk).filter(status=StepStatus.QUEUED).update(
        run_after=timezone.now() + timedelta(hours=1)
    )
    claimed = ledger.claim("ada:7")
    assert claimed is not None
    assert claimed.pk == step.pk
    ledger.fail(claimed, EngineError("The engine crashed on it.", code), elapsed_s=1)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    return job


def act(client: Client, action: str, *jobs: Job, **more: Any) -> str:
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs], **more}
    return client.post(JOBS, data, follow=True).content.decode()


def do(client: Client, job: Job, verb: str, **data: Any) -> Any:
    return client.post(f"{JOBS}{job.pk}/do/{verb}/", data, follow=True)


# -- lists and pages -------------------------------------------------------------


@pytest.mark.parametrize("path", LISTS)
def test_every_list_opens(admin_client: Client, path: str) -> None:
    job = factories.job()
    factories.document(job.upload)
    factories.page(job.file)
    assert admin_client.get(f"/admin/{path}/").status_code == 200


def test_a_job_shows_its_steps_with_their_faults(admin_client: Client) -> None:
    job = factories.job()
    page = admin_client.get(f"/admin/ingestion/job/{job.pk}/change/").content.decode()
    assert "Faults" in page
    assert "split" in page


def test_the_page_of_an_open_job_says_of_when_it_is(operator: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    assert re.search(
        r"As of \d\d:\d\d:\d\d; <a[^>]*>reload", operator.get(f"{JOBS}{job.pk}/change/").text
    )
    ledger.cancel(job.pk, None)
    assert "As of" not in operator.get(f"{JOBS}{job.pk}/change/").text


def test_a_job_of_one_document_is_told_in_the_singular(operator: Client, project: Project) -> None:
    job = Job.objects.create(
        project=project, kind=Kind.PROCESS, documents_made=1, status=JobStatus.RUNNING
    )
    page = operator.get(f"{JOBS}{job.pk}/change/").text
    assert "0 of 1 document;" in page
    assert "1 documents" not in page


def test_the_list_has_the_sentence_under_the_name_for_narrow_screens(
    operator: Client, project: Project
) -> None:
    factories.job(in_project=project)
    assert re.search(r'</a><span class="narrow">No worker is running', operator.get(JOBS).text)


def test_times_are_told_by_24_hours(admin_client: Client, project: Project) -> None:
    job = factories.job(in_project=project)
    at = timezone.now().replace(hour=15, minute=7)
    Step.objects.filter(job=job).update(finished_at=at)
    page = admin_client.get("/admin/ingestion/step/").text
    assert f"{timezone.localtime(at):%H:%M}" in page


def test_the_front_page_lists_no_tables_that_it_shows_better_itself(admin_client: Client) -> None:
    page = admin_client.get("/admin/").text
    assert "/admin/ingestion/control/" not in page
    assert "/admin/django_q/" not in page
    assert "/admin/ingestion/step/" in page


def test_a_failed_job_says_why_and_what_puts_it_right(operator: Client, project: Project) -> None:
    job = failed(project)
    page = operator.get(f"{JOBS}{job.pk}/change/").text
    assert "The engine crashed on it." in page
    assert "engine_crashed" in page
    assert "if it comes again, the page itself makes the engine crash" in page
    assert "Timeline" in page
    assert '<button class="default" type="submit">Retry</button>' in page
    torn = operator.get(f"{JOBS}{failed(project, 'file_damaged').pk}/change/").text
    assert '<button type="submit">Retry</button>' in torn


def test_a_cancelled_job_is_given_no_advice_for_failed_ones(
    operator: Client, project: Project
) -> None:
    job = factories.job(in_project=project)
    ledger.cancel(job.pk, None)
    Job.objects.filter(pk=job.pk).update(error_code="job_cancelled")
    page = operator.get(f"{JOBS}{job.pk}/change/")
    assert page.context["hint"] == ""
    assert "<code>job_cancelled</code>" not in page.text.partition("<details")[0]
    assert "<code>job_cancelled</code>" not in operator.get(JOBS).text


def test_a_job_that_ran_out_of_its_limit_leads_to_the_limits_of_its_project(
    operator: Client, project: Project
) -> None:
    job = failed(project, "time_limit")
    add = f"/admin/ingestion/limits/add/?project={project.pk}"
    assert f'href="{add}"' in operator.get(f"{JOBS}{job.pk}/change/").text
    assert operator.get(add).status_code == 200
    Limits.objects.create(project=project)
    page = operator.get(f"{JOBS}{job.pk}/change/").text
    assert f'href="/admin/ingestion/limits/{project.pk}/change/"' in page
    viewer = staff(Role.VIEWER, project).get(f"{JOBS}{job.pk}/change/").text
    assert "/admin/ingestion/limits/" not in viewer
    assert "/limits/" not in operator.get(f"{JOBS}{failed(project).pk}/change/").text


def test_jobs_of_every_kind_have_a_page(admin_client: Client, project: Project) -> None:
    batch = Job.objects.create(project=project, kind=Kind.BATCH, status=JobStatus.RUNNING)
    again = Job.objects.create(project=project, kind=Kind.PROCESS, documents_made=2)
    child = factories.job(in_project=project, filename="one.txt")
    Job.objects.filter(pk=child.pk).update(parent=batch)
    page = admin_client.get(f"{JOBS}{batch.pk}/change/").text
    assert "0 of 1 file done. It waits for one.txt." in page
    assert "one.txt</a>" in page
    assert "0 of 2 documents done." in admin_client.get(f"{JOBS}{again.pk}/change/").text
    assert admin_client.get(JOBS).status_code == 200


def test_the_list_says_what_each_job_waits_for_in_a_constant_number_of_queries(
    operator: Client, project: Project
) -> None:
    factories.job(in_project=project)
    assert "No worker is running" in operator.get(JOBS).text
    with CaptureQueriesContext(connection) as one:
        operator.get(JOBS)
    for _ in range(9):
        factories.job(in_project=project)
    with CaptureQueriesContext(connection) as ten:
        operator.get(JOBS)
    assert len(ten) == len(one)


def test_pages_hold_no_inline_script_and_no_inline_style(
    admin_client: Client, project: Project
) -> None:
    job = failed(project)
    paths = [
        "/admin/",
        JOBS,
        f"{JOBS}{job.pk}/change/",
        "/admin/ingestion/workerbeat/",
        "/admin/failures/retry?code=engine_crashed",
        "/admin/ingestion/limits/add/",
        "/admin/ingestion/step/",
    ]
    for path in paths:
        html = admin_client.get(path).text
        assert "<html" in html
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), path


# -- the front page -------------------------------------------------------------


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


# -- who sees and does what -------------------------------------------------------------


def test_staff_see_the_rows_of_their_projects_only(operator: Client, project: Project) -> None:
    factories.job(in_project=project, filename="own.txt")
    hidden = factories.job(filename="hidden.txt")
    page = operator.get(JOBS).text
    assert "own.txt" in page
    assert "hidden.txt" not in page
    assert operator.get(f"{JOBS}{hidden.pk}/change/").status_code == 302
    assert "hidden.txt" not in operator.get("/admin/ingestion/step/").text
    for verb in ("retry", "cancel", "priority", "step"):
        assert do(operator, hidden, verb).status_code == 404


def test_the_front_page_tells_nothing_of_other_projects(operator: Client) -> None:
    secret = factories.project(name="Secret")
    failed(secret, "secret_code", "secret.txt")
    factories.job(in_project=secret)
    page = operator.get("/admin/")
    assert "ecret" not in page.text
    assert page.context["panel"]["backlog"].ready == 0
    assert "0 steps failed" in page.text
    question = operator.get("/admin/failures/retry?code=secret_code")
    assert "secret.txt" not in question.text
    operator.post("/admin/failures/retry", {"code": "secret_code"})
    assert Job.objects.get(status=JobStatus.FAILED).project == secret


def test_a_viewer_sees_failures_and_retries_none(project: Project) -> None:
    job = failed(project)
    viewer = staff(Role.VIEWER, project)
    page = viewer.get("/admin/")
    assert page.context["panel"]["failed"][0].retryable == 0
    assert "/do/retry/" not in page.text
    viewer.post("/admin/failures/retry", {"code": "engine_crashed"})
    viewer.post(f"{JOBS}retry-failed/")
    for verb in ("retry", "cancel", "priority", "step"):
        assert do(viewer, job, verb, priority="0").status_code == 403
    act(viewer, "retry", job, sure="yes")
    act(viewer, "make_urgent", job)
    act(viewer, "process_again", job, sure="yes")
    viewer.post(
        "/admin/ingestion/step/",
        {"action": "retry", "_selected_action": [Step.objects.get(job=job).pk]},
    )
    job.refresh_from_db()
    assert (job.status, job.priority) == (JobStatus.FAILED, Priority.NORMAL)
    assert not Job.objects.filter(kind=Kind.PROCESS).exists()


def test_only_staff_come_in(project: Project) -> None:
    client = Client()
    client.force_login(factories.user(Role.OPERATOR, project))
    for path in ("/admin/", JOBS, "/admin/failures/retry", "/admin/workers/pause"):
        assert client.get(path).status_code == 302


def test_staff_without_the_operators_role_change_no_project_and_pause_nobody(
    client: Client,
) -> None:
    own, other = factories.project(), factories.project(name="Hidden")
    user = factories.user(Role.VIEWER, own, is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    data = {"name": "Mine", "slug": own.slug, "grouping": "grouped", "review_threshold": "0.1"}
    answer = client.post(f"/admin/documents/project/{own.pk}/change/", data)
    assert answer.status_code == 403
    assert client.get("/admin/ingestion/control/").status_code == 403
    assert client.get("/admin/documents/auditevent/").status_code == 403
    assert client.get("/admin/workers/pause").status_code == 403
    assert client.post("/admin/workers/pause").status_code == 403
    assert client.post("/admin/workers/resume").status_code == 403
    assert not workers.is_paused()
    factories.job(in_project=own)
    factories.job(in_project=other)
    assert "Hidden" not in client.get("/admin/ingestion/job/").content.decode()


# -- jobs -------------------------------------------------------------


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
    operator: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "AT_ONCE", 2)
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


# -- limits -------------------------------------------------------------


def test_operators_limit_their_own_projects_only(operator: Client, project: Project) -> None:
    other = factories.project(name="Hidden")
    Limits.objects.create(project=other, steps_at_once=1)
    assert "Hidden" not in operator.get("/admin/ingestion/limits/").text
    assert "Hidden" not in operator.get("/admin/ingestion/limits/add/").text
    form = {"project": project.pk, "steps_at_once": "2", "ocr": "90"}
    operator.post("/admin/ingestion/limits/add/", form)
    assert "Read: 90 s" in operator.get("/admin/ingestion/limits/").text
    made = Limits.objects.get(project=project)
    assert (made.steps_at_once, made.step_limit_s) == (2, {"ocr": 90})
    operator.post("/admin/ingestion/limits/add/", form | {"project": other.pk})
    assert Limits.objects.get(project=other).steps_at_once == 1
    path = f"/admin/ingestion/limits/{other.pk}/change/"
    assert operator.post(path, {"steps_at_once": "9"}).status_code == 302
    assert Limits.objects.get(project=other).steps_at_once == 1
    assert AuditEvent.objects.filter(verb="limits.changed", project=project).count() == 1


def test_a_viewer_sets_no_limits(project: Project) -> None:
    viewer = staff(Role.VIEWER, project)
    assert viewer.get("/admin/ingestion/limits/add/").status_code == 403


@pytest.mark.parametrize("seconds", ["0", "241", "-5", "fast"])
def test_a_limit_of_a_step_must_end_before_its_task(
    operator: Client, project: Project, seconds: str
) -> None:
    form = {"project": project.pk, "ocr": seconds}
    answer = operator.post("/admin/ingestion/limits/add/", form)
    assert answer.status_code == 200
    assert not Limits.objects.exists()


def test_raising_a_cap_wakes_workers(operator: Client, project: Project) -> None:
    from django_q.models import OrmQ

    factories.job(in_project=project)
    Limits.objects.create(project=project, steps_at_once=0, step_limit_s={"ocr": 30})
    OrmQ.objects.all().delete()
    path = f"/admin/ingestion/limits/{project.pk}/change/"
    assert 'value="30"' in operator.get(path).text
    operator.post(path, {"steps_at_once": "3", "ocr": ""})
    row = Limits.objects.get(project=project)
    assert (row.steps_at_once, row.step_limit_s) == (3, {})
    assert OrmQ.objects.exists()


# -- members -------------------------------------------------------------


def test_operators_are_offered_the_people_of_their_own_projects_only(
    admin_client: Client, operator: Client, project: Project
) -> None:
    colleague = factories.user(Role.VIEWER, project)
    stranger = factories.user(Role.VIEWER, factories.project())
    path = f"/admin/documents/project/{project.pk}/change/"
    page = operator.get(path).text
    assert f">{colleague}</option>" in page
    assert f">{stranger}</option>" not in page
    assert f">{stranger}</option>" in admin_client.get(path).text
    form = {
        "name": "x",
        "slug": project.slug,
        "grouping": "grouped",
        "review_threshold": "0.5",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "0",
        "memberships-0-user": stranger.pk,
        "memberships-0-role": "viewer",
    }
    operator.post(path, form)
    assert not Membership.objects.filter(project=project, user=stranger).exists()


# -- workers -------------------------------------------------------------


def test_pausing_asks_first_and_resuming_does_not(admin_client: Client) -> None:
    assert "Pause all workers" in admin_client.get("/admin/workers/pause").text
    assert not workers.is_paused()
    admin_client.post("/admin/workers/pause", {"host": ""})
    assert workers.is_paused()
    assert "Resume all workers" in admin_client.get("/admin/").text
    admin_client.post("/admin/workers/resume", {"host": ""})
    assert not workers.is_paused()
    admin_client.post("/admin/workers/pause", {"host": "ada"})
    assert workers.is_paused("ada")
    assert not workers.is_paused("bob")
    page = admin_client.get("/admin/ingestion/workerbeat/").text
    assert "Resume ada" in page


def test_the_list_of_controls_pauses_and_resumes(admin_client: Client) -> None:
    path = "/admin/ingestion/control/"
    assert "all hosts: running" in admin_client.get(path).text
    data = {"action": "pause", "_selected_action": [""]}
    assert "Pause these workers?" in admin_client.post(path, data, follow=True).text
    admin_client.post(path, data | {"sure": "yes"})
    assert Control.objects.get(pk="").is_paused
    admin_client.post(path, data | {"action": "resume"})
    assert not Control.objects.get(pk="").is_paused


def test_a_worker_is_shown_with_its_step_and_its_memory(
    admin_client: Client, project: Project
) -> None:
    job = factories.job(in_project=project, filename="held.txt")
    step = ledger.claim(workers.name())
    assert step is not None
    assert step.job_id == job.pk
    WorkerBeat.objects.create(
        name=workers.name(),
        host="ada",
        pid=7,
        step=step,
        memory_bytes=250_000_000,
        started_at=timezone.now(),
        seen_at=timezone.now(),
    )
    page = admin_client.get("/admin/ingestion/workerbeat/").text
    assert "held.txt" in page
    assert "238.4" in page
    assert "(just now)" in page
    assert "Gone, with a step in its hands" in page


def test_a_worker_is_shown_without_jobs_of_projects_that_one_may_not_see(
    operator: Client, project: Project
) -> None:
    assert operator.get("/admin/ingestion/workerbeat/").status_code == 403
    user = factories.user(Role.OPERATOR, project, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_workerbeat"))
    client = Client()
    client.force_login(user)
    factories.job(filename="hidden.txt")
    step = ledger.claim(workers.name())
    now = timezone.now()
    WorkerBeat.objects.create(
        name=workers.name(), host="ada", pid=7, step=step, started_at=now, seen_at=now
    )
    page = client.get("/admin/ingestion/workerbeat/")
    assert page.status_code == 200
    assert "hidden.txt" not in page.text
    assert reverse("workers-pause") not in page.text
