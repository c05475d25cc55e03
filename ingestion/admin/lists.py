"""What the lists of jobs and steps share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.models import AnyUser, Project, Role
from ingestion import pipeline
from ingestion.models import Job, JobQuerySet, JobStatus, Step, StepStatus
from ingestion.presentation import STAGE_NAMES
from ingestion.statistics import steps_of


def operated_projects(user: AnyUser) -> set[int]:
    return set(Project.objects.open_to(user, Role.OPERATOR).values_list("pk", flat=True))


def tell_refusals(request: HttpRequest, noun: str, refused: Mapping[str, Sequence[str]]) -> None:
    """One message for each reason, however many it met. refused: reason -> names."""
    for why, names in refused.items():
        whose = f"{len(names)} {noun}" if len(names) > 1 else f"“{names[0]}”"
        messages.warning(request, f"{whose}: {why}")


class OfStage(admin.SimpleListFilter):
    """The stage of a step; all there are, without asking a million rows."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(stage, STAGE_NAMES.get(stage, stage)) for stage in pipeline.STAGES]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(stage=self.value()) if self.value() else rows


class FailedWith(admin.SimpleListFilter):
    """The code of a job that failed, or of a failed step of a job that completed."""

    title = "error code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        of_steps = steps_of(request.user).filter(status=StepStatus.FAILED)
        of_jobs = Job.objects.visible_to(request.user).filter(status=JobStatus.FAILED).order_by()
        codes = {
            *of_steps.values_list("error_code", flat=True).distinct(),
            *of_jobs.values_list("error_code", flat=True).distinct(),
        }
        return [(code, code) for code in sorted(codes) if code]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        code = self.value()
        if not code:
            return rows
        if rows.model is Step:
            return rows.filter(error_code=code, status=StepStatus.FAILED)
        return cast(JobQuerySet, rows).failed(code)
