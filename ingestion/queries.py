"""Questions that the pages about jobs ask. Every one starts from the user."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Case, Count, When

from documents.models import AnyUser, Document, Page, Project, Role
from documents.presentation import ago, list_row
from documents.queries import REVIEWERS, listed
from ingestion import pipeline, presentation, waiting
from ingestion.models import (
    OF_DOCUMENTS,
    OPEN_JOB,
    Job,
    JobQuerySet,
    JobStatus,
    Kind,
    Priority,
    Step,
    StepStatus,
)

RECENT_JOBS = 10
RECENT_FILES = 30
BLOCK = 60
"""So many pages are shown as thumbnails at once; the others are asked for when they are seen."""
NOBODY = "none"
COMMAND = (NOBODY, "A command")
MOST_SENDERS = 200
STEP_ROWS = 100
DOCUMENT_ROWS = 50
FILE_ROWS = 100


def listed_jobs(jobs: JobQuerySet) -> JobQuerySet:
    return jobs.select_related("upload", "project", "created_by").order_by("-created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """What somebody sent last: jobs, the newest batch followed by the first of its files."""

    jobs: list[Job]
    batch: UUID | None = None
    more_of_batch: bool = False


def recent(user: AnyUser) -> Recent:
    """Two queries."""
    mine = Job.objects.visible_to(user).filter(created_by_id=user.pk)
    jobs = list(listed_jobs(mine.filter(parent=None)).order_by("-pk")[:RECENT_JOBS])
    batch = next((job for job in jobs if job.kind == Kind.BATCH), None)
    if batch is None:
        return Recent(jobs=jobs)
    children = list(listed_jobs(mine.filter(parent=batch)).order_by("pk")[: RECENT_FILES + 1])
    at = jobs.index(batch) + 1
    return Recent(
        jobs=[*jobs[:at], *children[:RECENT_FILES], *jobs[at:]],
        batch=batch.pk,
        more_of_batch=len(children) > RECENT_FILES,
    )


def senders(user: AnyUser) -> list[tuple[str, str]]:
    """Who may have sent jobs that this user sees, for a choice; this user first."""
    people = get_user_model().objects.filter(is_active=True).order_by("username")
    if not getattr(user, "is_superuser", False):
        people = people.filter(memberships__project__in=Project.objects.visible_to(user))
    named = dict(people.values_list("pk", "username")[:MOST_SENDERS])
    named.pop(user.pk or 0, None)
    return [(str(user.pk), "Me"), *((str(pk), name) for pk, name in named.items()), COMMAND]


def upload_projects(user: AnyUser) -> Any:
    return Project.objects.open_to(user, *REVIEWERS)


def may_operate(user: AnyUser, project: Project) -> bool:
    return Project.objects.open_to(user, Role.OPERATOR).filter(pk=project.pk).exists()


def rows(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Jobs as rows of a list; from `listed_jobs`. A constant number of queries."""
    told = waiting.told(jobs)
    return [
        {
            "job": job,
            "badge": told[job.pk].badge,
            "kind": presentation.KIND_TAGS.get(Kind(job.kind), ""),
            "count": told[job.pk].count,
            "sentence": told[job.pk].sentence,
            "priority": told_priority(job),
            "ago": ago(job.created_at),
            "is_of_batch": job.parent_id is not None,
        }
        for job in jobs
    ]


def told_priority(job: Job) -> str:
    return "" if job.priority == Priority.NORMAL else Priority(job.priority).label


def progress(job: Job, user: AnyUser) -> dict[str, Any]:
    """Everything that moves on a job's page; a constant number of queries."""
    can_operate = may_operate(user, job.project)
    told = waiting.told([job], most_ahead=waiting.AHEAD_OF_ONE)[job.pk]
    context = {
        "job": job,
        "badge": told.badge,
        "sentence": told.sentence,
        "work_time": presentation.work_time(job),
        "count": told.count,
        "may_cancel": can_operate and job.is_open,
        "may_retry": can_operate and not job.is_open and _has_failures(job, told.count),
    }
    if job.kind == Kind.BATCH:
        return context | _of_batch(job)
    return context | _stages(job) | _papers(job, user)


def _has_failures(job: Job, count: presentation.Counts) -> bool:
    ended_badly = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return ended_badly or bool(count.pages_failed or count.files_failed or job.errors)


def _of_batch(job: Job) -> dict[str, Any]:
    children = listed_jobs(Job.objects.filter(parent=job)).order_by("created_at")
    shown = list(children[: FILE_ROWS + 1])
    return {"files": rows(shown[:FILE_ROWS]), "has_more_files": len(shown) > FILE_ROWS}


def _stages(job: Job) -> dict[str, Any]:
    counts = (
        Step.objects.filter(job=job)
        .order_by()
        .values_list("stage", "status")
        .annotate(n=Count("pk"))
    )
    return {
        "stages": presentation.stage_lines(
            pipeline.OF_KIND[Kind(job.kind)],
            {(stage, status): n for stage, status, n in counts},
        )
    }


def steps(job: Job, user: AnyUser) -> dict[str, Any]:
    """The first steps of a job, those that failed before those at work. Two queries."""
    trouble = Case(When(status="failed", then=0), When(status="running", then=1), default=2)
    shown = list(Step.objects.filter(job=job).order_by(trouble, "id")[: STEP_ROWS + 1])
    return {
        "job": job,
        "retryable_steps": may_operate(user, job.project),
        "steps": [
            {
                "step": step,
                "name": presentation.STAGE_NAMES.get(step.stage, step.stage),
                "badge": presentation.STEP_BADGES[StepStatus(step.status)],
            }
            for step in shown[:STEP_ROWS]
        ],
        "has_more_steps": len(shown) > STEP_ROWS,
    }


def pages(job: Job, block: int) -> dict[str, Any]:
    """One block of the pages of a job's file, counted from 1, and which others there are. One
    query."""
    if job.upload_id is None:
        return {}
    first = (block - 1) * BLOCK
    heavy = ("words", "marks", "text", "signals")
    found = Page.objects.filter(
        upload=job.upload_id, number__gt=first, number__lte=first + BLOCK
    ).order_by("number")
    tiles = [presentation.tile(page) for page in found.select_related("type").defer(*heavy)]
    return {
        "job": job,
        "tiles": tiles,
        "block_number": block,
        "blocks": [
            (number, (number - 1) * BLOCK + 1, min(number * BLOCK, job.pages_total))
            for number in range(1, -(-job.pages_total // BLOCK) + 1)
        ],
        "is_filling": job.is_open and any(tile.is_to_come for tile in tiles),
    }


def _papers(job: Job, user: AnyUser) -> dict[str, Any]:
    seen = Document.objects.visible_to(user)
    if job.kind in OF_DOCUMENTS:
        found = listed(seen.filter(process_jobs=job)).order_by("created_at", "pk")
    else:
        found = listed(seen.filter(upload=job.upload_id)).order_by("first_page")
    return {
        "documents": [list_row(d) for d in found[:DOCUMENT_ROWS]],
        "has_more_documents": job.documents_made > DOCUMENT_ROWS,
    }


def is_any_open(jobs: Any) -> bool:
    return any(job.status in OPEN_JOB for job in jobs)
