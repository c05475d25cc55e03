"""Compare-and-set on the rows of jobs and steps, and how a job ends."""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from documents.errors import Conflict
from ingestion.errors import LeaseLost
from ingestion.models import OPEN_JOB, OPEN_STEP, Job, JobStatus, Step, StepStatus

log = logging.getLogger(__name__)
HALVED = "halved"


def lock(job_id: UUID) -> Job:
    """The job, locked until the transaction ends. Raises Job.DoesNotExist."""
    return Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job_id)


def lock_after_work(step: Step) -> Job:
    """The job of a step that was at work, locked, its active time counted (`docket_lock`,
    migration 0007).

    Raises LeaseLost where the job is gone."""
    asked = [step.job_id, step.started_at]
    job = next(iter(Job.objects.raw("SELECT * FROM docket_lock(%s, %s)", asked)), None)
    if job is None:
        raise LeaseLost
    return job


def held(step: Step) -> QuerySet[Step]:
    """The step's row, as long as our lease on it holds."""
    return Step.objects.filter(pk=step.pk, status=StepStatus.RUNNING, lease=step.lease)


def update_held(step: Step, **changes: Any) -> None:
    if not held(step).update(**changes):
        raise LeaseLost


def close(step: Step, status: StepStatus, code: str, message: str, **changes: Any) -> None:
    """End a step that did not end well."""
    update_held(
        step,
        status=status,
        lease=None,
        lease_until=None,
        finished_at=Now(),
        error_code=code,
        error_message=message,
        history=[*step.history, run_of(step, code, message)],
        **changes,
    )


def run_of(step: Step, code: str, message: str) -> dict[str, Any]:
    """A run that did not end well, as `Step.history` keeps it."""
    return {
        "worker": step.worker,
        "started": step.started_at.isoformat() if step.started_at else None,
        "ended": timezone.now().isoformat(),
        "code": code,
        "message": message,
    }


def move(job: Job, before: Iterable[str], after: JobStatus, **changes: Any) -> None:
    """Compare-and-set of a job's status; Conflict when it was in none of `before`."""
    moved = Job.objects.filter(pk=job.pk, status__in=before).update(status=after, **changes)
    if not moved:
        raise Conflict(f"The job cannot go from {job.status} to {after.value}.")
    job.status = after


def complete(job: Job) -> None:
    """Nothing of the job is left to do."""
    move(job, OPEN_JOB, JobStatus.COMPLETED, completed_at=Now(), error_code="", error_message="")
    log.info("job.completed", extra={"job": job.pk})
    settle_batch(job.parent_id)


def end(job: Job, status: JobStatus, code: str, message: str) -> None:
    """Fail or cancel a job. Its running steps lose their lease, which stops them."""
    move(job, OPEN_JOB, status, failed_at=Now(), error_code=code, error_message=message)
    Step.objects.filter(job=job, status__in=OPEN_STEP).update(
        status=StepStatus.SKIPPED,
        lease=None,
        lease_until=None,
        finished_at=Now(),
        error_code="cancelled" if status == JobStatus.CANCELLED else "job_failed",
    )
    log.info("job.ended", extra={"job": job.pk, "status": status.value, "code": code})
    settle_batch(job.parent_id)


def settle_batch(batch_id: UUID | None) -> None:
    """End a batch when no job of it is open any more; None is no batch.

    Two jobs that end at the same time come one after the other, by the lock on the batch."""
    if batch_id is None:
        return
    batch = lock(batch_id)
    children = Job.objects.filter(parent=batch)
    if batch.status != JobStatus.RUNNING or children.is_open().exists():
        return
    if children.filter(status=JobStatus.COMPLETED).exists() or not children.exists():
        # Without a child all files were refused or known: their sender was told of each.
        complete(batch)
    else:
        end(batch, JobStatus.FAILED, "all_failed", "None of its files could be read.")


def about(step: Step) -> dict[str, Any]:
    """What every line of the log says of a step."""
    return {"job": step.job_id, "step": step.pk, "stage": step.stage, "page": step.first}
