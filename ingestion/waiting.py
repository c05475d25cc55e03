"""What open jobs wait for: the facts behind the one sentence that each of them is told by.

A constant number of queries for any number of jobs. What the facts mean is said in
`sentences`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from documents.presentation import Badge
from ingestion import presentation, queue
from ingestion.models import (
    OPEN_JOB,
    Control,
    Job,
    JobStatus,
    Kind,
    Limits,
    Step,
    StepStatus,
)
from ingestion.sentences import AtWork, Situation, Waiting, is_at_work, sentence

AHEAD_OF_ONE = 10_000
AHEAD_OF_MANY = 500
_NAMES = 2
# priority + 0 keeps the planner from walking the whole backlog in the order of its index
# until it meets a step of this job.
_FACTS = """
SELECT job.id, sums.open, sums.running, sums.lapsed, sums.ready,
    again.run_after, again.error_message,
    work.stage, work.first, work.last, work.worker, work.lease_until, ahead.n
FROM ingestion_job AS job
CROSS JOIN LATERAL (
    SELECT count(*) AS open,
        count(*) FILTER (WHERE status = 'running' AND lease_until > %(now)s) AS running,
        count(*) FILTER (WHERE status = 'running' AND lease_until <= %(now)s) AS lapsed,
        count(*) FILTER (WHERE status = 'queued' AND run_after <= %(now)s) AS ready
    FROM ingestion_step WHERE job_id = job.id AND status IN ('queued', 'running')) AS sums
LEFT JOIN LATERAL (
    SELECT stage, first, last, worker, lease_until FROM ingestion_step
    WHERE job_id = job.id AND status = 'running' ORDER BY lease_until DESC LIMIT 1
    ) AS work ON true
LEFT JOIN LATERAL (
    SELECT run_after, error_message FROM ingestion_step
    WHERE job_id = job.id AND status = 'queued' AND run_after > %(now)s
    ORDER BY run_after LIMIT 1) AS again ON true
LEFT JOIN LATERAL (
    SELECT priority, rank, id FROM ingestion_step
    WHERE job_id = job.id AND status = 'queued' AND run_after <= %(now)s
    ORDER BY priority + 0, rank, id LIMIT 1) AS best ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS n FROM (
        SELECT FROM ingestion_step AS other
        WHERE other.status = 'queued' AND other.run_after <= %(now)s
            AND (other.priority, other.rank, other.id) < (best.priority, best.rank, best.id)
            AND other.project_id <> ALL(%(full_projects)s)
            AND (other.kind <> 'capture' OR NOT %(captures_full)s)
        LIMIT %(most)s) AS counted) AS ahead ON best.id IS NOT NULL
