"""Many files through the door and the queue, and their reports as they end.

What the command line, the evaluation and the demo share."""

import logging
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Sum
from tqdm import tqdm

from documents.errors import DocketError
from documents.models import Project
from ingestion import cluster, intake, report
from ingestion.models import OPEN_JOB, Job, Priority

POLL_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a batch stands: files that ended, of all; pages read, of those known so far.

    Jobs take turns, so many files end together near the end; pages tell how far it is."""

    files_ended: int
    files: int
    pages_read: int
    pages: int


def files_below(paths: Iterable[str]) -> list[Path]:
    """The files named, and all that lie in the folders named, in order; hidden ones left out.

    Raises FileNotFoundError for a path that is not there."""
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file())
            found += [p for p in inside if not p.name.startswith(".")]
        elif path.exists():
            found.append(path)
        else:
            raise FileNotFoundError(name)
    return found


def ingest(
    paths: Sequence[Path],
    *,
    project: Project,
    priority: Priority = Priority.NORMAL,
    options: intake.Options = intake.DEFAULT,
    password: str = "",
    with_text: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Generator[tuple[Path, dict[str, Any]], None, None]:
    """Send files through the queue and yield each one's report as it ends.

    Uses the workers that run, or starts a cluster, which ends with the generator: close it."""
    waiting: dict[UUID, list[Path]] = {}
    jobs: list[UUID] = []
    ended = 0
    with cluster.at_hand() as has_workers:
        for path in paths:
            try:
                with open(path, "rb") as stream:
                    receipt = intake.receive(
                        stream,
                        filename=path.name,
                        project=project,
                        user=None,
                        priority=priority,
                        options=options,
                        password=password,
                    )
            except DocketError as fault:
                ended += 1
                yield path, _refused(path, fault.code, fault.message, with_text)
            except OSError as fault:
                ended += 1
                yield path, _refused(path, "file_unreadable", str(fault.strerror), with_text)
            else:
                waiting.setdefault(receipt.job.pk, []).append(path)
                jobs.append(receipt.job.pk)
        while waiting:
            has_workers()
            for job in _ended(waiting):
                for path in waiting.pop(job.pk):
                    ended += 1
                    told = report.of_job(job, with_text=with_text)
                    yield path, told | {"file": intake.plain_name(path.name)}
            for gone in _deleted(waiting):
                for path in waiting.pop(gone):
                    ended += 1
                    yield path, _refused(path, "job_deleted", "The job was deleted.", with_text)
            on_progress(_progress(jobs, ended, len(paths)))
            if waiting:
                time.sleep(POLL_S)


def _ended(waiting: Iterable[UUID]) -> list[Job]:
    jobs = Job.objects.filter(pk__in=list(waiting)).exclude(status__in=OPEN_JOB)
    return list(jobs.select_related("upload").order_by("created_at"))


def _deleted(waiting: Iterable[UUID]) -> list[UUID]:
    ids = list(waiting)
    there = set(Job.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [job_id for job_id in ids if job_id not in there]


def _progress(jobs: Iterable[UUID], ended: int, files: int) -> Progress:
    sums = Job.objects.filter(pk__in=list(jobs)).aggregate(
        read=Sum("pages_read", default=0), total=Sum("pages_total", default=0)
    )
    return Progress(files_ended=ended, files=files, pages_read=sums["read"], pages=sums["total"])


def _refused(path: Path, code: str, message: str, with_text: bool) -> dict[str, Any]:
    refusal = {
        "file": intake.plain_name(path.name),
        **report.REFUSED,
        "error": {"code": code, "message": message},
    }
    return refusal | {"text": []} if with_text else refusal


class Bar:
    """A progress bar of pages on stderr; a terminal shows it, a pipe does not unless told to."""

    def __init__(self, *, is_always_shown: bool = False) -> None:
        # A line for each file received would tear the bar apart.
        logging.getLogger().setLevel(logging.WARNING)
        self._bar = tqdm(
            unit="page",
            file=sys.stderr,
            disable=False if is_always_shown else None,
            leave=is_always_shown,
            desc="  reading",
            ncols=78,
        )

    def __call__(self, progress: Progress) -> None:
        self._bar.total = max(progress.pages, progress.files)
        self._bar.set_postfix_str(f"{progress.files_ended}/{progress.files} files", refresh=False)
        self._bar.update(progress.pages_read - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()
