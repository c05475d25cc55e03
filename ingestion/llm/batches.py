"""Batches of questions: gathered, sent once, looked after, fetched.

    lines that wait      -> new     gathered into one for their server and model
    new                  -> sent    the server took the file and began; its number is kept
                         -> failed  it refused, or cannot be reached for too long
    sent                 -> ended   it completed, expired or was cancelled: what came is taken
                         -> failed  it says that it failed, or is silent for more than a day

What comes is validated and kept as a direct answer is. Lines without a good answer fail, and
whoever waits for them asks directly. A worker may die at any point: nothing that was begun is
begun again, since the server is first asked for a batch with our mark.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from config.engines import EngineError
from documents.language import BatchStatus, CallStatus, LlmCall, ModelBatch
from ingestion import queue
from ingestion.ledger import turns
from ingestion.llm import batch_client, budget, calls, client, lines, places
from ingestion.llm.spoken import Unfit, read

log = logging.getLogger(__name__)
# OpenAI takes 50,000 lines and 200 MB.
MOST_LINES = 2_000
# As long as one round with a batch may take, its requests and its results.
_HELD_S = 600
_POLL_S, _POLL_FACTOR, _POLL_MAX_S = 30, 1.5, 600
NO_ANSWER = "model_batch_failed"
_OPEN = (BatchStatus.NEW, BatchStatus.SENT)


def look_after() -> dict[str, Any]:
    """Gather what waits, and move on each batch that is due. Outside any transaction."""
    if not settings.HAS_MODEL:
        return {}
    told = {"gathered": _gather(), "moved": 0}
    while (batch := _next()) is not None:
        _move(batch)
        told["moved"] += 1
    return told


def _gather() -> int:
    """Put lines that have waited for others long enough into batches; how many lines."""
    waiting = LlmCall.objects.filter(
        status=CallStatus.PENDING, request__isnull=False, batch__isnull=True
    ).order_by()
    old = waiting.filter(created_at__lte=Now() - timedelta(seconds=settings.MODEL_BATCH_GATHER_S))
    count = 0
    for endpoint, model in list(old.values_list("endpoint", "model").distinct()):
        with transaction.atomic():
            mine = waiting.filter(endpoint=endpoint, model=model)
            held = list(mine.select_for_update(skip_locked=True)[:MOST_LINES])
            open_jobs = turns.open_among(one.job for one in held if one.job)
            wanted = [one for one in held if one.job in open_jobs]
            for call in held:
                if call.job not in open_jobs or endpoint != client.endpoint():
                    _fail(call, calls.ABANDONED, "Nobody waits for it any more.", sent=0)
            if wanted and endpoint == client.endpoint():
                batch = ModelBatch.objects.create(endpoint=endpoint, model=model)
                LlmCall.objects.filter(pk__in=[one.pk for one in wanted]).update(batch=batch)
                count += len(wanted)
    return count


def _next() -> ModelBatch | None:
    """A batch that is due, ours for _HELD_S seconds."""
    for batch in ModelBatch.objects.filter(status__in=_OPEN, next_at__lte=Now())[:10]:
        mine = ModelBatch.objects.filter(pk=batch.pk, next_at=batch.next_at, status=batch.status)
        if mine.update(next_at=Now() + timedelta(seconds=_HELD_S)):
            return batch
    return None


def _move(batch: ModelBatch) -> None:
    try:
        _send(batch) if batch.status == BatchStatus.NEW else _look(batch)
    except client.Silent as fault:
        _later(batch, fault.message, fault.retry_after_s)
    except client.Rejected as fault:
        _give_up(batch, f"{fault.message} {fault.words}".strip(), is_paid=False)


def _send(batch: ModelBatch) -> None:
    """Upload the requests, then begin: each is done once, as far as rows and server know."""
    waiting = batch.calls.filter(status=CallStatus.PENDING, request__isnull=False)
    if not batch.file:
        told = waiting.values_list("pk", "request")
        bodies = {str(pk): request["body"] for pk, request in told if request}
        if not bodies:
            _end(batch, BatchStatus.ENDED, "All its questions were taken back.")
            return
        batch.file = batch_client.upload(batch.endpoint, bodies)
        batch.save(update_fields=["file"])
    state = None
    if batch.asked_at is not None:
        state = batch_client.find(batch.endpoint, str(batch.pk))
    if state is None:
        batch.asked_at = timezone.now()
        batch.save(update_fields=["asked_at"])
        state = batch_client.begin(batch.endpoint, batch.file, str(batch.pk))
    batch.number, batch.status = state.number, BatchStatus.SENT
    batch.next_at = timezone.now() + timedelta(seconds=_POLL_S)
    batch.save(update_fields=["number", "status", "next_at"])
    log.info("model.batch_sent", extra={"batch": batch.pk, "model": batch.model})


def _look(batch: ModelBatch) -> None:
    state = batch_client.look(batch.endpoint, batch.number)
    if state.status in batch_client.AT_WORK:
        _later(batch, f"It is {state.status}.")
        return
    if state.status not in batch_client.WITH_RESULTS:
        _give_up(batch, f"The server says that it {state.status}.", is_paid=False)
        _discard(batch, state)
        return
    for file in state.files:
        for line in batch_client.results(batch.endpoint, file):
            _settle(batch, line)
    for call in batch.calls.filter(status=CallStatus.PENDING):
        _fail(call, NO_ANSWER, f"The batch {state.status} without an answer to it.", sent=1)
    _end(batch, BatchStatus.ENDED, "" if state.status == "completed" else f"It {state.status}.")
    _discard(batch, state)


def _settle(batch: ModelBatch, line: Mapping[str, Any]) -> None:
    """One line of results: the answer is kept if it is good, else its call fails."""
    pending = batch.calls.filter(status=CallStatus.PENDING, request__isnull=False)
    try:
        call = pending.filter(pk=UUID(str(line.get("custom_id")))).first()
    except ValueError:
        return
    if call is None:
        return
    assert call.request is not None  # noqa: S101  (the query asked for it)
    said = batch_client.said(line, call.request["body"])
    if said is None:
        _fail(call, NO_ANSWER, "The batch has an error in place of its answer.", sent=1)
        return
    spent, is_estimated = _spent(call, said)
    try:
        value = read(said, call.request["schema"])
    except Unfit as fault:
        told = f"The language model did not answer as asked: {fault.brief}."
        places.failed(call, "model_invalid", told, spent)
    except EngineError as fault:
        places.failed(call, fault.code, fault.message, spent)
    else:
        places.done(call, value, spent, calls.ESTIMATED if is_estimated else "")


def _spent(call: LlmCall, said: client.Said) -> tuple[places.Spent, bool]:
    """What a line came to by the server's count, else estimated."""
    into, out = said.input_tokens, said.output_tokens
    is_estimated = into is None or out is None
    into = call.reserved_tokens if into is None else into
    out = budget.tokens_of(said.text) if out is None else out
    spent = places.Spent(
        requests=1,
        input_tokens=into,
        output_tokens=out,
        microcents=lines.cost(call.model, into, out),
        latency_ms=None,
    )
    return spent, is_estimated


