"""The four measurements that compare processes: wake, throughput, idle, pages."""

import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psutil

from bench.queues import stamps
from bench.queues.sides import (
    VAR,
    WORKERS,
    Side,
    Submitter,
    await_stamps,
    check_all_done,
    docket,
    running,
)


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


# -- wake ------------------------------------------------------------------------------------


def wake(sides: Sequence[Side], samples: int) -> dict[str, Any]:
    """Milliseconds from the end of the submitting transaction to the start of the work.

    All sides are up together and are asked in a random order, each after a random pause, so
    that none is favoured by its polling and all meet the same noise."""
    told: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    with ExitStack() as stack:
        submitters = {}
        for side in sides:
            side.stamps.unlink(missing_ok=True)
            submitters[side.name] = stack.enter_context(Submitter(side))
            stack.enter_context(running(side))
        for side in sides:
            for number in (1, 2, 3):
                submitters[side.name].tell("1")
                await_stamps(side, number)
                time.sleep(0.5)
        time.sleep(5)
        for number in range(samples):
            for side in random.sample(list(sides), len(sides)):
                time.sleep(random.uniform(0.1, 0.4))
                called, committed = submitters[side.name].tell("1")
                await_stamps(side, number + 4)
                begun = stamps.read(side.stamps)[-1][0]
                told[side.name].append((begun - committed, begun - called))
    return {
        name: {
            "p50_ms": round(1000 * quantile([row[0] for row in rows], 0.5), 1),
            "p95_ms": round(1000 * quantile([row[0] for row in rows], 0.95), 1),
            "max_ms": round(1000 * max(row[0] for row in rows), 1),
            "from_call_p50_ms": round(1000 * quantile([row[1] for row in rows], 0.5), 1),
            "from_call_p95_ms": round(1000 * quantile([row[1] for row in rows], 0.95), 1),
            "samples": len(rows),
        }
        for name, rows in told.items()
    }


# -- throughput ------------------------------------------------------------------------------


