"""What the buttons do, of one job and of many: they apply the verbs of the site and the API."""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from documents.errors import DocketError
from documents.models import AnyUser
from ingestion import ledger, presentation
from ingestion.admin import panel
from ingestion.admin.lists import operated_projects, tell_refusals
from ingestion.models import Job, Limits, Priority, Step

Verb = Callable[[UUID, AnyUser | None], Job]


def limits_url(job: Job) -> str:
    if Limits.objects.filter(pk=job.project_id).exists():
        return reverse("admin:ingestion_limits_change", args=[job.project_id])
    return f"{reverse('admin:ingestion_limits_add')}?project={job.project_id}"


def ask_to_cancel(request: HttpRequest, job: Job) -> HttpResponse:
    return panel.ask(
        request,
        title="Cancel this job?",
        told="Steps at work are stopped. What was done stays, and a retry takes it up again.",
        button="Cancel it",
        jobs=[job],
        count=1,
        action=request.path,
        hidden=[("sure", "yes"), ("next", request.POST.get("next", ""))],
        back=reverse("admin:ingestion_job_change", args=[job.pk]),
    )


def do(job: Job, verb: str, request: HttpRequest) -> str:
    """Apply the verb of a button; the sentence that tells it. Raises DocketError."""
    if verb == "retry":
        ledger.retry(job.pk, request.user)
        return f"{job} is taken up again."
    if verb == "cancel":
        ledger.cancel(job.pk, request.user)
        return f"{job} was cancelled."
    if verb == "step":
        asked = request.POST.get("step", "")
        step = get_object_or_404(Step, pk=int(asked) if asked.isdecimal() else 0, job=job)
        ledger.retry_step(step.pk, request.user)
        return f"{presentation.step_name(step)} runs again, and all that follows from it."
    chosen = request.POST.get("priority", "")
    if verb == "priority" and chosen in {str(priority) for priority in Priority.values}:
        ledger.set_priority(job.pk, int(chosen), request.user)
        return f"Priority is now {Priority(int(chosen)).label}."
    raise PermissionDenied("There is no such button.")


def to(priority: Priority) -> Verb:
    def verb(job_id: UUID, actor: AnyUser | None) -> Job:
        return ledger.set_priority(job_id, priority, actor)

    return verb


def each(request: HttpRequest, jobs: QuerySet[Job], verb: Verb, done: str) -> None:
    """Apply a verb of the ledger to the jobs that the user operates; tell what happened."""
    allowed = operated_projects(request.user)
    count = 0
    refused: dict[str, list[Job]] = {}
    chosen = list(jobs.select_related("upload")[: settings.JOBS_AT_ONCE + 1])
    if len(chosen) > settings.JOBS_AT_ONCE:
        told = f"The first {settings.JOBS_AT_ONCE:,} were taken; do it again for the rest."
        messages.warning(request, told)
    for job in chosen[: settings.JOBS_AT_ONCE]:
        if job.project_id not in allowed:
            refused.setdefault("you are not its operator.", []).append(job)
            continue
        try:
            verb(job.pk, request.user)
        except DocketError as fault:
            refused.setdefault(fault.message, []).append(job)
        else:
            count += 1
    tell_refusals(request, "jobs", {why: [str(j) for j in js] for why, js in refused.items()})
    if count:
        messages.success(request, f"{count} {done}.")