def _fail(call: LlmCall, code: str, message: str, *, sent: int) -> None:
    """A line without an answer costs nothing: the server counts only what it answered."""
    nothing = places.Spent(
        requests=sent, input_tokens=0, output_tokens=0, microcents=0, latency_ms=None
    )
    places.failed(call, code, message, nothing)


def _later(batch: ModelBatch, why: str, retry_after_s: float = 0) -> None:
    """Look again, later each time; give up where it takes longer than its day, or cannot even
    be sent within the time that nobody waits longer for a silent server."""
    is_new = batch.status == BatchStatus.NEW
    most_s = settings.MODEL_SILENT_MAX_S if is_new else lines.LIMIT_S - 3_600
    if timezone.now() - batch.created_at > timedelta(seconds=most_s):
        _give_up(batch, why, is_paid=batch.asked_at is not None)
        return
    grown_s = min(_POLL_MAX_S, _POLL_S * _POLL_FACTOR ** min(batch.polls, 20))
    ModelBatch.objects.filter(pk=batch.pk).update(
        polls=F("polls") + 1,
        error_message=why,
        next_at=Now() + timedelta(seconds=max(grown_s, retry_after_s)),
    )


def _give_up(batch: ModelBatch, why: str, *, is_paid: bool) -> None:
    """is_paid: the server may have worked all the same, so all that it may cost counts."""
    for call in batch.calls.filter(status=CallStatus.PENDING):
        if is_paid:
            spent = places.Spent(
                requests=1,
                input_tokens=call.reserved_tokens,
                output_tokens=0,
                microcents=call.reserved_microcents,
                latency_ms=None,
            )
            places.failed(call, NO_ANSWER, why, spent)
        else:
            _fail(call, NO_ANSWER, why, sent=0)
    _end(batch, BatchStatus.FAILED, why)


def _end(batch: ModelBatch, status: BatchStatus, why: str) -> None:
    """Close it and wake whoever waits for its answers."""
    ModelBatch.objects.filter(pk=batch.pk).update(status=status, error_message=why[:1_000])
    jobs = {job for job in batch.calls.values_list("job", flat=True) if job is not None}
    if turns.bring_forward(jobs, lines.WAITS):
        queue.wake_all()
    log.info("model.batch_ended", extra={"batch": batch.pk, "status": status.value})


def _discard(batch: ModelBatch, state: batch_client.State) -> None:
    """Leave no text of documents at the server longer than needed."""
    for file in (batch.file, *state.files):
        try:
            batch_client.discard(batch.endpoint, file)
        except (client.Silent, client.Rejected) as fault:
            log.warning("model.file_kept", extra={"batch": batch.pk, "code": fault.code})
