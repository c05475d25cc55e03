"""Leaving a server alone that does not answer, and noticing that it does again.

open    FAILURES unavailable answers in a row, or a Retry-After -> closed
closed  nobody asks until closed_until                          -> probing
probing one call goes out, the others go on waiting             -> open    it was answered
                                                                -> closed  for twice as long

Who would have to wait for a server that has been silent for MODEL_SILENT_MAX_S waits no longer;
probes go on.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from config.engines import EngineBusy, EngineError
from documents.language import CallStatus, LlmCall, ModelServer
from ingestion.llm.client import Silent, host_of

log = logging.getLogger(__name__)
SILENT = "model_silent"
_WORDS_KEPT = 500


def check(endpoint: str, model: str) -> None:
    """Whether a server may be asked; to be called under its lock.

    Raises EngineBusy, model_paused; EngineError, model_silent, instead where that has gone on
    for too long."""
    server = ModelServer.objects.filter(endpoint=endpoint, model=model).first()
    if server is None:
        return
    now = timezone.now()
    if server.closed_until is not None and server.closed_until > now:
        left_s = (server.closed_until - now).total_seconds()
        raise _left_alone(server, now, left_s)
    if server.failures >= settings.MODEL_FAILURES and _at_work(endpoint, model):
        raise _left_alone(server, now, 0)


def _left_alone(server: ModelServer, now: datetime, left_s: float) -> EngineError | EngineBusy:
    longest = timedelta(seconds=settings.MODEL_SILENT_MAX_S)
    is_silent = server.silent_since is not None and now - server.silent_since > longest
    if is_silent and server.failures >= settings.MODEL_FAILURES:
        return EngineError(told(server), SILENT)
    return EngineBusy(told(server), "model_paused", left_s)


def _at_work(endpoint: str, model: str) -> bool:
    calls = LlmCall.objects.filter(endpoint=endpoint, status=CallStatus.PENDING)
    pending = calls.filter(request__isnull=True)
    return pending.filter(model=model).exists()


def told(server: ModelServer) -> str:
    """Why a server is left alone, and until when, as a sentence for who waits."""
    host = host_of(server.endpoint)
    again = server.closed_until
    if again is None or again <= timezone.now():
        then = "it is being asked again now"
    else:
        then = f"it is asked again at {_clock(again)}"
    if server.failures < settings.MODEL_FAILURES:
        return f"The language model at {host} wants to be left alone for a while; {then}."
    since = f" since {_clock(server.silent_since)}" if server.silent_since else ""
    return f"The language model at {host} has not answered{since}; {then}."


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%H:%M:%S")


def answered(endpoint: str, model: str) -> None:
    """It answered, be it with a refusal: nothing keeps others from asking."""
    server = ModelServer.objects.filter(endpoint=endpoint, model=model)
    was_silent = Q(failures__gt=0) | Q(closed_until__isnull=False)
    server.filter(was_silent).update(
        failures=0, silent_since=None, closed_until=None, last_error="", changed_at=timezone.now()
    )


@transaction.atomic
def silent(endpoint: str, model: str, fault: Silent) -> None:
    """Count an answer that did not come; close for a while where there were enough in a row, or
    where the server asks for it."""
    ModelServer.objects.get_or_create(endpoint=endpoint, model=model)
    server = ModelServer.objects.select_for_update().get(endpoint=endpoint, model=model)
    now = timezone.now()
    is_closed = server.closed_until is not None and server.closed_until > now
    # Calls that were out when it closed tell nothing new.
    if not is_closed:
        server.failures += 1
        server.silent_since = server.silent_since or now
    pause_s = max(0 if is_closed else _pause_s(server.failures), fault.retry_after_s)
    until = now + timedelta(seconds=min(pause_s, settings.MODEL_PAUSE_MAX_S))
    if pause_s and (server.closed_until is None or until > server.closed_until):
        server.closed_until = until
        told_of = {"model": model, "failures": server.failures, "pause_s": round(pause_s)}
        log.warning("model.paused", extra=told_of)
    server.last_error = f"{fault.message} {fault.words}".strip()[:_WORDS_KEPT]
    server.save()


def _pause_s(failures: int) -> float:
    """Seconds after so many in a row: none, then base, 2 base, 4 base and so on."""
    beyond = failures - settings.MODEL_FAILURES
    # The exponent is bounded, since the power is a number before it is cut.
    return float(settings.MODEL_PAUSE_S * 2 ** min(beyond, 20)) if beyond >= 0 else 0.0
