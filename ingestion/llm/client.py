"""One chat request to a server that speaks OpenAI's API, through the `openai` package.

The request runs in a thread of its own, so that the worker may hold its lease meanwhile and
leave when it must; a thread that was left ends with its own time-out. No database here.

What servers do not take (a limit of tokens by its old name, a temperature, a system message)
is found out by their refusal and remembered in this process.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils import timezone

from config.engines import EngineError, EngineUnavailable
from ingestion.llm.request import Request, body
from ingestion.stages.base import Call

OPENAI_URL = "https://api.openai.com/v1"
TICK_S = 0.1
# A thread may be a moment late with its own time-out.
_GRACE_S = 1.0
_CONNECT_S = 10.0
_WORDS_KEPT = 500
# More than any model takes; a server that tells nonsense is not believed.
_MOST_TOKENS = 10_000_000
# By these a server turns a request away before a model works on it; a gateway's 502 or 504 and a
# 408 may come after the work.
_UNWORKED = frozenset({409, 425, 429, 503})
_REFUSED_BY = frozenset({"content_filter", "content_policy_violation"})
_TOO_LONG = re.compile(r"context.length|maximum context|context size|context window|too long", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came back. text: content, or the arguments of the tool that was called; is_cut: the
    limit of tokens was reached; input_tokens, output_tokens: None where they were not told."""

    text: str
    refusal: str = ""
    is_cut: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None


class Rejected(EngineError):
    """The server took the request and refused it. words: its own, which may
    quote what it was sent."""

    def __init__(self, message: str, code: str, *, http_status: int, words: str) -> None:
        super().__init__(message, code)
        self.http_status = http_status
        self.words = words


class Silent(EngineUnavailable):
    """No answer came. may_have_cost: the server may have worked all the same."""

    def __init__(
        self, message: str, *, may_have_cost: bool, retry_after_s: float = 0, words: str = ""
    ) -> None:
        super().__init__(message, "model_unavailable", retry_after_s)
        self.may_have_cost = may_have_cost
        self.words = words


def endpoint() -> str:
    """The address of the server that the settings name, without a name and password in it."""
    parts = urlsplit((settings.OPENAI_BASE_URL or OPENAI_URL).rstrip("/"))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))[:200]


def host_of(address: str) -> str:
    """The name by which people know a server."""
    return urlsplit(address).hostname or address


def complete(request: Request, call: Call, *, limit_s: float) -> Said:
    """The answer to one request, within `limit_s` seconds. `call.tick()` is called all the while.

    Raises Rejected, Silent, or whatever the tick raises."""
    until = time.monotonic() + limit_s
    while True:
        habits = _habits.get((request.endpoint, request.model), frozenset())
        try:
            return _in_thread(request, habits, call, limit_s=max(TICK_S, until - time.monotonic()))
        except Rejected as fault:
            learnt = habits | _learnt(fault, habits, request)
            if learnt == habits:
                raise
            _habits[request.endpoint, request.model] = learnt


def _in_thread(request: Request, habits: frozenset[str], call: Call, *, limit_s: float) -> Said:
    box: SimpleQueue[Said | Exception] = SimpleQueue()
    work = (box, request, habits, limit_s)
    Thread(target=_run, args=work, name="language-model", daemon=True).start()
    until = time.monotonic() + limit_s + _GRACE_S
    while True:
        try:
            outcome = box.get(timeout=TICK_S)
        except Empty:
            call.tick()
            if time.monotonic() > until:
                raise _timed_out() from None
            continue
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _run(
    box: "SimpleQueue[Said | Exception]", request: Request, habits: frozenset[str], limit_s: float
) -> None:
    try:
        box.put(_ask(request, habits, limit_s))
    except Exception as fault:  # the thread's edge: it is raised where the answer is waited for
        box.put(fault)


def _ask(request: Request, habits: frozenset[str], limit_s: float) -> Said:
    with told_faults(request.endpoint):
        client, timeout = connected(limit_s)
        answer = client.chat.completions.create(**body(request, habits), timeout=timeout)
    return read_answer(answer, request.max_output_tokens)


def read_answer(answer: Any, most_tokens: int) -> Said:
    """What stands in the package's `ChatCompletion` of at most `most_tokens`. Raises Silent
    where it is none."""
    try:
        return _said(answer, most_tokens)
    except (AttributeError, TypeError, IndexError, KeyError) as fault:
        raise _no_answer() from fault


def connected(limit_s: float) -> tuple[Any, Any]:
    """The package's client and a time-out for one request. Belongs within `told_faults`."""
    import openai

    address = (settings.OPENAI_BASE_URL or OPENAI_URL).rstrip("/")
    timeout = openai.Timeout(limit_s, connect=min(_CONNECT_S, limit_s))
    return _client(address, settings.OPENAI_API_KEY), timeout


