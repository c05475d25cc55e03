"""What the admin's front page and its list of workers ask. Each question starts from the user;
a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from documents.models import AnyUser, Project, Role
from documents.presentation import ago
from ingestion import presentation, queue
from ingestion.models import (
    Chore,
    Control,
    Job,
    JobQuerySet,
    JobStatus,
    Kind,
    Priority,
    Step,
    StepStatus,
    WorkerBeat,
)
from ingestion.presentation import told_length
from ingestion.statistics import steps_of

DAYS = 7
KINDS = 12
NEWEST = 3
SAMPLE = 10
_FINDINGS = {
    "released": "steps of vanished workers queued again",
    "advanced": "stuck jobs moved on",
    "aged": "steps lifted that waited long",
    "results": "old results deleted",
    "steps": "old steps deleted",
    "blobs": "files without an owner deleted",
    "indexed": "documents indexed again",
    "taken_up": "forgotten uploads taken up",
}
_CHORES = {
    "reap": "Repairs what nobody ended",
    "tidy": "Clears away what is old",
    "sweep": "Takes up what fell behind",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    name: str
    workers: int
    is_paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Is it running? sentence and tone say it; hosts hold who is there."""

    sentence: str
    tone: str
    hosts: Sequence[Host]
    is_all_paused: bool
    broker: str
    unheard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    priority: str
    ready: int
    oldest_s: float

    @property
    def oldest(self) -> str:
        return told_length(self.oldest_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Is it keeping up? Steps that are ready, by priority; those at work; those backing off."""

    lanes: Sequence[Lane]
    ready: int
    running: int
    later: int
    oldest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedKind:
    """Failures of one code: jobs that failed, and completed jobs with failed steps."""

    code: str
    title: str
    hint: str
    is_curable: bool
    jobs: int
    retryable: int
    latest: str
    newest: Sequence[Job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker process. job is null while it has nothing to do, or for eyes that may not see it."""

    host: str
    pid: int
    is_alive: bool
    doing: str
    is_busy: bool
    job: Job | None
    since: datetime | None
    memory_bytes: int
    restarts: int
    seen_at: datetime | None

    @property
    def seen(self) -> str:
        return ago(self.seen_at) if self.seen_at else ""


def running() -> Running:
    alive: dict[str, int] = {}
    for host, _ in queue.living_workers():
        alive[host] = alive.get(host, 0) + 1
    paused = set(Control.objects.filter(is_paused=True).values_list("pk", flat=True))
    names = sorted({*alive, *(paused - {""})})
    hosts = [Host(name=n, workers=alive.get(n, 0), is_paused=n in paused) for n in names]
    unheard = Job.objects.filter(status=JobStatus.PENDING).exclude(kind=Kind.BATCH).count()
    sentence, tone = _is_it_running(hosts, is_all_paused="" in paused)
    return Running(
        sentence=sentence,
        tone=tone,
        hosts=hosts,
        is_all_paused="" in paused,
        broker=settings.BROKER.partition(":")[0] or "Postgres",
        unheard=unheard,
    )


def _is_it_running(hosts: Sequence[Host], *, is_all_paused: bool) -> tuple[str, str]:
    manned = [host for host in hosts if host.workers]
    count = sum(host.workers for host in manned)
    if not count:
        return "No worker is running. Start one with “manage.py work”.", "bad"
    if is_all_paused:
        return "All workers are paused: steps at work finish, none are begun.", "warn"
    held = [host.name for host in manned if host.is_paused]
    if len(held) == len(manned):
        return "Every host that has workers is paused.", "warn"
    workers = f"{count} worker{'s' if count > 1 else ''}"
    places = f"{len(manned)} host{'s' if len(manned) > 1 else ''}"
    but = f"; {', '.join(held)} paused" if held else ""
    return f"Yes: {workers} on {places}{but}.", "warn" if held else "good"


def backlog(user: AnyUser) -> Backlog:
    now = timezone.now()
    queued = steps_of(user).filter(status=StepStatus.QUEUED)
    is_ready = Q(run_after__lte=now)
    counted = queued.values_list("priority").annotate(
        ready=Count("pk", filter=is_ready),
        later=Count("pk", filter=~is_ready),
        oldest=Min("run_after", filter=is_ready),
    )
    lanes, later = [], 0
    for priority, ready, waiting, oldest in counted.order_by("priority"):
        later += waiting
        if ready:
            label = Priority(priority).label
            lanes.append(
                Lane(priority=label, ready=ready, oldest_s=round((now - oldest).total_seconds()))
            )
    return Backlog(
        lanes=lanes,
        ready=sum(lane.ready for lane in lanes),
        running=steps_of(user).filter(status=StepStatus.RUNNING).count(),
        later=later,
        oldest=told_length(max((lane.oldest_s for lane in lanes), default=0)),
    )


# -- what failed ----------------------------------------------------------------------------


def failed_jobs(user: AnyUser, code: str = "") -> JobQuerySet:
    """Jobs that failed within the last days, or completed with steps that did; of one code."""
    since = timezone.now() - timedelta(days=DAYS)
    return Job.objects.visible_to(user).failed(code, since).order_by()


def failed_kinds(user: AnyUser) -> list[FailedKind]:
    """The failures of the last days by their code, the latest first."""
    since = timezone.now() - timedelta(days=DAYS)
    mine = set(Project.objects.open_to(user, Role.OPERATOR).values_list("pk", flat=True))
    found: dict[str, dict[str, Any]] = {}
    jobs = Job.objects.visible_to(user).exclude(kind=Kind.BATCH).order_by()
    _collect(
        found,
        jobs.filter(status=JobStatus.FAILED, failed_at__gte=since),
        mine,
        ended="failed_at",
        job="pk",
    )
    steps = steps_of(user).filter(
        status=StepStatus.FAILED, finished_at__gte=since, job__status=JobStatus.COMPLETED
    )
    _collect(found, steps, mine, ended="finished_at", job="job_id")
    kinds = sorted(found.items(), key=lambda item: item[1]["latest"], reverse=True)[:KINDS]
    wanted = [pk for _, kind in kinds for pk in list(kind["newest"])[:NEWEST]]
    rows = Job.objects.visible_to(user).select_related("upload", "project").in_bulk(wanted)
    return [
        FailedKind(
            code=code,
            title=presentation.title(code),
            hint=presentation.next_move(code),
            is_curable=presentation.is_curable(code),
            jobs=kind["jobs"],
            retryable=kind["retryable"],
            latest=ago(kind["latest"]),
            newest=[
                _for_row(rows[pk], mine, kind["newest"][pk])
                for pk in list(kind["newest"])[:NEWEST]
                if pk in rows
            ],
        )
        for code, kind in kinds
    ]


def _for_row(job: Any, mine: set[int], sentence: str) -> Job:
    job.may_operate = job.project_id in mine
    job.sentence = sentence
    return cast(Job, job)


def _collect(
    found: dict[str, dict[str, Any]], rows: "QuerySet[Any]", mine: set[int], *, ended: str, job: str
) -> None:
    """Add the failures of `rows` by code: counts, and the newest with their sentence."""
    counted = rows.values_list("error_code").annotate(
        n=Count(job, distinct=True),
        own=Count(job, distinct=True, filter=Q(project__in=mine)),
        latest=Max(ended),
    )
    for code, n, own, latest in counted:
        kind = found.setdefault(code, {"jobs": 0, "retryable": 0, "latest": latest, "newest": {}})
        kind["jobs"] += n
        kind["retryable"] += own
        kind["latest"] = max(kind["latest"], latest)
    place = Window(RowNumber(), partition_by=F("error_code"), order_by=F(ended).desc())
    newest = rows.annotate(place=place).filter(place__lte=NEWEST).order_by("place")
    for code, message, pk in newest.values_list("error_code", "error_message", job):
        found[code]["newest"].setdefault(pk, message)


# -- chores and workers ---------------------------------------------------------------------


def chores() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {
            "name": _CHORES.get(row.name, row.name),
            "ran": ago(row.started_at) if row.started_at else "not yet",
            "found": _found(row.told),
            "is_bad": "error" in row.told or row.next_at < now - timedelta(minutes=5),
            "is_late": row.next_at < now - timedelta(minutes=5),
        }
        for row in Chore.objects.all()
    ]


