"""Whose turn it is: steps planned with their fair ranks, and those lifted that waited long."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min
from django.db.models.functions import Now

from documents.errors import Conflict
from ingestion import pipeline, queue
from ingestion.ledger import rows
from ingestion.models import (
    OPEN_JOB,
    OPEN_STEP,
    Job,
    JobStatus,
    Kind,
    Step,
    StepStatus,
)
from ingestion.stages.base import Target

# A lifted step joins its new class at the turn of those that are ready there, in its own
# job's order: a thousand that come of age together do not all go first. None becomes urgent:
# what is urgent waits for one step a worker, whatever else is old.
_AGE = """
UPDATE ingestion_step SET priority = aged.priority - 1, rank = aged.turn + coalesce((
    SELECT min(other.rank) FROM ingestion_step AS other
    WHERE other.status = 'queued' AND other.priority = aged.priority - 1
        AND other.run_after <= now()), 0)
FROM (
    SELECT waiting.id, waiting.priority,
        row_number() OVER (PARTITION BY waiting.job_id ORDER BY waiting.rank, waiting.id) - 1
            AS turn
    FROM (
        SELECT step.* FROM ingestion_step AS step JOIN ingestion_job AS job ON job.id = step.job_id
        WHERE step.status = 'queued' AND step.priority = job.priority AND step.priority > 1
            AND step.run_after < now() - make_interval(secs => %(ageing_s)s)
        FOR UPDATE OF step SKIP LOCKED) AS waiting) AS aged
WHERE ingestion_step.id = aged.id
"""


def submit(job: Job) -> None:
    """Plan the first steps of a pending job; belongs into the transaction that made it."""
    if queue.is_outbox():
        rows.move(job, (JobStatus.PENDING,), JobStatus.QUEUED)
    plan_after(job, "")


def held_batch(batch: Job) -> Job:
    """A batch that still takes jobs, locked. Raises Conflict when it takes none any more."""
    locked = rows.lock(batch.pk)
    if locked.status != JobStatus.PENDING:
        raise Conflict(f"The batch takes no more files: it is {locked.status}.", "batch_closed")
    return locked


def close_batch(batch: Job) -> None:
    """All files of a batch have come: it ends with the last of its jobs."""
    with transaction.atomic():
        batch = rows.lock(batch.pk)
        if batch.status != JobStatus.PENDING:
            return  # it was cancelled meanwhile, or closed because nothing came for an hour
        rows.move(batch, (JobStatus.PENDING,), JobStatus.RUNNING, started_at=Now())
        rows.settle_batch(batch.pk)


def plan_after(job: Job, stage: str) -> None:
    """Plan the next stage that has anything to do ("" is before the first), or complete."""
    for later in pipeline.after(job.kind, stage):
        if plan(job, later.name, later.module.targets(job)):
            return
    rows.complete(job)


def plan(job: Job, stage: str, targets: Iterable[Target]) -> int:
    """Insert steps with their turns and wake workers; inside the caller's transaction.

    A step of the same stage and target that is there already is left alone. Returns how many
    steps of the stage are open. The fair rank of a step is V plus its number in its job's
    stage, V the lowest rank that is ready in its priority class, so that a late one-page job
    does not wait for an early long one."""
    base = _lowest_rank(job.priority)
    steps = [
        Step(
            job=job,
            project_id=job.project_id,
            kind=job.kind,
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
    queue.push(waiting, then=lambda: told_workers([job.pk]))
    return waiting


def _lowest_rank(priority: int) -> int:
    """The lowest rank that is ready in a priority class; 0 where none is."""
    ready = Step.objects.filter(status=StepStatus.QUEUED, priority=priority, run_after__lte=Now())
    return ready.aggregate(lowest=Min("rank"))["lowest"] or 0


def queue_up(job: Job, step_ids: Sequence[int]) -> None:
    """Give waiting steps of a job the turns that they would get if they were planned now, in
    the class of the job's priority."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ingestion_step SET priority = %(priority)s, rank = %(base)s + placed.turn"
            " FROM (SELECT id, row_number() OVER (ORDER BY rank, id) - 1 AS turn"
            "  FROM ingestion_step WHERE id = ANY(%(ids)s)) AS placed"
            " WHERE ingestion_step.id = placed.id",
            {
                "priority": job.priority,
                "base": _lowest_rank(job.priority),
                "ids": list(step_ids),
            },
        )


def open_among(job_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these jobs that are neither done nor given up."""
    found = Job.objects.filter(pk__in=list(job_ids), status__in=OPEN_JOB)
    return set(found.values_list("pk", flat=True))


def bring_forward(job_ids: Iterable[UUID], code: str) -> int:
    """Let the steps of these jobs that wait with `code` run now; how many."""
    waiting = Step.objects.filter(job__in=list(job_ids), status=StepStatus.QUEUED, error_code=code)
    return waiting.update(run_after=Now())


def told_workers(job_ids: Iterable[UUID] | None = None) -> None:
    """Their wake-up was sent: pending jobs with steps are queued; None means all of them."""
    told = Job.objects.filter(status=JobStatus.PENDING).exclude(kind=Kind.BATCH)
    if job_ids is not None:
        told = told.filter(pk__in=list(job_ids))
    told.filter(steps__isnull=False).update(status=JobStatus.QUEUED)


def age() -> int:
    """Lift steps that have been ready too long by one class, once."""
    with connection.cursor() as cursor:
        cursor.execute(_AGE, {"ageing_s": settings.AGEING_S})
        return int(cursor.rowcount)
