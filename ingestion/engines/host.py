"""The engine child: native code that may crash, hang or swell runs in a process of its own.

A worker owns one child, started after the fork with the first call and kept warm. They speak
MessagePack over a pipe, each frame four bytes of length and a body; every value is checked
against the types of `base.py` on arrival, on both sides. The worker never blocks: it wakes
several times a second, renews its lease through `tick`, and kills the child (and what the
child started) at the call's limit of time or memory.

    python -m ingestion.engines.host     the child's side
"""

import ctypes
import json
import logging
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import psutil

from config.engines import (
    EngineBusy,
    EngineConfig,
    EngineError,
    EngineFault,
    EngineUnavailable,
    load,
)
from ingestion.engines import base
from search.engines.base import Embedder

PROTOCOLS: Mapping[str, type] = {
    "read": base.PageReader,
    "classify": base.Classifier,
    "extract": base.Extractor,
    "embed": Embedder,
}
TICK_S = 0.25
_LENGTH = struct.Struct("!I")
_PR_SET_PDEATHSIG = 1


class EngineGone(EngineUnavailable):
    """The child died, hung or swelled; costs an attempt of the step that it worked on.

    Codes: engine_crashed, time_limit, memory_limit, and engine_killed: SIGKILL, which native
    code never sends itself, so that it is the machine's doing and not the input's."""

    code = "engine_crashed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    engine: str
    method: str
    arguments: dict[str, Any]
    config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    value: Any = None
    fault: str = ""  # "", "error", "busy" or "unavailable"
    code: str = ""
    message: str = ""
    retry_after_s: float = 0.0


class _Deadline:
    """When a call must have ended, from now on."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._at = time.monotonic() + limit_s

    def check(self) -> None:
        if time.monotonic() > self._at:
            raise EngineGone(
                f"Reading took longer than its limit of {self._limit_s:.3g} s and was stopped.",
                "time_limit",
            )


@cache
def _types(engine: str, method: str) -> dict[str, Any]:
    return get_type_hints(getattr(PROTOCOLS[engine], method))


class EngineHost:
    """One child and the pipe to it. Not for use by two threads."""

    def __init__(
        self, engines: Mapping[str, EngineConfig], *, memory_bytes: int, restart_bytes: int
    ) -> None:
        self._engines = engines
        self._memory_bytes = memory_bytes
        self._restart_bytes = restart_bytes
        self._child: subprocess.Popen[bytes] | None = None
        self._unsent = b""
        self.starts = 0

    def call(
        self,
        engine: str,
        method: str,
        *,
        limit_s: float,
        config: EngineConfig | None = None,
        tick: Callable[[], None] = lambda: None,
        **arguments: Any,
    ) -> Any:
        """Call `engine.method(**arguments)` in the child and return its value.

        config: another engine of that kind than the one that the child was started with.
        `tick` is called about four times a second; what it raises ends the call and the child.
        Raises EngineError, EngineUnavailable, EngineGone."""
        chosen = dict(config) if config else None
        request = _Request(engine=engine, method=method, arguments=arguments, config=chosen)
        try:
            deadline = _Deadline(limit_s)
            body = self._ask(msgspec.msgpack.encode(request), deadline, tick)
        except BaseException:
            self.close()
            raise
        answer = msgspec.msgpack.decode(body, type=_Answer)
        if answer.fault == "error":
            raise EngineError(answer.message, answer.code)
        if answer.fault == "busy":
            raise EngineBusy(answer.message, answer.code, answer.retry_after_s)
        if answer.fault:
            raise EngineUnavailable(answer.message, answer.code, answer.retry_after_s)
        self._restart_if_swollen()
        expected = _types(engine, method)["return"]
        try:
            return msgspec.convert(answer.value, expected, strict=True)
        except msgspec.ValidationError as fault:
            raise EngineError(
                f"The engine gave an answer of the wrong shape: {fault}", "engine_garbage"
            ) from fault

    def close(self) -> None:
        """Kill the child and everything it started."""
        child, self._child = self._child, None
        if child is None:
            return
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()

    @property
    def memory_bytes(self) -> int:
        return _memory(self._child.pid) if self._child else 0

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            self.starts += 1
            self._child = subprocess.Popen(
                [sys.executable, "-m", "ingestion.engines.host"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                start_new_session=True,
            )
            assert self._child.stdin is not None  # noqa: S101
            os.set_blocking(self._child.stdin.fileno(), False)
            self._unsent = _frame(msgspec.msgpack.encode(self._engines))
        return self._child

    def _ask(self, body: bytes, deadline: _Deadline, tick: Callable[[], None]) -> bytes:
        """The child's answer; a child that ended while it was idle is replaced, once."""
        try:
            return self._exchange(body, deadline, tick)
        except BrokenPipeError:
            self.close()
        try:
            return self._exchange(body, deadline, tick)
        except BrokenPipeError as fault:
            message = "The engine ends as soon as it starts; see the worker's log."
            raise EngineGone(message) from fault

    def _exchange(self, body: bytes, deadline: _Deadline, tick: Callable[[], None]) -> bytes:
        """Send a request and await its answer; a child that does not read is stopped, too."""
        child = self._running()
        assert child.stdin is not None  # noqa: S101
        assert child.stdout is not None  # noqa: S101
        outbox, inbox = child.stdin.fileno(), child.stdout.fileno()
        outgoing = memoryview(self._unsent + _frame(body))
        self._unsent = b""
        answer = bytearray()
        while True:
            ready, free, _ = select.select([inbox], [outbox] if outgoing else [], [], TICK_S)
            if free:
                outgoing = outgoing[os.write(outbox, outgoing) :]
            if ready:
                block = os.read(inbox, 1 << 20)
                if not block:
                    raise _how_it_died(child)
                answer += block
                if (whole := _whole(answer)) is not None:
                    return whole
            deadline.check()
            if not ready and not free and _memory(child.pid) > self._memory_bytes:
                raise EngineGone(
                    f"Reading needed more than {self._memory_bytes:,} bytes of memory and was "
                    "stopped.",
                    "memory_limit",
                )
            tick()

    def _restart_if_swollen(self) -> None:
        if self.memory_bytes > self._restart_bytes:
            self.close()


