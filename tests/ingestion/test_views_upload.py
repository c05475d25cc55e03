"""The front door: many files as one batch, sample papers, and who is shown what."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from documents.models import AuditEvent, Project, Role, Upload
from ingestion import ledger, sampling
from ingestion.models import Job, JobStatus, Kind, Priority
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
JSON = {"accept": "application/json"}


@pytest.fixture
def project() -> Project:
    return factories.project()


def signed_in(role: Role | None = None, project: Project | None = None) -> Client:
    client = Client()
    client.force_login(factories.user(role, project))
    return client


@pytest.fixture
def reviewer(project: Project) -> Client:
    return signed_in(Role.REVIEWER, project)


def begin(client: Client, project: Project) -> Job:
    asked = {"project": project.slug, "priority": "1"}
    return Job.objects.get(pk=client.post(reverse("batch-open"), asked).json()["batch"])


def send(client: Client, project: Project, content: bytes, batch: Any) -> Any:
    file = SimpleUploadedFile("tea.txt", content)
    values = {"project": project.slug, "files": file, "batch": str(batch)}
    return client.post(reverse("upload"), values, headers=JSON)


def close(client: Client, batch: Job) -> int:
    return client.post(reverse("batch-close", args=[batch.pk])).status_code


def test_files_that_come_one_by_one_are_one_batch(reviewer: Client, project: Project) -> None:
    batch = begin(reviewer, project)
    for content in (b"One cup", b"Two cups"):
        assert send(reviewer, project, content, batch.pk).status_code == 201
    refused = send(reviewer, project, b"", batch.pk)
    assert refused.json()["code"] == "file_empty"
    assert close(reviewer, batch) == 204
    batch.refresh_from_db()
    children = Job.objects.filter(parent=batch)
    assert batch.status == JobStatus.RUNNING
    assert {child.priority for child in children} == {Priority.HIGH}
    home = reviewer.get("/")
    assert [row["job"].pk for row in home.context["rows"]] == [
        batch.pk,
        *children.order_by("pk").values_list("pk", flat=True),
    ]


def test_a_batch_that_got_no_file_leaves_nothing_behind(reviewer: Client, project: Project) -> None:
    batch = begin(reviewer, project)
    assert close(reviewer, batch) == 204
    assert not Job.objects.exists()
    assert AuditEvent.objects.filter(verb="job.deleted").count() == 1


@pytest.mark.parametrize("state", ["closed", "never"])
def test_a_file_for_a_batch_that_takes_none_comes_in_by_itself(
    reviewer: Client, project: Project, state: str
) -> None:
    batch = begin(reviewer, project)
    send(reviewer, project, b"One cup", batch.pk)
    if state == "closed":
        close(reviewer, batch)
    key = uuid4() if state == "never" else batch.pk
    job = Job.objects.get(pk=send(reviewer, project, b"Two cups", key).json()["job"])
    assert job.parent_id is None


def test_a_file_for_a_batch_that_was_cancelled_is_refused(
    reviewer: Client, project: Project
) -> None:
    batch = begin(reviewer, project)
    ledger.cancel(batch.pk, None)
    refused = send(reviewer, project, b"Two cups", batch.pk)
    assert (refused.status_code, refused.json()["code"]) == (409, "batch_closed")
    assert not Upload.objects.exists()


def test_a_batch_is_its_senders_alone(reviewer: Client, project: Project) -> None:
    batch = begin(reviewer, project)
    colleague = signed_in(Role.REVIEWER, project)
    assert close(colleague, batch) == 404
    job = Job.objects.get(pk=send(colleague, project, b"One cup", batch.pk).json()["job"])
    assert job.parent_id is None
    elsewhere = factories.project()
    for client in (signed_in(Role.VIEWER, project), signed_in()):
        answer = client.post(reverse("batch-open"), {"project": project.slug})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert reviewer.post(reverse("batch-open"), {"project": elsewhere.slug}).status_code == 403
    assert Job.objects.filter(kind=Kind.BATCH).count() == 1


@pytest.mark.parametrize(
    ("role", "links"),
    [
        (None, set()),
        (Role.VIEWER, {"jobs", "documents", "search"}),
        (Role.REVIEWER, {"home", "jobs", "review", "documents", "search"}),
    ],
)
def test_the_navigation_shows_what_a_person_may_do(
    project: Project, role: Role | None, links: set[str]
) -> None:
    page = signed_in(role, project).get("/").text
    nav = page[page.index('class="nav"') : page.index("</nav>")]
    for name in ("home", "jobs", "review", "documents", "search"):
        assert (f'href="{reverse(name)}"' in nav) == (name in links), name
    assert "Load the samples" not in page


def test_samples_are_drawn_and_taken_in_as_any_file(admin_user: Any) -> None:
    batch = sampling.begin(admin_user)
    sampling.fill(batch, admin_user, count=1)
    batch.refresh_from_db()
    child = Job.objects.get(parent=batch)
    assert child.file.filename.startswith("paper-001")
    assert (child.project.slug, batch.status) == ("samples", JobStatus.RUNNING)


def test_samples_are_loaded_once_and_by_whoever_makes_projects(
    admin_client: Client, admin_user: Any, reviewer: Client
) -> None:
    assert reviewer.post(reverse("samples")).status_code == 403
    sampling.begin(admin_user)
    again = admin_client.post(reverse("samples"), follow=True)
    assert "The samples are there already." in again.text
