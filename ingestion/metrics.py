"""/metrics: what all processes counted, and how things stand, in Prometheus's text format.

Each process that works or searches writes its counts to a row of its own, a `Tally`, at most
every WRITE_S; the scrape adds the rows up, so that any web process answers for the whole
system. Rows of processes that fell silent are folded into one (`fold`): no counter ever falls.
What a process counted since it last wrote is lost when it is killed.

Gauges are read from partial indexes, sums and the catalogue: none walks through rows of work
that is done.
"""

import hmac
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as NoDatabase
from django.db import connection, transaction
from django.db.models import Count, F, Max, Q, Sum
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from config import metrics
from ingestion import metrics_models, queue
from ingestion.models import Control, Job, JobStatus, Priority, Step, StepStatus, Tally, WorkerBeat
from search.models import Corpus

log = logging.getLogger(__name__)
WRITE_S = 5.0
SILENT_S = 3_600
RETIRED = "retired"
_ADD_UP = """
SELECT key, sum(value::float8) FROM ingestion_tally, jsonb_each_text(counts) GROUP BY key
"""
_KEY = re.compile(r"(\w+)\{(.*)\}")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


# -- the side that counts ------------------------------------------------------------------


class _Row:
    """This process's row. Its counts are those since `base`, the counts at its beginning:
    another process's before the fork, or our own that were folded meanwhile."""

    def __init__(self) -> None:
        # A process id comes again, in containers at once.
        self.name = f"{settings.HOST_NAME[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.base = metrics.counts()
        self.written = dict(self.base)
        self.is_made = False
        self.news = metrics.news()
        self.at = 0.0
        self.lock = threading.Lock()

    def write(self) -> None:
        news, now = metrics.news(), metrics.counts()
        own = Tally.objects.filter(name=self.name)
        if not self.is_made or not own.update(counts=_less(now, self.base), seen_at=Now()):
            if self.is_made:
                self.base = self.written
            counts = _less(now, self.base)
            Tally.objects.create(name=self.name, counts=counts, seen_at=Now())
            self.is_made = True
        self.written, self.news = now, news


_row = _Row()


def _begin_anew() -> None:
    global _row
    _row = _Row()


os.register_at_fork(after_in_child=_begin_anew)


def write_counts() -> bool:
    """Write what this process has counted, if anything is new. Belongs outside transactions.

    False where the database is away: the counts are kept for the next time."""
    row = _row
    if metrics.news() == row.news or not row.lock.acquire(blocking=False):
        return True
    try:
        row.write()
    except NoDatabase as fault:
        connection.close_if_unusable_or_obsolete()
        log.warning("metrics.not_written", extra={"fault": type(fault).__name__})
        return False
    finally:
        row.at = time.monotonic()
        row.lock.release()
    return True