def _found(told: dict[str, Any]) -> str:
    if "error" in told:
        return f"It broke off with {told['error']}; the worker's log has the details."
    if not told:
        return "nothing to do"
    return ", ".join(f"{value} {_FINDINGS.get(name, name)}" for name, value in told.items())


def workers(user: AnyUser) -> list[Worker]:
    """Who lives, by host; then who was last seen within the day. A step of a project that
    `user` may not see is told without its job."""
    alive = queue.living_workers()
    mine = set(Project.objects.visible_to(user).values_list("pk", flat=True))
    at_work = Step.objects.filter(status=StepStatus.RUNNING).select_related("job__upload")
    # A sign of life comes every few seconds, and its step has often ended since.
    steps = {step.worker: step for step in at_work}
    seen: set[tuple[str, int]] = set()
    rows = []
    for beat in WorkerBeat.objects.order_by("-seen_at"):
        place = (beat.host, beat.pid)
        # A number is used again by the system: only the latest of its owners lives.
        is_alive = place in alive and place not in seen
        seen.add(place)
        rows.append(_worker(beat, steps.get(beat.name), is_alive=is_alive, mine=mine))
    for host, pid in alive - seen:
        new = WorkerBeat(name=f"{host}:{pid}", host=host, pid=pid)
        rows.append(_worker(new, steps.get(new.name), is_alive=True, mine=mine))
    return sorted(rows, key=lambda worker: (not worker.is_alive, worker.host, worker.pid))


def _worker(beat: WorkerBeat, step: Step | None, *, is_alive: bool, mine: set[int]) -> Worker:
    if step is None:
        doing = "Idle" if is_alive else "Gone"
    else:
        doing = presentation.doing(step) if is_alive else "Gone, with a step in its hands"
    may_see = step is not None and step.project_id in mine
    return Worker(
        host=beat.host,
        pid=beat.pid,
        is_alive=is_alive,
        doing=doing,
        is_busy=step is not None,
        job=step.job if step is not None and may_see else None,
        since=step.started_at if step is not None else beat.seen_at,
        memory_bytes=beat.memory_bytes,
        restarts=beat.engine_restarts,
        seen_at=beat.seen_at,
    )
