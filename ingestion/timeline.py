"""One job over time: when each of its steps waited, worked and failed, on which worker, why.

`of` asks (a constant number of queries), the rest is pure; `timeline_rows` has the table.
Up to ROWS steps have a row each; above that the drawing has a row for each worker and the table
a line for each stage, and only steps with a story of their own (a fault, a lost worker, a
retry) are told singly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from documents.models import AuditEvent
from ingestion import pipeline
from ingestion.charts import Bar, Key, Label
from ingestion.models import OPEN_JOB, Control, Job, Kind, Limits, Step
from ingestion.presentation import STAGE_NAMES, step_name, told_length
from ingestion.spans import WAITS, Pauses, Span, is_plain, pauses_of, spans_of
from ingestion.statistics import tone_of
from ingestion.timeline_rows import Row, StageRow, row_of, stage_row

ROWS = 60
STORIES = 40
MOST = 20_000
_COLUMNS = (
    "id",
    "stage",
    "first",
    "last",
    "document_id",
    "status",
    "attempts",
    "losses",
    "run_after",
    "worker",
    "history",
    "error_code",
    "error_message",
    "created_at",
    "started_at",
    "finished_at",
    "elapsed_s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A row of the drawing; y is the top of its bars, in pixels."""

    name: str
    y: int
    text_y: int
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    told: str
    lanes: Sequence[Lane]
    height: int
    marks: Sequence[Label]
    legend: Sequence[Key]
    rows: Sequence[Row]
    stages: Sequence[StageRow]
    is_long: bool
    is_cut: bool


LANE_PX = 20
TOP_PX = 22
_LEGEND = (
    Key(tone="tone-wait", name="waits for its turn"),
    Key(tone="tone-backoff", name="waits out a fault"),
    Key(tone="tone-fault", name="run that did not end well"),
)
_ENDED = Key(tone="tone-ended", name="ended, until a person retried it")


def of(job: Job) -> Timeline | None:
    """The timeline of a job; None where it has no steps (a batch, or they were cleared away)."""
    if job.kind == Kind.BATCH:
        return None
    steps = list(Step.objects.filter(job=job).only(*_COLUMNS).order_by("id")[: MOST + 1])
    if not steps:
        return None
    steps, is_cut = steps[:MOST], len(steps) > MOST
    now = timezone.now() if job.status in OPEN_JOB else _end(job, steps)
    retries, pauses = _orders(job, now)
    spans = {step.pk: spans_of(step, retries, now) for step in steps}
    limits = Limits.objects.filter(project=job.project_id)
    cap = limits.values_list("steps_at_once", flat=True).first()
    return draw(job.created_at, now, steps, spans, pauses=pauses, cap=cap, is_cut=is_cut)


def _orders(job: Job, end: datetime) -> tuple[list[datetime], Pauses]:
    """When persons retried the job, and when workers were paused meanwhile, by host."""
    retried = Q(verb="job.retried", subject=f"{Job._meta.label_lower}:{job.pk}")
    everyone = f"{Control._meta.label_lower}:"
    paused = Q(verb__in=("workers.paused", "workers.resumed"), subject__startswith=everyone)
    told = AuditEvent.objects.filter(retried | paused, at__range=(job.created_at, end))
    meanwhile = list(told.order_by("at", "pk").values_list("verb", "at", "subject"))
    retries = [at for verb, at, _ in meanwhile if verb == "job.retried"]
    earlier = AuditEvent.objects.filter(paused, at__lt=job.created_at)
    last = earlier.order_by("subject", "-at", "-pk").distinct("subject")
    of_host: dict[str, list[tuple[str, datetime]]] = {}
    for verb, at, subject in [*last.values_list("verb", "at", "subject"), *meanwhile]:
        if verb != "job.retried":
            of_host.setdefault(subject.removeprefix(everyone), []).append((verb, at))
    pauses = {host: pauses_of(of_host[host], job.created_at, end) for host in sorted(of_host)}
    return retries, pauses


def _end(job: Job, steps: Sequence[Step]) -> datetime:
    ends = [step.finished_at for step in steps if step.finished_at]
    return max([job.completed_at or job.failed_at or job.created_at, *ends])


# -- the drawing --------------------------------------------------------------------------------


