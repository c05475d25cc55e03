"""Embedders in the admin: which one search asks, and how far the one is that takes its place."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.admin import ReadOnly, operates
from search import embedders
from search.models import Embedder, EmbedderState


@admin.register(Embedder)
class EmbedderAdmin(ReadOnly):
    """A list without pages behind it; all staff see it, superusers switch."""

    list_display = ["name", "dimension", "standing", "done", "fault"]
    list_display_links = None
    ordering = ["state", "pk"]
    actions = ["switch_now"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return admin.site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.site.has_permission(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if operates(request, None) else {}

    @admin.display(description="state", ordering="state")
    def standing(self, row: Embedder) -> str:
        return row.get_state_display()

    @admin.display(description="passages")
    def done(self, row: Embedder) -> str:
        found = embedders.progress(row)
        if row.state == EmbedderState.GOING:
            return f"{found.done:,} left"
        return f"{found.done:,} of {found.chunks:,} ({found.share:.0%})"

    @admin.action(description="Search by it now; what it does not know yet is found by words alone")
    def switch_now(self, request: HttpRequest, rows: QuerySet[Embedder]) -> None:
        if list(rows.values_list("state", flat=True)) != [EmbedderState.COMING]:
            messages.error(request, "Choose the embedder whose vectors are being made.")
        elif embedders.switch(actor=request.user, leaving_out=True):
            messages.success(request, "Search asks the new embedder from now on.")
