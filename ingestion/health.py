"""GET /healthz and GET /readyz: what asks whether this process, and what it needs, is there.

/healthz answers as long as the process does, and asks nothing else: whoever gets no answer may
restart it. /readyz is 200 when requests can be served here, else 503:

    database, migrations, storage   needed
    workers                         told; needed only with ?workers=1. A page that is searched
                                    or confirmed needs none, and what is uploaded waits in its
                                    rows: taking every web process out would help nobody.
                                    Paused workers are there, and say so.
    queue                           told, never a cause: a long queue is no fault of this
                                    process, and it would drop out just when work comes in.
                                    Alarms go by /metrics.

Each check runs in a thread with a connection of its own, one at a time, so that neither a
database that says nothing nor many who ask can hold up the requests. Answers hold no names
and no messages of other programs.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ingestion import metrics, queue, workers

log = logging.getLogger(__name__)
LIMIT_S = 4.0
KEPT_S = 1.0
COSTLY_KEPT_S = 10.0
NEEDED = ("database", "migrations", "storage")
Told = dict[str, dict[str, Any]]


def without_session(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: probes are nobody's, even from a browser that has signed in. Looking up the
    session would ask the database that may be away."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path in settings.PROBES:
            request.COOKIES.clear()
        return get_response(request)

    return middleware


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answers within LIMIT_S, whatever is away."""
    needed = {*NEEDED, "workers"} if request.GET.get("workers") == "1" else {*NEEDED}
    checks = look()
    is_ready = all(checks[name]["ok"] for name in needed)
    return JsonResponse({"ready": is_ready, "checks": checks}, status=200 if is_ready else 503)


def look() -> Told:
    """What each check found, an entry a check, `ok` in each that can fail."""
    asked = [(check, check.ask()) for check in CHECKS]
    told: Told = {}
    for check, future in asked:
        try:
            told |= future.result(timeout=check.patience_s())
        except NoAnswer:
            told |= check.silence(f"no answer in {LIMIT_S:g} s")
    return told


class Check:
    """Something to look at that may hang: looked at by one thread at a time.

    Its answer serves whoever asks in the `kept_s` seconds after it came."""

    def __init__(self, names: tuple[str, ...], look: Callable[[], Told], *, kept_s: float) -> None:
        self._names, self._look, self._kept_s = names, look, kept_s
        self._lock = threading.Lock()
        self._future: Future[Told] | None = None
        self._began = self._ended = 0.0

    def ask(self) -> "Future[Told]":
        with self._lock:
            future = self._future
            is_old = time.monotonic() - self._ended > self._kept_s
            if future is None or (future.done() and is_old):
                future = self._future = Future()
                self._began = time.monotonic()
                threading.Thread(target=self._run, args=(future,), daemon=True).start()
            return future

    def patience_s(self) -> float:
        """How long to wait for the look that is being taken: LIMIT_S from its beginning, however
        many ask meanwhile. While nothing answers, those who ask must not hold all threads."""
        return max(0.0, self._began + LIMIT_S - time.monotonic())

    def forget(self) -> None:
        """Look anew when next asked."""
        with self._lock:
            self._future = None

    def silence(self, error: str) -> Told:
        return {name: {"ok": False, "error": error} for name in self._names}

    def _run(self, future: "Future[Told]") -> None:
        try:
            told = self._look()
        except Exception as fault:  # databases, storages and brokers have faults of their own
            log.warning("ready.fault", extra={"check": self._names[0], "fault": _name(fault)})
            told = self.silence("it failed; the log says how")
        finally:
            connections.close_all()
        self._ended = time.monotonic()
        future.set_result(told)


def _name(fault: Exception) -> str:
    return type(fault).__name__


def _database() -> Told:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"database": {"ok": True}}


def _migrations() -> Told:
    """Whether none is left to apply."""
    loader = MigrationLoader(connection)
    unapplied = sum(node not in loader.applied_migrations for node in loader.graph.nodes)
    return {"migrations": {"ok": not unapplied, "unapplied": unapplied}}


def _storage() -> Told:
    """Writes, reads and removes a blob of this process's own."""
    mark = os.urandom(8)
    name = default_storage.save(f"probes/{mark.hex()}", ContentFile(mark))
    try:
        with default_storage.open(name) as blob:
            is_same = blob.read() == mark
    finally:
        default_storage.delete(name)
    return {"storage": {"ok": is_same}}


def _workers() -> Told:
    clusters = queue.clusters()
    now = metrics.waiting()
    return {
        "workers": {"ok": clusters > 0, "clusters": clusters, "paused": workers.is_paused()},
        "queue": {
            "depth": sum(line.ready for line in now),
            "later": sum(line.later for line in now),
            "oldest_s": round(max(line.oldest_s for line in now), 1),
        },
    }


CHECKS = (
    Check(("database",), _database, kept_s=KEPT_S),
    Check(("migrations",), _migrations, kept_s=COSTLY_KEPT_S),
    Check(("storage",), _storage, kept_s=COSTLY_KEPT_S),
    Check(("workers", "queue"), _workers, kept_s=COSTLY_KEPT_S),
)
