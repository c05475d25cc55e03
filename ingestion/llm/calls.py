"""Asking a language model: cache, budget, place, request and record of each call."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet
from django.utils import timezone

from config.engines import EngineBusy, EngineError
from documents.language import JsonMode, LlmCall, ModelServer
from ingestion.engines.base import Usage
from ingestion.llm import breaker, budget, client, places, prices, structured
from ingestion.llm.base import Answer, Message, Question
from ingestion.stages.base import Call

log = logging.getLogger(__name__)
ABANDONED = "model_abandoned"
# Beside the answer and its repair: what finding out how to ask may take.
_FINDING_OUT_S = 10
_LEAST_S = 1.0
_MODE_KEPT = timedelta(days=1)
# A database that restarts is waited for, since the answer is paid for.
_RECORD_S = 10.0
_RECORD_AGAIN_S = 0.2
_ESTIMATED = "The server told no usage; its tokens are estimated from the lengths of the texts."


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
        _check_length(question)
        meter = _Meter(question, endpoint, model, call)
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


def _check_length(question: Question) -> None:
    most = question.prompt.max_input_tokens
    if budget.told_tokens(question.messages) > most:
        raise EngineError(
            f"The question is longer than the {most:,} tokens that its prompt allows.",
            "model_input_too_long",
        )


def _ask(question: Question, place: LlmCall, meter: "_Meter") -> Answer:
    """Ask the server and record what came of it."""
    mode = _mode(question, place)
    try:
        got = structured.obtain(
            question.messages,
            question.schema,
            first=mode,
            may_step=question.prompt.json_mode == JsonMode.AUTO,
            ask=meter.ask,
        )
    except client.Silent as fault:
        _fail(place, meter, fault.code, f"{fault.message} {fault.words}".strip())
        breaker.silent(place.endpoint, place.model, fault)
        raise
    except EngineError as fault:
        words = fault.words if isinstance(fault, client.Rejected) else ""
        _fail(place, meter, fault.code, f"{fault.message} {words}".strip())
        breaker.answered(place.endpoint, place.model)
        raise
    except BaseException:
        # The tick ended it: the lease is lost, the time is over, or the worker is told to stop.
        try:
            places.failed(place, ABANDONED, "The worker had to leave it.", meter.spent())
        except (OperationalError, InterfaceError):
            connection.close()  # it lapses by itself
        raise
    spent = meter.spent()
    note = _ESTIMATED if meter.is_estimated else ""
    meter.record(lambda: places.done(place, got.value, spent, note))
    log.info("model.answered", extra=_told(place, spent))
    breaker.answered(place.endpoint, place.model)
    if got.is_lasting and question.prompt.json_mode == JsonMode.AUTO:
        _remember(place, got.mode)
    usage = Usage(
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_microcents=spent.microcents,
    )
    return Answer(value=got.value, model=place.model, usage=usage)


def _fail(place: LlmCall, meter: "_Meter", code: str, message: str) -> None:
    spent = meter.spent()
    meter.record(lambda: places.failed(place, code, message, spent))
    log.warning("model.failed", extra=_told(place, spent) | {"code": code})


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


def _mode(question: Question, place: LlmCall) -> JsonMode:
    """How JSON is asked for at first: as the prompt says, else as this server is known to take
    it, else in the strictest way."""
    if question.prompt.json_mode != JsonMode.AUTO:
        return JsonMode(question.prompt.json_mode)
    found = _known(place).values_list("json_mode", flat=True).first()
    return JsonMode(found) if found in structured.STEPS else structured.STEPS[0]


def _known(place: LlmCall) -> QuerySet[ModelServer]:
    """The server where its way of asking was found out lately. An odd refusal, or a version that
    it no longer runs, must not lower it for good."""
    lately = timezone.now() - _MODE_KEPT
    servers = ModelServer.objects.filter(endpoint=place.endpoint, model=place.model)
    return servers.filter(json_mode_at__gt=lately)


def _remember(place: LlmCall, mode: JsonMode) -> None:
    if _known(place).filter(json_mode=mode).exists():
        return
    found = {"json_mode": mode, "json_mode_at": timezone.now()}
    ModelServer.objects.update_or_create(endpoint=place.endpoint, model=place.model, defaults=found)


class _Meter:
    """Sends the requests of one call and counts what they use."""

    def __init__(self, question: Question, endpoint: str, model: str, call: Call) -> None:
        self._question = question
        self._endpoint = endpoint
        self._model = model
        self._call = call
        self._schema = json.dumps(dict(question.schema))
        self._price = prices.price_of(model, settings.MODEL_PRICES)
        self._limit_s = 2 * settings.MODEL_TIMEOUT_S + _FINDING_OUT_S
        self._began = time.monotonic()
        self._requests = self._input_tokens = self._output_tokens = 0
        self.is_estimated = False

    def wanted(self, key: str) -> places.Wanted:
        """The place that is asked for, with the most that the call may cost."""
        most_out = self._question.prompt.max_output_tokens
        sent = budget.input_tokens(self._question.messages, self._schema)
        into, out = budget.reserved_tokens(sent, self._schema, most_out)
        return places.Wanted(
            key=key,
            endpoint=self._endpoint,
            model=self._model,
            prompt=self._question.prompt,
            about=self._question.about,
            reserved=budget.Amount(tokens=into + out, microcents=self._microcents(into, out)),
            limit_s=self._limit_s,
        )

    def ask(self, messages: tuple[Message, ...], form: Mapping[str, Any]) -> client.Said:
        """One request. Raises what `client.complete` does."""
        prompt = self._question.prompt
        left_s = self._began + self._limit_s - time.monotonic()
        request = client.Request(
            endpoint=self._endpoint,
            model=self._model,
            messages=messages,
            temperature=prompt.temperature,
            max_output_tokens=prompt.max_output_tokens,
            form=form,
        )
        limit_s = max(_LEAST_S, min(settings.MODEL_TIMEOUT_S, left_s))
        sent = budget.input_tokens(messages, self._schema)
        self._requests += 1
        try:
            said = client.complete(request, self._call, limit_s=limit_s)
        except client.Rejected:
            raise
        except client.Silent as fault:
            if fault.may_have_cost:
                self._count(sent, prompt.max_output_tokens)
            raise
        except BaseException:
            self._count(sent, prompt.max_output_tokens)
            raise
        into, out = said.input_tokens, said.output_tokens
        self.is_estimated |= into is None or out is None
        self._count(
            sent if into is None else into, budget.tokens_of(said.text) if out is None else out
        )
        return said

    def _count(self, into: int, out: int) -> None:
        self._input_tokens += into
        self._output_tokens += out

    def spent(self) -> places.Spent:
        return places.Spent(
            requests=self._requests,
            input_tokens=self._input_tokens,
            output_tokens=self._output_tokens,
            microcents=self._microcents(self._input_tokens, self._output_tokens),
            latency_ms=round((time.monotonic() - self._began) * 1_000),
        )

    def _microcents(self, into: int, out: int) -> int:
        """0 of a model without a price, which no budget of money lets through."""
        return self._price.microcents(into, out) if self._price else 0

    def record(self, save: Callable[[], None]) -> None:
        """Save what is paid for, also where the database is just away."""
        until = time.monotonic() + _RECORD_S
        while True:
            try:
                return save()
            except (OperationalError, InterfaceError):
                connection.close()
                if time.monotonic() > until:
                    raise
            self._call.tick()
            time.sleep(_RECORD_AGAIN_S)
