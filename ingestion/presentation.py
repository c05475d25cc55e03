"""What the pages about jobs show, computed from rows that are already there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from documents.models import Page
from documents.presentation import UNKNOWN_TYPE, Badge
from ingestion.models import OF_DOCUMENTS, Job, JobStatus, Kind, Step, StepStatus

STATUS_BADGES = {
    JobStatus.PENDING: Badge(label="Accepted", icon="clock", tone="quiet"),
    JobStatus.QUEUED: Badge(label="Waiting", icon="clock", tone="quiet"),
    JobStatus.RUNNING: Badge(label="Working", icon="work", tone="busy"),
    JobStatus.COMPLETED: Badge(label="Completed", icon="check", tone="good"),
    JobStatus.FAILED: Badge(label="Failed", icon="alert", tone="bad"),
    JobStatus.CANCELLED: Badge(label="Cancelled", icon="cross", tone="quiet"),
}
_PARTLY = Badge(label="Completed in part", icon="alert", tone="warn")
_ALL_FAILED = Badge(label="All failed", icon="alert", tone="bad")
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
    "replay": "Read beside",
    "answer": "Answer",
}
_DOING = {
    "split": "Opening the file and counting its pages",
    "ocr": "Reading",
    "classify": "Telling what kind of paper it is",
    "assemble": "Putting pages together into documents",
    "extract": "Finding the values",
    "embed": "Making it searchable",
    "replay": "Reading a document again beside its values",
    "answer": "Looking for an answer",
}
_BY_SENDER = "The file itself is at fault: a retry ends the same way. Ask for a sound copy."
_FAULTS_OF_FILES = {"file_damaged", "page_damaged", "password_required", "password_wrong"}
_OF_LIMITS = {"job_expired", "time_limit"}
_TITLES = {
    "file_damaged": "A file is damaged.",
    "page_damaged": "A page is damaged.",
    "password_required": "A file needs a password.",
    "password_wrong": "A file came with a wrong password.",
    "image_too_large": "A picture has too many pixels.",
    "too_many_pages": "A file has too many pages.",
    "job_expired": "A job took longer than its limit.",
    "time_limit": "A step took longer than its limit.",
    "memory_limit": "A step needed more memory than it may have.",
    "engine_crashed": "The engine crashed.",
    "worker_lost": "Workers vanished in the middle of a step.",
    "engine_unavailable": "An engine did not answer.",
    "database_unavailable": "The database did not answer.",
    "storage_unavailable": "The file storage did not answer.",
    "internal": "Docket made a mistake.",
}
_NEXT_MOVES = {
    "file_damaged": _BY_SENDER,
    "page_damaged": _BY_SENDER,
    "password_required": "Send the file again with its password.",
    "password_wrong": "Send the file again with the right password.",
    "image_too_large": "Raise DOCKET_MAX_PIXELS, restart the workers, then retry.",
    "too_many_pages": "Raise DOCKET_MAX_PAGES, restart the workers, then retry.",
    "job_expired": "Raise the seconds a job in the limits of its project, then retry.",
    "time_limit": "Raise the seconds of the step in the limits of its project, then retry.",
    "memory_limit": "Raise DOCKET_ENGINE_MEMORY_BYTES, restart the workers, then retry.",
    "engine_crashed": "Retry; if it comes again, the page itself makes the engine crash.",
    "worker_lost": "See whether the machine ran out of memory, then retry.",
    "engine_unavailable": "See that the engine runs, then retry.",
    "database_unavailable": "See that the database has room and answers, then retry.",
    "storage_unavailable": "See that the file storage answers, then retry.",
    "internal": "It is a mistake of ours: keep the worker's log, then retry.",
}
KINDS = {
    Kind.FILE: "File",
    Kind.CAPTURE: "Screenshot",
    Kind.PROCESS: "Documents again",
    Kind.REPLAY: "Replay",
    Kind.BATCH: "Batch",
    Kind.INVESTIGATION: "Question",
}
KIND_TAGS = {
    Kind.CAPTURE: "Screenshot",
    Kind.PROCESS: "Again",
    Kind.REPLAY: "Replay",
    Kind.BATCH: "Batch",
    Kind.INVESTIGATION: "Question",
}
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
    is_to_come: bool


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
    is_again = job.kind in OF_DOCUMENTS
    return Counts(
        noun="documents" if is_again else "pages",
        done=job.processed if is_again else job.pages_read,
        total=job.documents_made if is_again else job.pages_total,
        pages_total=job.pages_total,
        pages_failed=job.pages_failed,
        documents=job.documents_made,
    )


def badge(job: Job, count: Counts, *, is_at_work: bool = True) -> Badge:
    """is_at_work: False where a job was begun and none of its steps is at work now."""
    if job.status == JobStatus.COMPLETED:
        if count.files_failed and count.files_failed == count.total:
            return _ALL_FAILED
        if count.pages_failed or count.files_failed or job.errors:
            return _PARTLY
    if job.status == JobStatus.RUNNING and not is_at_work:
        return STATUS_BADGES[JobStatus.QUEUED]
    return STATUS_BADGES[JobStatus(job.status)]


class Doing(Protocol):
    """A step, or what is known of one."""

    @property
    def stage(self) -> str: ...
    @property
    def first(self) -> int | None: ...
    @property
    def last(self) -> int | None: ...


def doing(step: Doing) -> str:
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


def is_of_limits(code: str) -> bool:
    """Whether the limits of its project made it fail."""
    return code in _OF_LIMITS


def title(code: str) -> str:
    """What failures of this code have in common."""
    return _TITLES.get(code, "Steps failed for a reason of their own.")


def next_move(code: str) -> str:
    """What puts failures of this code right, beside what their own sentences say."""
    return _NEXT_MOVES.get(code, "Retry; if it fails the same way again, open it and look.")


def ended(job: Job, count: Counts) -> str:
    """How a job ended."""
    if job.status == JobStatus.FAILED:
        return job.error_message or "It failed."
    if job.status == JobStatus.CANCELLED:
        return "It was cancelled. What was done stays; a retry takes it up again."
    if job.kind == Kind.BATCH:
        return _batch_ended(count)
    if job.kind == Kind.INVESTIGATION:
        return "The question was answered."
    documents = counted(job.documents_made, "document")
    if job.kind in OF_DOCUMENTS:
        beside = " beside their values" if job.kind == Kind.REPLAY else ""
        told = f"{documents} gone through again{beside}"
        return f"{told}, {job.errors:,} of them failed." if job.errors else f"{told}."
    if job.pages_failed:
        read = job.pages_total - job.pages_failed
        return f"{read} of {counted(job.pages_total, 'page')} could be read and made {documents}."
    return f"{counted(job.pages_total, 'page')} read, {documents} found."


def _batch_ended(count: Counts) -> str:
    if count.files_failed:
        return f"{count.files_failed:,} of {counted(count.total, 'file')} failed."
    if count.pages_failed:
        pages = counted(count.pages_failed, "page")
        return f"All of its files have ended; {pages} could not be read."
    return "All of its files have ended."


def counted(number: int, noun: str) -> str:
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
    is_settled = bool(page.error_code or page.type or page.type_engine)
    return Tile(page=page, badge=shown, is_drawn=bool(page.image), is_to_come=not is_settled)


def told_length(seconds: float) -> str:
    """0.4 s, 12 s, 3 min 10 s, 2 h 5 min, 3 d."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d"
