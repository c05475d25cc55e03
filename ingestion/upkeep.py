"""Repairs that come round by themselves: each is done by one worker when it is due.

    reap     every minute     leases that ran out, fan-ins that nobody planned, lost wake-ups
    tidy     every hour       blobs without rows, old results, steps and model calls, local copies
    sweep    every six hours  documents whose index is behind, uploads that have no job
    batches  every half minute  questions that wait for batches of language models
    reembed  every half minute  vectors of another embedder, where the settings name one

Whoever moves a chore's `next_at` on has it; no lock is held meanwhile, so that a pooler in
transaction mode may stand between, and one that dies in the middle comes round again.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from documents import files
from documents.models import Document, Upload
from ingestion import intake, ledger, metrics, queue, reembedding, rework, workers
from ingestion.llm import batches, retention
from ingestion.models import OPEN_JOB, Chore, Job, JobStatus, Priority, Step, StepStatus, WorkerBeat
from search import indexing

log = logging.getLogger(__name__)
Work = Callable[[], dict[str, Any]]
_COPY_AGE_S = 86_400
_BLOB_AGE_S = 3_600
_TRIED_AGAIN_D = 7
# How long old steps are deleted in one round, and how many rows a statement.
_SPAN_S = 60
_SLICE_ROWS = 5_000
# Due a little before the schedule's next round, or every second round would find it not due.
EARLY_S = 10


def run_due(chores: Mapping[str, tuple[int, Work]] | None = None) -> list[str]:
    """Do each chore that is due and that nobody else has taken; returns their names.

    chores: name -> (seconds between two rounds, what to do); CHORES unless given."""
    due = CHORES if chores is None else chores
    Chore.objects.bulk_create([Chore(name=name) for name in due], ignore_conflicts=True)
    done = []
    for name, (every_s, do) in due.items():
        # Taken right before it is done: one that ends its worker takes no other along.
        if _take(name, every_s):
            _run(name, do)
            done.append(name)
    return done


def _take(name: str, every_s: int) -> bool:
    due = Chore.objects.filter(name=name, next_at__lte=Now())
    later = Now() + timedelta(seconds=every_s - EARLY_S)
    return bool(due.update(next_at=later, started_at=Now(), elapsed_s=None))


def _run(name: str, chore: Work) -> None:
    began = time.monotonic()
    try:
        told = chore()
    except Exception as fault:  # one chore's bug must not keep the others from their turn
        log.exception("chore.failed", extra={"chore": name})
        told = {"error": type(fault).__name__}
    done = {key: value for key, value in told.items() if value}
    Chore.objects.filter(name=name).update(elapsed_s=time.monotonic() - began, told=done)
    log.info("chore.done", extra={"chore": name, **done})


def reap() -> dict[str, Any]:
    try:
        released, aged = ledger.release_expired(), ledger.age()
        return {"released": released, "aged": aged, "advanced": ledger.advance_stuck()}
    finally:
        # Whose broker did not take their wake-up is told again.
        if ledger.has_ready():
            queue.wake_all(then=ledger.told_workers)


def tidy() -> dict[str, Any]:
    workers.forget_silent()
    files.forget_local_copies(_COPY_AGE_S)
    return {
        "results": queue.forget_results(settings.RESULTS_KEPT_H * 3600),
        "steps": _forget_steps(),
        "model_calls": retention.fold(span_s=_SPAN_S),
        "blobs": _forget_blobs(),
        "tallies": metrics.fold(),
    }


def sweep() -> dict[str, Any]:
    """At most BACKLOG_BATCH of each: what fell behind is taken up at low priority."""
    return {"indexed": _index_again(), "taken_up": _take_up_uploads()}


CHORES: Mapping[str, tuple[int, Work]] = {
    "reap": (60, reap),
    "tidy": (3_600, tidy),
    "sweep": (21_600, sweep),
    "batches": (30, batches.look_after),
    "reembed": (30, reembedding.look_after),
}


def _forget_steps() -> int:
    """The steps of jobs that completed long ago; what they made stays, and so do failures."""
    ended = Job.objects.filter(
        status=JobStatus.COMPLETED,
        completed_at__lt=Now() - timedelta(days=settings.STEPS_KEPT_D),
    )
    failed = Step.objects.filter(job=OuterRef("pk"), status=StepStatus.FAILED)
    old = Step.objects.filter(job__in=ended.filter(~Exists(failed))).order_by()
    until, count = time.monotonic() + _SPAN_S, 0
    while time.monotonic() < until:
        ids = list(old.values_list("pk", flat=True)[:_SLICE_ROWS])
        if not ids:
            break
        WorkerBeat.objects.filter(step__in=ids).update(step=None)
        count += Step.objects.filter(pk__in=ids)._raw_delete(using=DEFAULT_DB_ALIAS)
    return count


def _forget_blobs() -> int:
    """Blobs of uploads that have no row; young ones may be on their way to theirs."""
    count = 0
    for part in _batched(files.stored_uploads(older_than_s=_BLOB_AGE_S), _SLICE_ROWS):
        known = set(Upload.objects.filter(pk__in=part).values_list("pk", flat=True))
        lost = [key for key in part if key not in known]
        for key in lost:
            files.remove_upload(key)
        count += len(lost)
    return count


def _batched(keys: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    rest = iter(keys)
    while part := list(islice(rest, size)):
        yield part


def _index_again() -> int:
    """Documents whose chunks are not those of their text and that no open job will index."""
    at_work = Job.objects.filter(status__in=OPEN_JOB, upload=OuterRef("upload"))
    again = Job.objects.filter(status__in=OPEN_JOB, documents=OuterRef("pk"))
    # One that cannot be indexed must not keep the others from their turn for ever.
    failed = Step.objects.filter(
        document=OuterRef("pk"),
        stage="embed",
        status=StepStatus.FAILED,
        finished_at__gt=Now() - timedelta(days=_TRIED_AGAIN_D),
    )
    stale = indexing.stale_documents().filter(~Exists(at_work), ~Exists(again), ~Exists(failed))
    by_project: dict[int, list[Document]] = {}
    for document in stale.order_by("pk")[: settings.BACKLOG_BATCH]:
        by_project.setdefault(document.project_id, []).append(document)
    for documents in by_project.values():
        rework.process(documents, user=None, priority=Priority.LOW, stages=("embed",))
    return sum(map(len, by_project.values()))


def _take_up_uploads() -> int:
    """Uploads that no job ever took: their job's row was lost, or never made."""
    lone = Upload.objects.filter(
        jobs__isnull=True, created_at__lt=Now() - timedelta(seconds=_BLOB_AGE_S)
    ).filter(~Exists(Document.objects.filter(upload=OuterRef("pk"))))
    taken = list(lone.order_by("pk")[: settings.BACKLOG_BATCH])
    for upload in taken:
        intake.take_up(upload, priority=Priority.LOW)
    return len(taken)
