"""What a person decides about jobs that run, wait or have ended."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from documents.errors import Conflict
from documents.models import AnyUser, record
from ingestion import pipeline, queue
from ingestion.ledger import rows, turns
from ingestion.models import Job, JobStatus, Kind, Step, StepStatus

_ENDED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


def cancel(job_id: UUID, actor: AnyUser | None) -> Job:
    """Stop an open job, of a batch all of its open jobs; what was done stays.

    Raises Conflict when it has ended."""
    with transaction.atomic():
        job = rows.lock(job_id)
        if not job.is_open:
            raise Conflict(f"The job has already ended: it is {job.status}.", "job_ended")
        rows.end(job, JobStatus.CANCELLED, "cancelled", "Cancelled; retry takes it up again.")
        record("job.cancelled", job, actor=actor, project=job.project)
    # Each on its own: a job is always locked before its batch.
    for child in Job.objects.is_open().filter(parent=job).values_list("pk", flat=True):
        _unless_it_moved(cancel, child, actor)
    return job


def retry(job_id: UUID, actor: AnyUser | None) -> Job:
    """Take up a job that ended: its failed and skipped steps run again, then all that follows.

    Of a batch, each of its jobs that has anything to retry. Raises Conflict: job_open,
    nothing_to_retry."""
    job = Job.objects.get(pk=job_id)
    if job.kind == Kind.BATCH:
        return _retry_batch(job, actor)
    with transaction.atomic():
        job = rows.lock(job_id)
        if job.is_open:
            raise Conflict("The job is still at work.", "job_open")
        again = _to_do_again(job)
        if not again.exists():
            raise Conflict("Nothing of this job failed.", "nothing_to_retry")
        _take_up(job, again, actor)
        return job


def retry_step(step_id: int, actor: AnyUser | None) -> Job:
    """Run one failed or skipped step again, and all that follows from it.

    The job may be open as long as no later stage has begun. Raises Conflict: step_not_failed,
    job_open."""
    with transaction.atomic():
        job = rows.lock(Step.objects.values_list("job_id", flat=True).get(pk=step_id))
        step = Step.objects.get(pk=step_id)
        again = _to_do_again(job)
        if not again.filter(pk=step_id).exists():
            raise Conflict(f"The step did not fail: it is {step.status}.", "step_not_failed")
        # What was skipped when the job ended must run too, or its pages would stay unread.
        own = Q(pk=step_id)
        again = again.filter(own if job.is_open else own | Q(status=StepStatus.SKIPPED))
        later = [stage.name for stage in pipeline.after(job.kind, step.stage)]
        if job.is_open and Step.objects.filter(job=job, stage__in=later).exists():
            message = "The job is still at work on what follows; wait until it ends."
            raise Conflict(message, "job_open")
        _take_up(job, again, actor)
        return job


def retry_failed(jobs: QuerySet[Job], actor: AnyUser | None) -> int:
    """Take up the oldest JOBS_AT_ONCE of these jobs, each as far as anything failed; how many."""
    oldest = jobs.order_by("created_at").values_list("pk", flat=True)[: settings.JOBS_AT_ONCE]
    return sum(_unless_it_moved(retry, job_id, actor) for job_id in list(oldest))


def set_priority(job_id: UUID, priority: int, actor: AnyUser | None) -> Job:
    """Change the priority of a job and of its steps that still wait; of a batch, of all its
    open jobs. Workers are woken: what waited behind others may be first now.

    Raises Conflict when the job has ended."""
    with transaction.atomic():
        job = rows.lock(job_id)
        if not job.is_open:
            raise Conflict(f"The job has already ended: it is {job.status}.", "job_ended")
        Job.objects.filter(pk=job.pk).update(priority=priority)
        job.priority = priority
        waiting = Step.objects.filter(job=job, status=StepStatus.QUEUED)
        ids = list(waiting.values_list("pk", flat=True))
        turns.queue_up(job, ids)
        queue.push(len(ids))
        record("job.priority", job, actor=actor, project=job.project, priority=priority)

    def change(child_id: UUID, actor: AnyUser | None) -> Job:
        return set_priority(child_id, priority, actor)

    for child in Job.objects.is_open().filter(parent=job).values_list("pk", flat=True):
        _unless_it_moved(change, child, actor)
    return job


def _retry_batch(batch: Job, actor: AnyUser | None) -> Job:
    if batch.is_open:
        raise Conflict("The batch is still at work.", "job_open")
    children = list(Job.objects.filter(parent=batch).values_list("pk", flat=True))
    if not sum(_unless_it_moved(retry, child, actor) for child in children):
        raise Conflict("Nothing of this batch failed.", "nothing_to_retry")
    batch.refresh_from_db()
    return batch


def _unless_it_moved(
    verb: Callable[[UUID, AnyUser | None], Job], job_id: UUID, actor: AnyUser | None
) -> bool:
    """Whether the verb could still be applied: a job may have ended, or begun, meanwhile."""
    try:
        verb(job_id, actor)
    except (Conflict, Job.DoesNotExist):
        return False
    return True


def _to_do_again(job: Job) -> QuerySet[Step]:
    skipped = Q(status=StepStatus.SKIPPED) & ~Q(error_code=rows.HALVED)
    return Step.objects.filter(job=job).filter(Q(status=StepStatus.FAILED) | skipped)


def _take_up(job: Job, again: QuerySet[Step], actor: AnyUser | None) -> None:
    """Queue these steps; what came after the earliest of them is planned anew in its turn."""
    stages = set(again.values_list("stage", flat=True))
    earliest = next(name for name in pipeline.STAGES if name in stages)
    later = [stage.name for stage in pipeline.after(job.kind, earliest)]
    ids = list(again.exclude(stage__in=later).values_list("pk", flat=True))
    if not job.is_open:
        Step.objects.filter(job=job, stage__in=later).delete()
        rows.move(
            job,
            _ENDED,
            JobStatus.QUEUED,
            error_code="",
            error_message="",
            completed_at=None,
            failed_at=None,
            active_s=0,
        )
        _reopen_batch(job)
    turns.queue_up(job, ids)
    count = Step.objects.filter(pk__in=ids).update(
        status=StepStatus.QUEUED,
        attempts=0,
        losses=0,
        run_after=Now(),
    )
    queue.push(count)
    record("job.retried", job, actor=actor, project=job.project, steps=count)


def _reopen_batch(job: Job) -> None:
    if job.parent_id is None:
        return
    batch = rows.lock(job.parent_id)
    if not batch.is_open:
        rows.move(
            batch,
            _ENDED,
            JobStatus.RUNNING,
            error_code="",
            error_message="",
            completed_at=None,
            failed_at=None,
        )
