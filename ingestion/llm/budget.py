"""What a project may still spend today on language models, and what a call may cost at most.

A day is one of UTC. A call at work counts with all that it may cost; the tokens of a text are
estimated from above, so what is reserved covers what is used unless a server counts strangely.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import F, Q, Sum
from django.utils import timezone

from config.engines import EngineBusy, EngineError
from documents.language import CallStatus, LlmCall
from ingestion.llm import prices
from ingestion.llm.base import Message
from ingestion.models import Limits

# English has about four characters a token; tables of numbers and codes have three.
CHARS_A_TOKEN = 3
# Of other scripts a letter alone may take a token; it has two or three bytes.
_BYTES_A_TOKEN = 3
# What servers add around each message.
_MESSAGE_TOKENS = 8
# What the model is told of the faults of its first answer.
REPAIR_TOKENS = 500
MICROCENTS_A_CENT = 1_000_000
PRICE_UNKNOWN = "model_price_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Tokens in and out together, and millionths of a US cent."""

    tokens: int
    microcents: int


def told_tokens(messages: Iterable[Message]) -> int:
    """Characters / 3 of all texts: what is held against a prompt's `max_input_tokens`, and by
    which callers cut their pages."""
    return math.ceil(sum(len(message.text) for message in messages) / CHARS_A_TOKEN)


def tokens_of(text: str) -> int:
    """The most tokens that a text is likely to have, of any script."""
    return math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN)


def input_tokens(messages: Iterable[Message], schema: str) -> int:
    """The most that one request is likely to send, its JSON Schema and pictures counted."""
    return tokens_of(schema) + sum(
        tokens_of(message.text)
        + settings.MODEL_IMAGE_TOKENS * len(message.images)
        + _MESSAGE_TOKENS
        for message in messages
    )


def reserved_tokens(sent: int, schema: str, max_output_tokens: int) -> tuple[int, int]:
    """The most that a call sends and gets back: an answer and a repaired one, which is asked
    for with the first answer, its faults and the schema in words."""
    repair = sent + max_output_tokens + tokens_of(schema) + REPAIR_TOKENS
    return sent + repair, 2 * max_output_tokens


def check(project_id: int, wanted: Amount, *, model: str) -> None:
    """Whether a call of a model may be made; to be called under the project's lock.

    Raises EngineError: model_budget, where the day's limit would be passed; model_price_unknown,
    where it is one of money and nobody said what the model costs. EngineBusy, model_busy, where
    the limit would be passed only if the calls at work cost all that they may."""
    limit = _limit(project_id)
    if not limit.tokens and not limit.microcents:
        return
    if limit.microcents and prices.price_of(model, settings.MODEL_PRICES) is None:
        raise EngineError(
            f"The project has a budget in cents, and nobody said what {model} costs: name its "
            f"price in DOCKET_MODEL_PRICES ({model}=0/0 where it is free).",
            PRICE_UNKNOWN,
        )
    spent, held = _today(project_id)
    for name, most, of_done, of_pending, more in (
        ("tokens", limit.tokens, spent.tokens, held.tokens, wanted.tokens),
        ("cents", limit.microcents, spent.microcents, held.microcents, wanted.microcents),
    ):
        if most and of_done + more > most:
            raise EngineError(
                f"The project's budget of {name} for language models is spent for today; raise "
                "its limit, or retry tomorrow.",
                "model_budget",
            )
        if most and of_done + of_pending + more > most:
            raise EngineBusy(
                "What is left of today's budget is held by calls at work; it waits for them.",
                "model_busy",
            )


def _limit(project_id: int) -> Amount:
    """A day's; 0 is none."""
    own = Limits.objects.filter(project=project_id).first()
    tokens = own.model_tokens_a_day if own else None
    cents = own.model_cents_a_day if own else None
    return Amount(
        tokens=settings.MODEL_TOKENS_A_DAY if tokens is None else tokens,
        microcents=(settings.MODEL_CENTS_A_DAY if cents is None else cents) * MICROCENTS_A_CENT,
    )


def _today(project_id: int) -> tuple[Amount, Amount]:
    """What was spent since midnight, and what calls at work hold."""
    calls = LlmCall.objects.filter(project=project_id, created_at__gte=midnight())
    is_pending = Q(status=CallStatus.PENDING)
    used = F("input_tokens") + F("output_tokens")
    sums = calls.aggregate(
        tokens=Sum(used, filter=~is_pending, default=0),
        microcents=Sum("cost_microcents", filter=~is_pending, default=0),
        held_tokens=Sum("reserved_tokens", filter=is_pending, default=0),
        held_microcents=Sum("reserved_microcents", filter=is_pending, default=0),
    )
    return (
        Amount(tokens=sums["tokens"], microcents=sums["microcents"]),
        Amount(tokens=sums["held_tokens"], microcents=sums["held_microcents"]),
    )


def midnight() -> datetime:
    """When the day of UTC began."""
    return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
