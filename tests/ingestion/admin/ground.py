"""Staff, failed jobs and what is posted: the ground of the tests of the admin."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from config.engines import EngineError
from documents.models import Project, Role
from ingestion import ledger
from ingestion.models import (
    Job,
    JobStatus,
    Step,
    StepStatus,
)
from tests import factories

JOBS = "/admin/ingestion/job/"


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
