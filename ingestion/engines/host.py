"""The engine child: native code that may crash, hang or swell runs in a process of its own.

A worker owns one child, started after the fork with the first call and kept warm. What they say
to each other (`pipe.py`) is checked against the types of `base.py` on arrival, on both sides. The
worker never blocks: it wakes several times a second, renews its lease through `tick`, and kills
the child (`child.py`, and what it started) at the call's limit of time or memory.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import psutil

from config.engines import (
    EngineBusy,
    EngineConfig,
    EngineError,
    EngineUnavailable,
)
from ingestion.engines.pipe import Answer, Request, frame, types_of, whole_of

TICK_S = 0.25


class EngineGone(EngineUnavailable):
    """The child died, hung or swelled; costs an attempt of the step that it worked on.

    Codes: engine_crashed, time_limit, memory_limit, and engine_killed: SIGKILL, which native
    code never sends itself, so that it is the machine's doing and not the input's."""

    code = "engine_crashed"


class _Deadline:
    """When a call must have ended, from now on."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._at = time.monotonic() + limit_s

    def check(self) -> None:
        if time.monotonic() > self._at:
            raise EngineGone(
                f"Reading took longer than its limit of {ceil(self._limit_s)} s and was stopped.",
                "time_limit",
            )


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
        request = Request(engine=engine, method=method, arguments=arguments, config=chosen)
        try:
            deadline = _Deadline(limit_s)
            body = self._ask(msgspec.msgpack.encode(request), deadline, tick)
        except BaseException:
            self.close()
            raise
        answer = msgspec.msgpack.decode(body, type=Answer)
        if answer.fault == "error":
            raise EngineError(answer.message, answer.code)
        if answer.fault == "busy":
            raise EngineBusy(answer.message, answer.code, answer.retry_after_s)
        if answer.fault:
            raise EngineUnavailable(answer.message, answer.code, answer.retry_after_s)
        self._restart_if_swollen()
        expected = types_of(engine, method)["return"]
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
                [sys.executable, "-m", "ingestion.engines.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                start_new_session=True,
            )
            assert self._child.stdin is not None  # noqa: S101
            os.set_blocking(self._child.stdin.fileno(), False)
            self._unsent = frame(msgspec.msgpack.encode(self._engines))
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
        outgoing = memoryview(self._unsent + frame(body))
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
                if (whole := whole_of(answer)) is not None:
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
