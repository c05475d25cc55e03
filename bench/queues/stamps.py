"""What every side shares: the unit of work that notes when it began, and the submitter's loop.

Knows no queue and no Django, since the other queues run in an environment of their own.
"""

import os
import struct
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

_ROW = struct.Struct("=dq")


@cache
def _file(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)


def stamp() -> None:
    """The unit of work: note the time and the process. Appending is atomic, a few us."""
    os.write(_file(os.environ["BENCH_STAMPS"]), _ROW.pack(time.time(), os.getpid()))


def read(path: Path) -> list[tuple[float, int]]:
    """(time, pid) of each unit that began, in the order of their beginning."""
    body = path.read_bytes() if path.exists() else b""
    return sorted(_ROW.iter_unpack(body[: len(body) // _ROW.size * _ROW.size]))


def count(path: Path) -> int:
    return path.stat().st_size // _ROW.size if path.exists() else 0


def serve(one: Callable[[], None], many: Callable[[int], None]) -> None:
    """Answer each line of stdin, "1" or "many N", with the times before and after submitting."""
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        called = time.time()
        if words[0] == "many":
            many(int(words[1]))
        else:
            one()
        print(called, time.time(), flush=True)
