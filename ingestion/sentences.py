"""The one sentence that an open job is told by: what it does, or what it waits for. Pure.

The facts come from `waiting`; how a job ended is told by `presentation.ended`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.models import OF_DOCUMENTS, Job, JobStatus, Kind
from ingestion.presentation import counted, doing

REPAIR_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What holds for all jobs alike. paused: hosts, "" for all; workers: (host, pid) alive;
    caps and busy: steps at once by project, as allowed and as running."""

    now: datetime
    paused: frozenset[str] = frozenset()
    workers: frozenset[tuple[str, int]] = frozenset()
    caps: Mapping[int, int] = field(default_factory=dict)
    busy: Mapping[int, int] = field(default_factory=dict)
    captures_cap: int = 5
    captures_busy: int = 0
    lease_s: int = 30
    renewal_s: int = 5

    def is_full(self, project: int) -> bool:
        return project in self.caps and self.busy.get(project, 0) >= self.caps[project]

    @property
    def are_captures_full(self) -> bool:
        return self.captures_busy >= self.captures_cap

    @property
    def hosts(self) -> list[str]:
        return sorted({host for host, _ in self.workers})


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """The running step of a job whose lease was renewed last."""

    stage: str
    worker: str
    lease_until: datetime
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One open job: its steps, of which `ahead` others go first; of a batch its files.

    running: steps whose lease holds; lapsed: those that a worker let go without a word."""

    open_steps: int = 0
    running: int = 0
    lapsed: int = 0
    ready: int = 0
    ahead: int = 0
    is_more_ahead: bool = False
    next_try: datetime | None = None
    cause: str = ""
    at_work: AtWork | None = None
    files: int = 0
    files_open: int = 0
    names: tuple[str, ...] = ()


def sentence(job: Job, waiting: Waiting, at_large: Situation) -> str:
    """What an open job waits for, or does."""
    if job.kind == Kind.BATCH:
        return _of_batch(job, waiting, at_large)
    told = _at_work(waiting, at_large) or _held_up(at_large) or _in_turn(job, waiting, at_large)
    if job.kind in OF_DOCUMENTS and job.documents_made:
        return f"{job.processed:,} of {counted(job.documents_made, 'document')} done. {told}"
    return told


def _of_batch(job: Job, waiting: Waiting, at_large: Situation) -> str:
    done = waiting.files - waiting.files_open
    if job.status == JobStatus.PENDING:
        return f"Its files are still arriving: {waiting.files:,} came, {done:,} of them are done."
    told = f"{done:,} of {counted(waiting.files, 'file')} done."
    if not waiting.files_open:
        return f"{told} It is about to be closed."
    rest = waiting.files_open - len(waiting.names)
    names = [*waiting.names, f"{rest:,} more"] if rest else list(waiting.names)
    held_up = _held_up(at_large)
    return f"{told} It waits for {_listed(names)}.{' ' if held_up else ''}{held_up}"


def is_at_work(waiting: Waiting, at_large: Situation) -> bool:
    """Whether a worker that lives, or did a moment ago, has a step of it."""
    work = waiting.at_work
    if work is None:
        return False
    left_s = (work.lease_until - at_large.now).total_seconds()
    is_seen = _host_and_pid(work.worker) in at_large.workers
    return left_s > 0 and (is_seen or left_s > at_large.lease_s - 2 * at_large.renewal_s - 5)


def _at_work(waiting: Waiting, at_large: Situation) -> str:
    work = waiting.at_work
    if work is None:
        return ""
    left_s = (work.lease_until - at_large.now).total_seconds()
    if is_at_work(waiting, at_large):
        others = f", and {counted(waiting.running - 1, 'step')} besides"
        told = f"{doing(work)}{others if waiting.running > 1 else ''}{_lapsed(waiting)}."
        more = waiting.open_steps > waiting.running
        is_held = more and "" in at_large.paused
        return f"{told} Then it waits: the workers are paused." if is_held else told
    if not at_large.workers:
        return ""
    # A worker that finds nothing ready takes it over; else the repair that comes each minute.
    wait_s = round(left_s) + REPAIR_S
    if wait_s <= 0:
        return (
            "The worker that had it gives no sign of life, and no other has taken over in time: "
            "see the workers' logs."
        )
    return f"The worker that had it gives no sign of life; another takes over within {wait_s} s."


def _lapsed(waiting: Waiting) -> str:
    if not waiting.lapsed:
        return ""
    waits = "waits until it is" if waiting.lapsed == 1 else "wait until they are"
    return f"; {counted(waiting.lapsed, 'step')} {waits} taken over from a worker that is gone"


def _held_up(at_large: Situation) -> str:
    """What keeps every job from going on; "" when nothing does."""
    is_paused = "" in at_large.paused
    if not at_large.workers:
        if is_paused:
            return (
                "The workers are paused, and none is running: start one with “manage.py work”, "
                "and have an operator resume them."
            )
        return "No worker is running. Start one with “manage.py work” and it goes on by itself."
    if is_paused:
        return "The workers are paused; it goes on when an operator resumes them."
    if set(at_large.hosts) <= at_large.paused:
        hosts = _listed(at_large.hosts)
        return f"All hosts with workers are paused ({hosts}); resume one and it goes on."
    return ""


def _in_turn(job: Job, waiting: Waiting, at_large: Situation) -> str:
    if not waiting.open_steps:
        return "It is about to go on; what comes next is planned within a minute."
    if not waiting.ready:
        return _tries_again(waiting, at_large)
    if at_large.is_full(job.project_id):
        cap, busy = at_large.caps[job.project_id], at_large.busy.get(job.project_id, 0)
        is_are = "is" if busy == 1 else "are"
        return f"The project may have {counted(cap, 'step')} at work at once, and {busy} {is_are}."
    if job.kind == Kind.CAPTURE and at_large.are_captures_full:
        cap, busy = at_large.captures_cap, at_large.captures_busy
        return f"At most {counted(cap, 'screenshot')} may be at work at once, and {busy} are."
    if job.status == JobStatus.PENDING:
        return (
            "It was accepted, but the broker that wakes the workers did not answer; it is asked "
            "again every minute."
        )
    if not waiting.ahead:
        return "It is next: the first worker that is free takes it."
    more = "more than " if waiting.is_more_ahead else ""
    return (
        f"It waits for a free worker behind {more}{counted(waiting.ahead, 'step')} of more urgent "
        "or earlier work."
    )


def _tries_again(waiting: Waiting, at_large: Situation) -> str:
    if waiting.next_try is None:
        return "It is about to go on."
    wait_s = max(1, round((waiting.next_try - at_large.now).total_seconds()))
    return f"It tries again in {wait_s} s.{' ' if waiting.cause else ''}{waiting.cause}"


def _host_and_pid(worker: str) -> tuple[str, int]:
    host, _, pid = worker.rpartition(":")
    return host, int(pid) if pid.isdecimal() else 0


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
