"""The only writer of Job.status and Step.status.

Every change is compare-and-set on the state it starts from. Transactions that touch a job's
steps lock the Job row first, so that they cannot deadlock and the last of a stage's steps
sees that it is the last. Leases are measured on the database's clock.
"""

import logging
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import Now

from config.engines import EngineBusy, EngineError, EngineFault, EngineUnavailable
from documents.errors import Conflict
from documents.models import AnyUser, record
from ingestion import pipeline, queue
from ingestion.errors import LeaseLost
from ingestion.models import OPEN_JOB, OPEN_STEP, Job, JobStatus, Step, StepStatus
from ingestion.stages.base import Stage, Target

log = logging.getLogger(__name__)

# Besides errors of the input, what makes a slice be halved until the guilty page stands alone.
HALVED_FOR = frozenset({"engine_crashed", "time_limit", "memory_limit"})
HALVED = "halved"

# ANY(ARRAY(...)) runs the inner query once. As IN (...) the planner may run it again for every
# row, each time locking the next one, when its statistics say that the table is small.
_CLAIM = """
UPDATE ingestion_step SET
    status = 'running', lease = %(lease)s, worker = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s),
    started_at = clock_timestamp(), finished_at = NULL
WHERE id = ANY(ARRAY(
    SELECT id FROM ingestion_step
    WHERE status = 'queued' AND run_after <= clock_timestamp()
    ORDER BY priority, rank, id LIMIT 1 FOR UPDATE SKIP LOCKED))
RETURNING *
"""


# -- from pending to done ------------------------------------------------------------------


def submit(job: Job) -> None:
    """Plan the first step of a pending job; belongs into the transaction that made it."""
    _move(job, (JobStatus.PENDING,), JobStatus.QUEUED)
    plan(job, next(iter(pipeline.STAGES)), [Target()])


def plan(job: Job, stage: str, targets: Iterable[Target]) -> int:
    """Insert steps with their turns and wake workers; inside the caller's transaction.

    A step of the same stage and target that is there already is left alone. Returns how many
    steps of the stage are open. The fair rank of
    a step is V plus its number in its job's stage, V the lowest rank that is ready in its
    priority class, so that a late one-page job does not wait for an early long one."""
    ready = Step.objects.filter(status=StepStatus.QUEUED, priority=job.priority)
    base = ready.aggregate(lowest=Min("rank"))["lowest"] or 0
    steps = [
        Step(
            job=job,
            stage=stage,
            first=target.first,
            last=target.last,
            document_id=target.document,
            priority=job.priority,
            rank=base + number,
        )
        for number, target in enumerate(targets)
    ]
    Step.objects.bulk_create(steps, ignore_conflicts=True, batch_size=1000)
    waiting = Step.objects.filter(job=job, stage=stage, status__in=OPEN_STEP).count()
    queue.push(waiting)
    return waiting


def claim(worker: str) -> Step | None:
    """Take the best ready step, or one whose lease ran out; None when there is neither."""
    step = _claim_ready(worker)
    if step is None and release_expired():
        step = _claim_ready(worker)
    if step is not None:
        # Apart from the claim: job and step are never locked in this order in one transaction.
        Job.objects.filter(pk=step.job_id, status=JobStatus.QUEUED).update(
            status=JobStatus.RUNNING, started_at=Now()
        )
    return step


def _claim_ready(worker: str) -> Step | None:
    arguments = {"lease": uuid4(), "worker": worker, "lease_s": settings.LEASE_S}
    return next(iter(Step.objects.raw(_CLAIM, arguments)), None)


def renew(step: Step) -> None:
    """Prolong the lease; LeaseLost when the step is not ours any more."""
    until = Now() + timedelta(seconds=settings.LEASE_S)
    if not _held(step).update(lease_until=until):
        raise LeaseLost


def finish(step: Step, result: Any, *, elapsed_s: float, engine: str = "") -> None:
    """Save a step's result and close it, fenced by its lease; plan what follows.

    Raises LeaseLost, having saved nothing."""
    stage = pipeline.STAGES[step.stage]
    with transaction.atomic():
        job = _lock(step.job_id)
        closed = _held(step).update(
            status=StepStatus.DONE,
            lease=None,
            lease_until=None,
            finished_at=Now(),
            elapsed_s=elapsed_s,
            engine=engine,
            error_code="",
            error_message="",
        )
        if not closed:
            raise LeaseLost
        step.job = job
        more = list(stage.module.save(step, result))
        if more:
            plan(job, stage.name, more)
        _advance(job, stage)


