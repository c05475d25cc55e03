"""What a run of a step came to, fenced by its lease."""

import logging
import random
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from config.engines import EngineBusy, EngineError, EngineFault, EngineUnavailable
from ingestion import limits, pipeline, queue
from ingestion.errors import Interrupted, LeaseLost
from ingestion.ledger import rows, turns
from ingestion.models import OPEN_JOB, OPEN_STEP, Job, JobStatus, Kind, Step, StepStatus
from ingestion.stages.base import Stage, Target

log = logging.getLogger(__name__)

RETRIED, FAILED = "retried", "failed"
# Besides errors of the input, what makes a slice be halved until the guilty page stands alone.
HALVED_FOR = frozenset({"engine_crashed", "time_limit", "memory_limit"})


def renew(step: Step) -> None:
    """Prolong the lease; LeaseLost when the step is not ours any more."""
    rows.update_held(step, lease_until=Now() + timedelta(seconds=settings.LEASE_S))


def hold(step: Step) -> None:
    """LeaseLost when the step was cancelled or is not ours any more."""
    if not rows.held(step).exists():
        raise LeaseLost


def finish(step: Step, result: Any, *, elapsed_s: float, engine: str = "") -> None:
    """Save a step's result and close it, fenced by its lease; plan what follows.

    Raises LeaseLost, having saved nothing."""
    stage = pipeline.STAGES[step.stage]
    with transaction.atomic():
        is_last = _close_done(step, elapsed_s, engine)
        more = list(stage.module.save(step, result))
        if more:
            is_last = not turns.plan(step.job, stage.name, more)
        if is_last and step.job.is_open:
            turns.plan_after(step.job, stage.name)


