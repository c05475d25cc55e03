"""The strip of a document's pages, and the forms that put pages together otherwise."""

from typing import Any
from uuid import UUID

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from documents import arranging, queries
from documents.models import Document, Page

NEIGHBOURS = 40


@require_GET
def pages(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """The pages of a document; for the review screen the strip alone (`?part`)."""
    seen = Document.objects.visible_to(request.user).select_related("project", "type", "upload")
    document = get_object_or_404(seen, pk=document_id)
    is_open = document.status in arranging.OPEN
    may_arrange = is_open and queries.may_review(request.user, document.project)
    rows = Page.objects.filter(document=document).order_by("position", "number")
    shown = rows.defer("words", "marks", "text", "signals").select_related("type")
    others = _others(document) if may_arrange else []
    context: dict[str, Any] = {
        "document": document,
        "strip": list(shown),
        "may_arrange": may_arrange,
        "others": others,
        "next_other": next(
            (one for one, _ in others if one.first_page > document.first_page), None
        ),
    }
    is_part = "part" in request.GET
    return render(request, f"documents/{'parts/strip_pages' if is_part else 'pages'}.html", context)


def _others(document: Document) -> list[tuple[Document, str]]:
    """Open documents of the same upload near this one, with what they are called."""
    found = (
        Document.objects.filter(upload=document.upload_id, status__in=arranging.OPEN)
        .exclude(pk=document.pk)
        .select_related("type", "upload")
        .defer("payload", "evidence")
    )
    after = found.filter(first_page__gt=document.first_page).order_by("first_page")
    ahead = found.filter(first_page__lt=document.first_page).order_by("-first_page")
    near = sorted([*ahead[:NEIGHBOURS], *after[:NEIGHBOURS]], key=lambda one: one.first_page)
    return [
        (one, f"{one.type.name if one.type else 'Paper'}, page {one.first_page}") for one in near
    ]
