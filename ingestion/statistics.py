"""What was done in which time: counts over windows of time, for charts and for /statistics.

Every question is one query over rows that ended, or began, within a window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from documents.models import AnyUser, Project
from ingestion import pipeline
from ingestion.charts import TONES, Chart, Series, by_hour, lengths
from ingestion.models import OF_DOCUMENTS, OPEN_JOB, Job, JobStatus, Kind, Step, StepStatus
from ingestion.presentation import STAGE_NAMES

PERIODS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
PERIOD_NAMES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}
HOURS = 24
CODES = TONES - 1
ROWS = 100


class Percentile(Aggregate):
    """percentile_cont(share) WITHIN GROUP (ORDER BY ...); nulls are left out."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, *, share: float, **extra: Any) -> None:
        super().__init__(expression, share=share, **extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many pages were read a minute, of late and over the last hour."""

    now: float
    last_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Jobs of one user, one project, or all: how many, how they stand, how long they took."""

    name: str
    jobs: int
    is_open: int
    completed: int
    partly: int
    failed: int
    cancelled: int
    pages: int
    pages_failed: int
    median_s: float | None
    p95_s: float | None


def steps_of(user: AnyUser) -> "QuerySet[Step]":
    """The steps of the projects that `user` may see."""
    if getattr(user, "is_superuser", False):
        return Step.objects.order_by()
    return Step.objects.filter(project__in=Project.objects.visible_to(user)).order_by()


def pace(user: AnyUser) -> Pace:
    now = timezone.now()
    read = steps_of(user).filter(stage="ocr", status=StepStatus.DONE)
    counts = read.filter(finished_at__gte=now - timedelta(hours=1)).aggregate(
        hour=Count("pk"), late=Count("pk", filter=Q(finished_at__gte=now - timedelta(minutes=2)))
    )
    return Pace(now=counts["late"] / 2, last_hour=counts["hour"] / 60)


def charts(user: AnyUser) -> list[Chart]:
    """What ended in the last 24 hours: by stage, failures by code, seconds by stage."""
    last = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    hours = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    ended = steps_of(user).filter(finished_at__gte=hours[0])
    counted = list(
        ended.filter(status__in=(StepStatus.DONE, StepStatus.FAILED))
        .annotate(hour=TruncHour("finished_at"))
        .values_list("hour", "stage", "status", "error_code")
        .annotate(n=Count("pk"), spent=Sum("elapsed_s"), longest=Max("elapsed_s"))
    )
    return [_done(hours, counted), _failures(hours, counted), _seconds(counted)]


def _done(hours: Sequence[datetime], counted: Sequence[Any]) -> Chart:
    done = {(stage, hour): 0 for stage in pipeline.STAGES for hour in hours}
    for hour, stage, status, _, n, _, _ in counted:
        if status == StepStatus.DONE and (stage, hour) in done:
            done[stage, hour] += n
    series = [
        Series(
            name=STAGE_NAMES.get(stage, stage),
            tone=tone_of(stage),
            values=[done[stage, hour] for hour in hours],
        )
        for stage in pipeline.STAGES
    ]
    told = f"{sum(done.values()):,} steps were done in the last 24 hours."
    return by_hour("done", "Steps done an hour, by stage", hours, series, told=told)


def _failures(hours: Sequence[datetime], counted: Sequence[Any]) -> Chart:
    by_code: dict[str, dict[datetime, int]] = {}
    for hour, _, status, code, n, _, _ in counted:
        if status == StepStatus.FAILED:
            of_code = by_code.setdefault(code or "unnamed", {})
            of_code[hour] = of_code.get(hour, 0) + n
    codes = sorted(by_code, key=lambda code: -sum(by_code[code].values()))
    if len(codes) > CODES:
        rest: dict[datetime, int] = {}
        for code in codes[CODES - 1 :]:
            for hour, n in by_code[code].items():
                rest[hour] = rest.get(hour, 0) + n
        codes, by_code = [*codes[: CODES - 1], "others"], by_code | {"others": rest}
    series = [
        Series(name=code, tone=f"tone-{at + 1}", values=[by_code[code].get(h, 0) for h in hours])
        for at, code in enumerate(codes)
    ]
    total = sum(sum(one.values) for one in series)
    told = f"{total:,.0f} steps failed for good in the last 24 hours."
    return by_hour("failures", "Failures an hour, by code", hours, series, told=told)


def _seconds(counted: Sequence[Any]) -> Chart:
    values: dict[str, tuple[float, str, str]] = {}
    for stage in pipeline.STAGES:
        of_stage = [row for row in counted if row[1] == stage and row[2] == StepStatus.DONE]
        n = sum(row[4] for row in of_stage)
        if n:
            mean = sum(row[5] or 0 for row in of_stage) / n
            longest = max(row[6] or 0 for row in of_stage)
            text = f"{mean:,.2f} s on average, {longest:,.1f} s at most"
            values[STAGE_NAMES.get(stage, stage)] = (mean, tone_of(stage), text)
    told = "Seconds that a step took, by stage, in the last 24 hours."
    return lengths("seconds", "Seconds a step, by stage", values, told=told, unit="Seconds")


def tone_of(stage: str) -> str:
    names = list(pipeline.STAGES)
    return f"tone-{names.index(stage) + 1}" if stage in names else "tone-quiet"


# -- jobs, by who sent them -----------------------------------------------------------------


def jobs_in(user: AnyUser, period: str) -> "QuerySet[Job]":
    """Jobs sent within a period that `user` may see; a batch counts as its files."""
    since = timezone.now() - PERIODS[period]
    seen = Job.objects.visible_to(user).filter(created_at__gte=since)
    return seen.exclude(kind=Kind.BATCH).order_by()


def overall(user: AnyUser, period: str) -> Line:
    return _line("All", jobs_in(user, period).aggregate(**_MEASURES))


def by_user(user: AnyUser, period: str) -> list[Line]:
    lines = _grouped(jobs_in(user, period), "created_by__username")
    return [_line(row["created_by__username"] or "a command", row) for row in lines]


def by_project(user: AnyUser, period: str) -> list[Line]:
    lines = _grouped(jobs_in(user, period), "project__name")
    return [_line(row["project__name"], row) for row in lines]


def _grouped(jobs: "QuerySet[Job]", column: str) -> list[dict[str, Any]]:
    """The measures by a column, whoever has most first."""
    found: Any = jobs.values(column).annotate(**_MEASURES)
    return list(found.order_by("-jobs", column)[:ROWS])


_TOOK = F("completed_at") - F("created_at")
_MEASURES: dict[str, Any] = {
    "jobs": Count("pk"),
    "is_open": Count("pk", filter=Q(status__in=OPEN_JOB)),
    "done": Count("pk", filter=Q(status=JobStatus.COMPLETED)),
    "partly": Count("pk", filter=Q(status=JobStatus.COMPLETED, pages_failed__gt=0)),
    "failed": Count("pk", filter=Q(status=JobStatus.FAILED)),
    "cancelled": Count("pk", filter=Q(status=JobStatus.CANCELLED)),
    # Documents gone through again are no new pages.
    "pages": Sum("pages_total", filter=~Q(kind__in=OF_DOCUMENTS), default=0),
    "not_read": Sum("pages_failed", default=0),
    "median": Percentile(_TOOK, share=0.5),
    "p95": Percentile(_TOOK, share=0.95),
}


def _line(name: str, row: dict[str, Any]) -> Line:
    return Line(
        name=name,
        jobs=row["jobs"],
        is_open=row["is_open"],
        completed=row["done"] - row["partly"],
        partly=row["partly"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        pages=row["pages"],
        pages_failed=row["not_read"],
        median_s=_seconds_of(row["median"]),
        p95_s=_seconds_of(row["p95"]),
    )


def _seconds_of(length: timedelta | None) -> float | None:
    return length.total_seconds() if length is not None else None
