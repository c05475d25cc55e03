"""Claiming the best ready step, and what could be claimed."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from ingestion.ledger.repair import release_expired
from ingestion.models import Job, JobStatus, Kind, Step, StepStatus

# Lanes that may begin nothing now. A host that is paused has all of them full.
_FULL = """
held AS (SELECT FROM ingestion_control WHERE is_paused AND host IN ('', %(host)s)),
full_projects AS MATERIALIZED (
    SELECT project_id FROM ingestion_limits AS own WHERE steps_at_once <= (
        SELECT count(*) FROM ingestion_step AS busy
        WHERE busy.status = 'running' AND busy.project_id = own.project_id)),
full_kinds AS MATERIALIZED (
    SELECT 'capture' AS kind WHERE %(captures)s <= (
        SELECT count(*) FROM ingestion_step WHERE status = 'running' AND kind = 'capture')),
is_any_full AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM full_projects) OR EXISTS (SELECT FROM full_kinds) AS yes)
"""
# ANY(ARRAY(...)) runs the inner query once. As IN (...) the planner may run it again for every
# row, each time locking the next one, when its statistics say that the table is small.
# While a lane is full, the best step is sought lane by lane: a backlog of a full lane that
# stands first must not be walked through for each claim.
_CLAIM = f"""
WITH {_FULL}
UPDATE ingestion_step SET
    status = 'running', lease = %(lease)s, worker = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => %(lease_s)s),
    started_at = clock_timestamp(), finished_at = NULL
WHERE id = ANY(ARRAY(
    SELECT id FROM (
        SELECT id FROM ingestion_step
        WHERE NOT (SELECT yes FROM is_any_full) AND NOT EXISTS (SELECT FROM held)
            AND status = 'queued' AND run_after <= clock_timestamp()
        ORDER BY priority, rank, id LIMIT 1 FOR UPDATE SKIP LOCKED) AS plain
    UNION ALL
    SELECT id FROM (
        SELECT best.id FROM documents_project AS lane
        CROSS JOIN unnest(%(kinds)s::text[]) AS lane_kind
        CROSS JOIN LATERAL (
            SELECT id, priority, rank FROM ingestion_step
            WHERE status = 'queued' AND project_id = lane.id AND kind = lane_kind
                AND run_after <= clock_timestamp()
            ORDER BY priority, rank, id LIMIT 1 FOR UPDATE SKIP LOCKED) AS best
        WHERE (SELECT yes FROM is_any_full) AND NOT EXISTS (SELECT FROM held)
            AND lane.id NOT IN (SELECT project_id FROM full_projects)
            AND lane_kind NOT IN (SELECT kind FROM full_kinds)
        ORDER BY best.priority, best.rank, best.id LIMIT 1) AS by_lane))
RETURNING *
"""  # noqa: S608  (only our own text is put in)
_IS_CLAIMABLE = f"""
WITH {_FULL}
SELECT NOT EXISTS (SELECT FROM held) AND EXISTS (
    SELECT FROM ingestion_step
    WHERE project_id NOT IN (SELECT project_id FROM full_projects)
        AND kind NOT IN (SELECT kind FROM full_kinds)
        AND (status = 'queued' AND run_after < now() - make_interval(secs => %(waited_s)s)
            OR status = 'running' AND lease_until < now() - make_interval(secs => %(waited_s)s)))
"""  # noqa: S608


def claim(worker: str, host: str = "") -> Step | None:
    """Take the best ready step, or one whose lease ran out; None when there is neither.

    The step comes with its job, upload, project and limits. Nothing is claimed while `host`
    or all hosts are paused, or for a project or kind that has its steps at work."""
    step = _claim_ready(worker, host)
    if step is None and release_expired():
        step = _claim_ready(worker, host)
    if step is None:
        return None
    step.job = Job.objects.select_related("upload", "project__limits").get(pk=step.job_id)
    if step.job.status in (JobStatus.PENDING, JobStatus.QUEUED):
        # Apart from the claim: job and step are never locked in this order in one transaction.
        Job.objects.filter(pk=step.job_id, status__in=(JobStatus.PENDING, JobStatus.QUEUED)).update(
            status=JobStatus.RUNNING, started_at=Now()
        )
    return step


def _claim_ready(worker: str, host: str) -> Step | None:
    arguments = _lanes(host) | {
        "lease": uuid4(),
        "worker": worker,
        "lease_s": settings.LEASE_S,
        "kinds": list(Kind.values),
    }
    return next(iter(Step.objects.raw(_CLAIM, arguments)), None)


def _lanes(host: str) -> dict[str, Any]:
    return {"host": host, "captures": settings.CAPTURES_AT_ONCE}


def count_ready() -> int:
    return Step.objects.filter(status=StepStatus.QUEUED, run_after__lte=Now()).count()


def waits_since(seconds: float, host: str = "") -> bool:
    """True when `host` could have claimed some step, or taken it over, for `seconds`."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_CLAIMABLE, _lanes(host) | {"waited_s": seconds})
        return bool((cursor.fetchone() or (False,))[0])