def fail(step: Step, fault: EngineFault, *, elapsed_s: float) -> None:
    """Count a failed run: back off and try again, halve a slice, or fail for good.

    Raises LeaseLost when the step is not ours any more."""
    with transaction.atomic():
        job = _lock(step.job_id)
        attempts = step.attempts + (not isinstance(fault, EngineBusy))
        is_slice = step.first is not None and step.last is not None and step.first < step.last
        if is_slice and (isinstance(fault, EngineError) or fault.code in HALVED_FOR):
            _halve(step, job, fault)
        elif isinstance(fault, EngineUnavailable) and attempts < settings.MAX_ATTEMPTS:
            _back_off(step, fault, attempts, elapsed_s)
        else:
            _give_up(step, job, fault.code, fault.message, attempts, elapsed_s)


def _halve(step: Step, job: Job, fault: EngineFault) -> None:
    assert step.first is not None  # noqa: S101
    assert step.last is not None  # noqa: S101
    middle = (step.first + step.last) // 2
    message = f"Halved, to find the page that cannot be read: {fault.message}"
    _close(step, StepStatus.SKIPPED, HALVED, message)
    halves = [
        Target(first=step.first, last=middle, document=step.document_id),
        Target(first=middle + 1, last=step.last, document=step.document_id),
    ]
    plan(job, step.stage, halves)


def _back_off(step: Step, fault: EngineFault, attempts: int, elapsed_s: float) -> None:
    """min(longest, base * 2^(n-1)) seconds, spread by half to either side."""
    wait_s = min(settings.BACKOFF_MAX_S, settings.BACKOFF_BASE_S * 2 ** max(0, attempts - 1))
    wait_s *= random.uniform(0.5, 1.5)
    _update_held(
        step,
        status=StepStatus.QUEUED,
        lease=None,
        lease_until=None,
        attempts=attempts,
        elapsed_s=elapsed_s,
        run_after=Now() + timedelta(seconds=wait_s),
        error_code=fault.code,
        error_message=fault.message,
    )
    queue.push_later(wait_s)
    log.warning("step.retry", extra=_about(step) | {"code": fault.code, "wait_s": round(wait_s, 1)})


def _give_up(
    step: Step, job: Job, code: str, message: str, attempts: int, elapsed_s: float | None
) -> None:
    _close(step, StepStatus.FAILED, code, message, attempts=attempts, elapsed_s=elapsed_s)
    step.job, step.error_code, step.error_message = job, code, message
    stage = pipeline.STAGES[step.stage]
    stage.module.failed(step)
    log.error("step.failed", extra=_about(step) | {"code": code})
    # A page that cannot be split is a failed page; without its opening step a file is nothing.
    if stage.is_fatal and (step.first is None or step.document_id is not None):
        _end_job(job, JobStatus.FAILED, code, message)
    else:
        _advance(job, stage)


def _advance(job: Job, stage: Stage) -> None:
    """Plan the next stage when this one has no open step left; the Job row is locked."""
    if job.status not in OPEN_JOB:
        return
    if Step.objects.filter(job=job, stage=stage.name, status__in=OPEN_STEP).exists():
        return
    for later in pipeline.after(stage.name):
        if plan(job, later.name, later.module.targets(job)):
            return
    _move(job, OPEN_JOB, JobStatus.COMPLETED, completed_at=Now(), error_code="", error_message="")
    log.info("job.completed", extra={"job": job.pk})


# -- repair --------------------------------------------------------------------------------


def release_expired() -> int:
    """Queue the steps whose worker vanished; fail those that lost too many workers."""
    expired = Q(status=StepStatus.RUNNING, lease_until__lt=Now())
    with transaction.atomic():
        ids = list(
            Step.objects.select_for_update(skip_locked=True)
            .filter(expired, losses__lt=settings.MAX_LOSSES)
            .values_list("pk", flat=True)
        )
        released = Step.objects.filter(pk__in=ids).update(
            status=StepStatus.QUEUED,
            lease=None,
            lease_until=None,
            losses=F("losses") + 1,
            run_after=Now(),
        )
    for step in Step.objects.filter(expired, losses__gte=settings.MAX_LOSSES)[:100]:
        _lose(step)
    return released


def _lose(step: Step) -> None:
    message = f"Its worker vanished {step.losses + 1} times; see the workers' logs, then retry."
    try:
        with transaction.atomic():
            job = _lock(step.job_id)
            _give_up(step, job, "worker_lost", message, step.attempts, None)
    except LeaseLost:
        log.info("step.recovered", extra=_about(step))


def advance_stuck() -> int:
    """Plan the next stage of open jobs that have no open step: a fan-in that nobody planned."""
    open_steps = Step.objects.filter(job=OuterRef("pk"), status__in=OPEN_STEP)
    stuck = Job.objects.filter(~Exists(open_steps), status__in=OPEN_JOB)
    for job_id in list(stuck.values_list("pk", flat=True)[:100]):
        with transaction.atomic():
            job = _lock(job_id)
            newest = Step.objects.filter(job=job).order_by("-id").first()
            if newest is None:
                submit(job)
            else:
                _advance(job, pipeline.STAGES[newest.stage])
    return len(stuck)


