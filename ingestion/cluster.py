"""Keeps a qcluster alive: starts it, watches it, restarts it, ends it.

A worker that is killed while it waits can leave django-q2's internal queue lock taken; the
cluster then goes silent for good without an error. So the cluster runs as a child, and the
watchdog restarts it when steps could be claimed, or messages lie there, and nobody on this host
takes them.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Max

from config import stop
from ingestion import ledger, queue, workers
from ingestion.models import WorkerBeat

log = logging.getLogger(__name__)
WATCH_S = 2.0
CHECK_S = 2.0
SILENCE_S = 30.0
GRACE_S = 30.0
_NOTES = settings.VAR / "run" / "clusters"


class Cluster:
    """One `manage.py qcluster` in a process group of its own."""

    def __init__(self, log_file: Path | None = None) -> None:
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        self.stop(grace_s=0)
        with ExitStack() as stack:
            log_file = self._log_file and stack.enter_context(open(self._log_file, "ab"))
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "qcluster"],
                cwd=settings.BASE_DIR,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=log_file or None,
            )
        stop.note(_NOTES, str(self._process.pid), self._process.pid)
        self._started = time.monotonic()

    def tend(self) -> None:
        """Start it afresh where it has died or fallen silent; wake it for what others lost."""
        if not self.is_running():
            log.error("cluster.died")
            self.start()
        elif time.monotonic() - self._started > SILENCE_S and is_silent():
            log.error("cluster.silent")
            self.stop(grace_s=1)
            self.start()
        else:
            wake_for_lost()

    def was_started(self) -> bool:
        return self._process is not None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self, grace_s: float = GRACE_S) -> None:
        """SIGTERM to the main process only, which drains; then SIGKILL to the whole group.

        SIGTERM to the whole group can hang django-q2. What a dead main process left behind
        (sentinel, pusher, workers) would go on claiming."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=grace_s)
        except subprocess.TimeoutExpired:
            log.warning("cluster.killed")
        stop.kill_group(self._process.pid)
        self._process.wait()
        (_NOTES / f"{self._process.pid}.pid").unlink(missing_ok=True)
        self._process = None


@contextmanager
def at_hand() -> Iterator[Callable[[], None]]:
    """Workers for the length of a block: those that run, or a cluster of our own.

    The value is to be called now and then while waiting: it starts a cluster when the one
    that ran is gone (a cluster that ended is still reported for some seconds). Our own logs
    into var/docket.log and ends with the block, by SIGTERM too."""
    own = Cluster(settings.VAR / "docket.log")
    looked = -CHECK_S

    def look() -> None:
        nonlocal looked
        if time.monotonic() - looked < CHECK_S:
            return
        looked = time.monotonic()
        if own.was_started():
            own.tend()
        elif not queue.clusters():
            own.start()

    # Noted too, or it would start workers and Postgres again behind the back of `make stop`.
    name = f"command-{os.getpid()}"
    stop.note(_NOTES, name, os.getpid())
    before = signal.signal(signal.SIGTERM, _exit)
    look()
    try:
        yield look
    finally:
        own.stop()
        (_NOTES / f"{name}.pid").unlink(missing_ok=True)
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def supervise() -> None:
    """Run and watch a cluster until SIGTERM or SIGINT."""
    is_ending = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal is_ending
        is_ending = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    cluster = Cluster()
    cluster.start()
    while not is_ending:
        time.sleep(WATCH_S)
        cluster.tend()
    cluster.stop()


def wake_for_lost() -> None:
    """Wake a worker when a lease has run out: the host that held it may be gone for good, and
    who is idle here would hear of it from the reaper only."""
    try:
        if ledger.has_lost():
            queue.push(1)
    except DatabaseError:
        connection.close()


def fault() -> str:
    """What is wrong with the workers of this host, as a sentence; "" when they are well.

    A database that is away is no fault of theirs: ending them would not bring it back."""
    try:
        if not any(host == settings.HOST_NAME for host, _ in queue.living_workers()):
            return "No worker of this host has reported within the last seconds."
        if is_silent():
            return f"Work has been ready for {SILENCE_S:g} s and no worker of this host takes it."
    except DatabaseError:
        connection.close()
    return ""


def is_silent() -> bool:
    """True when work or a message has been ready for SILENCE_S seconds, nothing is paused, and
    this host has not claimed or renewed anything meanwhile.

    Without a step the messages tell: the chores come with them, and an idle cluster that takes
    none would let the next upload wait."""
    try:
        beats = WorkerBeat.objects.filter(host=settings.HOST_NAME)
        newest = beats.aggregate(newest=Max("seen_at"))["newest"]
        if newest is not None and time.time() - newest.timestamp() < SILENCE_S:
            return False
        if ledger.waits_since(SILENCE_S, settings.HOST_NAME):
            return True
        return queue.waits_since(SILENCE_S) and not workers.is_paused(settings.HOST_NAME)
    except DatabaseError:
        # A database that is away is no silence of the cluster.
        connection.close()
        return False