WHERE job.id = ANY(%(jobs)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a job stands: its badge and its sentence from the same facts, and how far it is."""

    badge: Badge
    sentence: str
    count: presentation.Counts


def told(jobs: Iterable[Job], *, most_ahead: int = AHEAD_OF_MANY) -> dict[UUID, Told]:
    """What each job waits for, or how it ended; steps ahead are counted to `most_ahead`."""
    all_jobs = list(jobs)
    summed = sums([job.pk for job in all_jobs if job.kind == Kind.BATCH])
    counts = {job.pk: presentation.counts(job, summed.get(job.pk)) for job in all_jobs}
    ended = {
        job.pk: Told(
            badge=presentation.badge(job, counts[job.pk]),
            sentence=presentation.ended(job, counts[job.pk]),
            count=counts[job.pk],
        )
        for job in all_jobs
        if not job.is_open
    }
    open_jobs = [job for job in all_jobs if job.is_open]
    return ended | _open(open_jobs, counts, most_ahead) if open_jobs else ended


def _open(
    open_jobs: Collection[Job], counts: Mapping[UUID, presentation.Counts], most_ahead: int
) -> dict[UUID, Told]:
    at_large = situation()
    facts = _facts([job for job in open_jobs if job.kind != Kind.BATCH], at_large, most_ahead)
    facts |= _of_batches({job.pk: counts[job.pk] for job in open_jobs if job.kind == Kind.BATCH})
    stands = {job.pk: facts.get(job.pk, Waiting()) for job in open_jobs}
    return {
        job.pk: Told(
            badge=presentation.badge(
                job,
                counts[job.pk],
                is_at_work=not stands[job.pk].open_steps or is_at_work(stands[job.pk], at_large),
            ),
            sentence=sentence(job, stands[job.pk], at_large),
            count=counts[job.pk],
        )
        for job in open_jobs
    }


def sums(batches: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """The progress of batches: that of their jobs, added up. One without a job is not in it."""
    if not batches:
        return {}
    children: Any = Job.objects.filter(parent__in=batches).order_by().values("parent")
    summed = children.annotate(
        files=Count("pk"),
        files_ended=Count("pk", filter=~Q(status__in=OPEN_JOB)),
        files_failed=Count("pk", filter=Q(status=JobStatus.FAILED)),
        total=Sum("pages_total"),
        read=Sum("pages_read"),
        failed=Sum("pages_failed"),
        made=Sum("documents_made"),
        chunks=Sum("chunks_made"),
    )
    return {row.pop("parent"): row for row in summed}


def situation() -> Situation:
    """What holds for all jobs alike at this moment."""
    busy = Step.objects.filter(status=StepStatus.RUNNING).order_by()
    by_lane = list(busy.values_list("project_id", "kind").annotate(n=Count("pk")))
    of_project: dict[int, int] = {}
    for project, _, n in by_lane:
        of_project[project] = of_project.get(project, 0) + n
    caps = Limits.objects.filter(steps_at_once__isnull=False)
    return Situation(
        now=timezone.now(),
        paused=frozenset(Control.objects.filter(is_paused=True).values_list("pk", flat=True)),
        workers=frozenset(queue.living_workers()),
        caps={row.pk: row.steps_at_once or 0 for row in caps},
        busy=of_project,
        captures_cap=settings.CAPTURES_AT_ONCE,
        captures_busy=sum(n for _, kind, n in by_lane if kind == Kind.CAPTURE),
        lease_s=settings.LEASE_S,
        renewal_s=settings.LEASE_RENEWAL_S,
    )


def _facts(jobs: Collection[Job], at_large: Situation, most: int) -> dict[UUID, Waiting]:
    if not jobs:
        return {}
    asked: Mapping[str, Any] = {
        "jobs": [job.pk for job in jobs],
        "now": at_large.now,
        "most": most + 1,
        "full_projects": [pk for pk, cap in at_large.caps.items() if at_large.is_full(pk)],
        "captures_full": at_large.are_captures_full,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, asked)
        return {row[0]: _waiting(*row[1:], most=most) for row in cursor.fetchall()}


def _waiting(
    open_steps: int,
    running: int,
    lapsed: int,
    ready: int,
    next_try: Any,
    cause: str | None,
    stage: str | None,
    first: int | None,
    last: int | None,
    worker: str | None,
    lease_until: Any,
    ahead: int | None,
    *,
    most: int,
) -> Waiting:
    at_work = None
    if stage is not None:
        at_work = AtWork(
            stage=stage, first=first, last=last, worker=worker or "", lease_until=lease_until
        )
    return Waiting(
        open_steps=open_steps,
        running=running,
        lapsed=lapsed,
        ready=ready,
        ahead=min(ahead or 0, most),
        is_more_ahead=(ahead or 0) > most,
        next_try=next_try,
        cause=cause or "",
        at_work=at_work,
    )


def _of_batches(batches: Mapping[UUID, presentation.Counts]) -> dict[UUID, Waiting]:
    if not batches:
        return {}
    place = Window(RowNumber(), partition_by=F("parent"), order_by=F("created_at").asc())
    open_jobs = Job.objects.is_open().filter(parent__in=batches).order_by()
    first = open_jobs.annotate(place=place).filter(place__lte=_NAMES)
    names: dict[UUID | None, list[str]] = {}
    for parent, name in first.values_list("parent", "upload__filename").order_by("place"):
        names.setdefault(parent, []).append(name or "a job")
    return {
        batch: Waiting(
            files=count.total,
            files_open=count.total - count.done,
            names=tuple(names.get(batch, ())),
        )
        for batch, count in batches.items()
    }