def age() -> int:
    """Lift steps that have been ready too long by one class, once."""
    since = Now() - timedelta(seconds=settings.AGEING_S)
    waiting = Step.objects.filter(status=StepStatus.QUEUED, run_after__lt=since)
    return waiting.filter(priority__gt=0, priority=F("job__priority")).update(
        priority=F("priority") - 1
    )


def count_ready() -> int:
    return Step.objects.filter(status=StepStatus.QUEUED, run_after__lte=Now()).count()


def waits_since(seconds: float) -> bool:
    """True when some step could have been claimed, or taken over, for `seconds`."""
    since = Now() - timedelta(seconds=seconds)
    ready = Q(status=StepStatus.QUEUED, run_after__lt=since)
    lost = Q(status=StepStatus.RUNNING, lease_until__lt=since)
    return Step.objects.filter(ready | lost).exists()


# -- what a person does --------------------------------------------------------------------


def cancel(job_id: UUID, actor: AnyUser | None) -> Job:
    """Stop an open job; what was done stays. Raises Conflict when it has ended."""
    with transaction.atomic():
        job = _lock(job_id)
        if not job.is_open:
            raise Conflict(f"The job has already ended: it is {job.status}.", "job_ended")
        _end_job(job, JobStatus.CANCELLED, "cancelled", "Cancelled; retry takes it up again.")
        record("job.cancelled", job, actor=actor, project=job.project)
        return job


def retry(job_id: UUID, actor: AnyUser | None) -> Job:
    """Take up a job that ended: its failed and skipped steps run again, then all that follows.

    Raises Conflict where the job is open or nothing of it failed."""
    with transaction.atomic():
        job = _lock(job_id)
        if job.is_open:
            raise Conflict("The job is still at work.", "job_open")
        again = Step.objects.filter(job=job).filter(
            Q(status=StepStatus.FAILED) | Q(status=StepStatus.SKIPPED) & ~Q(error_code=HALVED)
        )
        stages = set(again.values_list("stage", flat=True))
        if not stages:
            raise Conflict("Nothing of this job failed.", "nothing_to_retry")
        earliest = next(name for name in pipeline.STAGES if name in stages)
        later = [stage.name for stage in pipeline.after(earliest)]
        Step.objects.filter(job=job, stage__in=later).delete()
        count = Step.objects.filter(pk__in=again.values("pk")).update(
            status=StepStatus.QUEUED, attempts=0, losses=0, run_after=Now()
        )
        _move(
            job,
            (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED),
            JobStatus.QUEUED,
            error_code="",
            error_message="",
            completed_at=None,
            failed_at=None,
        )
        queue.push(count)
        record("job.retried", job, actor=actor, project=job.project, steps=count)
        return job


def set_priority(job_id: UUID, priority: int, actor: AnyUser | None) -> Job:
    """Change the priority of a job and of its steps that still wait."""
    with transaction.atomic():
        job = _lock(job_id)
        Job.objects.filter(pk=job.pk).update(priority=priority)
        moved = Step.objects.filter(job=job, status=StepStatus.QUEUED).update(priority=priority)
        queue.push(moved)
        record("job.priority", job, actor=actor, project=job.project, priority=priority)
        return job


# -- compare and set -----------------------------------------------------------------------


def _lock(job_id: UUID) -> Job:
    return Job.objects.select_for_update(no_key=True, of=("self",)).get(pk=job_id)


def _held(step: Step) -> Any:
    return Step.objects.filter(pk=step.pk, status=StepStatus.RUNNING, lease=step.lease)


def _update_held(step: Step, **changes: Any) -> None:
    if not _held(step).update(**changes):
        raise LeaseLost


def _close(step: Step, status: StepStatus, code: str, message: str, **changes: Any) -> None:
    _update_held(
        step,
        status=status,
        lease=None,
        lease_until=None,
        finished_at=Now(),
        error_code=code,
        error_message=message,
        **changes,
    )


def _move(job: Job, before: Iterable[str], after: JobStatus, **changes: Any) -> None:
    """Compare-and-set of a job's status; Conflict when it was in none of `before`."""
    moved = Job.objects.filter(pk=job.pk, status__in=before).update(status=after, **changes)
    if not moved:
        raise Conflict(f"The job cannot go from {job.status} to {after.value}.")
    job.status = after


def _end_job(job: Job, status: JobStatus, code: str, message: str) -> None:
    """Fail or cancel a job. Its running steps lose their lease, which stops them."""
    _move(job, OPEN_JOB, status, failed_at=Now(), error_code=code, error_message=message)
    Step.objects.filter(job=job, status__in=OPEN_STEP).update(
        status=StepStatus.SKIPPED,
        lease=None,
        lease_until=None,
        finished_at=Now(),
        error_code="cancelled" if status == JobStatus.CANCELLED else "job_failed",
    )
    log.info("job.ended", extra={"job": job.pk, "status": status.value, "code": code})


def _about(step: Step) -> dict[str, Any]:
    return {"job": step.job_id, "step": step.pk, "stage": step.stage, "page": step.first}
