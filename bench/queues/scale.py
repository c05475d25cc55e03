"""The claim and its neighbours with a million steps done and a hundred thousand ready.

    python -m bench.queues.scale [--quick]      prints a JSON object

The rows are made by SQL; what is timed are Docket's own verbs, called in this process."""

import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bench.queues import noop  # noqa: E402
from bench.queues.clock import Clock  # noqa: E402
from bench.queues.measures import quantile  # noqa: E402
from documents.models import Project  # noqa: E402
from ingestion import ledger, queries, queue, upkeep  # noqa: E402
from ingestion.models import Job, Limits, Step, StepStatus  # noqa: E402

HOST = "bench"
PLANS = Path(settings.VAR) / "bench" / "plans.txt"
_JOBS = """
INSERT INTO ingestion_job (id, kind, project_id, options, priority, status, pages_total,
    pages_read, pages_failed, documents_made, chunks_made, processed, errors, active_s,
    error_code, error_message, created_at, completed_at)
SELECT gen_random_uuid(), 'process', %s, '{"steps": 0}', 2, %s, 0, 0, 0, 0, 0, 0, 0, 0, '', '',
    now() - interval '2 hours', CASE WHEN %s = 'completed' THEN now() END
FROM generate_series(1, %s) RETURNING id
"""
_STEPS = """
INSERT INTO ingestion_step (project_id, kind, job_id, stage, first, last, priority, rank, status,
    attempts, losses, run_after, worker, engine, history, error_code, error_message, created_at,
    started_at, finished_at, elapsed_s)
SELECT %s, 'process', job, 'noop', n, n, 2, %s + n, %s, 0, 0, now(), '', '',
    '[]', '', '', now(), now(), CASE WHEN %s = 'done' THEN now() END, 0.1
FROM unnest(%s::uuid[]) AS job, generate_series(1, %s) AS n
"""


