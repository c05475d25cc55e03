"""Single steps in the admin, and their retry."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.admin import OfProjects, ReadOnly
from documents.admin_lists import CappedPaginator
from documents.errors import DocketError
from ingestion import ledger, presentation
from ingestion.admin.lists import (
    FailedWith,
    OfStage,
    operated_projects,
    tell_refusals,
)
from ingestion.models import Step
from ingestion.statistics import steps_of


@admin.register(Step)
class StepAdmin(ReadOnly, OfProjects):
    list_display = [
        "name",
        "job",
        "status",
        "faults",
        "losses",
        "worker",
        "engine",
        "seconds",
        "error_code",
        "error_message",
        "finished_at",
    ]
    list_filter = ["status", OfStage, FailedWith]
    list_select_related = ["job__upload"]
    search_fields = ["=job__id", "job__upload__filename"]
    search_help_text = "A job's id, or a part of its file's name."
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["retry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        return steps_of(request.user)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is offered to who operates no project: it would be refused."""
        offered: dict[str, Any] = super().get_actions(request)
        return offered if operated_projects(request.user) else {}

    @admin.display(description="step", ordering="id")
    def name(self, step: Step) -> str:
        return presentation.step_name(step)

    @admin.display(description="faults", ordering="attempts")
    def faults(self, step: Step) -> int:
        return step.attempts

    @admin.display(description="seconds", ordering="elapsed_s")
    def seconds(self, step: Step) -> str:
        return "–" if step.elapsed_s is None else f"{step.elapsed_s:.1f}"

    @admin.action(description="Retry these steps, and what follows from them")
    def retry(self, request: HttpRequest, steps: QuerySet[Step]) -> None:
        """Failed steps of one job are taken up one after the other: the first opens the job."""
        allowed = operated_projects(request.user)
        count = 0
        refused: dict[str, list[str]] = {}
        for step in steps.order_by("pk")[: settings.JOBS_AT_ONCE]:
            name = presentation.step_name(step)
            if step.project_id not in allowed:
                refused.setdefault("you are not its operator.", []).append(name)
                continue
            try:
                ledger.retry_step(step.pk, request.user)
            except (DocketError, Step.DoesNotExist) as fault:
                told = getattr(fault, "message", "it was planned anew with what comes before it.")
                refused.setdefault(told, []).append(name)
            else:
                count += 1
        tell_refusals(request, "steps", refused)
        if count:
            self.message_user(request, f"{count} taken up again.", messages.SUCCESS)
