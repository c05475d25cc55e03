"""What a process and its Postgres backend spend on each statement."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection


def shape(sql: str) -> str:
    """A statement without its values, short enough to read."""
    found = re.sub(r"\s+", " ", sql).strip().replace('"', "")
    found = re.sub(r"SELECT (?!\(?EXISTS|1).*? FROM", "SELECT .. FROM", found)
    return found[:110]


@dataclass(slots=True)
class Spent:
    """times: how often; the others in seconds. server_s and client_s are processor time, which
    the noise of the machine hardly touches; wall_s is what the worker waited."""

    times: int = 0
    wall_s: float = 0.0
    server_s: float = 0.0
    client_s: float = 0.0


class Clock:
    """What this process and its Postgres backend spend on each statement (Linux: schedstat)."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
        self.spent: dict[str, Spent] = defaultdict(Spent)

    def backend_s(self) -> float:
        return int(self._backend.read_text().split()[0]) / 1e9

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        return self.time(shape(sql), lambda: execute(sql, params, many, context))

    def time(self, name: str, call: Callable[[], Any]) -> Any:
        wall, server, client = time.perf_counter(), self.backend_s(), time.process_time()
        try:
            return call()
        finally:
            spent = self.spent[name]
            spent.times += 1
            spent.wall_s += time.perf_counter() - wall
            spent.client_s += time.process_time() - client
            spent.server_s += self.backend_s() - server
