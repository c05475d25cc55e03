"""How long a job and its steps may take, and what a failed page means: the project's own
word where it has one, else the settings'."""

from django.conf import settings

from ingestion.models import Job, Kind, Limits, Priority


def of(job: Job) -> Limits:
    """The project's limits, from the row that a claim brings along or asked for; an empty row,
    not stored, where it has none."""
    try:
        return job.project.limits
    except Limits.DoesNotExist:
        return Limits(project=job.project)


def step_limit_s(job: Job, stage: str) -> float:
    """Seconds that one step of `stage` may take; never above what ends before its task."""
    own = of(job).step_limit_s.get(stage)
    longest = settings.TASK_TIMEOUT_S - settings.TASK_RESERVE_S
    return min(longest, float(own or settings.STEP_LIMIT_S[stage]))


def job_limit_s(job: Job) -> int:
    """Seconds in which at least one step of the job may be at work, all together. A replay may
    take its time: it has what each of its documents may take."""
    shipped = settings.CAPTURE_LIMIT_S if job.kind == Kind.CAPTURE else settings.JOB_LIMIT_S
    asked = of(job).job_limit_s or shipped
    if job.kind != Kind.REPLAY:
        return asked
    return max(asked, round(job.documents_made * step_limit_s(job, "replay")))


def may_wait_for_batches(job: Job) -> bool:
    """Whether a job's questions to language models go into batches."""
    return job.priority == Priority.LOW and of(job).model_batches


def is_failed_page_fatal(job: Job) -> bool:
    return of(job).failed_page_is_fatal
