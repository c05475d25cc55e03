"""Questions that may wait: they become lines of a batch (`batches.py`) instead of requests.

none               -> in line     its budget is reserved, its request stands in its row
in line            -> answered    the batch brought a good answer: whoever asks finds it
                   -> failed      it brought none: whoever asks now asks directly
"""

import json
import math
from collections.abc import Sequence

from django.conf import settings

from config.engines import EngineBusy, EngineError
from documents.language import CallStatus, LlmCall
from ingestion.llm import budget, calls, client, places, prices, structured
from ingestion.llm.base import Question
from ingestion.llm.request import Request

WAITS = "model_batched"
# A server has a day from when it is asked; questions are gathered before, and fetched after it.
LIMIT_S = 30 * 3_600
_POLL_S = 300.0


def wait_for(questions: Sequence[Question]) -> None:
    """Return when there is nothing to wait for: each is answered, or is to be asked directly.

    Raises EngineBusy: model_batched, while one of them is out; model_busy."""
    # Each is looked at, so that all go with one batch.
    out = [question for question in questions if _is_out(question)]
    if out:
        host = client.host_of(client.endpoint())
        message = f"It waits for a batch of questions at {host}, which may take a day."
        raise EngineBusy(message, WAITS, _POLL_S)


def _is_out(question: Question) -> bool:
    """Whether a question waits for a batch; it is put in line where it has not been."""
    if any(message.images for message in question.messages):
        return False
    endpoint, model = client.endpoint(), question.prompt.model or settings.MODEL
    key = calls.key_of(question, endpoint, model)
    known = LlmCall.objects.filter(project=question.about.project_id, key=key)
    if known.filter(status=CallStatus.DONE).exists():
        return False
    if (waiting := known.filter(status=CallStatus.PENDING).first()) is not None:
        return waiting.request is not None
    if known.filter(status=CallStatus.FAILED, batch__isnull=False).exists():
        return False
    try:
        calls.check_length(question)
        places.line_up(_wanted(question, key, endpoint, model), _request(question, endpoint, model))
    except EngineError:
        return False  # who asks directly is told the same
    return True


def _wanted(question: Question, key: str, endpoint: str, model: str) -> places.Wanted:
    """One answer, without a repair: that one is asked for directly."""
    prompt = question.prompt
    into = budget.input_tokens(question.messages, json.dumps(dict(question.schema)))
    out = prompt.max_output_tokens
    return places.Wanted(
        key=key,
        endpoint=endpoint,
        model=model,
        prompt=prompt,
        about=question.about,
        reserved=budget.Amount(tokens=into + out, microcents=cost(model, into, out)),
        limit_s=LIMIT_S,
    )


def cost(model: str, into: int, out: int) -> int:
    """Of tokens in a batch, in millionths of a US cent."""
    price = prices.price_of(model, settings.MODEL_PRICES)
    whole = price.microcents(into, out) if price else 0
    return math.ceil(whole * settings.MODEL_BATCH_PERCENT / 100)


def _request(question: Question, endpoint: str, model: str) -> dict[str, object]:
    mode = calls.mode_of(question, endpoint, model)
    messages, form = structured.asked(question.messages, question.schema, mode)
    asked = Request(
        endpoint=endpoint,
        model=model,
        messages=messages,
        temperature=question.prompt.temperature,
        max_output_tokens=question.prompt.max_output_tokens,
        form=form,
    )
    return {"body": client.body_of(asked), "schema": dict(question.schema)}
