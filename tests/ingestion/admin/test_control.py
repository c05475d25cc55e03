"""The workers: who is there, and pause and resume."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents.models import Project, Role
from ingestion import ledger, workers
from ingestion.models import (
    Control,
    WorkerBeat,
)
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


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
