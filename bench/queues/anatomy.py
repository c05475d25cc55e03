"""Where the time of a step goes: statements, their milliseconds, and what is left for Python.

    python -m bench.queues.anatomy      prints a JSON object

One worker's loop in this process, without its cluster. The milliseconds of a statement are
of the worker and of its Postgres backend, in processor time and in wall time."""

import cProfile
import io
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("BENCH_STAMPS", os.devnull)
django.setup()

from django.db import connection  # noqa: E402

from bench.queues.clock import Clock  # noqa: E402
from bench.queues.submit import submit_steps  # noqa: E402
from documents.models import Project  # noqa: E402
from ingestion import intake, tasks, workers  # noqa: E402
from ingestion.models import Step, StepStatus  # noqa: E402


def drain() -> None:
    while Step.objects.filter(status=StepStatus.QUEUED).exists():
        tasks.work()


def measured(drained: Callable[[], None], units: int) -> dict[str, Any]:
    """Milliseconds a unit of a drained queue, by statement."""
    clock = Clock()
    real = connection.connection
    commit = real.commit
    # The commit is no statement to Django; it is timed on our own connection object.
    real.commit = lambda: clock.time("COMMIT", commit)
    wall, server, client = time.perf_counter(), clock.backend_s(), time.process_time()
    with connection.execute_wrapper(clock):
        drained()
    wall, server = time.perf_counter() - wall, clock.backend_s() - server
    client = time.process_time() - client
    del real.commit
    order = sorted(clock.spent, key=lambda name: -clock.spent[name].wall_s)

    def ms(seconds: float) -> float:
        return round(1000 * seconds / units, 3)

    return {
        "wall_ms": ms(wall),
        "worker_cpu_ms": ms(client),
        "postgres_cpu_ms": ms(server),
        "statements": round(sum(one.times for one in clock.spent.values()) / units, 2),
        "statements_wall_ms": ms(sum(one.wall_s for one in clock.spent.values())),
        "statements_worker_cpu_ms": ms(sum(one.client_s for one in clock.spent.values())),
        "by_statement": [
            {
                "sql": name,
                "times": round(clock.spent[name].times / units, 2),
                "wall_ms": ms(clock.spent[name].wall_s),
                "postgres_cpu_ms": ms(clock.spent[name].server_s),
                "worker_cpu_ms": ms(clock.spent[name].client_s),
            }
            for name in order[:22]
        ],
    }


def profiled(drained: Callable[[], None]) -> str:
    profile = cProfile.Profile()
    profile.runcall(drained)
    out = io.StringIO()
    pstats.Stats(profile, stream=out).sort_stats("cumulative").print_stats(70)
    pstats.Stats(profile, stream=out).sort_stats("tottime").print_stats(40)
    return out.getvalue()


def take_in(number: int) -> None:
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench"})
    text = "\f".join(f"page {n} of {time.time_ns()}" for n in range(1, number + 1))
    intake.receive(io.BytesIO(text.encode()), filename="bench.txt", project=project, user=None)


def main() -> None:
    steps, pages = (200, 20) if "--quick" in sys.argv else (1000, 200)
    told: dict[str, Any] = {}
    take_in(2)
    drain()
    for name, a_job in (("steps, jobs of 100", 100), ("steps, one job", steps)):
        submit_steps(steps, a_job)
        told[name] = measured(drain, steps)
    take_in(pages)
    told["pages"] = measured(drain, pages)
    if "--profile" in sys.argv:
        submit_steps(steps, 100)
        print(profiled(drain), file=sys.stderr)
        take_in(pages)
        print(profiled(drain), file=sys.stderr)
    workers.host().close()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
