"""The table under a timeline: each step in words, and each stage of a long job. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion.models import OPEN_STEP, Step, StepStatus
from ingestion.presentation import STAGE_NAMES, counted, step_name, told_length
from ingestion.spans import WAITS, Pauses, Span, overlap_s
from ingestion.statistics import tone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step in the table: `waits` say how long it waited and why."""

    name: str
    status: str
    created: datetime
    waited_s: float
    waits: Sequence[str]
    workers: str
    runs: int
    worked_s: float
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """All steps of a stage in the table of a long job. waited: each on average."""

    name: str
    tone: str
    steps: int
    begin: datetime | None
    end: datetime | None
    waited: str
    worked: str
    faults: int
    workers: int


def row_of(
    step: Step, spans: Sequence[Span], pauses: Pauses | None = None, *, cap: int | None = None
) -> Row:
    waits = [span for span in spans if span.what in WAITS]
    runs = [span for span in spans if span.what in ("work", "fault")]
    told = [
        f"{told_length(s.seconds)} {s.told}{_capped(s, cap)}{_while_paused(s, pauses or {})}"
        for s in waits
        if s.seconds >= 0.5
    ]
    told += [f"failed: {s.told}" for s in runs if s.what == "fault"]
    return Row(
        name=step_name(step),
        status=StepStatus(step.status).label,
        created=step.created_at,
        waited_s=sum(span.seconds for span in waits),
        waits=told,
        workers=", ".join(dict.fromkeys(span.worker for span in runs if span.worker)) or "–",
        runs=len(runs),
        worked_s=sum(span.seconds for span in runs),
        error=step.error_message if step.status in OPEN_STEP else "",
    )


def _capped(span: Span, cap: int | None) -> str:
    if cap is None or span.what != "wait":
        return ""
    return f" (the project may have {counted(cap, 'step')} at once)"


def _while_paused(span: Span, pauses: Pauses) -> str:
    told = ""
    for host, stretches in pauses.items():
        paused_s = overlap_s(span, stretches)
        if span.what != "ended" and paused_s >= 0.5:
            whose = f"{host} was" if host else "all workers were"
            told += f", {told_length(paused_s)} of it while {whose} paused"
    return told


def stage_row(stage: str, steps: Sequence[Step], spans: Mapping[int, Sequence[Span]]) -> StageRow:
    count = sum(step.stage == stage for step in steps)
    own = [span for step in steps if step.stage == stage for span in spans[step.pk]]
    runs = [span for span in own if span.what in ("work", "fault")]
    waited_s = sum(s.seconds for s in own if s.what in WAITS)
    return StageRow(
        name=STAGE_NAMES.get(stage, stage),
        tone=tone_of(stage),
        steps=count,
        begin=min((span.begin for span in runs), default=None),
        end=max((span.end for span in runs), default=None),
        waited=told_length(waited_s / count),
        worked=told_length(sum(span.seconds for span in runs)),
        faults=sum(span.what == "fault" for span in runs),
        workers=len({span.worker for span in runs}),
    )
