"""What nobody ended: steps whose worker vanished, fan-ins that nobody planned."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from ingestion.errors import LeaseLost
from ingestion.ledger import outcome, rows, turns
from ingestion.models import OPEN_STEP, Job, JobStatus, Kind, Step, StepStatus

log = logging.getLogger(__name__)
BATCH_LOST_S = 3600
_RELEASE = """
UPDATE ingestion_step SET
    status = 'queued', lease = NULL, lease_until = NULL, losses = losses + 1,
    run_after = now(), priority = lost.priority,
    history = history || jsonb_build_array(jsonb_build_object(
        'worker', worker, 'started', started_at, 'ended', now(), 'code', 'worker_lost',
        'message', 'Its worker vanished.'))
FROM (
    SELECT step.id, job.priority FROM ingestion_step AS step
    JOIN ingestion_job AS job ON job.id = step.job_id
    WHERE step.status = 'running' AND step.lease_until < now() AND step.losses < %(most)s
    FOR UPDATE OF step SKIP LOCKED) AS lost
WHERE ingestion_step.id = lost.id
"""


def release_expired() -> int:
    """Queue the steps whose worker vanished; fail those that lost too many workers."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"most": settings.MAX_LOSSES})
        released = int(cursor.rowcount)
    expired = Q(status=StepStatus.RUNNING, lease_until__lt=Now())
    for step in Step.objects.filter(expired, losses__gte=settings.MAX_LOSSES)[:100]:
        _lose(step)
    return released


def _lose(step: Step) -> None:
    message = f"Its worker vanished {step.losses + 1} times; see the workers' logs, then retry."
    try:
        with transaction.atomic():
            job = rows.lock(step.job_id)
            # It may have been renewed since it was listed: then its worker lives.
            if rows.held(step).filter(lease_until__lt=Now()).exists():
                outcome.give_up(step, job, "worker_lost", message, step.attempts, None)
    except LeaseLost:
        log.info("step.recovered", extra=rows.about(step))


def advance_stuck() -> int:
    """Plan what follows in open jobs that have no open step; settle batches left open."""
    open_steps = Step.objects.filter(job=OuterRef("pk"), status__in=OPEN_STEP)
    stuck = Job.objects.is_open().exclude(kind=Kind.BATCH).filter(~Exists(open_steps))
    ids = list(stuck.values_list("pk", flat=True)[:100])
    for job_id in ids:
        try:
            _advance(job_id)
        except DatabaseError:
            raise
        except Exception:  # a job that our own mistake stops must not stop the others
            log.exception("job.stuck", extra={"job": job_id})
    return len(ids) + _settle_batches()


def _advance(job_id: UUID) -> None:
    with transaction.atomic():
        job = rows.lock(job_id)
        if not job.is_open or Step.objects.filter(job=job, status__in=OPEN_STEP).exists():
            return
        newest = Step.objects.filter(job=job).order_by("-id").first()
        turns.plan_after(job, newest.stage if newest else "")


def _settle_batches() -> int:
    """While a batch is pending its files still come; where none has for long, its sender died."""
    open_children = Job.objects.is_open().filter(parent=OuterRef("pk"))
    late = Now() - timedelta(seconds=BATCH_LOST_S)
    young = Job.objects.filter(parent=OuterRef("pk"), created_at__gte=late)
    batches = Job.objects.is_open().filter(~Exists(open_children), kind=Kind.BATCH)
    is_left = Q(status=JobStatus.PENDING, created_at__lt=late) & ~Exists(young)
    settled = list(batches.filter(is_left | Q(status=JobStatus.RUNNING))[:100])
    for batch in settled:
        turns.close_batch(batch)
        with transaction.atomic():
            rows.settle_batch(batch.pk)
    return len(settled)