def run(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def fill(project: Project, status: str, *, jobs: int, steps: int, rank: int = 0) -> None:
    of_job = "completed" if status == "done" else "running"
    ids = [row[0] for row in run(_JOBS, project.pk, of_job, of_job, jobs)]
    run(_STEPS, project.pk, rank, status, status, ids, steps)


def project(slug: str) -> Project:
    return Project.objects.get_or_create(slug=slug, defaults={"name": slug})[0]


def plan_of(sql: str, params: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


def claim_plan() -> str:
    """The plan of one claim as the ledger sends it, rolled back."""
    sent: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            ledger.claim("bench", HOST)
        transaction.set_rollback(True)
    with transaction.atomic():
        told = plan_of(*sent[0])
        transaction.set_rollback(True)
    return told


def scans() -> dict[str, int]:
    """How often each index of the steps was used so far, and the table read as a whole.

    Counts what functions of the database do, too, which a plan does not show."""
    run("SELECT pg_stat_force_next_flush()")
    found = dict(run("SELECT indexrelname, idx_scan FROM pg_stat_user_indexes"))
    [[whole]] = run("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'ingestion_step'")
    return {name: n for name, n in found.items() if name.startswith("step_")} | {"whole": whole}


def milliseconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def told(values: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(statistics.median(values), 2),
        "p95_ms": round(quantile(values, 0.95), 2),
        "max_ms": round(max(values), 2),
        "samples": len(values),
    }


def claims_and_finishes(number: int) -> dict[str, Any]:
    """`number` real claims, each finished before the next, each committed.

    The figures are those of the claim's statement as the worker waits for it; postgres_cpu_*
    is the processor time of the backend in it, which other load hardly touches."""
    wall, server, whole, finish = [], [], [], []
    before = scans()
    for _ in range(number):
        clock = Clock()
        began = time.perf_counter()
        with connection.execute_wrapper(clock):
            step = ledger.claim("bench", HOST)
        whole.append(1000 * (time.perf_counter() - began))
        if step is None:
            raise SystemExit("Nothing could be claimed.")
        claim = next(iter(clock.spent.values()))
        wall.append(1000 * claim.wall_s)
        server.append(1000 * claim.server_s)
        finish.append(milliseconds(partial(ledger.finish, step, None, elapsed_s=0.1)))
    used = {name: n - before.get(name, 0) for name, n in scans().items()}
    return told(wall) | {
        "postgres_cpu_median_ms": round(statistics.median(server), 2),
        "postgres_cpu_p95_ms": round(quantile(server, 0.95), 2),
        "with_job_median_ms": round(statistics.median(whole), 2),
        "finish_median_ms": round(statistics.median(finish), 2),
        "finish_p95_ms": round(quantile(finish, 0.95), 2),
        "buffers": _buffers(claim_plan()),
        "scans_a_step": {name: round(n / number, 2) for name, n in used.items() if n},
    }


@contextmanager
def an_old_snapshot() -> Iterator[None]:
    """Somebody reads for long (a pg_dump, say): what dies meanwhile cannot be cleared away."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT count(*) FROM ingestion_job")
        yield
    finally:
        other.close()


def times(calls: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Each call once, with the plan of its slowest statement when it took over 20 ms."""
    found: dict[str, Any] = {}
    for name, call in calls.items():
        with transaction.atomic():
            with CaptureQueriesContext(connection) as seen:
                wall = milliseconds(call)
            transaction.set_rollback(True)
        slowest = max(seen.captured_queries, key=lambda one: float(one["time"]), default=None)
        found[name] = {"ms": round(wall, 1), "statements": len(seen)}
        if slowest and float(slowest["time"]) > 0.02:
            with transaction.atomic():
                plan = _plan_again(slowest["sql"])
                transaction.set_rollback(True)
            found[name] |= _noted(f"{name}\n{slowest['sql'][:1000]}", plan)
    return found


def _buffers(plan: str) -> int:
    """Pages of 8 kB that the whole statement touched."""
    _noted("claim", plan)
    found = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
    return sum(int(pages or 0) for pages in found.groups()) if found else 0


def _noted(name: str, plan: str) -> dict[str, Any]:
    """Keep a plan in a file; say which indexes it uses and whether it reads all steps."""
    with PLANS.open("a") as file:
        file.write(f"## {name}\n{plan}\n\n")
    indexes = dict.fromkeys(re.findall(r"Index (?:Only )?Scan using (\w+)", plan))
    return {
        "indexes": " ".join(indexes),
        "reads_all_steps": "Seq Scan on ingestion_step" in plan,
    }


def _plan_again(sql: str) -> str:
    try:
        return plan_of(sql.replace("%", "%%"), [])
    except Exception as fault:
        return f"{type(fault).__name__}"


def main() -> None:
    scale = 50 if "--quick" in sys.argv else 1
    samples = 30 if "--quick" in sys.argv else 300
    PLANS.write_text("")
    usual = project("usual")
    began = time.perf_counter()
    fill(usual, "done", jobs=2000 // scale, steps=500)
    fill(usual, "queued", jobs=200 // scale, steps=500)
    run("ANALYZE")
    result: dict[str, Any] = {"filled_s": round(time.perf_counter() - began, 1)}
    found: dict[str, Any] = {}
    found["100,000 ready"] = claims_and_finishes(samples)

    job = Job.objects.filter(status="running").latest("created_at")
    admin = get_user_model().objects.create_superuser("bench", "", "bench")
    calls: dict[str, Callable[[], Any]] = {
        "plan: turns of one step": lambda: ledger.plan(
            job, "more", list(noop.targets(_of(job, 1)))
        ),
        "plan: turns of 500 steps": lambda: ledger.plan(
            job, "more", list(noop.targets(_of(job, 500)))
        ),
        "release_expired": ledger.release_expired,
        "advance_stuck": ledger.advance_stuck,
        "age": ledger.age,
        "told_workers": ledger.told_workers,
        "count of all that is ready": Step.objects.filter(status=StepStatus.QUEUED).count,
        "waits_since": lambda: ledger.waits_since(60, HOST),
        "workers: how many": lambda: (queue.clusters(), queue.living_workers()),
        "tidy: old steps": upkeep._forget_steps,
        "sweep": upkeep.sweep,
        "job page: progress": lambda: queries.progress(job, admin),
        "job list": lambda: list(queries.listed_jobs(Job.objects.visible_to(admin))[:50]),
    }
    result["neighbours"] = times(calls)

    capped = project("capped")
    Limits.objects.create(project=capped, steps_at_once=1)
    fill(capped, "queued", jobs=200 // scale, steps=500, rank=-1000)
    run("ANALYZE")
    first = ledger.claim("bench", HOST)
    assert first is not None
    assert first.project_id == capped.pk
    found["a capped project's 100,000 stand first"] = claims_and_finishes(samples)
    result["neighbours, capped"] = times(
        {
            "waits_since": calls["waits_since"],
            "plan: turns of one step": calls["plan: turns of one step"],
        }
    )
    fifty = [project(f"p{n}") for n in range(50)]
    for one in fifty:
        fill(one, "queued", jobs=2, steps=1000 // scale)
    run("ANALYZE")
    found["the same and 50 more projects"] = claims_and_finishes(samples)
    Limits.objects.bulk_create([Limits(project=one, steps_at_once=5) for one in fifty])
    found["the same, each with a limit"] = claims_and_finishes(samples)
    ledger.finish(first, None, elapsed_s=0.1)
    Limits.objects.all().delete()

    found["no limits, 52 projects"] = claims_and_finishes(samples)
    many = 20_000 // scale
    run("ALTER TABLE ingestion_step SET (autovacuum_enabled = false)")
    for _ in itertools.repeat(None, many // 100):
        _consume(100)
    found[f"after {many:,} more without a vacuum"] = claims_and_finishes(samples)
    with an_old_snapshot():
        for _ in itertools.repeat(None, many // 100):
            _consume(100)
        found[f"after {many:,} more behind an old snapshot"] = claims_and_finishes(samples)
    result["claims"] = found
    print(json.dumps(result))


def _of(job: Job, steps: int) -> Job:
    return Job(pk=job.pk, options={"steps": steps})


def _consume(number: int) -> None:
    """Claim and finish the next `number` steps in the order of the claim, by plain SQL."""
    for state, lease in (("running", "gen_random_uuid()"), ("done", "NULL")):
        before = "queued" if state == "running" else "running"
        run(
            f"UPDATE ingestion_step SET status = '{state}', lease = {lease},"
            f" lease_until = CASE WHEN '{state}' = 'running' THEN now() END"
            f" WHERE id = ANY(ARRAY(SELECT id FROM ingestion_step WHERE status = '{before}'"
            f" ORDER BY priority, rank, id LIMIT {number}))"
        )


if __name__ == "__main__":
    main()
