"""What a queue message makes a worker do."""

import logging
import time
from uuid import UUID

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
from ingestion.models import Job, Step, StepStatus

log = logging.getLogger(__name__)
CHORES_EVERY_S = 30.0
PASS_ON_S = 1.0
DONE = "done"
_DATABASE_AWAY = "The database did not take the result; it is tried again."
_STORAGE_AWAY = "The file storage did not answer; it is tried again."


_last_chores = time.monotonic()


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
    known: dict[UUID, Job] = {}
    while time.monotonic() < until and not workers.is_draining(looks=bool(known)):
        step = ledger.claim(workers.name(), settings.HOST_NAME, known=known)
        if step is None:
            workers.idle()
            _give_back()
            return
        run(step)
        _look_after_chores()
    queue.push(int(ledger.has_ready()))


def _look_after_chores() -> None:
    """Under steady load the schedule's own message may wait for ever, or be cleared away."""
    global _last_chores
    if time.monotonic() - _last_chores > CHORES_EVERY_S:
        _last_chores = time.monotonic()
        upkeep.run_due()


def _give_back() -> None:
    """A paused host passes the wake-up on, where the broker could not keep it from taking it."""
    if not queue.is_listening() and workers.is_paused(settings.HOST_NAME) and ledger.has_ready():
        time.sleep(PASS_ON_S)
        queue.push(1)


def run(step: Step) -> None:
    """Work on a claimed step and say how it ended, in the log and in the counts.

    Never raises for a fault of the input. Raises OperationalError or InterfaceError while the
    database is away."""
    began = time.monotonic()
    with logs.bound(job=step.job_id, step=step.pk, stage=step.stage, page=step.first):
        if _was_lost(step):
            metrics.step_lost(step.stage)
        try:
            outcome = _run(step, began)
        except LeaseLost:
            outcome = _lost(step)
        if outcome:
            metrics.step_ended(step.stage, outcome, time.monotonic() - began)
            log.info("step.done" if outcome == DONE else "step.ended", extra={"outcome": outcome})


def _was_lost(step: Step) -> bool:
    """Whether the run before this one ended with its worker: then it was queued again in the
    moment that stands in its history."""
    last = step.history[-1] if step.history else {}
    is_loss = last.get("code") == "worker_lost"
    return is_loss and parse_datetime(last["ended"]) == step.run_after


def _lost(step: Step) -> str:
    """What became of a step that was taken from us: skipped with its job, or "" where another
    worker has it, which is counted as lost when it is claimed again."""
    log.warning("step.lost")
    upload_id = step.job.upload_id
    if upload_id and not Upload.objects.filter(pk=upload_id).exists():
        # Deleted while we drew its page: the picture came back after its file was gone.
        files.remove_upload(upload_id)
    is_another_s = Step.objects.filter(pk=step.pk).exclude(status=StepStatus.SKIPPED).exists()
    return "" if is_another_s else "skipped"


def _run(step: Step, began: float) -> str:
    """done, retried, failed, halved or skipped. Raises LeaseLost when it was taken from us."""
    try:
        call = workers.Caller(step)
        result = pipeline.STAGES[step.stage].module.work(step, call)
        elapsed_s = time.monotonic() - began
        ledger.finish(step, result, elapsed_s=elapsed_s, engine=call.engine_used)
    except EngineFault as fault:
        return ledger.fail(step, fault, elapsed_s=time.monotonic() - began)
    except Interrupted as cause:
        return ledger.interrupt(step, cause)
    except JobExpired:
        ledger.expire(step)
        return "skipped"
    except LeaseLost:
        raise
    except (OperationalError, InterfaceError):
        # A deadlock, a full disk or a server that restarts; the step itself is sound.
        connection.close()
        return ledger.interrupt(step, Interrupted(_DATABASE_AWAY, "database_unavailable"))
    except OSError as fault:
        log.warning("step.storage", extra={"fault": type(fault).__name__})
        return ledger.interrupt(step, Interrupted(_STORAGE_AWAY, "storage_unavailable"))
    except Exception as bug:  # the worker's edge: our own mistake must not loop
        log.exception("step.bug")
        message = f"Docket failed with {type(bug).__name__}; the worker's log has the details."
        elapsed_s = time.monotonic() - began
        return ledger.fail(step, EngineError(message, "internal"), elapsed_s=elapsed_s)
    return DONE


def chores() -> None:
    """What the schedule brings every minute: whichever repairs have come due."""
    upkeep.run_due()