def draw(
    begin: datetime,
    end: datetime,
    steps: Sequence[Step],
    spans: Mapping[int, Sequence[Span]],
    *,
    pauses: Pauses | None = None,
    cap: int | None = None,
    is_cut: bool = False,
) -> Timeline:
    """cap: how many steps the project may have at work at once, None for any number."""
    pauses = pauses or {}
    order = {stage: at for at, stage in enumerate(pipeline.STAGES)}
    steps = sorted(steps, key=lambda step: (order.get(step.stage, 99), step.first or 0, step.pk))
    total_s = max(1.0, (end - begin).total_seconds())
    is_long = len(steps) > ROWS
    scale = _Scale(begin=begin, total_s=total_s)
    lanes = _by_worker(steps, spans, scale) if is_long else _by_step(steps, spans, scale)
    stories = [step for step in steps if not is_plain(step)] if is_long else steps
    stages = [stage for stage in order if any(step.stage == stage for step in steps)]
    every = [span for one in spans.values() for span in one]
    worked_s = sum(span.seconds for span in every if span.what in ("work", "fault"))
    workers = {span.worker for span in every if span.worker}
    paused_s = sum((until - since).total_seconds() for since, until in pauses.get("", ()))
    keys = [*_LEGEND, _ENDED] if any(s.what == "ended" for s in every) else [*_LEGEND]
    return Timeline(
        told=(
            f"{len(steps):,} step{'s' if len(steps) > 1 else ''} in {told_length(total_s)}: "
            f"{told_length(worked_s)} of work on {len(workers)} "
            f"worker{'' if len(workers) == 1 else 's'}."
            + (f" All workers were paused for {told_length(paused_s)} of it." if paused_s else "")
        ),
        lanes=lanes,
        height=TOP_PX + LANE_PX * len(lanes) + 4,
        marks=_marks(total_s),
        legend=[
            *(Key(tone=tone_of(s), name=STAGE_NAMES.get(s, s)) for s in stages),
            *(_LEGEND[-1:] if is_long else keys),
        ],
        rows=[
            row_of(step, spans[step.pk], pauses, cap=cap)
            for step in stories[: STORIES if is_long else ROWS]
        ],
        stages=[stage_row(stage, steps, spans) for stage in stages] if is_long else [],
        is_long=is_long,
        is_cut=is_cut or (is_long and len(stories) > STORIES),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    begin: datetime
    total_s: float

    def bar(self, span: Span, y: int, tone: str, title: str) -> Bar:
        x = 100 * (span.begin - self.begin).total_seconds() / self.total_s
        width = 100 * span.seconds / self.total_s
        is_wait = span.what in WAITS
        return Bar(
            x=round(min(99.4, max(0.0, x)), 2),
            y=y + (5 if is_wait else 1),
            width=round(max(0.6, min(width, 100 - x)), 2),
            height=4 if is_wait else 12,
            tone=tone,
            title=title,
        )


def _by_step(
    steps: Sequence[Step], spans: Mapping[int, Sequence[Span]], scale: _Scale
) -> list[Lane]:
    lanes = []
    for at, step in enumerate(steps):
        y = TOP_PX + LANE_PX * at
        bars = [
            scale.bar(span, y, _tone(span, step.stage), _title(step, span))
            for span in spans[step.pk]
        ]
        lanes.append(Lane(name=_short(step), y=y, text_y=y + 11, bars=bars))
    return lanes


def _short(step: Step) -> str:
    """The name of a step beside its bars, where there is little room."""
    name = STAGE_NAMES.get(step.stage, step.stage)
    if step.document_id:
        return f"{name} …{str(step.document_id)[-5:]}"
    if step.first is None:
        return name
    return f"{name} {step.first}" if step.first == step.last else f"{name} {step.first}–{step.last}"


def _by_worker(
    steps: Sequence[Step], spans: Mapping[int, Sequence[Span]], scale: _Scale
) -> list[Lane]:
    """A lane for each worker; runs of one stage that touch on the screen are drawn as one."""
    runs: dict[str, list[tuple[Span, str]]] = {}
    for step in steps:
        for span in spans[step.pk]:
            if span.what in ("work", "fault"):
                runs.setdefault(span.worker, []).append((span, step.stage))
    lanes = []
    gap = timedelta(seconds=scale.total_s / 400)
    for at, worker in enumerate(sorted(runs)[:ROWS]):
        y = TOP_PX + LANE_PX * at
        bars = [
            scale.bar(span, y, _tone(span, stage), f"{STAGE_NAMES.get(stage, stage)}: {span.told}")
            for span, stage in _merged(runs[worker], gap)
        ]
        lanes.append(Lane(name=worker, y=y, text_y=y + 11, bars=bars))
    return lanes


def _merged(runs: Iterable[tuple[Span, str]], gap: timedelta) -> list[tuple[Span, str]]:
    merged: list[tuple[Span, str, int]] = []
    for span, stage in sorted(runs, key=lambda run: run[0].begin):
        if merged and merged[-1][1] == stage and merged[-1][0].what == span.what == "work":
            last, _, n = merged[-1]
            if span.begin - last.end <= gap:
                both = Span(
                    what="work",
                    begin=last.begin,
                    end=max(last.end, span.end),
                    worker=last.worker,
                    told=f"{n + 1} steps",
                )
                merged[-1] = (both, stage, n + 1)
                continue
        merged.append((span, stage, 1))
    return [(span, stage) for span, stage, _ in merged]


def _tone(span: Span, stage: str) -> str:
    return tone_of(stage) if span.what == "work" else f"tone-{span.what}"


def _title(step: Step, span: Span) -> str:
    on = f" on {span.worker}" if span.worker else ""
    begin = timezone.localtime(span.begin)
    return f"{step_name(step)}: {span.told}{on}, {told_length(span.seconds)} from {begin:%H:%M:%S}"


def _marks(total_s: float) -> list[Label]:
    """Times under the drawing: round numbers of seconds since the job was sent."""
    step = next(
        (s for s in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600) if total_s / s <= 5),
        86_400 * max(1, round(total_s / 86_400 / 4)) if total_s > 86_400 else 21_600,
    )
    return [
        Label(at=round(100 * at * step / total_s, 2), text=told_length(at * step))
        for at in range(int(total_s // step) + 1)
        if 100 * at * step / total_s <= 94
    ]
