"""The admin's view of the queue: what runs, what failed and why, retry and cancel."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.admin import OF_OWN_PROJECTS, OfProjects, ReadOnly, operates
from documents.errors import DocketError
from documents.models import AnyUser, Project, Role
from ingestion import ledger, workers
from ingestion.models import Control, Job, Priority, Step, WorkerBeat


class StepInline(admin.TabularInline[Step, Job]):
    model = Step
    readonly_fields = [
        "stage",
        "first",
        "last",
        "document",
        "status",
        "attempts",
        "losses",
        "worker",
        "engine",
        "elapsed_s",
        "error_code",
        "error_message",
    ]
    fields = tuple(readonly_fields)
    extra = 0
    can_delete = False
    max_num = 0
    show_change_link = True


@admin.register(Job)
class JobAdmin(ReadOnly, OfProjects):
    list_display = [
        "upload",
        "project",
        "status",
        "priority",
        "pages_read",
        "pages_total",
        "pages_failed",
        "documents_made",
        "error_code",
        "error_message",
        "created_at",
        "started_at",
        "completed_at",
        "failed_at",
    ]
    list_filter = ["status", "priority", "error_code", OF_OWN_PROJECTS]
    search_fields = ["upload__filename", "id"]
    list_select_related = ["upload", "project"]
    ordering = ["-created_at"]
    inlines = [StepInline]
    actions = ["retry", "cancel", "make_urgent", "make_low"]

    def _act(
        self,
        request: HttpRequest,
        jobs: QuerySet[Job],
        verb: Callable[[UUID, AnyUser | None], Job],
        done: str,
    ) -> None:
        """Apply a verb of the ledger to the jobs that the user operates; tell what happened."""
        allowed = Project.objects.open_to(request.user, Role.OPERATOR)
        count = 0
        for job in jobs.select_related("upload"):
            if not allowed.filter(pk=job.project_id).exists():
                self.message_user(request, f"{job}: you are not its operator.", messages.ERROR)
                continue
            try:
                verb(job.pk, request.user)
            except DocketError as fault:
                self.message_user(request, f"{job}: {fault.message}", messages.WARNING)
            else:
                count += 1
        if count:
            self.message_user(request, f"{count} {done}.")

    @admin.action(description="Retry what failed or was cancelled")
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, ledger.retry, "taken up again")

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, ledger.cancel, "cancelled")

    @admin.action(description="Priority: urgent")
    def make_urgent(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, _to(Priority.URGENT), "made urgent")

    @admin.action(description="Priority: low")
    def make_low(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._act(request, jobs, _to(Priority.LOW), "made low")


def _to(priority: Priority) -> Callable[[UUID, AnyUser | None], Job]:
    def verb(job_id: UUID, actor: AnyUser | None) -> Job:
        return ledger.set_priority(job_id, priority, actor)

    return verb


@admin.register(Step)
class StepAdmin(ReadOnly):
    list_display = [
        "job",
        "stage",
        "first",
        "last",
        "status",
        "attempts",
        "losses",
        "worker",
        "engine",
        "elapsed_s",
        "error_code",
        "error_message",
        "run_after",
    ]
    list_filter = ["status", "stage", "error_code"]
    list_select_related = ["job__upload"]
    search_fields = ["job__id", "job__upload__filename"]
    ordering = ["-id"]
    show_full_result_count = False
    actions = ["retry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Step]:
        return Step.objects.filter(job__in=Job.objects.visible_to(request.user))

    @admin.action(description="Retry the jobs of these steps")
    def retry(self, request: HttpRequest, steps: QuerySet[Step]) -> None:
        jobs = Job.objects.filter(pk__in=steps.values("job"))
        JobAdmin(Job, self.admin_site)._act(request, jobs, ledger.retry, "taken up again")


@admin.register(WorkerBeat)
class WorkerAdmin(ReadOnly):
    list_display = ["name", "step", "memory_bytes", "started_at", "seen_at"]
    list_select_related = ["step"]


@admin.register(Control)
class ControlAdmin(ReadOnly):
    list_display = ["__str__", "changed_at"]
    actions = ["pause", "resume"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only: it holds the workers of every project."""
        return operates(request, None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Control]:
        Control.objects.get_or_create(pk=1)
        return Control.objects.all()

    @admin.action(description="Pause all workers")
    def pause(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        workers.set_paused(True)
        self.message_user(request, "Paused: steps at work finish, none are begun.")

    @admin.action(description="Resume all workers")
    def resume(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        workers.set_paused(False)
        self.message_user(request, "Resumed.")
