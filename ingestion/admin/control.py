"""Workers in the admin: who is there, pause and resume."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from documents.admin import ReadOnly, operates
from ingestion import workers
from ingestion.admin import panel
from ingestion.models import Control, WorkerBeat


@admin.register(WorkerBeat)
class WorkerAdmin(ReadOnly):
    """Its list is the page of the workers."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return panel.may_see_workers(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return panel.workers_page(request)


@admin.register(Control)
class ControlAdmin(ReadOnly):
    list_display = ["__str__", "changed_at"]
    list_display_links = None
    actions = ["pause", "resume"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not listed on the front page, which pauses and resumes by itself."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers only: it holds the workers of every project."""
        return operates(request, None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Control]:
        Control.objects.get_or_create(pk="")
        return Control.objects.all()

    @admin.action(description="Pause the workers of these hosts …")
    def pause(self, request: HttpRequest, rows: QuerySet[Control]) -> HttpResponse | None:
        if "sure" not in request.POST:
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            return panel.ask(
                request,
                title="Pause these workers?",
                told="Steps at work finish, none are begun, until somebody resumes them.",
                button="Pause",
                count=len(chosen),
                action=request.get_full_path(),
                hidden=[
                    ("sure", "yes"),
                    ("action", "pause"),
                    *((ACTION_CHECKBOX_NAME, pk) for pk in chosen),
                ],
                back=request.get_full_path(),
            )
        for row in rows:
            workers.set_paused(True, request.user, of_host=row.host)
        self.message_user(request, "Paused: steps at work finish, none are begun.")
        return None

    @admin.action(description="Resume the workers of these hosts")
    def resume(self, request: HttpRequest, rows: QuerySet[Control]) -> None:
        for row in rows:
            workers.set_paused(False, request.user, of_host=row.host)
        self.message_user(request, "Resumed.")
