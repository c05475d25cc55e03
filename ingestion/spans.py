"""The life of one step: when it waited and why, when it worked, what went wrong. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime

from ingestion.models import Step, StepStatus

_SLACK = timedelta(seconds=1)
WAITS = ("wait", "backoff", "ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a step's life. what: wait, backoff, ended, work or fault."""

    what: str
    begin: datetime
    end: datetime
    worker: str
    told: str

    @property
    def seconds(self) -> float:
        return max(0.0, (self.end - self.begin).total_seconds())


Stretch = tuple[datetime, datetime]
# By host; those of "" held the workers of all.
Pauses = Mapping[str, Sequence[Stretch]]


def pauses_of(
    events: Sequence[tuple[str, datetime]], begin: datetime, end: datetime
) -> list[Stretch]:
    """When workers were paused between begin and end. events: (verb, when) in order, the last
    one before `begin` among them; a first one that resumes tells of a pause from before."""
    pauses: list[Stretch] = []
    since = begin if events and events[0][0] == "workers.resumed" else None
    for verb, at in events:
        if verb == "workers.paused":
            since = since or max(at, begin)
        elif since is not None:
            if at > since:
                pauses.append((since, at))
            since = None
    return [*pauses, (since, end)] if since is not None else pauses


def overlap_s(span: Span, stretches: Sequence[Stretch]) -> float:
    """Seconds of a span that lie within these stretches."""
    return sum(
        max(0.0, (min(span.end, until) - max(span.begin, since)).total_seconds())
        for since, until in stretches
    )


def is_plain(step: Step) -> bool:
    """Whether it waited for a worker, worked, and nothing else."""
    return not step.history and step.run_after < step.created_at + _SLACK


def spans_of(step: Step, retries: Sequence[datetime], now: datetime) -> list[Span]:
    """What a step went through, oldest first. retries: when persons retried its job."""
    spans: list[Span] = []
    at, why = step.created_at, ""
    for run in step.history:
        begin, end = _moment(run.get("started")) or at, _moment(run.get("ended")) or at
        spans += _waits(at, begin, why, None, retries)
        told = f"{run.get('message', '')} ({run.get('code', '')})".strip()
        worker = str(run.get("worker", ""))
        spans.append(Span(what="fault", begin=begin, end=end, worker=worker, told=told))
        at, why = max(at, end), str(run.get("code", ""))
    if step.status == StepStatus.QUEUED:
        return spans + _waits(at, now, why, step.run_after, retries)
    is_last_told = bool(step.history) and step.status in (StepStatus.FAILED, StepStatus.SKIPPED)
    if is_last_told or step.started_at is None or step.started_at < at:
        return spans
    spans += _waits(at, step.started_at, why, step.run_after, retries)
    ended = step.finished_at or now
    what = "fault" if step.status == StepStatus.FAILED else "work"
    told = step.error_message or ("at work" if step.status == StepStatus.RUNNING else "worked")
    spans.append(Span(what=what, begin=step.started_at, end=ended, worker=step.worker, told=told))
    return spans


def _waits(
    begin: datetime,
    end: datetime,
    after: str,
    not_before: datetime | None,
    retries: Sequence[datetime],
) -> list[Span]:
    """The stretch between two runs, cut where a person retried it or its backoff was over.

    after: code of the run before, "" for the first. not_before: `run_after`, where it is that
    of this stretch: earlier ones are not kept."""
    if end <= begin:
        return []
    asked = next((at for at in retries if begin - _SLACK <= at <= end), None)
    if asked is not None and asked > begin:
        told = "ended, until a person retried it"
        rest = _waits(asked, end, "", None, [])
        return [Span(what="ended", begin=begin, end=asked, worker="", told=told), *rest]
    cut = min(end, not_before) if not_before is not None else begin
    if after and after != "worker_lost" and not_before is None:
        told = f"waited out {after}, then for its turn"
        return [Span(what="backoff", begin=begin, end=end, worker="", told=told)]
    spans = []
    if cut - begin > _SLACK / 2:
        told = f"waited out {after}" if after else "held back: the engine was busy"
        spans.append(Span(what="backoff", begin=begin, end=cut, worker="", told=told))
        begin = cut
    if end > begin:
        told = "waited for its turn"
        if after == "worker_lost" and not spans:
            told = "its worker vanished; waited for another"
        spans.append(Span(what="wait", begin=begin, end=end, worker="", told=told))
    return spans


def _moment(text: Any) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) else None
