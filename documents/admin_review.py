"""The admin's list of documents as one of reviews: why each waits, and what is decided for many.

Each action shows what it is about to do and asks first; what cannot be done is left and said."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from documents import bulk, presentation
from documents.models import Document, DocumentQuerySet
from documents.views_queue import REASONS

SHOWN = 25
SURENESS = {"low": (0.0, 0.5), "middle": (0.5, 0.8), "high": (0.8, 0.97), "sure": (0.97, 1.01)}
Decide = Callable[[Sequence[tuple[UUID, int]], HttpRequest], bulk.Done]


class ReasonFilter(admin.SimpleListFilter):
    title = "why it waits"
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        asked = self.value()
        return queryset.filter(reason_kinds__contains=[asked]) if asked else queryset


class SurenessFilter(admin.SimpleListFilter):
    title = "sureness"
    parameter_name = "sure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (name, f"{least:.0%} to {min(below, 1):.0%}")
            for name, (least, below) in SURENESS.items()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> QuerySet[Document]:
        if self.value() not in SURENESS:
            return queryset
        least, below = SURENESS[str(self.value())]
        return queryset.filter(confidence__gte=least, confidence__lt=below)


class InReview(admin.ModelAdmin[Any]):
    """Mixed into the list of documents."""

    actions = ["confirm_many", "reject_many", "send_back_many"]

    @admin.display(description="sureness", ordering="confidence")
    def sureness(self, document: Document) -> str:
        return f"{document.confidence:.0%}"

    @admin.display(description="review")
    def open_in_review(self, document: Document) -> str:
        address = reverse("document", args=[document.pk])
        return format_html('<a href="{}">Open in review</a>', address)

    @admin.action(description="Confirm those that nobody doubts…")
    def confirm_many(self, request: HttpRequest, chosen: DocumentQuerySet) -> HttpResponse | None:
        weighed = bulk.weigh(chosen, request.user)
        ready = [one.document for one in weighed if one.is_ready]
        left = [(told(one.document), one.why) for one in weighed if not one.is_ready]
        return self._ask(
            request,
            ready,
            lambda named, request: bulk.confirm(named, request.user),
            action="confirm_many",
            verb="Confirm",
            past="confirmed",
            left=left,
        )

    @admin.action(description="Reject…")
    def reject_many(self, request: HttpRequest, chosen: DocumentQuerySet) -> HttpResponse | None:
        def decide(named: Sequence[tuple[UUID, int]], request: HttpRequest) -> bulk.Done:
            return bulk.reject(named, request.user, reason=request.POST.get("reason", ""))

        return self._ask(
            request,
            _first(chosen),
            decide,
            action="reject_many",
            verb="Reject",
            past="rejected",
            asks_reason=True,
        )

    @admin.action(description="Send back to review…")
    def send_back_many(self, request: HttpRequest, chosen: DocumentQuerySet) -> HttpResponse | None:
        return self._ask(
            request,
            _first(chosen),
            lambda named, request: bulk.send_back(named, request.user),
            action="send_back_many",
            verb="Send back",
            past="sent back",
        )

    def _ask(
        self,
        request: HttpRequest,
        documents: Sequence[Document],
        decide: Decide,
        *,
        past: str,
        **told_more: Any,
    ) -> HttpResponse | None:
        """The page that asks; once it was answered, nothing but the message of what was done."""
        if request.POST.get("sure"):
            _tell(request, decide(_named(request), request), past)
            return None
        shown = [(told(one), ", ".join(presentation.key_values(one))) for one in documents[:SHOWN]]
        context = {
            **admin.site.each_context(request),
            "title": f"{told_more['verb']} documents",
            "count": len(documents),
            "most": bulk.MOST,
            "shown": shown,
            "named": [f"{one.pk}:{one.version}" for one in documents],
            "back": request.get_full_path(),
            **told_more,
        }
        return TemplateResponse(request, "admin/documents/document/ask.html", context)


def told(document: Document) -> str:
    return presentation.told_document(document)


def _first(chosen: DocumentQuerySet) -> list[Document]:
    related = chosen.select_related("type", "upload", "schema_version")
    return list(related.defer("evidence")[: bulk.MOST])


def _named(request: HttpRequest) -> list[tuple[UUID, int]]:
    """Documents as the page that asked named them: "id:version"."""
    pairs = [text.partition(":") for text in request.POST.getlist("document")]
    return [(UUID(pk), int(version)) for pk, _, version in pairs if version.isdecimal()]


def _tell(request: HttpRequest, done: bulk.Done, past: str) -> None:
    if done.done:
        many = "1 document was" if done.done == 1 else f"{done.done} documents were"
        messages.success(request, f"{many} {past}.")
    for _, why in done.left[:5]:
        messages.warning(request, f"One was left: {why}")
    if len(done.left) > 5:
        messages.warning(request, f"{len(done.left) - 5} more were left.")
