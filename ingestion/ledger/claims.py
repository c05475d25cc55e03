"""Claiming the best ready step, and what could be claimed.

Which step is the best stands in the database's function `docket_claim` (migration 0007)."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from ingestion.ledger.repair import release_expired
from ingestion.models import Job, JobStatus, Step, StepStatus

_IS_CLAIMABLE = """
SELECT EXISTS (
    SELECT FROM ingestion_step
    WHERE status = 'queued' AND run_after < now() - make_interval(secs => %(waited_s)s)
        AND project_id <> ALL (lane.projects) AND kind <> ALL (lane.kinds))
OR EXISTS (
    SELECT FROM ingestion_step
    WHERE status = 'running' AND lease_until < now() - make_interval(secs => %(waited_s)s)
        AND project_id <> ALL (lane.projects) AND kind <> ALL (lane.kinds))
FROM docket_full_lanes(%(captures)s) AS lane
WHERE NOT EXISTS (
    SELECT FROM ingestion_control WHERE is_paused AND host IN ('', %(host)s))
"""


def claim(worker: str, host: str = "", *, known: dict[UUID, Job] | None = None) -> Step | None:
    """Take the best ready step, or one whose lease ran out; None when there is neither.

    The step comes with its job, upload, project and limits, from `known` where it is there:
    a worker keeps those of its span. Nothing is claimed while `host` or all hosts are paused,
    or for a project or kind that has its steps at work."""
    step = _claim_ready(worker, host)
    if step is None and release_expired():
        step = _claim_ready(worker, host)
    if step is None:
        return None
    jobs = {} if known is None else known
    if step.job_id not in jobs or jobs[step.job_id].status != JobStatus.RUNNING:
        jobs[step.job_id] = _begun(step.job_id)
    step.job = jobs[step.job_id]
    return step


def _claim_ready(worker: str, host: str) -> Step | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM docket_claim(%s, %s, %s, %s, %s)",
            [
                uuid4(),
                worker,
                host,
                float(settings.LEASE_S),
                settings.CAPTURES_AT_ONCE,
            ],
        )
        row = cursor.fetchone()
        if row is None:
            return None
        names = [column.name for column in cursor.description or ()]
    values = dict(zip(names, row, strict=True))
    return Step.from_db("default", _COLUMNS, [_value(field, values) for field in _FIELDS])


_FIELDS = Step._meta.concrete_fields
_COLUMNS = [field.attname for field in _FIELDS]


def _value(field: Any, values: dict[str, Any]) -> Any:
    value = values[field.column]
    # A cursor of our own gives JSON as text.
    return field.from_db_value(value, None, connection) if field.name == "history" else value


def _begun(job_id: UUID) -> Job:
    """The job of a claimed step; the first claim runs it. Apart from the claim: job and step
    are never locked in this order in one transaction."""
    job = Job.objects.select_related("upload", "project__limits").get(pk=job_id)
    waiting = (JobStatus.PENDING, JobStatus.QUEUED)
    if job.status in waiting:
        Job.objects.filter(pk=job_id, status__in=waiting).update(
            status=JobStatus.RUNNING, started_at=Now()
        )
        job.status = JobStatus.RUNNING
    return job


def has_ready() -> bool:
    return Step.objects.filter(status=StepStatus.QUEUED, run_after__lte=Now()).exists()


def has_lost() -> bool:
    """Whether some step's lease has run out and nobody has taken it over."""
    return Step.objects.filter(status=StepStatus.RUNNING, lease_until__lt=Now()).exists()


def waits_since(seconds: float, host: str = "") -> bool:
    """True when `host` could have claimed some step, or taken it over, for `seconds`."""
    asked: dict[str, Any] = {
        "waited_s": seconds,
        "captures": settings.CAPTURES_AT_ONCE,
        "host": host,
    }
    with connection.cursor() as cursor:
        cursor.execute(_IS_CLAIMABLE, asked)
        return bool((cursor.fetchone() or (False,))[0])