def _close_done(step: Step, elapsed_s: float, engine: str) -> bool:
    """Lock the job, count its active time, close the step (`docket_finish`, migration 0007).

    True when no other step of its stage is open. The job at hand learns what has changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM docket_finish(%s, %s, %s, %s, %s, %s)",
            [step.job_id, step.pk, step.lease, step.started_at, elapsed_s, engine],
        )
        found = cursor.fetchone()
    is_held, is_last, status, priority, active_s = found or (False,) * 5
    if not is_held:
        raise LeaseLost
    step.job.status, step.job.priority, step.job.active_s = status, priority, active_s
    return bool(is_last)


def fail(step: Step, fault: EngineFault, *, elapsed_s: float) -> str:
    """Count a failed run: back off and try again, halve a slice, or fail for good.

    Returns what it came to: retried, halved or failed. Raises LeaseLost when the step is not
    ours any more."""
    with transaction.atomic():
        job = rows.lock_after_work(step)
        attempts = step.attempts + (not isinstance(fault, EngineBusy))
        is_slice = step.first is not None and step.last is not None and step.first < step.last
        if is_slice and (isinstance(fault, EngineError) or fault.code in HALVED_FOR):
            _halve(step, job, fault)
            return rows.HALVED
        if isinstance(fault, EngineUnavailable) and attempts < settings.MAX_ATTEMPTS:
            _back_off(step, job, fault, attempts)
            return RETRIED
        give_up(step, job, fault.code, fault.message, attempts, elapsed_s)
        return FAILED


def interrupt(step: Step, cause: Interrupted) -> str:
    """Count a loss, wait and run again; after MAX_LOSSES of them the step fails.

    Returns retried or failed. Raises LeaseLost when the step is not ours any more."""
    with transaction.atomic():
        job = rows.lock_after_work(step)
        if step.losses >= settings.MAX_LOSSES:
            give_up(step, job, cause.code, cause.message, step.attempts, None)
            return FAILED
        wait_s = _grown_s(step.losses + 1)
        changes = {
            "losses": step.losses + 1,
            "history": [*step.history, rows.run_of(step, cause.code, cause.message)],
        }
        _queue_again(step, job, cause.code, cause.message, wait_s, **changes)
        return RETRIED


def expire(step: Step) -> None:
    """The job of this step has used up its time: it fails, the step with it."""
    with transaction.atomic():
        job = rows.lock_after_work(step)
        hold(step)
        limit_s = limits.job_limit_s(step.job)
        message = (
            f"It was at work longer than the {limit_s:,} s that a job may take; raise the "
            "project's limit, then retry."
        )
        rows.end(job, JobStatus.FAILED, "job_expired", message)


def _halve(step: Step, job: Job, fault: EngineFault) -> None:
    assert step.first is not None  # noqa: S101
    assert step.last is not None  # noqa: S101
    middle = (step.first + step.last) // 2
    message = f"Halved, to find the page that cannot be read: {fault.message}"
    rows.close(step, StepStatus.SKIPPED, rows.HALVED, message)
    halves = [
        Target(first=step.first, last=middle, document=step.document_id),
        Target(first=middle + 1, last=step.last, document=step.document_id),
    ]
    turns.plan(job, step.stage, halves)


def _back_off(step: Step, job: Job, fault: EngineUnavailable, attempts: int) -> None:
    asked_s = min(settings.BACKOFF_MAX_S, fault.retry_after_s)
    wait_s = max(asked_s, _grown_s(max(1, attempts)))
    changes: dict[str, Any] = {"attempts": attempts}
    if not isinstance(fault, EngineBusy):
        changes["history"] = [*step.history, rows.run_of(step, fault.code, fault.message)]
    _queue_again(step, job, fault.code, fault.message, wait_s, **changes)


def _grown_s(n: int) -> float:
    """min(longest, base * factor^(n-1)) seconds, spread by half to either side."""
    grown_s = settings.BACKOFF_BASE_S * settings.BACKOFF_FACTOR ** (n - 1)
    spread = random.uniform(0.5, 1.5)
    return float(min(settings.BACKOFF_MAX_S, grown_s) * spread)


def _queue_again(
    step: Step, job: Job, code: str, message: str, wait_s: float, **changes: Any
) -> None:
    rows.update_held(
        step,
        status=StepStatus.QUEUED,
        priority=job.priority,
        lease=None,
        lease_until=None,
        run_after=Now() + timedelta(seconds=wait_s),
        error_code=code,
        error_message=message,
        **changes,
    )
    queue.push_later(wait_s)
    told = rows.about(step) | {"code": code, "wait_s": round(wait_s, 1)}
    log.warning("step.retry", extra=told)


def give_up(
    step: Step, job: Job, code: str, message: str, attempts: int, elapsed_s: float | None
) -> None:
    """Fail a step for good, and its job where that cannot go on without it."""
    rows.close(step, StepStatus.FAILED, code, message, attempts=attempts, elapsed_s=elapsed_s)
    step.job, step.error_code, step.error_message = job, code, message
    stage = pipeline.STAGES[step.stage]
    stage.module.failed(step)
    log.error("step.failed", extra=rows.about(step) | {"code": code})
    if _is_fatal(step, job, stage):
        at = f"Page {step.first}: " if step.first is not None and step.document_id is None else ""
        rows.end(job, JobStatus.FAILED, code, f"{at}{message}")
    else:
        advance(job, stage)


def _is_fatal(step: Step, job: Job, stage: Stage) -> bool:
    is_of_pages = step.first is not None and step.document_id is None
    if is_of_pages:
        # A page that cannot be split or read is a failed page; the project says what that means.
        return stage.name in pipeline.PAGE_STAGES and limits.is_failed_page_fatal(job)
    return stage.is_fatal and job.kind != Kind.PROCESS


def advance(job: Job, stage: Stage) -> None:
    """Plan the next stage when this one has no open step left; the Job row is locked."""
    if job.status not in OPEN_JOB:
        return
    if Step.objects.filter(job=job, stage=stage.name, status__in=OPEN_STEP).exists():
        return
    turns.plan_after(job, stage.name)
