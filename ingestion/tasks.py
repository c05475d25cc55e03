"""What a queue message makes a worker do."""

import logging
import time

from django.conf import settings
from django.db import OperationalError, connection

from config.engines import EngineError, EngineFault, EngineUnavailable
from documents import files
from documents.models import Upload
from ingestion import ledger, pipeline, queue, upkeep, workers
from ingestion.errors import JobExpired, LeaseLost
from ingestion.models import Step

log = logging.getLogger(__name__)
_DATABASE_AWAY = "The database did not take the result; it is tried again."
_STORAGE_AWAY = "The file storage did not answer; it is tried again."


def work() -> None:
    """Do the best ready step, then the next, for TASK_SPAN_S; leave a token if work remains.

    Between two steps it makes way for a cluster that is told to stop."""
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
    """Work on a claimed step and finish or fail it. Never raises for a fault of the input."""
    started = time.monotonic()
    upload_id = step.job.upload_id
    about = {"job": step.job_id, "step": step.pk, "stage": step.stage, "page": step.first}
    try:
        call = workers.Caller(step)
        try:
            result = pipeline.STAGES[step.stage].module.work(step, call)
            ledger.finish(
                step, result, elapsed_s=time.monotonic() - started, engine=call.engine_used
            )
        except EngineFault as fault:
            ledger.fail(step, fault, elapsed_s=time.monotonic() - started)
        except JobExpired:
            ledger.expire(step)
        except LeaseLost:
            raise
        except OperationalError as fault:
            # A deadlock, a full disk or a server that restarts; the step itself is sound.
            connection.close()
            again = EngineUnavailable(_DATABASE_AWAY, "database_unavailable")
            log.warning("step.database", extra=about | {"fault": type(fault).__name__})
            ledger.fail(step, again, elapsed_s=time.monotonic() - started)
        except OSError as fault:
            # FileSystemStorage raises it, and boto3's faults of transport are of it too.
            again = EngineUnavailable(_STORAGE_AWAY, "storage_unavailable")
            log.warning("step.storage", extra=about | {"fault": type(fault).__name__})
            ledger.fail(step, again, elapsed_s=time.monotonic() - started)
        except Exception as bug:  # the worker's edge: our own mistake must not loop
            log.exception("step.bug", extra=about)
            message = f"Docket failed with {type(bug).__name__}; the worker's log has the details."
            ledger.fail(
                step, EngineError(message, "internal"), elapsed_s=time.monotonic() - started
            )
    except LeaseLost:
        log.warning("step.lost", extra=about)
        if upload_id and not Upload.objects.filter(pk=upload_id).exists():
            # Deleted while we drew its page: the picture came back after its file was gone.
            files.remove_upload(upload_id)
        return
    log.info("step.done", extra=about | {"elapsed_s": round(time.monotonic() - started, 3)})


def chores() -> None:
    """What the schedule brings every minute: whichever repairs have come due."""
    upkeep.run_due()
