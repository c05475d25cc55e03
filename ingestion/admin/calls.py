"""The calls of language models in the admin: what was asked for what, and what came of it."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from documents.admin import OF_OWN_PROJECTS, OfProjects, ReadOnly
from documents.admin_lists import CappedPaginator
from documents.language import CallStatus, LlmCall, ModelTotal
from documents.models import Document
from documents.presentation import ago, told_cost
from ingestion.models import Job

DAYS = 14
CODES = 30
_TONES = {CallStatus.DONE: "good", CallStatus.FAILED: "bad", CallStatus.PENDING: "busy"}


class OfDay(admin.SimpleListFilter):
    """A day of UTC, of the last two weeks."""

    title = "day (UTC)"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        today = timezone.now().astimezone(UTC).date()
        days = [today - timedelta(days=back) for back in range(DAYS)]
        return [(day.isoformat(), f"{day.day} {day:%b}") for day in days]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        try:
            day = datetime.fromisoformat(self.value() or "").replace(tzinfo=UTC)
        except ValueError:
            return rows
        return rows.filter(created_at__gte=day, created_at__lt=day + timedelta(days=1))


class WithCode(admin.SimpleListFilter):
    """The codes there are among the calls that the user sees."""

    title = "error code"
    parameter_name = "code"
    column = "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        seen = LlmCall.objects.visible_to(request.user).exclude(**{self.column: ""}).order_by()
        found = seen.values_list(self.column, flat=True).distinct()[:CODES]
        return [(one, one) for one in sorted(found)]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(**{self.column: self.value()}) if self.value() else rows


class WithModel(WithCode):
    title = "model"
    parameter_name = "model"
    column = "model"


@admin.register(LlmCall)
class CallAdmin(ReadOnly, OfProjects):
    list_display = [
        "at",
        "purpose",
        "state",
        "model",
        "version",
        "project",
        "tokens",
        "cost",
        "seconds",
        "reused",
    ]
    list_filter = [OF_OWN_PROJECTS, "purpose", WithModel, "status", WithCode, OfDay]
    list_select_related = ["project", "prompt__project"]
    list_per_page = 50
    search_fields = ["id"]
    search_help_text = "The id of a call, a job or a document."
    ordering = ["-created_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    change_form_template = "admin/ingestion/call.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LlmCall], search_term: str
    ) -> tuple[QuerySet[LlmCall], bool]:
        """Ids are looked up whole, so that an index serves."""
        if not search_term.strip():
            return queryset, False
        try:
            asked = UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        return queryset.filter(Q(pk=asked) | Q(job=asked) | Q(document=asked)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        own = {"title": "Calls of language models"}
        return super().changelist_view(request, own | (extra_context or {}))

    @admin.display(description="when", ordering="created_at")
    def at(self, call: LlmCall) -> str:
        """With its state under it where the screen has no room for more columns."""
        return format_html(
            '{}<span class="narrow">{}: {}{}</span>',
            ago(call.created_at),
            call.get_purpose_display(),
            call.get_status_display(),
            f": {call.error_code}" if call.error_code else "",
        )

    @admin.display(description="state", ordering="status")
    def state(self, call: LlmCall) -> str:
        tone = _TONES[CallStatus(call.status)]
        badge = format_html('<span class="badge {}">{}</span>', tone, call.get_status_display())
        code = format_html(" <code>{}</code>", call.error_code) if call.error_code else ""
        return format_html("{}{}", badge, code)

    @admin.display(description="prompt", ordering="prompt__number")
    def version(self, call: LlmCall) -> str:
        return str(call.prompt) if call.prompt else "–"

    @admin.display(description="tokens in / out", ordering="input_tokens")
    def tokens(self, call: LlmCall) -> str:
        return f"{call.input_tokens:,} / {call.output_tokens:,}"

    @admin.display(description="cost", ordering="cost_microcents")
    def cost(self, call: LlmCall) -> str:
        return told_cost(call.cost_microcents)

    @admin.display(description="seconds", ordering="latency_ms")
    def seconds(self, call: LlmCall) -> str:
        return "–" if call.latency_ms is None else f"{call.latency_ms / 1_000:.1f}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        call = self.get_object(request, object_id)
        shown = {} if call is None else _shown(request, call)
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))


@admin.register(ModelTotal)
class TotalAdmin(ReadOnly, OfProjects):
    """What calls came to whose rows are gone."""

    list_display = ["day", "project", "purpose", "model", "calls", "requests", "tokens", "cost"]
    list_filter = [OF_OWN_PROJECTS, "purpose"]
    list_select_related = ["project"]
    list_display_links = None
    date_hierarchy = "day"

    @admin.display(description="tokens in / out", ordering="input_tokens")
    def tokens(self, total: ModelTotal) -> str:
        return f"{total.input_tokens:,} / {total.output_tokens:,}"

    @admin.display(description="cost", ordering="cost_microcents")
    def cost(self, total: ModelTotal) -> str:
        return told_cost(total.cost_microcents)


def _shown(request: HttpRequest, call: LlmCall) -> dict[str, Any]:
    """What the page of a call shows; job and document are linked where the user may see them."""
    jobs = Job.objects.visible_to(request.user)
    documents = Document.objects.visible_to(request.user).select_related("type", "upload")
    return {
        "call": call,
        "title": f"{call.get_purpose_display().capitalize()}, {call.model}",
        "subtitle": None,
        "tone": _TONES[CallStatus(call.status)],
        "cost": told_cost(call.cost_microcents),
        "seconds": None if call.latency_ms is None else call.latency_ms / 1_000,
        "answer": ""
        if call.answer is None
        else json.dumps(call.answer, indent=2, ensure_ascii=False),
        "job": jobs.filter(pk=call.job).first() if call.job else None,
        "document": documents.filter(pk=call.document).first() if call.document else None,
        "calls_url": reverse("admin:documents_llmcall_changelist"),
    }
