"""The admin: retry and cancel, and lists that start from the user."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from documents.models import Role
from ingestion import ledger
from ingestion.models import Job, JobStatus
from tests import factories

pytestmark = pytest.mark.django_db
LISTS = [
    "documents/document",
    "documents/page",
    "documents/upload",
    "documents/project",
    "documents/documenttype",
    "documents/auditevent",
    "ingestion/job",
    "ingestion/step",
    "ingestion/workerbeat",
    "ingestion/control",
]


@pytest.mark.parametrize("path", LISTS)
def test_every_list_opens(admin_client: Client, path: str) -> None:
    job = factories.job()
    factories.document(job.upload)
    factories.page(job.file)
    assert admin_client.get(f"/admin/{path}/").status_code == 200


def test_a_job_shows_its_steps_with_their_attempts(admin_client: Client) -> None:
    job = factories.job()
    page = admin_client.get(f"/admin/ingestion/job/{job.pk}/change/").content.decode()
    assert "Attempts" in page
    assert "split" in page


def act(client: Client, action: str, job: Job) -> str:
    data = {"action": action, "_selected_action": [str(job.pk)]}
    return client.post("/admin/ingestion/job/", data, follow=True).content.decode()


def test_an_operator_cancels_and_retries(admin_client: Client) -> None:
    job = factories.job()
    assert "1 cancelled" in act(admin_client, "cancel", job)
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert "1 taken up again" in act(admin_client, "retry", job)
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


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
    factories.job(in_project=own)
    factories.job(in_project=other)
    assert "Hidden" not in client.get("/admin/ingestion/job/").content.decode()


def test_what_cannot_be_done_is_said(admin_client: Client) -> None:
    job = factories.job()
    ledger.cancel(job.pk, None)
    assert "already ended" in act(admin_client, "cancel", job)


def test_staff_see_the_jobs_of_their_projects_only(client: Client) -> None:
    own, other = factories.project(), factories.project()
    factories.job(in_project=own, filename="own.txt")
    hidden = factories.job(in_project=other, filename="hidden.txt")
    user = factories.user(Role.VIEWER, own, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="ingestion"))
    client.force_login(user)
    page = client.get("/admin/ingestion/job/").content.decode()
    assert "own.txt" in page
    assert "hidden.txt" not in page
    assert client.get(f"/admin/ingestion/job/{hidden.pk}/change/").status_code == 302
    assert "not its operator" in act(client, "cancel", Job.objects.get(project=own))
