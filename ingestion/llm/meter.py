"""Sending the requests of one question, and counting what they use."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from ingestion.llm import budget, client, places, prices
from ingestion.llm.base import Message, Question
from ingestion.llm.request import Request
from ingestion.stages.base import Call

# Beside the answer and its repair: what finding out how to ask may take.
_FINDING_OUT_S = 10
_LEAST_S = 1.0
# A database that restarts is waited for, since the answer is paid for.
_RECORD_S = 10.0
_RECORD_AGAIN_S = 0.2


class Meter:
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
        request = Request(
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
