"""What the pages about jobs show, computed from rows that are already there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from documents.models import Page
from documents.presentation import UNKNOWN_TYPE, Badge
from ingestion.models import Job, JobStatus, Step, StepStatus

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


def badge(job: Job) -> Badge:
    if job.status == JobStatus.COMPLETED and job.pages_failed:
        return _PARTLY
    return STATUS_BADGES[JobStatus(job.status)]


def sentence(
    job: Job, open_steps: Sequence[Step], *, is_paused: bool, has_workers: bool, now: datetime
) -> str:
    """What a job waits for, or how it ended. `open_steps`: running ones first."""
    if not job.is_open:
        return _ended(job)
    if is_paused:
        return "The workers are paused; it goes on when an operator resumes them."
    if not has_workers:
        return "No worker is running. Start one with “manage.py work” and it goes on by itself."
    running = [step for step in open_steps if step.status == StepStatus.RUNNING]
    if running:
        return f"{_doing(running[0])}."
    if not open_steps:
        return "It is about to begin."
    soonest = min(step.run_after for step in open_steps)
    wait_s = round((soonest - now).total_seconds())
    if wait_s > 0:
        cause = next((f" {s.error_message}" for s in open_steps if s.error_message), "")
        return f"It tries again in {wait_s} s.{cause}"
    return "It waits for a free worker; earlier and more urgent work goes first."


def _doing(step: Step) -> str:
    doing = _DOING.get(step.stage, step.stage)
    if step.first is None:
        return doing
    if step.first == step.last:
        return (
            f"{doing} (page {step.first})" if step.stage != "ocr" else f"Reading page {step.first}"
        )
    return f"{doing} (pages {step.first} to {step.last})"


def _ended(job: Job) -> str:
    if job.status == JobStatus.FAILED:
        return job.error_message or "It failed."
    if job.status == JobStatus.CANCELLED:
        return "It was cancelled. What was done stays; a retry takes it up again."
    documents = _count(job.documents_made, "document")
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