def _kind(fault: EngineFault) -> str:
    if isinstance(fault, EngineError):
        return "error"
    return "busy" if isinstance(fault, EngineBusy) else "unavailable"


def _how_it_died(child: subprocess.Popen[bytes]) -> EngineGone:
    try:
        code = child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return EngineGone("The engine closed its pipe; it is tried again.")
    if code == -signal.SIGKILL:
        return EngineGone("The engine was killed while it worked on this.", "engine_killed")
    if code < 0:
        name = signal.Signals(-code).name
        return EngineGone(f"The engine was ended by {name} while it worked on this.")
    return EngineGone(f"The engine ended with exit code {code} while it worked on this.")


def _memory(pid: int) -> int:
    """Resident bytes of the child and what it started; 0 once they are gone.

    psutil finds children by a look at every process of the machine, which cost more than many
    a call; Linux keeps a list of them with each thread."""
    lists = list(Path(f"/proc/{pid}/task").glob("*/children"))
    try:
        if not lists:
            return int(psutil.Process(pid).memory_info().rss)
        children = [int(child) for file in lists for child in file.read_text().split()]
        return int(psutil.Process(pid).memory_info().rss) + sum(map(_memory, children))
    except (psutil.Error, OSError):
        return 0


def _frame(body: bytes) -> bytes:
    return _LENGTH.pack(len(body)) + body


def _whole(answer: bytearray) -> bytes | None:
    """The body of a frame; None where some of it is still to come."""
    if len(answer) < _LENGTH.size:
        return None
    end = _LENGTH.size + _LENGTH.unpack_from(answer)[0]
    return bytes(answer[_LENGTH.size : end]) if len(answer) >= end else None


def _send(pipe: Any, body: bytes) -> None:
    pipe.write(_frame(body))
    pipe.flush()


def _receive(pipe: Any) -> bytes | None:
    header = pipe.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    body: bytes = pipe.read(_LENGTH.unpack(header)[0])
    return body


class _Child:
    """The child's side: makes engines on their first use and answers one call at a time."""

    def __init__(self, engines: Mapping[str, EngineConfig]) -> None:
        self._configs = engines
        self._made: dict[str, Any] = {}

    def answer(self, request: _Request) -> _Answer:
        try:
            method = getattr(self._engine(request), request.method)
            types = _types(request.engine, request.method)
            arguments = {
                name: msgspec.convert(value, types[name], strict=True)
                for name, value in request.arguments.items()
            }
            return _Answer(value=method(**arguments))
        except EngineFault as fault:
            return _Answer(
                fault=_kind(fault),
                code=fault.code,
                message=fault.message,
                retry_after_s=fault.retry_after_s if isinstance(fault, EngineUnavailable) else 0.0,
            )
        except MemoryError:
            message = "Reading needed more memory than is allowed."
            return _Answer(fault="error", code="memory_limit", message=message)
        except Exception as fault:  # an engine's own bug must not end the child
            logging.exception("engine.bug")
            message = f"The engine failed with {type(fault).__name__}; see the worker's log."
            return _Answer(fault="error", code="engine_bug", message=message)

    def _engine(self, request: _Request) -> Any:
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
    first = _receive(inbox)
    if first is None:
        return
    child = _Child(msgspec.msgpack.decode(first, type=dict[str, Any]))
    while (body := _receive(inbox)) is not None:
        request = msgspec.msgpack.decode(body, type=_Request)
        _send(outbox, msgspec.msgpack.encode(child.answer(request)))


if __name__ == "__main__":
    main()
