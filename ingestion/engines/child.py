"""The engine child's own side: engines made on their first use, one call after the other.

python -m ingestion.engines.child
"""

import ctypes
import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from config.engines import (
    EngineBusy,
    EngineConfig,
    EngineError,
    EngineFault,
    EngineUnavailable,
    load,
)
from ingestion.engines.pipe import Answer, Request, receive, send, types_of

_PR_SET_PDEATHSIG = 1


def _kind(fault: EngineFault) -> str:
    if isinstance(fault, EngineError):
        return "error"
    return "busy" if isinstance(fault, EngineBusy) else "unavailable"


class _Child:
    """The child's side: makes engines on their first use and answers one call at a time."""

    def __init__(self, engines: Mapping[str, EngineConfig]) -> None:
        self._configs = engines
        self._made: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        try:
            method = getattr(self._engine(request), request.method)
            types = types_of(request.engine, request.method)
            arguments = {
                name: msgspec.convert(value, types[name], strict=True)
                for name, value in request.arguments.items()
            }
            return Answer(value=method(**arguments))
        except EngineFault as fault:
            return Answer(
                fault=_kind(fault),
                code=fault.code,
                message=fault.message,
                retry_after_s=fault.retry_after_s if isinstance(fault, EngineUnavailable) else 0.0,
            )
        except MemoryError:
            message = "Reading needed more memory than is allowed."
            return Answer(fault="error", code="memory_limit", message=message)
        except Exception as fault:  # an engine's own bug must not end the child
            logging.exception("engine.bug")
            message = f"The engine failed with {type(fault).__name__}; see the worker's log."
            return Answer(fault="error", code="engine_bug", message=message)

    def _engine(self, request: Request) -> Any:
        config: Any = request.config or self._configs[request.engine]
        key = f"{request.engine} {json.dumps(config, sort_keys=True)}"
        if key not in self._made:
            self._made[key] = load(config)
        return self._made[key]


def _die_with_parent() -> None:
    """Linux: SIGKILL when the worker is gone, so that native code does not run on alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        sys.exit(0)


def main() -> None:
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    inbox = sys.stdin.buffer
    # Whatever an engine prints must not land in the pipe.
    outbox = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    first = receive(inbox)
    if first is None:
        return
    child = _Child(msgspec.msgpack.decode(first, type=dict[str, Any]))
    while (body := receive(inbox)) is not None:
        request = msgspec.msgpack.decode(body, type=Request)
        send(outbox, msgspec.msgpack.encode(child.answer(request)))


if __name__ == "__main__":
    main()