def write_after_request(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a web process writes its counts after a request, at most every WRITE_S."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        # A probe must answer while the database is away.
        is_due = time.monotonic() - _row.at >= WRITE_S
        if is_due and request.path not in settings.PROBES:
            write_counts()
        return response

    return middleware


def fold() -> int:
    """Add the rows of processes that were silent for SILENT_S to one row; how many.

    A process that was only quiet notices, and begins a row with what it counts from then on."""
    with transaction.atomic():
        Tally.objects.get_or_create(name=RETIRED, defaults={"seen_at": Now()})
        retired = Tally.objects.select_for_update().get(name=RETIRED)
        old = Tally.objects.exclude(name=RETIRED).filter(
            seen_at__lt=Now() - timedelta(seconds=SILENT_S)
        )
        rows = list(old.select_for_update(skip_locked=True))
        total: defaultdict[str, float] = defaultdict(float, retired.counts)
        for row in rows:
            for key, count in row.counts.items():
                total[key] += count
        Tally.objects.filter(name=RETIRED).update(counts=total, seen_at=Now())
        Tally.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _less(counts: dict[str, float], base: dict[str, float]) -> dict[str, float]:
    return {key: count - base.get(key, 0) for key, count in counts.items()}


# -- the scrape ----------------------------------------------------------------------------


@login_not_required
@never_cache
@require_safe
def scrape(request: HttpRequest) -> HttpResponse:
    """GET /metrics, for who knows DOCKET_METRICS_TOKEN, or a superuser's session."""
    if not _may_scrape(request):
        refused = "Send `Authorization: Bearer` with DOCKET_METRICS_TOKEN, or sign in as superuser."
        return HttpResponse(refused, status=403, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Everything())
    try:
        if write_counts():
            told = generate_latest(registry)
            return HttpResponse(told, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    except NoDatabase as fault:
        log.warning("metrics.away", extra={"fault": type(fault).__name__})
    return HttpResponse("No database.", status=503, content_type="text/plain")


def _may_scrape(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        wanted = settings.METRICS_TOKEN
        return bool(wanted) and hmac.compare_digest(given.strip().encode(), wanted.encode())
    return request.user.is_active and request.user.is_superuser


class _Everything(Collector):
    def describe(self) -> Iterable[Metric]:
        """Nothing: asked at registration, it would collect everything twice."""
        return ()

    def collect(self) -> Iterator[Metric]:
        yield from _counters()
        yield from _queue()
        yield from _workers()
        yield from _holdings()
        yield from metrics_models.gauges()


def _counters() -> Iterator[Metric]:
    samples = _sums()
    for family in metrics.families():
        if family.type == "histogram":
            yield _histogram(family, samples)
        else:
            counter = CounterMetricFamily(family.name, family.documentation)
            for labels, count in samples[f"{family.name}_total"]:
                counter.add_sample(f"{family.name}_total", labels, count)
            yield counter


def _sums() -> defaultdict[str, list[tuple[dict[str, str], float]]]:
    """The counts of all processes together: sample name -> [(labels, count)]."""
    samples: defaultdict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP)
        for key, count in sorted(cursor.fetchall()):
            if parts := _KEY.fullmatch(key):
                samples[parts[1]].append((dict(_LABEL.findall(parts[2])), count))
    return samples


def _histogram(
    family: Metric, samples: defaultdict[str, list[tuple[dict[str, str], float]]]
) -> Metric:
    buckets: defaultdict[tuple[tuple[str, str], ...], list[tuple[str, float]]] = defaultdict(list)
    for labels, count in samples[f"{family.name}_bucket"]:
        edge = labels.pop("le")
        buckets[tuple(labels.items())].append((edge, count))
    names = sorted({name for labels in buckets for name, _ in labels})
    histogram = HistogramMetricFamily(family.name, family.documentation, labels=names)
    seconds = {tuple(labels.items()): count for labels, count in samples[f"{family.name}_sum"]}
    for own, edges in buckets.items():
        edges.sort(key=lambda edge: float(edge[0]))
        histogram.add_metric([value for _, value in own], edges, seconds.get(own, 0.0))
    return histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Steps of one priority: ready ones, those that back off, seconds since the first was."""

    priority: Priority
    ready: int
    later: int
    oldest_s: float


def waiting() -> tuple[Waiting, ...]:
    """Of each priority; reads the rows of queued steps only."""
    is_ready = Q(run_after__lte=Now())
    found = (
        Step.objects.filter(status=StepStatus.QUEUED)
        .order_by()
        .values("priority")
        .annotate(
            ready=Count("pk", filter=is_ready),
            later=Count("pk", filter=~is_ready),
            age=Max(Now() - F("run_after"), filter=is_ready),
        )
    )
    rows = {row["priority"]: row for row in found}
    return tuple(
        Waiting(
            priority=priority,
            ready=rows[priority]["ready"] if priority in rows else 0,
            later=rows[priority]["later"] if priority in rows else 0,
            oldest_s=_seconds(rows[priority]["age"]) if priority in rows else 0.0,
        )
        for priority in Priority
    )


def _seconds(age: timedelta | None) -> float:
    return age.total_seconds() if age else 0.0


def _queue() -> Iterator[Metric]:
    now = waiting()
    by_priority = {(line.priority.name.lower(),): line.ready for line in now}
    yield _gauge("docket_queue_depth", "Steps that are ready", by_priority, ["priority"])
    oldest_s = max(line.oldest_s for line in now)
    yield _gauge("docket_queue_oldest_seconds", "Since the oldest ready step was ready", oldest_s)
    later = sum(line.later for line in now)
    yield _gauge("docket_steps_waiting_later", "Steps that wait before they run again", later)
    jobs = Job.objects.is_open().order_by().values("status").annotate(number=Count("pk"))
    found = {row["status"]: row["number"] for row in jobs}
    open_jobs = (JobStatus.PENDING, JobStatus.QUEUED, JobStatus.RUNNING)
    by_status = {(status.value,): found.get(status.value, 0) for status in open_jobs}
    yield _gauge("docket_jobs", "Jobs that are open", by_status, ["status"])


def _workers() -> Iterator[Metric]:
    """busy shows signs of life at a step; silent has shown none for longer than a lease."""
    living = queue.living_workers()
    fresh = WorkerBeat.objects.filter(seen_at__gte=Now() - timedelta(seconds=settings.LEASE_S))
    at_work = {(beat.host, beat.pid) for beat in fresh.filter(step__isnull=False)}
    stale = WorkerBeat.objects.exclude(pk__in=fresh.values("pk"))
    silent = stale.filter(step__status=StepStatus.RUNNING, step__worker=F("name"))
    lost = {(beat.host, beat.pid) for beat in silent}
    states = {
        ("busy",): len(at_work),
        ("idle",): len(living - at_work - lost),
        ("silent",): len(lost),
    }
    yield _gauge("docket_workers", "Worker processes", states, ["state"])
    paused = set(Control.objects.filter(is_paused=True).values_list("host", flat=True))
    yield _gauge("docket_workers_paused", "1 while all hosts are paused", float("" in paused))
    yield _gauge("docket_hosts_paused", "Hosts paused on their own", len(paused - {""}))
    # One that has nothing to do says so once.
    names = [f"{host}:{pid}" for host, pid in living]
    there = WorkerBeat.objects.filter(Q(name__in=names) | Q(pk__in=fresh.values("pk")))
    held = there.aggregate(held=Sum("memory_bytes"))["held"] or 0
    text = "Resident bytes of workers and their engine children, as they last said"
    yield _gauge("docket_engine_memory_bytes", text, held)


def _holdings() -> Iterator[Metric]:
    chunks = Corpus.objects.aggregate(chunks=Sum("chunks"))["chunks"] or 0
    yield _gauge("docket_chunks", "Passages that can be found", chunks)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('search_chunk'), (SELECT count(*) FROM"
            " pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())"
        )
        size_bytes, connections = cursor.fetchone() or (0, 0)
    yield _gauge("docket_index_bytes", "Bytes of the passages and their indexes", size_bytes)
    yield _gauge("docket_database_connections", "To the database, but for this one", connections)
    free_bytes = shutil.disk_usage(settings.VAR).free
    yield _gauge("docket_disk_free_bytes", "Free bytes below DOCKET_VAR, here", free_bytes)


def _gauge(
    name: str,
    text: str,
    value: float | dict[tuple[str], int],
    labels: list[str] | None = None,
) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=labels or [])
    for own, number in value.items() if isinstance(value, dict) else [((), value)]:
        gauge.add_metric(list(own), number)
    return gauge
