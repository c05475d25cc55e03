"""How a log line looks: time, level, event and what is bound to it, as pairs or as JSON."""

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "request",  # its repr holds the query
}
_PLAIN = re.compile(r"[^\s\"=]*")
_bound: ContextVar[tuple[float, Mapping[str, Any]] | None] = ContextVar("bound", default=None)


@contextmanager
def bound(**pairs: Any) -> Iterator[None]:
    """Every line of this thread says these, and the seconds since the block began."""
    token = _bound.set((time.monotonic(), pairs))
    try:
        yield
    finally:
        _bound.reset(token)


class LineFormatter(logging.Formatter):
    """`2026-01-31T10:00:00Z INFO step.done job=… stage=ocr elapsed_s=1.2`

    Whatever is passed as `extra` becomes a pair; values never hold document text. A value
    that is not one plain word is quoted as in JSON."""

    def format(self, record: logging.LogRecord) -> str:
        pairs = [f"{key}={_word(value)}" for key, value in _pairs(record).items()]
        line = " ".join([_at(record), record.levelname, record.getMessage(), *pairs])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """The same as one JSON object a line, a traceback in it as `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        told = {"time": _at(record), "level": record.levelname, "event": record.getMessage()}
        told |= {key: value for key, value in _pairs(record).items() if key not in told}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str, ensure_ascii=False)


FORMATS = {"line": LineFormatter, "json": JsonFormatter}


def formatter(name: str) -> type[logging.Formatter]:
    """Raises ValueError for a name that is not in FORMATS."""
    if name not in FORMATS:
        raise ValueError(f"DOCKET_LOG_FORMAT must be {' or '.join(FORMATS)}.")
    return FORMATS[name]


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pairs(record: logging.LogRecord) -> dict[str, Any]:
    own = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    context = _bound.get()
    if context is None:
        return own
    began, pairs = context
    return {**pairs, "elapsed_s": round(time.monotonic() - began, 3), **own}


def _word(value: Any) -> str:
    word = str(value)
    return word if _PLAIN.fullmatch(word) else json.dumps(word, ensure_ascii=False)
