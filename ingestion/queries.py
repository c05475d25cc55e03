"""Questions that the pages about jobs ask. Every one starts from the user."""

from collections.abc import Sequence
from typing import Any

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

RECENT_JOBS = 12
TILES = 60
STEP_ROWS = 100
DOCUMENT_ROWS = 50
FILE_ROWS = 100


def listed_jobs(jobs: JobQuerySet) -> JobQuerySet:
    return jobs.select_related("upload", "project", "created_by").order_by("-created_at")


def recent(user: AnyUser) -> list[Job]:
    """What this user sent last."""
    mine = Job.objects.visible_to(user).filter(created_by_id=user.pk)
    return list(listed_jobs(mine)[:RECENT_JOBS])


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
            "sentence": told[job.pk].sentence if _has_more_to_tell(job, told[job.pk]) else "",
            "priority": told_priority(job),
            "ago": ago(job.created_at),
        }
        for job in jobs
    ]


def _has_more_to_tell(job: Job, told: waiting.Told) -> bool:
    """Whether its sentence says what its badge and its numbers do not."""
    return job.is_open or bool(told.count.files_failed)


def told_priority(job: Job) -> str:
    return "" if job.priority == Priority.NORMAL else Priority(job.priority).label


def progress(job: Job, user: AnyUser, tile_page: int) -> dict[str, Any]:
    """Everything that moves on a job's page; a constant number of queries."""
    can_operate = may_operate(user, job.project)
    told = waiting.told([job], most_ahead=waiting.AHEAD_OF_ONE)[job.pk]
    context = {
        "job": job,
        "badge": told.badge,
        "sentence": told.sentence,
        "work_time": presentation.work_time(job),
        "count": told.count,
        "tile_page": tile_page,
        "may_cancel": can_operate and job.is_open,
        "may_retry": can_operate and not job.is_open and _has_failures(job, told.count),
        "retryable_steps": can_operate,
    }
    if job.kind == Kind.BATCH:
        return context | _of_batch(job)
    return context | _of_steps(job) | _of_file(job, tile_page) | _papers(job, user)


def _has_failures(job: Job, count: presentation.Counts) -> bool:
    ended_badly = job.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return ended_badly or bool(count.pages_failed or count.files_failed or job.errors)


def _of_batch(job: Job) -> dict[str, Any]:
    children = listed_jobs(Job.objects.filter(parent=job)).order_by("created_at")
    shown = list(children[: FILE_ROWS + 1])
    return {"files": rows(shown[:FILE_ROWS]), "has_more_files": len(shown) > FILE_ROWS}


def _of_steps(job: Job) -> dict[str, Any]:
    steps = Step.objects.filter(job=job)
    counts = steps.order_by().values_list("stage", "status").annotate(n=Count("pk"))
    trouble = Case(When(status="failed", then=0), When(status="running", then=1), default=2)
    shown = list(steps.order_by(trouble, "id")[: STEP_ROWS + 1])
    return {
        "stages": presentation.stage_lines(
            pipeline.OF_KIND[Kind(job.kind)],
            {(stage, status): n for stage, status, n in counts},
        ),
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


def _of_file(job: Job, tile_page: int) -> dict[str, Any]:
    if job.upload_id is None:
        return {}
    pages = Page.objects.filter(upload=job.upload_id).order_by("number")
    first = (tile_page - 1) * TILES
    tiles = pages.select_related("type").defer("words", "marks", "text", "signals")
    return {
        "tiles": [presentation.tile(page) for page in tiles[first : first + TILES]],
        "tile_pages": range(1, -(-job.pages_total // TILES) + 1),
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
