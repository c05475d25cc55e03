"""Every list and page of the admin opens, quickly and for whom it should."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Project, Role
from ingestion import ledger, workers
from ingestion.models import (
    Job,
    JobStatus,
    Kind,
    Limits,
    Priority,
    Step,
)
from tests import factories
from tests.ingestion.admin.ground import JOBS, act, do, failed, staff

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
