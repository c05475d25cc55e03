"""What must hold when papers were read while workers, databases and networks came and went."""

import os
import time
from pathlib import Path
from typing import Any

import psutil

# What a step may never do is written down by the database itself.
WATCH = """
CREATE TABLE chaos_seen (step bigint, was text, became text);
CREATE FUNCTION chaos_see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.status = 'done' OR NEW.status = 'done' THEN
        INSERT INTO chaos_seen VALUES (OLD.id, OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chaos_watch BEFORE UPDATE OF status ON ingestion_step
    FOR EACH ROW EXECUTE FUNCTION chaos_see();
"""


def let_an_hour_pass(var: Path) -> None:
    """Make the stored files older and do the hourly chore. An upload whose Postgres vanished
    while it was entered is refused and leaves its file, since nobody can tell then whether the
    commit came through: the chore is what takes it away, and nothing else it may take."""
    from ingestion import upkeep

    past = time.time() - 2 * 3_600
    for path in (var / "media").rglob("*"):
        os.utime(path, (past, past))
    upkeep.tidy()


def complaints(var: Path, *, jobs: int, pages: int) -> list[str]:
    """What does not hold; empty when all does."""
    found = [*of_jobs(jobs), *of_pages(pages), *of_steps(), *_left_over(var)]
    return found[:40]


def of_jobs(jobs: int) -> list[str]:
    from ingestion.models import Job

    found = [] if Job.objects.count() == jobs else [f"{Job.objects.count()} jobs, not {jobs}"]
    for job in Job.objects.exclude(status="completed"):
        found.append(f"job {job} is {job.status}: {job.error_code} {job.error_message}")
    return found


def of_pages(pages: int) -> list[str]:
    from documents.models import Document, Page
    from search.models import Chunk

    found = []
    rows = list(Page.objects.select_related("upload"))
    if len(rows) != pages:
        found.append(f"{len(rows)} pages, not {pages}")
    chunks: dict[tuple[Any, int], list[int]] = {}
    for document, page, ordinal in Chunk.objects.values_list("document", "page", "ordinal"):
        chunks.setdefault((document, page), []).append(ordinal)
    for row in rows:
        at = f"page {row.number} of {row.upload.filename}"
        if row.error_code or not row.text.strip():
            found.append(f"{at} has no text: {row.error_code} {row.error_message}")
        if not row.type_engine:
            found.append(f"{at} was not classified")
        ordinals = sorted(chunks.pop((row.document_id, row.number), []))
        if not ordinals or ordinals != list(range(len(ordinals))):
            found.append(f"{at} has chunks {ordinals}")
    if chunks:
        found.append(f"chunks of no page: {len(chunks)}")
    empty = Document.objects.filter(pages__isnull=True).count()
    return found + ([f"{empty} documents without a page"] if empty else [])


def of_steps() -> list[str]:
    from django.db import connection

    from ingestion.models import Step

    found = []
    for step in Step.objects.exclude(status="done"):
        if step.error_code != "halved":
            found.append(f"step {step} is {step.status}: {step.error_code} {step.error_message}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT step, was, became FROM chaos_seen WHERE was = 'done'")
        found += [f"step {step} went from {was} to {now}" for step, was, now in cursor.fetchall()]
        cursor.execute(
            "SELECT step FROM chaos_seen WHERE became = 'done' GROUP BY 1 HAVING count(*) > 1"
        )
        found += [f"the result of step {row[0]} was accepted twice" for row in cursor.fetchall()]
    return found


def known_blobs() -> set[str]:
    from documents.files import thumbnail_name
    from documents.models import Page, Upload

    known = {row.file for row in Upload.objects.all()}
    for page in Page.objects.exclude(image=""):
        known |= {page.image, thumbnail_name(page.upload_id, page.number)}
    return known


def _left_over(var: Path) -> list[str]:
    from django_q.models import Task

    found = [f"{n} {what} left over" for n, what in ((tokens(), "tokens"),) if n]
    if failures := Task.objects.filter(success=False).count():
        found.append(f"{failures} failed tasks in django-q2's table")
    known = known_blobs()
    media = var / "media"
    stored = {str(p.relative_to(media)) for p in media.rglob("*") if p.is_file()}
    found += [f"blob without a row: {name}" for name in sorted(stored - known)]
    found += [f"row without its blob: {name}" for name in sorted(known - stored)]
    scratch = [p for p in (var / "scratch").rglob("*") if p.is_file() and p.suffix != ".lock"]
    found += [f"left in scratch: {p.relative_to(var)}" for p in scratch]
    found += [f"left in run: {p.name}" for p in (var / "run").rglob("*.pid")]
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("DOCKET_VAR") == str(var)
            if is_ours and process.pid != os.getpid():
                found.append(f"still running: {' '.join(process.cmdline()[:4])}")
        except psutil.Error:
            continue
    return found


def tokens() -> int:
    from django_q.models import OrmQ

    return int(OrmQ.objects.count())
