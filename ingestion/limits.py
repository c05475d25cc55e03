"""How long a job and its steps may take, and what a failed page means: the project's own
word where it has one, else the settings'."""

from django.conf import settings

from ingestion.models import Job, Kind, Limits


def of(job: Job) -> Limits:
    """The project's limits; an empty row, not stored, where it has none."""
    found = Limits.objects.filter(project_id=job.project_id).first()
    return found or Limits(project_id=job.project_id)


def step_limit_s(job: Job, stage: str) -> float:
    """Seconds that one step of `stage` may take; never above what ends before its task."""
    own = _own(job).step_limit_s.get(stage)
    longest = settings.TASK_TIMEOUT_S - settings.TASK_RESERVE_S
    return min(longest, float(own or settings.STEP_LIMIT_S[stage]))


def job_limit_s(job: Job) -> int:
    """Seconds in which at least one step of the job may be at work, all together."""
    shipped = settings.CAPTURE_LIMIT_S if job.kind == Kind.CAPTURE else settings.JOB_LIMIT_S
    return _own(job).job_limit_s or shipped


def is_failed_page_fatal(job: Job) -> bool:
    return _own(job).failed_page_is_fatal


def _own(job: Job) -> Limits:
    """From the row that a claim brings along; else asked for."""
    if "project" in job._state.fields_cache:
        cached = job.project._state.fields_cache
        if "limits" in cached:
            return cached["limits"] or Limits(project_id=job.project_id)
    return of(job)
