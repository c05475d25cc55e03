"""Embeddings of any server that speaks OpenAI's API, by the `openai` package.

Imports no Django, and the package only with the first request: it also runs in an engine child.
A text that the server finds too long is shortened and asked for once more. Whether the server
takes `dimensions` is found out with the first request that it refuses for it.
"""

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from config.engines import EngineBusy, EngineError, EngineFault, EngineUnavailable

# Bytes of UTF-8 that one token has at least on average: English has four and more, tables of
# numbers and codes about three, and of other scripts a letter alone has two or three.
BYTES_A_TOKEN = 3
# What one request may hold; OpenAI takes 2,048 texts of 300,000 tokens together.
MAX_TEXTS = 128
MAX_TOKENS_TOGETHER = 60_000
TOO_LONG_PARTS = 0.6
OPENAI_URL = "https://api.openai.com/v1"
NAME_CHARS = 100
_MARK_CHARS = 12
# As OpenAI, vLLM, llama.cpp, Ollama and text-embeddings-inference word it.
_TOO_LONG = (
    "context length",
    "maximum context",
    "context size",
    "too long",
    "too large",
    "too many tokens",
    "token limit",
    "must have less than",
)


def identity(model: str, dimension: int, base_url: str) -> str:
    """ "e5-384@10.0.0.7:8080": by what vectors are told apart, in NAME_CHARS characters.

    A model's name says little at another address, where another file or another company may
    stand behind it. Names, passwords and what follows a question mark are no part of it."""
    parts = urlsplit(base_url or OPENAI_URL)
    place = parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/").removesuffix("/v1")
    whole = f"{model}-{dimension}@{place}"
    if len(whole) <= NAME_CHARS:
        return whole
    mark = hashlib.sha256(whole.encode()).hexdigest()[:_MARK_CHARS]
    return f"{whole[: NAME_CHARS - _MARK_CHARS - 1]}~{mark}"


