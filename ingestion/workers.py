"""The worker's own side: its name, its signs of life, its engine child, pause and resume."""

import os
import time
from datetime import timedelta
from functools import cache
from typing import Any

import psutil
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config import metrics
from config.engines import EngineConfig, EngineError
from documents.models import AnyUser, record
from ingestion import ledger, limits, queue
from ingestion.engines.host import EngineGone, EngineHost
from ingestion.errors import Interrupted, JobExpired, LeaseLost
from ingestion.metrics import write_counts
from ingestion.models import Control, Step, StepStatus, WorkerBeat

_BEAT_S = 5.0
_DRAIN_CHECK_S = 1.0
_last_beat = 0.0
_was_busy = True
_last_look = 0.0
_is_draining = False
_restarts = 0


def name() -> str:
    """`host:pid`, unique among the living."""
    return f"{settings.HOST_NAME}:{os.getpid()}"


def new_host() -> EngineHost:
    """An engine child as the settings want it; it starts with the first call."""
    return EngineHost(
        settings.ENGINES,
        memory_bytes=settings.ENGINE_MEMORY_BYTES,
        restart_bytes=settings.ENGINE_RESTART_BYTES,
    )


@cache
def host() -> EngineHost:
    """This process's engine child; made on first use, which is after the fork."""
    return new_host()


class Caller:
    """Calls engines for one step: its time limit, its lease, its signs of life."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._limit_s = limits.step_limit_s(step.job, step.stage)
        self._renewed = self._checked = time.monotonic()
        self._deadline = self._renewed + self._limit_s
        left_s = limits.job_limit_s(step.job) - step.job.active_s
        if left_s < self._limit_s + settings.TASK_SPAN_S:
            # The job at hand may be as old as this worker's span; a retry gave it time anew.
            step.job.refresh_from_db(fields=["active_s"])
            left_s = limits.job_limit_s(step.job) - step.job.active_s
        self._job_deadline = self._renewed + left_s
        self.engine_used = ""
        beat(step)

    def __call__(
        self, engine: str, method: str, *, config: EngineConfig | None = None, **arguments: Any
    ) -> Any:
        """Raises EngineFault, JobExpired, or LeaseLost when the step was cancelled or taken."""
        chosen = config or settings.ENGINES[engine]
        self.engine_used = chosen["BACKEND"].rpartition(".")[2]
        now = time.monotonic()
        self._stop_at_limit(now)
        limit_s = min(self._deadline, self._job_deadline) - now
        try:
            answer = host().call(
                engine, method, config=config, limit_s=limit_s, tick=self.tick, **arguments
            )
        except EngineGone as fault:
            if fault.code == "time_limit" and self._job_deadline < self._deadline:
                raise JobExpired from fault
            if fault.code == "engine_killed":
                raise Interrupted(fault.message, fault.code) from fault
            raise
        except EngineError:
            # A file that the storage took away while it was read is no damaged file.
            if "path" in arguments:
                os.stat(arguments["path"])
            raise
        if (engine, method) == ("embed", "embed"):
            metrics.embedded(len(arguments["texts"]), time.monotonic() - now)
        return answer

    def tick(self) -> None:
        """Called several times a second: see soon that the step was cancelled, hold the lease.

        Raises what a call raises."""
        now = time.monotonic()
        if now - self._checked < settings.CANCEL_CHECK_S:
            return
        self._checked = now
        self._stop_at_limit(now)
        try:
            if now - self._renewed < settings.LEASE_RENEWAL_S:
                ledger.hold(self._step)
                return
            ledger.renew(self._step)
            self._renewed = now
            beat(self._step)
        except (OperationalError, InterfaceError) as fault:
            # The engine goes on while the database restarts, as long as the lease may hold.
            connection.close()
            if now - self._renewed > settings.LEASE_S:
                raise LeaseLost from fault

    def _stop_at_limit(self, now: float) -> None:
        if now >= self._job_deadline:
            raise JobExpired
        if now >= self._deadline:
            message = f"The step took longer than its limit of {self._limit_s:g} s and was stopped."
            raise EngineGone(message, "time_limit")


def beat(step: Step | None) -> None:
    """Show that this worker lives and what it does, at most every few seconds."""
    if time.monotonic() - _last_beat >= _BEAT_S:
        _beat_now(step)


def idle() -> None:
    """Show that this worker has nothing to do: at once after a step, else now and then."""
    if _was_busy:
        _beat_now(None)
    else:
        beat(None)


def _beat_now(step: Step | None) -> None:
    global _last_beat, _was_busy, _restarts
    _last_beat, _was_busy = time.monotonic(), step is not None
    engine = host()
    restarts = max(0, engine.starts - 1)
    told = {
        "step": step,
        "memory_bytes": psutil.Process().memory_info().rss + engine.memory_bytes,
        "engine_restarts": restarts,
        "seen_at": timezone.now(),
    }
    made = {"host": settings.HOST_NAME, "pid": os.getpid(), "started_at": timezone.now()}
    WorkerBeat.objects.update_or_create(name=name(), defaults=told, create_defaults=told | made)
    if restarts > _restarts:
        metrics.engine_restarted(restarts - _restarts)
    _restarts = restarts
    write_counts()


def forget_silent() -> None:
    """Drop the rows of workers that have been silent for a day."""
    WorkerBeat.objects.filter(seen_at__lt=Now() - timedelta(days=1)).delete()


# -- pause, resume, drain --------------------------------------------------------------------


def is_paused(of_host: str = "") -> bool:
    """Whether all hosts are paused, or this one."""
    return Control.objects.filter(is_paused=True, host__in=("", of_host)).exists()


def set_paused(is_paused: bool, actor: AnyUser | None = None, *, of_host: str = "") -> None:
    """Pause or resume all workers ("") or those of one host; resuming wakes them.

    Steps at work finish; none are begun while the pause lasts."""
    with transaction.atomic():
        control, _ = Control.objects.update_or_create(pk=of_host, defaults={"is_paused": is_paused})
        told = "workers.paused" if is_paused else "workers.resumed"
        record(told, control, actor=actor, project=None)
        if not is_paused:
            queue.wake_all()


def is_draining(*, looks: bool) -> bool:
    """Whether the cluster of this worker was told to stop, as far as it is known; `looks`
    again, once a second at most. Who was just woken does not: it would begin later."""
    global _last_look, _is_draining
    if looks and time.monotonic() - _last_look >= _DRAIN_CHECK_S:
        _last_look = time.monotonic()
        _is_draining = queue.is_ending(os.getppid())
    return _is_draining


def listen() -> None:
    """Have a new worker process look for work: the one before it may have died with its token."""
    queue.on_worker_start(_started)


def _started(**kwargs: Any) -> None:
    queue.push(int(ledger.has_ready()))
    # The step that the dead one held is free when its lease has run out.
    if Step.objects.filter(status=StepStatus.RUNNING).exists():
        queue.push_later(settings.LEASE_S + 1)
