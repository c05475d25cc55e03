"""Questions that the pages about jobs ask. Every one starts from the user."""

from typing import Any

from django.db.models import Case, Count, When
from django.utils import timezone

from documents.models import AnyUser, Document, Page, Project, Role
from documents.presentation import ago, list_row
from documents.queries import REVIEWERS, listed
from ingestion import pipeline, presentation, queue, workers
from ingestion.models import (
    OPEN_JOB,
    OPEN_STEP,
    Job,
    JobQuerySet,
    JobStatus,
    Priority,
    Step,
    StepStatus,
)

RECENT_JOBS = 12
TILES = 60
STEP_ROWS = 100
DOCUMENT_ROWS = 50


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


def row(job: Job) -> dict[str, Any]:
    """A job as a row of a list; from `listed_jobs`."""
    return {
        "job": job,
        "badge": presentation.badge(job),
        "priority": told_priority(job),
        "ago": ago(job.created_at),
    }


def told_priority(job: Job) -> str:
    return "" if job.priority == Priority.NORMAL else Priority(job.priority).label


def progress(job: Job, user: AnyUser, tile_page: int) -> dict[str, Any]:
    """Everything that moves on a job's page; a constant number of queries."""
    steps = Step.objects.filter(job=job)
    open_steps = list(steps.filter(status__in=OPEN_STEP).order_by("-status", "id")[:20])
    counts = steps.order_by().values_list("stage", "status").annotate(n=Count("pk"))
    pages = Page.objects.filter(upload=job.upload_id).order_by("number")
    first = (tile_page - 1) * TILES
    tiles = list(
        pages.select_related("type").defer("words", "marks", "text", "signals")[
            first : first + TILES
        ]
    )
    trouble = Case(When(status="failed", then=0), When(status="running", then=1), default=2)
    shown = list(steps.order_by(trouble, "id")[: STEP_ROWS + 1])
    found = listed(Document.objects.visible_to(user).filter(upload=job.upload_id))
    can_operate = may_operate(user, job.project)
    can_retry = job.status in (JobStatus.FAILED, JobStatus.CANCELLED) or job.pages_failed > 0
    return {
        "job": job,
        "badge": presentation.badge(job),
        "sentence": presentation.sentence(
            job,
            open_steps,
            is_paused=job.is_open and workers.is_paused(),
            has_workers=job.is_open and queue.clusters() > 0,
            now=timezone.now(),
        ),
        "work_time": presentation.work_time(job),
        "stages": presentation.stage_lines(
            list(pipeline.STAGES), {(stage, status): n for stage, status, n in counts}
        ),
        "tiles": [presentation.tile(page) for page in tiles],
        "tile_page": tile_page,
        "tile_pages": range(1, -(-job.pages_total // TILES) + 1),
        "steps": [
            {
                "step": step,
                "name": presentation.STAGE_NAMES.get(step.stage, step.stage),
                "badge": presentation.STEP_BADGES[StepStatus(step.status)],
            }
            for step in shown[:STEP_ROWS]
        ],
        "has_more_steps": len(shown) > STEP_ROWS,
        "documents": [list_row(d) for d in found.order_by("first_page")[:DOCUMENT_ROWS]],
        "has_more_documents": job.documents_made > DOCUMENT_ROWS,
        "may_cancel": can_operate and job.is_open,
        "may_retry": can_operate and not job.is_open and can_retry,
    }


def is_any_open(jobs: Any) -> bool:
    return any(job.status in OPEN_JOB for job in jobs)
