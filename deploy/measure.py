"""The figures behind SIZING.md, measured on the database that the settings name.

    python deploy/measure.py storage                         bytes a page, table by table
    python deploy/measure.py claims [--workers 1,2,4,8]      page steps a second through Postgres

`storage` reads only; what it tells is worth as much as the pages that are there. `claims` needs
a database that nothing else uses: it makes a project of its own, lets processes claim page
steps and save a page of WORDS words for each, without an engine, and removes the project.
Both print JSON.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WORDS = 300
PAGES_OF_A_JOB = 50
_TABLES = """
SELECT relname, pg_relation_size(relid), pg_indexes_size(relid),
    pg_total_relation_size(relid) - pg_relation_size(relid) - pg_indexes_size(relid),
    n_tup_ins, n_tup_upd, n_tup_del
FROM pg_stat_user_tables WHERE relname LIKE ANY(ARRAY['documents_%', 'ingestion_%', 'search_%',
    'django_q_%'])
ORDER BY pg_total_relation_size(relid) DESC
"""
_INDEXES = """
SELECT indexrelname, pg_relation_size(indexrelid) FROM pg_stat_user_indexes
WHERE relname = 'search_chunk' ORDER BY 2 DESC
"""


def storage() -> dict[str, Any]:
    """Bytes of the rows, their long values (TOAST) and their indexes, as they lie there."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(_TABLES)
        found = cursor.fetchall()
        rows = {name: _count(cursor, name) for name, *_ in found}
        cursor.execute(_INDEXES)
        indexes = dict(cursor.fetchall())
    pages, chunks = max(1, rows["documents_page"]), max(1, rows["search_chunk"])
    tables = {
        name: {
            "rows": rows[name],
            "rows_a_page": round(rows[name] / pages, 2),
            "table_bytes": heap,
            "index_bytes": index,
            "toast_bytes": toast,
            "bytes_a_page": round((heap + index + toast) / pages),
            "written_a_page": round((inserted + updated + deleted) / pages, 2),
        }
        for name, heap, index, toast, inserted, updated, deleted in found
        if rows[name]
    }
    return {
        "pages": pages,
        "chunks": chunks,
        "bytes_a_page": sum(table["bytes_a_page"] for table in tables.values()),
        "rows_written_a_page": round(sum(t["written_a_page"] for t in tables.values()), 1),
        "chunk_index_bytes_a_chunk": {name: round(size / chunks) for name, size in indexes.items()},
        "tables": tables,
    }


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608  (a name from the catalogue)
    return int(cursor.fetchone()[0])


def claims(workers: list[int], steps: int) -> dict[str, Any]:
    """Page steps claimed and saved a second, for each number of processes."""
    from documents.models import Project
    from ingestion import ledger

    if ledger.has_ready():
        sys.exit("Steps are waiting in this database; measure on one that nothing else uses.")
    found = {}
    for count in workers:
        project = Project.objects.create(slug=f"measure-{time.time_ns()}", name="Measure")
        try:
            _fill(project, steps)
            found[count] = _run(count)
        finally:
            project.delete()
    return {"words_a_page": WORDS, "steps": steps, "cores": os.cpu_count(), "processes": found}


def _fill(project: Any, steps: int) -> None:
    from documents.models import Page, Upload
    from ingestion.models import Job, Step

    for part in range(steps // PAGES_OF_A_JOB):
        mark = f"{project.pk}{part:08d}"
        upload = Upload.objects.create(
            project=project,
            file=f"measure/{mark}",
            filename=mark,
            media_type="application/pdf",
            size_bytes=1,
            sha256=mark.zfill(64),
        )
        job = Job.objects.create(project=project, upload=upload, status="queued")
        numbers = range(1, PAGES_OF_A_JOB + 1)
        Page.objects.bulk_create(Page(upload=upload, number=number) for number in numbers)
        Step.objects.bulk_create(
            Step(project=project, job=job, stage="ocr", first=number, last=number, rank=number)
            for number in numbers
        )


def _run(processes: int) -> dict[str, float]:
    from django.db import connection

    before = _written()
    # The children connect by themselves; a connection does not survive a fork.
    connection.close()
    context = multiprocessing.get_context("fork")
    started = time.monotonic()
    with context.Pool(processes) as pool:
        done = sum(pool.map(_work, range(processes), chunksize=1))
    elapsed_s = time.monotonic() - started
    after = _written()
    return {
        "steps_a_second": round(done / elapsed_s, 1),
        "transactions_a_step": round((after[0] - before[0]) / done, 1),
        "wal_bytes_a_step": round((after[1] - before[1]) / done),
    }


def _work(number: int) -> int:
    from django.db import connection

    from ingestion import ledger
    from ingestion.stages.ocr import Read

    result, done = Read(image="", reading=_reading()), 0
    while (step := ledger.claim(f"measure:{number}")) is not None:
        if step.stage == "ocr":
            ledger.finish(step, result, elapsed_s=0.0)
            done += 1
        else:
            # What follows the last page of a job is not measured: it is taken and left.
            continue
    connection.close()
    return done


def _reading() -> Any:
    from ingestion.engines.base import Box, PageReading, TextSource, Word

    words = tuple(
        Word(
            text=f"word{number * 7919 % 1000}",
            box=Box(
                left=float(number % 15 * 160),
                top=float(number // 15 * 100),
                right=float(number % 15 * 160 + 120),
                bottom=float(number // 15 * 100 + 40),
            ),
            confidence=0.9,
        )
        for number in range(WORDS)
    )
    return PageReading(
        image=b"",
        width_px=2480,
        height_px=2500,
        dpi=300,
        rotation=0,
        text=" ".join(word.text for word in words),
        words=words,
        source=TextSource.OCR,
        confidence=0.9,
        engine="none",
        engine_version="0",
    )


def _written() -> tuple[int, int]:
    """Transactions committed in this database, and bytes of WAL of the whole server."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT xact_commit, pg_current_wal_lsn() - '0/0' FROM pg_stat_database"
            " WHERE datname = current_database()"
        )
        committed, wal = cursor.fetchone()
    return int(committed), int(wal)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("what", choices=["storage", "claims"])
    parser.add_argument("--workers", default="1,2,4,8", help="numbers of processes")
    parser.add_argument("--steps", type=int, default=1000, help="page steps for each number")
    asked = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    import django

    from config import database, settings

    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    django.setup()
    workers = [int(word) for word in asked.workers.split(",")]
    found = storage() if asked.what == "storage" else claims(workers, asked.steps)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