class OpenAI:
    """Vectors of length 1 from POST /embeddings.

    base_url: "" is OpenAI's own; dimension: numbers of a vector, asked for and checked.
    timeout_s: seconds for one request. wait_s: the longest time that a server which asks for
    patience (429 with Retry-After) is waited for, then the request is tried once more.
    rest_s: after a server did not answer, it is left alone for so many seconds and every call
    refused at once. May be used by several threads."""

    def __init__(
        self,
        *,
        model: str,
        dimension: int,
        base_url: str = "",
        api_key: str = "",
        max_tokens: int = 512,
        timeout_s: float = 60,
        wait_s: float = 20,
        rest_s: float = 0,
    ) -> None:
        self.name = identity(model, dimension, base_url)
        self.dimension = dimension
        self.max_tokens = max_tokens
        self._model = model
        self._base_url = base_url
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._wait_s = wait_s
        self._rest_s = rest_s
        self._rests_until = 0.0
        self._asks_dimension = True

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """A unit vector for each text, in order. Raises

        EngineError        embed_rejected (400, 401, 403, 404, 413, 422: configuration or text),
                           embed_dimension, embed_garbage (no answer as it should be)
        EngineBusy         embed_rate_limited: 429, also after the wait that it asked for
        EngineUnavailable  embed_unavailable: no connection, time-out, cut off, 5xx;
                           embed_quota: 429, since nothing is paid for"""
        if time.monotonic() < self._rests_until:
            raise EngineUnavailable(
                "The embedding server did not answer a moment ago and is left alone.",
                "embed_unavailable",
            )
        vectors: list[tuple[float, ...]] = []
        try:
            for part in self._batches(texts):
                vectors += self._vectors(part)
        except EngineBusy:
            raise
        except EngineUnavailable:
            self._rests_until = time.monotonic() + self._rest_s
            raise
        return tuple(vectors)

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        """An estimate from above of each text's tokens: the server's tokenizer is not at hand."""
        return tuple(math.ceil(len(text.encode()) / BYTES_A_TOKEN) for text in texts)

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The texts in order, in runs that one request may hold; none is ever empty."""
        run: list[str] = []
        held = 0
        for text, count in zip(texts, self.count_tokens(texts=tuple(texts)), strict=True):
            if run and (len(run) == MAX_TEXTS or held + count > MAX_TOKENS_TOGETHER):
                yield tuple(run)
                run, held = [], 0
            # Servers refuse an empty text; what is blank means nothing all the same.
            run.append(text if text.strip() else "-")
            held += count
        if run:
            yield tuple(run)

    def _vectors(self, texts: tuple[str, ...]) -> list[tuple[float, ...]]:
        try:
            return self._checked(self._ask(texts), len(texts))
        except _TooLong as fault:
            if len(texts) > 1:
                # Only the text that is too long is to be cut, and the answer does not say which.
                return [vector for text in texts for vector in self._vectors((text,))]
            shorter = texts[0][: max(1, int(len(texts[0]) * TOO_LONG_PARTS))]
            try:
                return self._checked(self._ask((shorter,)), 1)
            except _TooLong:
                raise EngineError(fault.message, "embed_too_long") from fault

    def _checked(self, answer: Any, count: int) -> list[tuple[float, ...]]:
        """The vectors of an answer, by their index, each of the right dimension and length 1."""
        try:
            found = {int(one.index): [float(n) for n in one.embedding] for one in answer.data}
        except (AttributeError, TypeError, ValueError) as fault:
            raise EngineError(
                "The embedding server gave an answer without vectors.", "embed_garbage"
            ) from fault
        if sorted(found) != list(range(count)):
            raise EngineError(
                "The embedding server gave another number of vectors than it had texts.",
                "embed_garbage",
            )
        return [self._unit(found[at]) for at in range(count)]

    def _unit(self, numbers: list[float]) -> tuple[float, ...]:
        if len(numbers) != self.dimension:
            raise EngineError(
                f"The embedding server gave vectors of {len(numbers)} numbers instead of "
                f"{self.dimension}; set DOCKET_EMBED_DIMENSION to what the model makes.",
                "embed_dimension",
            )
        length = math.sqrt(sum(number * number for number in numbers))
        if not math.isfinite(length) or not length:
            raise EngineError(
                "The embedding server gave a vector that has no direction.", "embed_garbage"
            )
        return tuple(number / length for number in numbers)

    def _ask(self, texts: tuple[str, ...]) -> Any:
        """One request, and one more where the server asks for patience or knows no dimensions."""
        try:
            return self._request(texts)
        except _Patience as fault:
            if fault.retry_after_s > self._wait_s:
                raise
            time.sleep(fault.retry_after_s)
        except _NoDimensions:
            self._asks_dimension = False
        return self._request(texts)

    def _request(self, texts: tuple[str, ...]) -> Any:
        import openai

        more: dict[str, Any] = {"dimensions": self.dimension} if self._asks_dimension else {}
        try:
            return self._client.embeddings.create(
                model=self._model, input=list(texts), encoding_format="float", **more
            )
        except openai.APIStatusError as fault:
            raise self._fault(fault) from fault
        # Time-outs are connection errors, and JSON that ends too soon was cut on its way.
        except (openai.APIConnectionError, json.JSONDecodeError) as fault:
            raise EngineUnavailable(
                "The embedding server does not answer; try again.", "embed_unavailable"
            ) from fault
        except (openai.OpenAIError, ValueError) as fault:
            raise EngineError(
                "The embedding server gave an answer that cannot be read.", "embed_garbage"
            ) from fault

    def _fault(self, fault: Any) -> EngineFault:
        """What an answer that is none means; the server's own words may quote the text."""
        status, said = int(fault.status_code), str(fault.message).lower()
        if status == 429:
            if getattr(fault, "code", None) == "insufficient_quota":
                message = "The account at the embedding server has nothing left to spend."
                return EngineUnavailable(message, "embed_quota")
            return _Patience(_wait_s(fault.response.headers.get("retry-after", "")))
        if status >= 500 or status in (408, 409):
            message = f"The embedding server answered with {status}; try again."
            return EngineUnavailable(message, "embed_unavailable")
        if status in (400, 413, 422) and any(words in said for words in _TOO_LONG):
            return _TooLong("A passage is too long for the embedding server.", "embed_too_long")
        if status in (400, 422) and self._asks_dimension and "dimension" in said:
            return _NoDimensions("The embedding server knows no dimensions.", "embed_rejected")
        return EngineError(
            f"The embedding server refused with {status}; look at DOCKET_EMBED_MODEL, its "
            "address and its key.",
            "embed_rejected",
        )

    @cached_property
    def _client(self) -> Any:
        import openai

        return openai.OpenAI(
            # Servers of one's own mostly ask for none, but the package wants one.
            api_key=self._api_key or "none",
            base_url=self._base_url or OPENAI_URL,
            timeout=self._timeout_s,
            max_retries=0,
        )


class _TooLong(EngineError):
    pass


class _NoDimensions(EngineError):
    pass


class _Patience(EngineBusy):
    """The server asks for so many seconds of patience."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "The embedding server takes no more requests for now.", "embed_rate_limited", wait_s
        )


def _wait_s(header: str) -> float:
    """Retry-After in seconds; one second where it is missing or a date."""
    try:
        return max(0.0, float(header))
    except ValueError:
        return 1.0