def throughput(sides: Sequence[Side], rounds: int, share: float) -> dict[str, Any]:
    """Finished units a second: the queue is filled, then workers start and drain it.

    Counted from when the second worker began, so that starting up is left out. A unit's
    bookkeeping lies before the next unit's start, so it is counted but for the last one's."""
    found: dict[str, list[_Drained]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            found[side.name].append(_drain(side, int(side.many * share)))
    ratios = [
        ours.rate / theirs.rate
        for ours, theirs in zip(found["docket"], found["django-q2"], strict=True)
    ]
    told: dict[str, Any] = {
        name: {
            "units_a_second": round(statistics.median(row.rate for row in rows), 1),
            "cpu_ms_a_unit": round(statistics.median(row.own_ms for row in rows), 2),
            "postgres_cpu_ms_a_unit": round(statistics.median(row.postgres_ms for row in rows), 2),
            "rounds": [round(row.rate, 1) for row in rows],
        }
        for name, rows in found.items()
    }
    # Round by round, since the machine's noise moves both sides together.
    told["ratio"] = {
        "median": round(statistics.median(ratios), 2),
        "rounds": [round(ratio, 2) for ratio in ratios],
    }
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drained:
    """rate: units a second. own_ms, postgres_ms: processor time of a unit, which the noise of
    the machine touches less."""

    rate: float
    own_ms: float
    postgres_ms: float


def _drain(side: Side, number: int) -> _Drained:
    side.stamps.unlink(missing_ok=True)
    with Submitter(side) as submitter:
        submitter.tell(f"many {number}")
    with running(side) as head:
        await_stamps(side, number // 10)
        begun, own, server = stamps.count(side.stamps), _used(head.pid), _used_by_postgres()
        await_stamps(side, number)
        units = number - begun
        own_s = sum(_used(head.pid).values()) - sum(own.values())
        server_s = _used_by_postgres() - server
        time.sleep(0.5)
    check_all_done(side)
    rows = stamps.read(side.stamps)
    if len(rows) != number:
        raise SystemExit(f"{side.name}: {len(rows)} units ran, {number} were submitted.")
    first_of = {pid: begun for begun, pid in reversed(rows)}
    since = sorted(first_of.values())[:2][-1]
    counted = [begun for begun, _ in rows if begun >= since]
    return _Drained(
        rate=(len(counted) - 1) / (counted[-1] - counted[0]),
        own_ms=1000 * own_s / units,
        postgres_ms=1000 * server_s / units,
    )


# -- idle ------------------------------------------------------------------------------------


def idle(sides: Sequence[Side], seconds: float, rounds: int) -> dict[str, Any]:
    """Processor seconds a minute of each side's processes while there is nothing to do.

    All are up together; Postgres, which serves all of them, is told apart from them."""
    told: dict[str, list[dict[str, float]]] = {side.name: [] for side in sides}
    postgres: list[float] = []
    with ExitStack() as stack:
        heads = {}
        for side in sides:
            is_ours = side.worker[-1] == "qcluster"
            command = [sys.executable, "manage.py", "work"] if is_ours else None
            stack.enter_context(Submitter(side))  # makes procrastinate's tables
            heads[side.name] = stack.enter_context(running(side, command=command))
        # Long enough for the watchdog to look, too: it waits for a minute after a start.
        time.sleep(65)
        for _ in range(rounds):
            before = {name: _used(process.pid) for name, process in heads.items()}
            server = _used_by_postgres()
            time.sleep(seconds)
            for name, process in heads.items():
                after = _used(process.pid)
                told[name].append(
                    {
                        part: (used - before[name].get(part, 0.0)) * 60 / seconds
                        for part, used in after.items()
                    }
                )
            postgres.append((_used_by_postgres() - server) * 60 / seconds)
    found: dict[str, Any] = {}
    for name, rows in told.items():
        found[name] = {
            "cpu_s_a_minute": round(statistics.median(sum(row.values()) for row in rows), 2),
            "rounds": [round(sum(row.values()), 2) for row in rows],
            "parts": {part: round(used, 2) for part, used in rows[-1].items()},
        }
    found["postgres of all of them"] = {"cpu_s_a_minute": round(statistics.median(postgres), 2)}
    return found


# django-q2's processes bear no names; they are known by the order in which they are forked.
_OF_SENTINEL = [*(f"worker {n + 1}" for n in range(WORKERS)), "monitor", "pusher"]


def _used(pid: int) -> dict[str, float]:
    """Processor seconds by process, children that have ended included."""
    head = psutil.Process(pid)
    used = {"supervisor" if "work" in head.cmdline() else "main": _seconds(head)}
    above = head
    for name in ("main", "sentinel"):
        below = above.children()
        if len(below) == 1 and "qcluster" in below[0].cmdline() and name not in used:
            above = below[0]
            used[name] = _seconds(above)
    rest = [process for process in head.children(recursive=True) if process.pid != above.pid]
    rest = [process for process in rest if above in process.parents()]
    named = _OF_SENTINEL if above.pid != head.pid else []
    for place, process in enumerate(sorted(rest, key=lambda process: process.pid)):
        used[named[place] if place < len(named) else f"child {process.pid}"] = _seconds(process)
    return used


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _used_by_postgres() -> float:
    return sum(_seconds(process) for process in _postgres())


def _postgres() -> list[psutil.Process]:
    pid = int((VAR / "pg/data/postmaster.pid").read_text().split()[0])
    head = psutil.Process(pid)
    return [head, *head.children()]


# -- pages -----------------------------------------------------------------------------------


PAGES = tuple(docket(f"pages-{workers}", workers=workers) for workers in (1, WORKERS))


def pages(number: int, rounds: int) -> dict[str, Any]:
    """Milliseconds of wall time a page of a text's whole way, with engines that do nothing.

    From the call of intake to the end of the job, with warm workers and engine children."""
    found: dict[str, list[float]] = {side.name: [] for side in PAGES}
    for _ in range(rounds):
        for side in PAGES:
            command = [sys.executable, "-m", "bench.queues.submit", "pages"]
            with running(side), Submitter(side, command) as submitter:
                submitter.tell("1")
                submitter.tell("many 8")
                called, ended = submitter.tell(f"many {number}")
                found[side.name].append(1000 * (ended - called) / number)
    return {
        name: {
            "ms_a_page": round(statistics.median(rows), 1),
            "rounds": [round(ms, 1) for ms in rows],
            "pages": number,
        }
        for name, rows in found.items()
    }
