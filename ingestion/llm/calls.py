"""Asking a language model: cache, budget, place, request and record of each call."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from config.engines import EngineBusy, EngineError
from documents.language import JsonMode, LlmCall, ModelServer
from ingestion.engines.base import Usage
from ingestion.llm import breaker, budget, client, places, structured
from ingestion.llm.base import Answer, Message, Question
from ingestion.llm.meter import Meter
from ingestion.stages.base import Call

log = logging.getLogger(__name__)
ABANDONED = "model_abandoned"
_MODE_KEPT = timedelta(days=1)
ESTIMATED = "The server told no usage; its tokens are estimated from the lengths of the texts."


def ask(question: Question, call: Call) -> Answer:
    """The answer to `question`: the one that is there, or a new one. Outside any transaction.

    `call.tick()` is called several times a second while the server works. The answer is
    committed before this returns, so that a worker that dies afterwards costs no second
    request. Raises

    EngineError        this question will get no good answer: `model_refused`, `model_truncated`,
                       `model_empty`, `model_invalid` (also after one repair), `model_rejected`
                       (400, 401, 403, 404, 413: configuration or input), `model_budget` (the
                       budget of the day would be passed), `model_price_unknown` (it is one of
                       money, and the model has no price), `model_input_too_long`,
                       `model_silent` (the server has not answered for an hour)
    EngineUnavailable  `model_unavailable`: no connection, time-out, 429, 5xx; try again
    EngineBusy         `model_busy`: all places of the server are taken, what is left of the
                       budget is held by calls at work, or the same question is being asked by
                       another worker; `model_paused`: the server has not answered for a while
                       and is left alone

    Every call that was made is a row of `LlmCall`, with its answer or with the code of its
    failure. A call that the tick ended is `model_abandoned`, and counts as spent."""
    if not settings.HAS_MODEL:
        raise EngineError("No language model is configured: set OPENAI_BASE_URL.", "model_rejected")
    endpoint, model = client.endpoint(), question.prompt.model or settings.MODEL
    key, project = key_of(question, endpoint, model), question.about.project_id
    answer = places.reuse(project, key)
    if answer is None:
        check_length(question)
        meter = Meter(question, endpoint, model, call)
        place = places.take(meter.wanted(key))
        if place is not None:
            return _ask(question, place, meter)
        answer = places.reuse(project, key)
    if answer is None:
        raise EngineBusy("The answer to the same question was just removed.", "model_busy")
    return Answer(value=answer, model=model, is_reused=True)


def key_of(question: Question, endpoint: str, model: str) -> str:
    """SHA-256 of all that the answer hangs on, the same in every process."""
    prompt = question.prompt
    asked = {
        "endpoint": endpoint,
        "model": model,
        "messages": [_as_json(message) for message in question.messages],
        "schema": question.schema,
        "temperature": float(prompt.temperature),
        "max_output_tokens": prompt.max_output_tokens,
        "json_mode": str(prompt.json_mode),
    }
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _as_json(message: Message) -> dict[str, Any]:
    pictures = [hashlib.sha256(image).hexdigest() for image in message.images]
    return {"role": message.role, "text": message.text, "images": pictures}


def check_length(question: Question) -> None:
    most = question.prompt.max_input_tokens
    if budget.told_tokens(question.messages) > most:
        raise EngineError(
            f"The question is longer than the {most:,} tokens that its prompt allows.",
            "model_input_too_long",
        )


def _ask(question: Question, place: LlmCall, meter: Meter) -> Answer:
    """Ask the server and record what came of it."""
    got = obtained(question, [place], meter)
    spent = meter.spent()
    note = ESTIMATED if meter.is_estimated else ""
    meter.record(lambda: places.done(place, got.value, spent, note))
    log.info("model.answered", extra=_told(place, spent))
    heard(question, place, got)
    usage = Usage(
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_microcents=spent.microcents,
    )
    return Answer(value=got.value, model=place.model, usage=usage)


def obtained(
    question: Question,
    held: Sequence[LlmCall],
    meter: Meter,
    *,
    valid: Mapping[str, Any] | None = None,
) -> structured.Got:
    """What the server answers, to be kept and then `heard`; who does not come back with an
    answer has ended these calls.

    valid: the schema that is insisted on, if that is less than the question's own."""
    try:
        got = structured.obtain(
            question.messages,
            question.schema,
            first=mode_of(question, held[0].endpoint, held[0].model),
            may_step=question.prompt.json_mode == JsonMode.AUTO,
            ask=meter.ask,
            valid=valid,
        )
    except client.Silent as fault:
        _fail(held, meter, fault.code, f"{fault.message} {fault.words}".strip())
        breaker.silent(held[0].endpoint, held[0].model, fault)
        raise
    except EngineError as fault:
        words = fault.words if isinstance(fault, client.Rejected) else ""
        _fail(held, meter, fault.code, f"{fault.message} {words}".strip())
        breaker.answered(held[0].endpoint, held[0].model)
        raise
    except BaseException:
        # The tick ended it: the lease is lost, the time is over, or the worker is told to stop.
        try:
            _end_all(held, meter.spent(), ABANDONED, "The worker had to leave it.")
        except (OperationalError, InterfaceError):
            connection.close()  # they lapse by themselves
        raise
    return got


def heard(question: Question, place: LlmCall, got: structured.Got) -> None:
    """Take note of how the server answered; to be called when its answer is kept."""
    breaker.answered(place.endpoint, place.model)
    if got.is_lasting and question.prompt.json_mode == JsonMode.AUTO:
        _remember(place, got.mode)


def _fail(held: Sequence[LlmCall], meter: Meter, code: str, message: str) -> None:
    spent = meter.spent()
    meter.record(lambda: _end_all(held, spent, code, message))
    log.warning("model.failed", extra=_told(held[0], spent) | {"code": code})


def _end_all(held: Sequence[LlmCall], spent: places.Spent, code: str, message: str) -> None:
    for place, share in zip(held, spent.shared(len(held)), strict=True):
        places.failed(place, code, message, share)


def _told(place: LlmCall, spent: places.Spent) -> dict[str, Any]:
    """What a line of the log says of a call."""
    return {
        "call": place.pk,
        "purpose": place.purpose,
        "model": place.model,
        "requests": spent.requests,
        "tokens": spent.input_tokens + spent.output_tokens,
        "elapsed_ms": spent.latency_ms,
    }


def mode_of(question: Question, endpoint: str, model: str) -> JsonMode:
    """How JSON is asked for at first: as the prompt says, else as this server is known to take
    it, else in the strictest way."""
    if question.prompt.json_mode != JsonMode.AUTO:
        return JsonMode(question.prompt.json_mode)
    found = _known(endpoint, model).values_list("json_mode", flat=True).first()
    return JsonMode(found) if found in structured.STEPS else structured.STEPS[0]


def _known(endpoint: str, model: str) -> QuerySet[ModelServer]:
    """The server where its way of asking was found out lately. An odd refusal, or a version that
    it no longer runs, must not lower it for good."""
    lately = timezone.now() - _MODE_KEPT
    servers = ModelServer.objects.filter(endpoint=endpoint, model=model)
    return servers.filter(json_mode_at__gt=lately)


def _remember(place: LlmCall, mode: JsonMode) -> None:
    if _known(place.endpoint, place.model).filter(json_mode=mode).exists():
        return
    found = {"json_mode": mode, "json_mode_at": timezone.now()}
    ModelServer.objects.update_or_create(endpoint=place.endpoint, model=place.model, defaults=found)
