"""What a queue message makes a worker do."""

import logging
import time

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils.dateparse import parse_datetime

from config import logs, metrics
from config.engines import EngineError, EngineFault
from documents import files
from documents.models import Upload
from ingestion import ledger, pipeline, queue, upkeep, workers
from ingestion.errors import Interrupted, JobExpired, LeaseLost
from ingestion.metrics import write_counts
from ingestion.models import Step, StepStatus

log = logging.getLogger(__name__)
_DATABASE_AWAY = "The database did not take the result; it is tried again."
_STORAGE_AWAY = "The file storage did not answer; it is tried again."


def work() -> None:
    """Do the best ready step, then the next, for TASK_SPAN_S; leave a token if work remains.

    Between two steps it makes way for a cluster that is told to stop. A database that went
    away ends the task: steps keep their leases, and the reaper sends new tokens."""
    try:
        _work_for_a_span()
        # It may be long until there is work again.
        write_counts()
    except (OperationalError, InterfaceError) as fault:
        connection.close()
        log.warning("task.database", extra={"fault": type(fault).__name__})


def _work_for_a_span() -> None:
    until = time.monotonic() + settings.TASK_SPAN_S
    while time.monotonic() < until:
        if workers.is_draining():
            break
        step = ledger.claim(workers.name(), settings.HOST_NAME)
        if step is None:
            workers.idle()
            return
        run(step)
    queue.push(min(1, ledger.count_ready()))


def run(step: Step) -> None:
    """Work on a claimed step and say how it ended, in the log and in the counts."""
    began = time.monotonic()
    with logs.bound(job=step.job_id, step=step.pk, stage=step.stage, page=step.first):
        if _was_lost(step):
            metrics.step_lost(step.stage)
        was_held = _attempt(step)
        if outcome := _outcome(step, was_held):
            metrics.step_ended(step.stage, outcome, time.monotonic() - began)
            log.info("step.done" if outcome == "done" else "step.ended", extra={"outcome": outcome})


def _was_lost(step: Step) -> bool:
    """Whether the run before this one ended with its worker: then it was queued again in the
    moment that stands in its history."""
    last = step.history[-1] if step.history else {}
    is_loss = last.get("code") == "worker_lost"
    return is_loss and parse_datetime(last["ended"]) == step.run_after


def _outcome(step: Step, was_held: bool) -> str:
    """done, failed, halved, retried, skipped; "" where the step was taken from us, which is
    counted as lost when it is claimed again."""
    now = Step.objects.filter(pk=step.pk).values("status", "error_code").first()
    if now is None or now["status"] == StepStatus.SKIPPED:
        return "halved" if now and now["error_code"] == ledger.HALVED else "skipped"
    if not was_held:
        return ""
    is_ended = now["status"] in (StepStatus.DONE, StepStatus.FAILED)
    return str(now["status"]) if is_ended else "retried"


def _attempt(step: Step) -> bool:
    """Work on a claimed step and finish or fail it; False when it was taken from us.

    Never raises for a fault of the input. Raises OperationalError or InterfaceError while the
    database is away."""
    started = time.monotonic()
    upload_id = step.job.upload_id
    about = {"job": step.job_id, "step": step.pk, "stage": step.stage, "page": step.first}
    try:
        _run(step, started)
    except LeaseLost:
        log.warning("step.lost", extra=about)
        if upload_id and not Upload.objects.filter(pk=upload_id).exists():
            # Deleted while we drew its page: the picture came back after its file was gone.
            files.remove_upload(upload_id)
        return False
    return True


def _run(step: Step, started: float) -> None:
    call = workers.Caller(step)
    try:
        result = pipeline.STAGES[step.stage].module.work(step, call)
        elapsed_s = time.monotonic() - started
        ledger.finish(step, result, elapsed_s=elapsed_s, engine=call.engine_used)
    except EngineFault as fault:
        ledger.fail(step, fault, elapsed_s=time.monotonic() - started)
    except Interrupted as cause:
        ledger.interrupt(step, cause)
    except JobExpired:
        ledger.expire(step)
    except LeaseLost:
        raise
    except (OperationalError, InterfaceError):
        # A deadlock, a full disk or a server that restarts; the step itself is sound.
        connection.close()
        ledger.interrupt(step, Interrupted(_DATABASE_AWAY, "database_unavailable"))
    except OSError as fault:
        log.warning("step.storage", extra={"step": step.pk, "fault": type(fault).__name__})
        ledger.interrupt(step, Interrupted(_STORAGE_AWAY, "storage_unavailable"))
    except Exception as bug:  # the worker's edge: our own mistake must not loop
        log.exception("step.bug", extra={"step": step.pk})
        message = f"Docket failed with {type(bug).__name__}; the worker's log has the details."
        ledger.fail(step, EngineError(message, "internal"), elapsed_s=time.monotonic() - started)


def chores() -> None:
    """What the schedule brings every minute: whichever repairs have come due."""
    upkeep.run_due()
