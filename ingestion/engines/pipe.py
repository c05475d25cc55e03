"""What a worker and its engine child say to each other: MessagePack in frames of four bytes of
length and a body, each value held against the protocols of the engines."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from ingestion.engines import base
from search.engines.base import Embedder

PROTOCOLS: Mapping[str, type] = {
    "read": base.PageReader,
    "classify": base.Classifier,
    "extract": base.Extractor,
    "embed": Embedder,
}
_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. config: of the engine to ask, None for the one that the settings name."""

    engine: str
    method: str
    arguments: dict[str, Any]
    config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it. fault: "" for a value; retry_after_s: 0 where the engine does not say."""

    value: Any = None
    fault: str = ""  # or "error", "busy", "unavailable"
    code: str = ""
    message: str = ""
    retry_after_s: float = 0.0


@cache
def types_of(engine: str, method: str) -> dict[str, Any]:
    """By name the types of a method's arguments, and of its "return"."""
    return get_type_hints(getattr(PROTOCOLS[engine], method))


def frame(body: bytes) -> bytes:
    return _LENGTH.pack(len(body)) + body


def whole_of(answer: bytearray) -> bytes | None:
    """The body of a frame; None where some of it is still to come."""
    if len(answer) < _LENGTH.size:
        return None
    end = _LENGTH.size + _LENGTH.unpack_from(answer)[0]
    return bytes(answer[_LENGTH.size : end]) if len(answer) >= end else None


def send(pipe: Any, body: bytes) -> None:
    pipe.write(frame(body))
    pipe.flush()


def receive(pipe: Any) -> bytes | None:
    """The body of the next frame; None where the pipe has ended."""
    header = pipe.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    body: bytes = pipe.read(_LENGTH.unpack(header)[0])
    return body
