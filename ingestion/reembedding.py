"""Another embedder takes the place of the active one: its vectors are made in the background.

`look_after` comes round by itself (`ingestion/upkeep.py`) and each time does what is due: it
has the embedder of the settings coming, asks it for a first vector before any document is
sent, plans jobs of low priority for documents that lack its vectors, switches when none is
left, and clears away the old ones. What was made stays: whoever is interrupted goes on with
what is lacking.
"""

from datetime import timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from config.engines import EngineFault
from documents.models import Document
from ingestion import rework, workers
from ingestion.models import OPEN_JOB, Job, Kind, Priority, Step, StepStatus
from ingestion.stages.embed import VECTORS
from search import embedders
from search.models import Embedder

# Jobs of BACKLOG_BATCH documents that wait or run at the same time.
JOBS_AT_ONCE = 5
# A document whose vectors could not be made is tried again after so long, seconds.
TRIED_AGAIN_S = 3_600
CLEARING_S = 20
ASKING_LIMIT_S = 90


def look_after() -> dict[str, Any]:
    """What was done: `planned` documents, `switched`, vectors `cleared`."""
    due = embedders.follow_settings()
    switched = due is not None and embedders.switch()
    planned = plan(due) if due is not None and not switched else 0
    return {
        "planned": planned,
        "switched": switched,
        "cleared": embedders.clear_away(CLEARING_S),
    }


def plan(due: Embedder) -> int:
    """Jobs for the next documents that lack vectors of `due`; returns how many documents."""
    open_jobs = _open_jobs(due)
    room = JOBS_AT_ONCE - open_jobs.count()
    if room <= 0:
        return 0
    lacking = lacking_documents(due, besides=open_jobs)
    documents = list(lacking.order_by("project", "pk")[: room * settings.BACKLOG_BATCH])
    if not documents or not answers(due):
        return 0
    for _, found in groupby(documents, key=lambda document: document.project_id):
        of_project = list(found)
        for start in range(0, len(of_project), settings.BACKLOG_BATCH):
            rework.process(
                of_project[start : start + settings.BACKLOG_BATCH],
                user=None,
                priority=Priority.LOW,
                stages=("embed",),
                options={VECTORS: due.pk},
            )
    return len(documents)


def given_up(due: Embedder) -> int:
    """How many documents keep the change waiting since their vectors cannot be made; 0 while
    others are still to be done."""
    open_jobs = _open_jobs(due)
    if open_jobs.exists() or lacking_documents(due, besides=open_jobs).exists():
        return 0
    return embedders.lacking(due).values("document").distinct().count()


def _open_jobs(due: Embedder) -> QuerySet[Job]:
    return Job.objects.filter(
        kind=Kind.PROCESS, status__in=OPEN_JOB, options__contains={VECTORS: due.pk}
    )


def lacking_documents(due: Embedder, *, besides: QuerySet[Job]) -> QuerySet[Document]:
    """Documents with a chunk that lacks its vector, that no open job is to give it and that
    did not fail of late."""
    lacking = embedders.lacking(due).filter(document=OuterRef("pk"))
    failed = Step.objects.filter(
        document=OuterRef("pk"),
        stage="embed",
        status=StepStatus.FAILED,
        finished_at__gt=Now() - timedelta(seconds=TRIED_AGAIN_S),
    )
    at_work = besides.filter(documents=OuterRef("pk"))
    return Document.objects.filter(Exists(lacking), ~Exists(failed), ~Exists(at_work))


def answers(due: Embedder) -> bool:
    """Whether the new embedder can be asked; why not stands in its row, for the admin.

    A host that lacks the key leaves it to those that have it."""
    fault = ""
    try:
        workers.host().call(
            "embed",
            "embed",
            config=embedders.config(due),
            limit_s=ASKING_LIMIT_S,
            texts=("Is anybody there?",),
        )
    except EngineFault as found:
        if found.code == embedders.KEY_MISSING:
            return False
        fault = found.message
    if fault != due.fault:
        Embedder.objects.filter(pk=due.pk).update(fault=fault)
    return not fault
