"""The worker's own side: its name, its signs of life, its engine child, pause and resume."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import psutil
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from ingestion import ledger, queue
from ingestion.engines.host import EngineGone, EngineHost
from ingestion.models import Control, Step, StepStatus, WorkerBeat

_REAPER_LOCK = 0x646F636B  # "dock"
_BEAT_S = 5.0
_last_beat = 0.0


def name() -> str:
    """`host:pid`, unique among the living."""
    return f"{socket.gethostname()}:{os.getpid()}"


@cache
def host() -> EngineHost:
    """This process's engine child; made on first use, which is after the fork."""
    return EngineHost(
        settings.ENGINES,
        memory_bytes=settings.ENGINE_MEMORY_BYTES,
        restart_bytes=settings.ENGINE_RESTART_BYTES,
    )


class Caller:
    """Calls engines for one step: its time limit, its lease, its signs of life."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._limit_s = settings.STEP_LIMIT_S[step.stage]
        self._renewed = time.monotonic()
        self._deadline = self._renewed + self._limit_s
        self.engine_used = ""
        beat(step)

    def __call__(self, engine: str, method: str, **arguments: Any) -> Any:
        """Raises EngineFault, or LeaseLost when the step was cancelled or taken over."""
        self.engine_used = settings.ENGINES[engine]["BACKEND"].rpartition(".")[2]
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            message = f"The step took longer than its limit of {self._limit_s} s and was stopped."
            raise EngineGone(message, "time_limit")
        return host().call(engine, method, limit_s=left_s, tick=self.tick, **arguments)

    def tick(self) -> None:
        if time.monotonic() - self._renewed > settings.LEASE_RENEWAL_S:
            ledger.renew(self._step)
            beat(self._step)
            self._renewed = time.monotonic()


def beat(step: Step | None) -> None:
    """Show that this worker lives and what it does, at most every few seconds."""
    global _last_beat
    if time.monotonic() - _last_beat < _BEAT_S:
        return
    _last_beat = time.monotonic()
    process = psutil.Process()
    memory_bytes = process.memory_info().rss + (host().memory_bytes if step else 0)
    WorkerBeat.objects.update_or_create(
        name=name(),
        defaults={"step": step, "memory_bytes": memory_bytes, "seen_at": timezone.now()},
        create_defaults={
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "step": step,
            "memory_bytes": memory_bytes,
            "started_at": timezone.now(),
            "seen_at": timezone.now(),
        },
    )


def forget_silent() -> None:
    """Drop the rows of workers that have been silent for a day."""
    WorkerBeat.objects.filter(seen_at__lt=Now() - timedelta(days=1)).delete()


def is_paused() -> bool:
    return Control.objects.filter(is_paused=True).exists()


def set_paused(is_paused: bool) -> None:
    """Pause or resume all workers; resuming wakes them."""
    Control.objects.update_or_create(pk=1, defaults={"is_paused": is_paused})
    if not is_paused:
        queue.push(ledger.count_ready())


@contextmanager
def only_one() -> Iterator[bool]:
    """True for the one process that holds the reaper's advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_REAPER_LOCK])
        is_ours = bool((cursor.fetchone() or (False,))[0])
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_REAPER_LOCK])


def listen() -> None:
    """Have a new worker process look for work: the one before it may have died with its token."""
    queue.on_worker_start(_started)


def _started(**kwargs: Any) -> None:
    queue.push(min(1, ledger.count_ready()))
    # The step that the dead one held is free when its lease has run out.
    if Step.objects.filter(status=StepStatus.RUNNING).exists():
        queue.push_later(settings.LEASE_S + 1)
