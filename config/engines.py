"""The engines that the settings name: loading, and the two faults an engine may raise.

A leaf: any app may import it, it imports none. What an engine must do stands in
`ingestion/engines/base.py` and `search/engines/base.py`.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NotRequired, TypedDict

CODE_LENGTH = 40


class EngineConfig(TypedDict):
    """One entry of `settings.ENGINES`, in the shape of Django's STORAGES. QUERY_OPTIONS: what
    is other than in OPTIONS where a person waits for the answer."""

    BACKEND: str
    OPTIONS: NotRequired[Mapping[str, Any]]
    QUERY_OPTIONS: NotRequired[Mapping[str, Any]]


class EngineFault(Exception):
    """What an engine may raise, and nothing else.

    EngineFault
    |- EngineError        this input will never work; the step fails at once
    `- EngineUnavailable  try again; the step backs off, a few times at most
       `- EngineBusy      others are at it; the step waits its turn, as often as it takes

    `code` is stable and ends up on the step, the job and in the API; `message` is a
    sentence that tells the reader the next move and never quotes the document.
    """

    code = "engine_error"

    def __init__(self, message: str, code: str = "") -> None:
        # Postgres takes no NUL in a text, and a code has its column's width.
        message = message.replace("\x00", "")
        super().__init__(message)
        self.message = message
        self.code = (code or type(self).code).replace("\x00", "")[:CODE_LENGTH]


class EngineError(EngineFault):
    """The engine cannot read this input, now or later."""


class EngineUnavailable(EngineFault):
    """The engine cannot answer just now; the same call may work later, but not before
    `retry_after_s` seconds have passed, where it says so."""

    code = "engine_unavailable"

    def __init__(self, message: str, code: str = "", retry_after_s: float = 0) -> None:
        super().__init__(message, code)
        self.retry_after_s = retry_after_s


class EngineBusy(EngineUnavailable):
    """The engine works for others just now; that is no fault and costs no attempt."""

    code = "engine_busy"


def load(config: EngineConfig) -> Any:
    """Make the engine that `config` names; ImportError or AttributeError when there is none."""
    # OpenVINO tells its maker when it is used, unless the package that does so is not there.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    module, _, name = config["BACKEND"].rpartition(".")
    return getattr(import_module(module), name)(**config.get("OPTIONS", {}))
