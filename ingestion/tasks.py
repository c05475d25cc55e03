"""What a queue message makes a worker do."""

import logging
import time

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from config.engines import EngineError, EngineFault
from documents import files
from documents.models import Upload
from ingestion import ledger, pipeline, queue, upkeep, workers
from ingestion.errors import Interrupted, JobExpired, LeaseLost
from ingestion.models import Step

log = logging.getLogger(__name__)
_DATABASE_AWAY = "The database did not take the result; it is tried again."
_STORAGE_AWAY = "The file storage did not answer; it is tried again."


def work() -> None:
    """Do the best ready step, then the next, for TASK_SPAN_S; leave a token if work remains.

    Between two steps it makes way for a cluster that is told to stop. A database that went
    away ends the task: steps keep their leases, and the reaper sends new tokens."""
    try:
        _work_for_a_span()
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
    """Work on a claimed step and finish or fail it. Never raises for a fault of the input.

    Raises OperationalError or InterfaceError while the database is away."""
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
        return
    log.info("step.done", extra=about | {"elapsed_s": round(time.monotonic() - started, 3)})


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
