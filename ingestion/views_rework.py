"""What a person does to the pages of a document: split, merge, move, reorder, turn.

The strip of pages posts its ticked pages as `page`; every answer leads back to a document."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from documents.arranging import Arranged
from documents.errors import NotAllowed, SenderError
from documents.models import Document, Page
from documents.queries import may_review
from ingestion import rework

READ_AGAIN = " Its fields are being read again."


@require_POST
def split(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """Before the page `at`, else before the first page that is ticked."""
    named = _numbers(request, "at") or sorted(_numbers(request, "page"))

    def verb(version: int) -> Arranged:
        at = named[0] if named else 0
        return rework.split(document_id, request.user, version=version, at=at)

    return _arrange(request, document_id, verb, "The document was split in two; both are read.")


@require_POST
def merge(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """With the documents `other`, else with the one that is chosen as `into`."""
    named = request.POST.getlist("other") or request.POST.getlist("into")
    others = [pk for text in named if (pk := _uuid(text))]

    def verb(version: int) -> Arranged:
        return rework.merge(document_id, request.user, version=version, others=others)

    return _arrange(request, document_id, verb, f"The documents are one now.{READ_AGAIN}")


@require_POST
def move(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """The ticked pages to the document `into`; to a new one where that is empty."""
    # "" is the button's own value beside that of the list of documents.
    named = request.POST.getlist("into")
    pages, into = _numbers(request, "page"), None if "" in named else _uuid("".join(named[:1]))

    def verb(version: int) -> Arranged:
        return rework.move(document_id, request.user, version=version, pages=pages, into=into)

    return _arrange(request, document_id, verb, f"Moved.{READ_AGAIN}")


@require_POST
def reorder(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """The ticked pages one place to the `left` or `right`, or all as `order` has them."""

    def verb(version: int) -> Arranged:
        order = _numbers(request, "order") or _shifted(
            _order(document_id), set(_numbers(request, "page")), request.POST.get("way", "")
        )
        return rework.reorder(document_id, request.user, version=version, pages=order)

    return _arrange(request, document_id, verb, "The pages are in the new order.")


@require_POST
def turn(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """The ticked pages by `degrees` clockwise."""
    pages, degrees = _numbers(request, "page"), (_numbers(request, "degrees") or [0])[0]

    def verb(version: int) -> Arranged:
        return rework.turn(document_id, request.user, version=version, pages=pages, degrees=degrees)

    told = "The page is turned and read again; reload in a moment to see it."
    return _arrange(request, document_id, verb, told)


def _arrange(
    request: WSGIRequest, document_id: UUID, verb: Callable[[int], Arranged], done: str
) -> HttpResponse:
    seen = Document.objects.visible_to(request.user).select_related("project")
    document = get_object_or_404(seen, pk=document_id)
    if not may_review(request.user, document.project):
        raise PermissionDenied(NotAllowed().message)
    try:
        arranged = verb(_version(request, document))
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect("document", document_id)
    messages.success(request, done)
    return redirect("document", arranged.document.pk)


def _version(request: WSGIRequest, document: Document) -> int:
    """The version that the person decided on. What a worker read since is none of it: as long as
    the pages are those `shown` and nobody gave a value, it is the one of now."""
    shown = _numbers(request, "shown")
    if shown and document.reviewer_id is None and shown == _order(document.pk):
        return document.version
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() else 0


def _order(document_id: UUID) -> list[int]:
    pages = Page.objects.filter(document=document_id).order_by("position")
    return list(pages.values_list("number", flat=True))


def _shifted(order: list[int], chosen: set[int], way: str) -> list[int]:
    """Each chosen page one place further `left` or `right`; those at the end stay there."""
    turned = order if way == "left" else order[::-1]
    placed: list[int] = []
    for number in turned:
        placed.append(number)
        if number in chosen and len(placed) > 1 and placed[-2] not in chosen:
            placed[-2:] = [number, placed[-2]]
    return placed if way == "left" else placed[::-1]


def _numbers(request: WSGIRequest, name: str) -> list[int]:
    texts = request.POST.getlist(name)
    return [int(text) for text in texts if text.isdecimal() and len(text) < 8]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
