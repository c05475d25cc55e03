"""Measures Docket's queue against others in one run.

    python -m bench.queues [--only PART,...] [--quick]      (make bench-queue)

Prints a JSON object on stdout and a table on stderr. Two workers everywhere. The parts:

    wake        from the end of the submitting transaction to the start of the work, idle
    throughput  units that do nothing, a second; for Docket a unit is a step of a job
    idle        processor time while there is nothing to do
    pages       the whole way of a page of text, with engines that do nothing
    anatomy     what a step and a page spend on which statement
    scale       the claim and its neighbours with 1,100,000 steps
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.queues import measures, sides, table
from config import database

PARTS = ("wake", "throughput", "idle", "pages", "anatomy", "scale")
TARGETS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "wake p95 <= 20 ms": ("wake", lambda told: told["docket"]["p95_ms"] <= 20),
    "throughput >= 1.5 x django-q2": ("throughput", lambda told: told["ratio"]["median"] >= 1.5),
    "idle < 1 CPU s a minute": ("idle", lambda told: told["docket"]["cpu_s_a_minute"] < 1),
    "page <= 30 ms": ("pages", lambda told: all(row["ms_a_page"] <= 30 for row in told.values())),
    "claim p95 < 5 ms": (
        "scale",
        lambda told: all(row["p95_ms"] < 5 for row in told["claims"].values()),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures Docket's queue against others.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, comma-separated")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, to try the bench")
    chosen = parser.parse_args()
    wanted = chosen.only.split(",")
    (sides.VAR / "bench").mkdir(parents=True, exist_ok=True)
    was_running = database.is_running(sides.VAR)
    told: dict[str, Any] = {"left_out": [], "cores": os.cpu_count()}
    try:
        with sides.redis() as redis:
            parts = _parts(_others(redis, told), chosen.quick)
            for name in (name for name in PARTS if name in wanted):
                began, load = time.monotonic(), os.getloadavg()[0]
                print(f"bench: {name}", file=sys.stderr, flush=True)
                told[name] = parts[name]()
                told.setdefault("load", {})[name] = f"{load:.1f} to {os.getloadavg()[0]:.1f}"
                print(f"bench: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:
        if not was_running:
            database.stop(sides.VAR)
    told["targets"] = {
        name: is_met(told[part]) for name, (part, is_met) in TARGETS.items() if part in told
    }
    print(table.of(told), file=sys.stderr)
    print(json.dumps(told, indent=1))
    return 0


def _parts(others: list[sides.Side], quick: bool) -> dict[str, Callable[[], Any]]:
    listening = sides.docket("docket")
    polling = sides.docket("docket-polling", broker="polling")
    by_hundreds = sides.docket("docket-100", steps_a_job=100)
    own = sides.django_q2("django-q2")
    scale = sides.docket("scale")
    everyone = [listening, polling, by_hundreds, own, scale, *measures.PAGES, *others]
    sides.make_databases(sorted({side.database for side in everyone if side.database}))
    rounds, share, samples = (1, 0.2, 10) if quick else (3, 1.0, 100)
    return {
        "wake": lambda: measures.wake([listening, polling, *others], samples),
        "throughput": lambda: measures.throughput(
            [listening, by_hundreds, own, *others], rounds, share
        ),
        "idle": lambda: measures.idle(
            [listening, polling, *others], 10 if quick else 60, 1 if quick else 2
        ),
        "pages": lambda: measures.pages(40 if quick else 200, rounds),
        "anatomy": lambda: _script("anatomy", by_hundreds, quick),
        "scale": lambda: _script("scale", scale, quick),
    }


def _others(redis: str, told: dict[str, Any]) -> list[sides.Side]:
    found = []
    if (sides.OTHERS / "procrastinate").exists():
        found.append(sides.procrastinate())
    else:
        told["left_out"].append("procrastinate: bench/requirements.txt is not installed")
    if not redis:
        told["left_out"].append("Celery: there is no redis-server (apt-get install redis-server)")
    elif (sides.OTHERS / "celery").exists():
        found.append(sides.celery(redis))
    else:
        told["left_out"].append("Celery: bench/requirements.txt is not installed")
    return found


def _script(name: str, side: sides.Side, quick: bool) -> Any:
    """Run a part that is Django itself, in a process of its own; its stdout is JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.queues.{name}", *(["--quick"] if quick else [])],
        cwd=sides.ROOT,
        env=side.environment() | {"DOCKET_LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