@contextmanager
def told_faults(endpoint: str) -> Iterator[None]:
    """What the package raises, as Rejected or Silent."""
    import httpx2
    import openai

    try:
        yield
    except openai.APIStatusError as fault:
        raise _of_status(fault) from fault
    except openai.APITimeoutError as fault:
        was_sent = not isinstance(fault.__cause__, httpx2.ConnectTimeout)
        raise _timed_out(may_have_cost=was_sent) from fault
    except openai.APIConnectionError as fault:
        was_sent = not isinstance(fault.__cause__, httpx2.ConnectError)
        raise Silent(
            f"The language model at {host_of(endpoint)} cannot be reached, or cut the connection.",
            may_have_cost=was_sent,
        ) from fault
    except (openai.APIResponseValidationError, ValueError) as fault:
        raise _no_answer() from fault
    except openai.OpenAIError as fault:
        message = "The language model cannot be asked as it is configured."
        raise Rejected(
            message, "model_rejected", http_status=0, words=_clean(str(fault))
        ) from fault


def body_of(request: Request) -> dict[str, Any]:
    """What would be sent, as far as this process knows how the model wants to be asked."""
    return body(request, _habits.get((request.endpoint, request.model), frozenset()))


@lru_cache(maxsize=4)
def _client(address: str, key: str) -> Any:
    """A client for this process; made on first use, which is after the fork."""
    import openai

    # Local servers want no key, but the package does.
    client = openai.OpenAI(base_url=address, api_key=key or "none", max_retries=0)
    # The package takes both from the environment; ours is read in the settings alone.
    client.organization = client.project = None
    return client


_habits: dict[tuple[str, str], frozenset[str]] = {}
"""What (endpoint, model) was found out to want: "completion_tokens", "own_temperature",
"no_system"."""


def _learnt(fault: Rejected, habits: frozenset[str], request: Request) -> frozenset[str]:
    """What a refusal teaches about how this model wants to be asked."""
    if fault.http_status not in (400, 422):
        return frozenset()
    words = fault.words.lower()
    signs = {
        "completion_tokens": "max_completion_tokens" in words,
        "own_temperature": "temperature" in words,
        "no_system": "system" in words and "role" in words,
    }
    return frozenset(name for name, is_said in signs.items() if is_said)


def _said(answer: Any, most_tokens: int) -> Said:
    """What stands in an answer of at most `most_tokens`; raises Silent where it is none."""
    choices: Any = getattr(answer, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    if message is None:
        raise _no_answer()
    tools = message.tool_calls or []
    called = tools[0].function.arguments if tools and hasattr(tools[0], "function") else None
    usage = getattr(answer, "usage", None)
    said_tokens = _count(usage, "completion_tokens")
    # A tool call that the limit cut short ends with "tool_calls" at llama-cpp-python.
    is_full = said_tokens is not None and said_tokens >= most_tokens
    is_filtered = choices[0].finish_reason == "content_filter"
    return Said(
        text=_text(called or message.content),
        refusal=str(message.refusal or ("filtered" if is_filtered else "")),
        is_cut=choices[0].finish_reason == "length" or is_full,
        input_tokens=_count(usage, "prompt_tokens"),
        output_tokens=said_tokens,
    )


def _text(content: Any) -> str:
    """Text as most servers send it; some send parts of several kinds, or arguments as JSON."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        return "".join(str(part.get("text") or "") for part in parts)
    return json.dumps(content) if isinstance(content, dict) else str(content or "")


def _count(usage: Any, name: str) -> int | None:
    count = getattr(usage, name, None)
    return count if isinstance(count, int) and 0 <= count < _MOST_TOKENS else None


def _of_status(fault: Any) -> Rejected | Silent:
    """What an HTTP status that is no 200 means. The server's words stay out of the message."""
    status, words = int(fault.status_code), _clean(f"{fault.message}")
    # llama-cpp-python says 500 of a request that it finds invalid, too.
    if status == 500 and "validation error" in words:
        status = 422
    if status == 429 or status >= 500 or status in (408, 409, 425):
        return Silent(
            f"The language model {_why(status, str(fault.code))}; it is asked again later.",
            may_have_cost=status not in _UNWORKED,
            retry_after_s=retry_after_s(fault.response.headers),
            words=words,
        )
    code = str(fault.code or "")
    if code in _REFUSED_BY:
        message = "The language model's server refuses what stands on the page."
        return Rejected(message, "model_refused", http_status=status, words=words)
    if status in (400, 413) and (code == "context_length_exceeded" or _TOO_LONG.search(words)):
        message = "The text is longer than the language model takes; lower its prompt's limit."
        return Rejected(message, "model_input_too_long", http_status=status, words=words)
    message = (
        f"The language model's server refused the request with {status}; its own words stand "
        "with the call in the admin."
    )
    return Rejected(message, "model_rejected", http_status=status, words=words)


def _why(status: int, code: str) -> str:
    if code == "insufficient_quota":
        return "has an account with nothing left to spend"
    return "is asked too much" if status == 429 else f"failed with {status}"


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to be left alone (RFC 9110, 10.2.3: seconds or a date), 0
    where it does not say."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers.get(name, "")) * unit_s)
        except ValueError:
            continue
    try:
        at = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, (at - timezone.now()).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _timed_out(*, may_have_cost: bool = True) -> Silent:
    return Silent("The language model did not answer in time.", may_have_cost=may_have_cost)


def _no_answer() -> Silent:
    return Silent("The language model's server sent something broken.", may_have_cost=True)


def _clean(words: str) -> str:
    """A server's words, fit for the record of the call."""
    key = settings.OPENAI_API_KEY
    said = (words.replace(key, "***") if key else words).replace("\x00", "")
    return said.encode("utf-8", "replace").decode()[:_WORDS_KEPT]
