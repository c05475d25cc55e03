"""The rows of calls: the answer that is there, a place to ask for one, and how it ended.

    none     -> pending  a place was free and the budget allows it
    pending  -> done     an answer
             -> failed   none, or the worker is gone (model_lost)

But for `forget`, each function is one short transaction, and done when it returns.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import CharField, Count, F, Q
from django.db.models.functions import Cast, Now
from psycopg.errors import UniqueViolation

from config import metrics
from config.engines import EngineBusy
from documents.ids import uuid7
from documents.language import CallStatus, LlmCall, Prompt
from ingestion.llm import breaker, budget
from ingestion.llm.base import About

LOST = "model_lost"
# How much later than its last request a call is taken for lost.
_LAPSE_RESERVE_S = 30
_MESSAGE_KEPT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that is to be made. reserved: the most that it may cost; limit_s: of all its
    requests together."""

    key: str
    endpoint: str
    model: str
    prompt: Prompt
    about: About
    reserved: budget.Amount
    limit_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a call came to. latency_ms: of all its requests, None where nobody waited for it."""

    requests: int
    input_tokens: int
    output_tokens: int
    microcents: int
    latency_ms: int | None

    def shared(self, count: int) -> list["Spent"]:
        """In `count` equal parts that add up to it; the first has the requests and what is over."""
        return [
            Spent(
                requests=0 if at else self.requests,
                input_tokens=_part(self.input_tokens, count, at),
                output_tokens=_part(self.output_tokens, count, at),
                microcents=_part(self.microcents, count, at),
                latency_ms=self.latency_ms,
            )
            for at in range(count)
        ]


def _part(whole: int, count: int, at: int) -> int:
    """The part number `at` of `count` parts of a number."""
    return whole // count + (whole % count if at == 0 else 0)


def reuse(project_id: int, key: str) -> Mapping[str, Any] | None:
    """The answer that is there, counted as used once more; None where there is none."""
    done = LlmCall.objects.filter(project=project_id, key=key, status=CallStatus.DONE)
    purpose, answer = done.values_list("purpose", "answer").first() or ("", None)
    if answer is None:
        return None
    done.update(reused=F("reused") + 1, used_at=Now())
    metrics.model_reused(purpose)
    return dict(answer)


def take(wanted: Wanted) -> LlmCall | None:
    """A place among the calls that are made at once, None where the answer came meanwhile.

    Raises EngineError: model_budget, model_price_unknown; EngineBusy: model_busy, model_paused."""
    try:
        with transaction.atomic(durable=True):
            return _take(wanted)
    except IntegrityError as fault:
        if not isinstance(fault.__cause__, UniqueViolation):
            raise
        raise _busy("The same question is being asked by another worker.") from fault


def take_together(wanted: Sequence[Wanted]) -> list[LlmCall]:
    """One place for several calls of a project that are made with one request, each with its
    share of what is reserved; none where one of them is answered or being asked already.

    Raises what `take` does."""
    with transaction.atomic(durable=True):
        first = wanted[0]
        _lock_for(first)
        keys = [one.key for one in wanted]
        alike = LlmCall.objects.filter(project=first.about.project_id, key__in=keys)
        if alike.exclude(status=CallStatus.FAILED).exists():
            return []
        whole = budget.Amount(
            tokens=sum(one.reserved.tokens for one in wanted),
            microcents=sum(one.reserved.microcents for one in wanted),
        )
        _check(first, whole)
        together = uuid7()
        return [_made(one, together=together) for one in wanted]


def line_up(wanted: Wanted, request: Mapping[str, Any]) -> None:
    """A place in the next batch, paid for from the budget beforehand; none where the question
    is answered or being asked already. request: what will be sent, see `LlmCall`.

    Raises EngineError: model_budget, model_price_unknown; EngineBusy: model_busy."""
    with transaction.atomic(durable=True):
        _lock_for(wanted)
        alike = LlmCall.objects.filter(project=wanted.about.project_id, key=wanted.key)
        if not alike.exclude(status=CallStatus.FAILED).exists():
            budget.check(wanted.about.project_id, wanted.reserved, model=wanted.model)
            _made(wanted, request=request)


def _take(wanted: Wanted) -> LlmCall | None:
    _lock_for(wanted)
    alike = LlmCall.objects.filter(project=wanted.about.project_id, key=wanted.key)
    if alike.filter(status=CallStatus.DONE).exists():
        return None
    if alike.filter(status=CallStatus.PENDING).exists():
        raise _busy("The same question is being asked by another worker.")
    _check(wanted, wanted.reserved)
    return _made(wanted)


def _lock_for(wanted: Wanted) -> None:
    # Always in this order, so that two workers never wait for each other.
    _lock(f"docket model budget {wanted.about.project_id}")
    _lock(f"docket model places {wanted.endpoint}")
    _lapse(wanted.endpoint, wanted.about.project_id)


def _check(wanted: Wanted, amount: budget.Amount) -> None:
    """Whether the budget allows it, the server is asked at all and has a place free."""
    budget.check(wanted.about.project_id, amount, model=wanted.model)
    breaker.check(wanted.endpoint, wanted.model)
    if _requests_at_work(wanted.endpoint) >= settings.MODEL_PARALLEL:
        raise _busy("The language model is asked as much at once as it may be.")


def _requests_at_work(endpoint: str) -> int:
    at_work = LlmCall.objects.filter(
        endpoint=endpoint, status=CallStatus.PENDING, request__isnull=True
    )
    alone = Count("pk", filter=Q(together=None))
    found = at_work.aggregate(alone=alone, shared=Count("together", distinct=True))
    return int(found["alone"] + found["shared"])


def _made(wanted: Wanted, **more: Any) -> LlmCall:
    return LlmCall.objects.create(
        project_id=wanted.about.project_id,
        # A draft that is only tried has no row.
        prompt=wanted.prompt if wanted.prompt.pk else None,
        purpose=wanted.prompt.purpose,
        key=wanted.key,
        endpoint=wanted.endpoint,
        model=wanted.model,
        job=wanted.about.job,
        document=wanted.about.document,
        first_page=wanted.about.first_page,
        pages=wanted.about.pages,
        reserved_tokens=wanted.reserved.tokens,
        reserved_microcents=wanted.reserved.microcents,
        lapses_at=Now() + timedelta(seconds=wanted.limit_s + _LAPSE_RESERVE_S),
        **more,
    )


def done(call: LlmCall, answer: Mapping[str, Any], spent: Spent, note: str) -> None:
    """Keep the answer. One whose place lapsed meanwhile is not kept: it counts as lost."""
    _end(call, CallStatus.DONE, spent, answer=answer, error_message=note)


def failed(call: LlmCall, code: str, message: str, spent: Spent) -> None:
    _end(call, CallStatus.FAILED, spent, error_code=code, error_message=message[:_MESSAGE_KEPT])


def forget(*, jobs: Collection[UUID], documents: Collection[UUID]) -> None:
    """Take the words of what is deleted out of the calls that were made for it; what they cost
    stays. Inside the transaction of the deletion."""
    made_for = LlmCall.objects.filter(Q(job__in=jobs) | Q(document__in=documents))
    made_for.update(error_message="")
    # A batch that was sent may answer for them all the same; nobody takes its answer any more.
    in_line = made_for.filter(status=CallStatus.PENDING, request__isnull=False)
    ended = {"status": CallStatus.FAILED, "error_code": LOST, "request": None}
    in_line.filter(batch=None).update(**ended)
    in_line.update(
        **ended, input_tokens=F("reserved_tokens"), cost_microcents=F("reserved_microcents")
    )
    # Nobody may take the empty answer for one: a key is made of a question, and this is none.
    made_for.filter(status=CallStatus.DONE).update(answer={}, key=Cast("id", CharField()))


def _end(call: LlmCall, status: CallStatus, spent: Spent, **told: Any) -> None:
    ended = LlmCall.objects.filter(pk=call.pk, status=CallStatus.PENDING).update(
        status=status,
        requests=spent.requests,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_microcents=spent.microcents,
        latency_ms=spent.latency_ms,
        request=None,
        **told,
    )
    if ended:
        outcome = str(told.get("error_code") or "answered")
        seconds = None if spent.latency_ms is None else spent.latency_ms / 1_000
        metrics.model_called(call.purpose, outcome, requests=spent.requests, elapsed_s=seconds)
        cents = spent.microcents / budget.MICROCENTS_A_CENT
        metrics.model_spent(
            call.purpose, into=spent.input_tokens, out=spent.output_tokens, cents=cents
        )


def _lapse(endpoint: str, project_id: int) -> None:
    """End calls whose worker is gone: those that hold a place of this server, and those that
    hold a part of this project's budget, whatever server they asked. The server may have worked
    for them, so all that they may have cost counts as spent."""
    held = Q(endpoint=endpoint) | Q(project=project_id)
    gone = LlmCall.objects.filter(held, status=CallStatus.PENDING, lapses_at__lt=Now())
    # Two workers may share rows of these but none of the locks, so neither waits for the other.
    lost = list(gone.select_for_update(skip_locked=True))
    LlmCall.objects.filter(pk__in=[call.pk for call in lost]).update(
        status=CallStatus.FAILED,
        error_code=LOST,
        error_message="Its worker went away before the answer came.",
        request=None,
        input_tokens=F("reserved_tokens"),
        cost_microcents=F("reserved_microcents"),
    )
    transaction.on_commit(partial(_count_lost, lost))


def _count_lost(calls: Sequence[LlmCall]) -> None:
    for call in calls:
        metrics.model_called(call.purpose, LOST, requests=0)
        cents = call.reserved_microcents / budget.MICROCENTS_A_CENT
        metrics.model_spent(call.purpose, into=call.reserved_tokens, out=0, cents=cents)


def _lock(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _busy(message: str) -> EngineBusy:
    return EngineBusy(message, "model_busy")
