"""How a log line looks: time, level, event, then key=value pairs."""

import logging
from datetime import UTC, datetime

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "request",  # its repr holds the query
}


class LineFormatter(logging.Formatter):
    """`2026-01-31T10:00:00Z INFO step.done job=… stage=ocr elapsed_s=1.2`

    Whatever is passed as `extra` becomes a pair; values never hold document text."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pairs = [f"{k}={v}" for k, v in record.__dict__.items() if k not in _STANDARD]
        line = " ".join([at, record.levelname, record.getMessage(), *pairs])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
