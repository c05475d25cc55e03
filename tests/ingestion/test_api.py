"""POST /api/v1/jobs and GET /api/v1/jobs/{id}."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from documents.models import Role
from ingestion.models import Job
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def send(client: Client, content: bytes = b"hello", **values: Any) -> Any:
    file = SimpleUploadedFile("a.txt", content)
    return client.post("/api/v1/jobs", {"file": file, **values})


def test_a_file_goes_in_and_its_job_can_be_followed(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    answer = send(client, project=project.slug, priority="urgent")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["status"], told["priority"]) == ("queued", "urgent")
    drain(Job.objects.get())
    told = client.get(answer["Location"]).json()
    assert (told["status"], told["pages"], told["error"]) == ("completed", 1, None)
    assert told["documents"][0]["type"] == "unknown"


def test_the_same_file_again_gives_back_its_job(client: Client) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    first, again = (send(client, project=project.slug) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["job"] == again.json()["job"]


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "invalid"), (b"\x00\x01\x02", "unsupported_type")]
)
def test_what_cannot_be_read_is_refused_with_a_code(
    client: Client, content: bytes, code: str
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    answer = send(client, content, project=project.slug)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Job.objects.exists()


def test_several_files_in_one_call_are_refused_rather_than_dropped(client: Client) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    files = [SimpleUploadedFile(f"{n}.txt", b"hello %d" % n) for n in range(2)]
    answer = client.post("/api/v1/jobs", {"file": files, "project": project.slug})
    assert answer.status_code == 400
    assert "file" in answer.json()["errors"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_only_reviewers_and_operators_of_the_project_send_files(
    client: Client, role: Role | None
) -> None:
    project = factories.project()
    client.force_login(factories.user(role, project))
    answer = send(client, project=project.slug)
    assert answer.status_code == 400
    assert "project" in answer.json()["errors"]


def test_a_job_of_another_project_is_not_there(client: Client) -> None:
    client.force_login(factories.user(Role.OPERATOR, factories.project()))
    assert client.get(f"/api/v1/jobs/{factories.job().pk}").status_code == 404
