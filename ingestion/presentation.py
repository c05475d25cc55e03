"""What the pages about jobs show, computed from rows that are already there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from documents.models import Page
from documents.presentation import UNKNOWN_TYPE, Badge
from ingestion.models import Job, JobStatus, Kind, Step, StepStatus

STATUS_BADGES = {
    JobStatus.PENDING: Badge(label="Accepted", icon="clock", tone="quiet"),
    JobStatus.QUEUED: Badge(label="Waiting", icon="clock", tone="quiet"),
    JobStatus.RUNNING: Badge(label="Working", icon="work", tone="busy"),
    JobStatus.COMPLETED: Badge(label="Completed", icon="check", tone="good"),
    JobStatus.FAILED: Badge(label="Failed", icon="alert", tone="bad"),
    JobStatus.CANCELLED: Badge(label="Cancelled", icon="cross", tone="quiet"),
}
_PARTLY = Badge(label="Completed in part", icon="alert", tone="warn")
STEP_BADGES = {
    StepStatus.QUEUED: Badge(label="Waiting", icon="clock", tone="quiet"),
    StepStatus.RUNNING: Badge(label="Working", icon="work", tone="busy"),
    StepStatus.DONE: Badge(label="Done", icon="check", tone="good"),
    StepStatus.FAILED: Badge(label="Failed", icon="alert", tone="bad"),
    StepStatus.SKIPPED: Badge(label="Skipped", icon="cross", tone="quiet"),
}
STAGE_NAMES = {
    "split": "Open",
    "ocr": "Read",
    "classify": "Classify",
    "assemble": "Group",
    "extract": "Extract",
    "embed": "Index",
}
_DOING = {
    "split": "Opening the file and counting its pages",
    "ocr": "Reading",
    "classify": "Telling what kind of paper it is",
    "assemble": "Putting pages together into documents",
    "extract": "Finding the values",
    "embed": "Making it searchable",
}
REPAIR_S = 60
_BY_SENDER = "The file itself is at fault: a retry ends the same way. Ask for a sound copy."
_FAULTS_OF_FILES = {"file_damaged", "page_damaged", "password_required", "password_wrong"}
_NEXT_MOVES = {
    "file_damaged": _BY_SENDER,
    "page_damaged": _BY_SENDER,
    "password_required": "Send the file again with its password.",
    "password_wrong": "Send the file again with the right password.",
    "image_too_large": "Raise DOCKET_MAX_PIXELS, restart the workers, then retry.",
    "too_many_pages": "Raise DOCKET_MAX_PAGES, restart the workers, then retry.",
    "job_expired": "Raise the project's limit of seconds (Limits, below), then retry.",
    "time_limit": "Raise the project's limit for the step (Limits, below), then retry.",
    "memory_limit": "Raise DOCKET_ENGINE_MEMORY_BYTES, restart the workers, then retry.",
    "engine_crashed": "Retry; if it comes again, the page itself makes the engine crash.",
    "worker_lost": "See whether the machine ran out of memory, then retry.",
    "engine_unavailable": "See that the engine runs, then retry.",
    "database_unavailable": "See that the database has room and answers, then retry.",
    "storage_unavailable": "See that the file storage answers, then retry.",
    "internal": "It is a mistake of ours: keep the worker's log, then retry.",
}
KIND_TAGS = {Kind.CAPTURE: "Screenshot", Kind.PROCESS: "Again", Kind.BATCH: "Batch"}
_PAGE_FAILED = Badge(label="Not read", icon="alert", tone="bad")
_PAGE_WAITS = Badge(label="Waiting", icon="clock", tone="quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """How far a stage of a job is. state: todo, busy, done or bad."""

    name: str
    state: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A page as a thumbnail."""

    page: Page
    badge: Badge
    is_drawn: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How far a job is: in pages, or a batch in files, or documents gone through again.

    noun and done / total are what its bar shows."""

    noun: str
    done: int
    total: int
    pages_total: int
    pages_failed: int
    documents: int
    files_failed: int = 0


def counts(job: Job, sums: Mapping[str, int] | None = None) -> Counts:
    """sums: of a batch, its jobs added up: files, files_ended, files_failed, total, failed,
    made; None where it has none yet."""
    if job.kind == Kind.BATCH:
        of_jobs = sums or {}
        return Counts(
            noun="files",
            done=of_jobs.get("files_ended", 0),
            total=of_jobs.get("files", 0),
            pages_total=of_jobs.get("total", 0),
            pages_failed=of_jobs.get("failed", 0),
            documents=of_jobs.get("made", 0),
            files_failed=of_jobs.get("files_failed", 0),
        )
    is_again = job.kind == Kind.PROCESS
    return Counts(
        noun="documents" if is_again else "pages",
        done=job.processed if is_again else job.pages_read,
        total=job.documents_made if is_again else job.pages_total,
        pages_total=job.pages_total,
        pages_failed=job.pages_failed,
        documents=job.documents_made,
    )


def badge(job: Job) -> Badge:
    if job.status == JobStatus.COMPLETED and (job.pages_failed or job.errors):
        return _PARTLY
    return STATUS_BADGES[JobStatus(job.status)]


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
    """One open job: its steps, of which `ahead` others go first; of a batch its files."""

    open_steps: int = 0
    running: int = 0
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
    if job.kind == Kind.PROCESS and job.documents_made:
        return f"{job.processed:,} of {_count(job.documents_made, 'document')} done. {told}"
    return told


def _of_batch(job: Job, waiting: Waiting, at_large: Situation) -> str:
    done = waiting.files - waiting.files_open
    if job.status == JobStatus.PENDING:
        return f"Its files are still arriving: {waiting.files:,} came, {done:,} of them are done."
    told = f"{done:,} of {_count(waiting.files, 'file')} done."
    if not waiting.files_open:
        return f"{told} It is about to be closed."
    rest = waiting.files_open - len(waiting.names)
    names = [*waiting.names, f"{rest:,} more"] if rest else list(waiting.names)
    held_up = _held_up(at_large)
    return f"{told} It waits for {_listed(names)}.{' ' if held_up else ''}{held_up}"


def _at_work(waiting: Waiting, at_large: Situation) -> str:
    work = waiting.at_work
    if work is None:
        return ""
    left_s = (work.lease_until - at_large.now).total_seconds()
    is_seen = _host_and_pid(work.worker) in at_large.workers
    if left_s > 0 and (is_seen or left_s > at_large.lease_s - 2 * at_large.renewal_s - 5):
        others = f", and {_count(waiting.running - 1, 'step')} besides"
        told = f"{doing(work)}{others if waiting.running > 1 else ''}."
        more = waiting.open_steps > waiting.running
        is_held = more and "" in at_large.paused
        return f"{told} Then it waits: the workers are paused." if is_held else told
    if not at_large.workers:
        return ""
    # A worker that finds nothing ready takes it over; else the repair that comes each minute.
    wait_s = max(0, round(left_s)) + REPAIR_S
    return f"The worker that had it gives no sign of life; another takes over within {wait_s} s."


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
        return f"The project may have {_count(cap, 'step')} at work at once, and {busy} {is_are}."
    if job.kind == Kind.CAPTURE and at_large.are_captures_full:
        cap, busy = at_large.captures_cap, at_large.captures_busy
        return f"At most {_count(cap, 'screenshot')} may be at work at once, and {busy} are."
    if job.status == JobStatus.PENDING:
        return (
            "It was accepted, but the broker that wakes the workers did not answer; it is asked "
            "again every minute."
        )
    if not waiting.ahead:
        return "It is next: the first worker that is free takes it."
    more = "more than " if waiting.is_more_ahead else ""
    return (
        f"It waits for a free worker behind {more}{_count(waiting.ahead, 'step')} of more urgent "
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


def doing(step: Step | AtWork) -> str:
    """What a worker does that has this step."""
    doing = _DOING.get(step.stage, step.stage)
    if step.first is None:
        return doing
    if step.first == step.last:
        return (
            f"{doing} (page {step.first})" if step.stage != "ocr" else f"Reading page {step.first}"
        )
    return f"{doing} (pages {step.first} to {step.last})"


def step_name(step: Step) -> str:
    """ "Read, page 3"."""
    name = STAGE_NAMES.get(step.stage, step.stage.capitalize())
    if step.first is None:
        return f"{name}, document {str(step.document_id)[-6:]}" if step.document_id else name
    if step.first == step.last:
        return f"{name}, page {step.first}"
    return f"{name}, pages {step.first}–{step.last}"


def is_curable(code: str) -> bool:
    """Whether a retry of the same bytes may end otherwise."""
    return code not in _FAULTS_OF_FILES


def next_move(code: str) -> str:
    """What puts failures of this code right, beside what their own sentences say."""
    return _NEXT_MOVES.get(code, "Retry; if it fails the same way again, open it and look.")


def ended(job: Job) -> str:
    """How a job ended."""
    if job.status == JobStatus.FAILED:
        return job.error_message or "It failed."
    if job.status == JobStatus.CANCELLED:
        return "It was cancelled. What was done stays; a retry takes it up again."
    if job.kind == Kind.BATCH:
        return "All of its files have ended."
    documents = _count(job.documents_made, "document")
    if job.kind == Kind.PROCESS:
        told = f"{documents} gone through again"
        return f"{told}, {job.errors:,} of them failed." if job.errors else f"{told}."
    if job.pages_failed:
        read = job.pages_total - job.pages_failed
        return f"{read} of {_count(job.pages_total, 'page')} could be read and made {documents}."
    return f"{_count(job.pages_total, 'page')} read, {documents} found."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def work_time(job: Job) -> str:
    """From the first claim to the end: "26 s", "3 min 10 s"."""
    ended = job.completed_at or job.failed_at
    if not ended or not job.started_at:
        return ""
    minutes, seconds = divmod(max(1, round((ended - job.started_at).total_seconds())), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def stage_lines(names: Sequence[str], counts: Mapping[tuple[str, str], int]) -> list[StageLine]:
    """The stages in order. counts: (stage, status) -> number of steps."""
    return [_stage_line(name, {s: counts.get((name, s), 0) for s in StepStatus}) for name in names]


def _stage_line(name: str, count: Mapping[StepStatus, int]) -> StageLine:
    total = sum(count.values())
    done = count[StepStatus.DONE]
    is_open = count[StepStatus.QUEUED] or count[StepStatus.RUNNING]
    if not total:
        state, told = "todo", "not yet"
    elif is_open:
        state, told = "busy", f"{done} of {total}"
    elif count[StepStatus.FAILED]:
        state, told = "bad", f"{count[StepStatus.FAILED]} of {total} failed"
    elif not done:
        state, told = "todo", "skipped"
    else:
        state, told = "done", f"{done} done" if total > 1 else "done"
    return StageLine(name=STAGE_NAMES.get(name, name.capitalize()), state=state, told=told)


def tile(page: Page) -> Tile:
    if page.error_code:
        shown = _PAGE_FAILED
    elif page.read_at is None:
        shown = _PAGE_WAITS
    elif page.type:
        shown = Badge(label=page.type.name, icon="paper", tone="plain")
    elif page.type_engine:
        shown = UNKNOWN_TYPE
    else:
        shown = Badge(label="Read", icon="check", tone="plain")
    version = int(page.read_at.timestamp()) if page.read_at else 0
    return Tile(page=page, badge=shown, is_drawn=bool(page.image), version=version)
