"""POST /api/v1/jobs and GET /api/v1/jobs/{id}."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from documents.models import Document, Role
from ingestion import ledger
from ingestion.models import Job, Step
from search.models import Chunk
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
    ("content", "code"), [(b"", "file_empty"), (b"\x00\x01\x02", "unsupported_type")]
)
def test_what_cannot_be_read_is_refused_with_a_code(
    client: Client, content: bytes, code: str
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    answer = send(client, content, project=project.slug)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Job.objects.exists()


def test_several_files_make_a_batch_with_summed_progress_that_names_what_was_refused(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    files = [SimpleUploadedFile(f"{n}.txt", b"paper %d\fmore" % n) for n in range(3)]
    files.append(SimpleUploadedFile("none.txt", b"\x00\x01"))
    answer = client.post("/api/v1/jobs", {"file": files, "project": project.slug})
    told = answer.json()
    assert (answer.status_code, told["kind"], told["status"]) == (202, "batch", "running")
    assert [file.get("error", {}).get("code") for file in told["files"]] == [
        *[None] * 3,
        "unsupported_type",
    ]
    drain(Job.objects.get(pk=told["job"]))
    told = client.get(answer["Location"]).json()
    assert (told["status"], told["jobs"], told["jobs_open"]) == ("completed", 3, 0)
    assert (told["pages"], told["pages_read"], told["chunks"]) == (6, 6, 6)


def test_cancelling_a_batch_cancels_its_jobs_and_retrying_it_takes_them_up(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.OPERATOR, project))
    files = [SimpleUploadedFile(f"{n}.txt", b"paper %d" % n) for n in range(2)]
    told = client.post("/api/v1/jobs", {"file": files, "project": project.slug}).json()
    address = f"/api/v1/jobs/{told['job']}"
    assert client.post(f"{address}/cancel").json()["status"] == "cancelled"
    assert {job.status for job in Job.objects.filter(kind="file")} == {"cancelled"}
    assert client.post(f"{address}/retry").json()["status"] == "running"
    drain(Job.objects.get(pk=told["job"]))
    assert client.get(address).json()["status"] == "completed"


def test_documents_are_gone_through_again_as_one_job(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    drain(factories.job("bill start total_amount=1\fother", in_project=project))
    documents = list(Document.objects.filter(project=project))
    chunks = set(Chunk.objects.values_list("pk", flat=True))
    answer = client.post(
        "/api/v1/process",
        {"documents": [str(d.pk) for d in documents]},
        content_type="application/json",
    )
    assert answer.status_code == 202
    drain(Job.objects.get(kind="process"))
    told = client.get(answer["Location"]).json()
    assert told["status"] == "completed"
    assert (told["documents_total"], told["processed"], told["errors"]) == (2, 2, 0)
    assert (told["pages"], told["chunks"]) == (2, 2)
    assert not chunks & set(Chunk.objects.values_list("pk", flat=True))


def test_only_documents_of_own_projects_are_processed(client: Client) -> None:
    client.force_login(factories.user(Role.REVIEWER, factories.project()))
    answer = client.post(
        "/api/v1/process",
        {"documents": [str(factories.document().pk)]},
        content_type="application/json",
    )
    assert (answer.status_code, Job.objects.count()) == (400, 0)


def test_everything_that_failed_for_a_reason_is_retried_at_once(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.OPERATOR, project))
    for text in ("unopenable", "fine\fdamaged", "good"):
        drain(factories.job(text, in_project=project))

    def retried(**values: str) -> int:
        values["project"] = project.slug
        answer = client.post("/api/v1/jobs/retry", values, content_type="application/json")
        return int(answer.json()["retried"])

    assert retried(error_code="page_damaged") == 1
    assert retried(error_code="file_damaged") == 1
    assert retried() == 0  # what is at work again is left alone
    assert Job.objects.filter(status="queued").count() == 2


@pytest.mark.parametrize("verb", ["cancel", "retry", "priority"])
def test_a_reviewer_does_not_give_orders(client: Client, verb: str) -> None:
    job = factories.job()
    client.force_login(factories.user(Role.REVIEWER, job.project))
    values = {"priority": "low"}
    answer = client.post(f"/api/v1/jobs/{job.pk}/{verb}", values, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_the_priority_of_a_waiting_job_is_changed(client: Client) -> None:
    job = factories.job()
    client.force_login(factories.user(Role.OPERATOR, job.project))
    answer = client.post(
        f"/api/v1/jobs/{job.pk}/priority", {"priority": "urgent"}, content_type="application/json"
    )
    assert answer.json()["priority"] == "urgent"
    assert Step.objects.get(job=job).priority == 0


def test_an_ended_job_is_deleted_with_all_it_made(
    client: Client, drain: Callable[[Job], Job]
) -> None:
    job = factories.job("bill total_amount=1")
    client.force_login(factories.user(Role.OPERATOR, job.project))
    assert client.delete(f"/api/v1/jobs/{job.pk}").json()["code"] == "job_open"
    drain(job)
    assert client.delete(f"/api/v1/jobs/{job.pk}").status_code == 204
    assert not Job.objects.exists()
    assert not Document.objects.exists()


def test_a_superuser_holds_and_frees_the_workers_of_one_host_or_all(client: Client) -> None:
    client.force_login(factories.user(is_superuser=True))
    factories.job()
    client.post("/api/v1/workers/pause", {"host": "far"}, content_type="application/json")
    assert client.get("/api/v1/workers").json()["paused_hosts"] == ["far"]
    assert ledger.claim("worker", "far") is None
    client.post("/api/v1/workers/pause")
    assert client.get("/api/v1/workers").json()["paused"]
    assert ledger.claim("worker", "near") is None
    client.post("/api/v1/workers/resume")
    assert ledger.claim("worker", "far") is None
    assert ledger.claim("worker", "near") is not None


def test_nobody_else_does(client: Client) -> None:
    client.force_login(factories.user(Role.OPERATOR, factories.project()))
    assert client.post("/api/v1/workers/pause").status_code == 403
    assert client.get("/api/v1/workers").status_code == 403


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
