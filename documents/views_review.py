"""The review of one document: its page, the checks while somebody types, and what is decided."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from documents import history as happenings
from documents import presentation, queries, reader, review, schemas, trust, turns, unsaved
from documents.errors import Conflict, NotAllowed, SenderError
from documents.models import AnyUser, Document, DocumentStatus, DocumentType, Page
from documents.sheet import Sheet
from documents.typed import Typed
from documents.views_queue import choice_of

WORDS_SECONDS = 86_400
Verb = Callable[..., Document]


@require_GET
def document(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _show(request, _visible(request.user, document_id))


@require_POST
def confirm(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _save(request, document_id, review.confirm, "Confirmed")


@require_POST
def correct(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _save(request, document_id, review.correct, "Saved. It stays in review")


@require_POST
def reject(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _decide(request, document_id, review.reject, "Rejected", reason=reason)


@require_POST
def reopen(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _decide(request, document_id, review.reopen, "Reopened for review")


@require_POST
def check(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """The state of every field with what is typed now; saves nothing. A fragment of which the
    page takes what differs."""
    found = _reviewable(request.user, document_id)
    typed = Typed.of(unsaved.schema_of(found), request.POST)
    try:
        sheet = unsaved.sheet_of(found, _thresholds(found), typed)
    except ValueError:
        return HttpResponseBadRequest("A field of this form is unknown.")
    context = {
        "document": found,
        "sheet": sheet,
        "may_edit": True,
        "is_stale": found.version != _version(request),
    }
    return render(request, "documents/checks.html", context)


@require_GET
def words(request: WSGIRequest, upload_id: UUID, number: int) -> HttpResponse:
    """The words of a page that have a place: {"words": [[text, left, top, right, bottom], ...]},
    in the order in which they are read, boxes in whole pixels of the page's image."""
    page = get_object_or_404(
        Page.objects.visible_to(request.user).only("words"), upload_id=upload_id, number=number
    )
    told = [
        [word[0], *(round(side) for side in word[1:5])]
        for word in page.words
        if None not in word[1:5]
    ]
    response = JsonResponse({"words": told})
    patch_cache_control(response, private=True, max_age=WORDS_SECONDS)
    return response


@require_GET
def page_text(request: WSGIRequest, upload_id: UUID, number: int) -> HttpResponse:
    """The text of a page that has no image, to be put into a long document as it is seen."""
    page = get_object_or_404(
        Page.objects.visible_to(request.user).only("text", "error_message", "number"),
        upload_id=upload_id,
        number=number,
    )
    response = render(request, "documents/parts/text.html", {"text": page.text, "page": page})
    patch_cache_control(response, private=True, max_age=WORDS_SECONDS)
    return response


@require_GET
def history(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """What became of every value, and of the document: who, when, from what to what."""
    found = _visible(request.user, document_id)
    context = {"document": found, "events": happenings.of(found)}
    part = getattr(request, "htmx", None)
    return render(
        request, "documents/parts/past.html" if part else "documents/history.html", context
    )


def _visible(user: AnyUser, document_id: UUID) -> Document:
    seen = Document.objects.visible_to(user)
    told = seen.select_related("type", "upload", "project", "schema_version", "reviewer")
    return get_object_or_404(told, pk=document_id)


def _reviewable(user: AnyUser, document_id: UUID) -> Document:
    document = _visible(user, document_id)
    if not queries.may_review(user, document.project):
        raise PermissionDenied(NotAllowed().message)
    return document


def _version(request: WSGIRequest) -> int:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() else 0


def _thresholds(document: Document) -> trust.Thresholds:
    return trust.thresholds_of(document.project, unsaved.slug_of(document))


def _save(request: WSGIRequest, document_id: UUID, verb: Verb, done: str) -> HttpResponse:
    """Correct or confirm; what was typed is shown again where it could not be saved."""
    document = _reviewable(request.user, document_id)
    typed = Typed.of(unsaved.schema_of(document), request.POST)
    try:
        verb(
            document_id,
            request.user,
            version=_version(request),
            values=typed.values,
            marks=typed.marks,
        )
    except SenderError as fault:
        return _show(request, _visible(request.user, document_id), fault=fault, typed=typed)
    return _onwards(request, document, done)


def _decide(
    request: WSGIRequest, document_id: UUID, verb: Verb, done: str, **choices: str
) -> HttpResponse:
    document = _reviewable(request.user, document_id)
    try:
        verb(document_id, request.user, version=_version(request), **choices)
    except SenderError as fault:
        typed = Typed.of(unsaved.schema_of(document), request.POST)
        return _show(request, _visible(request.user, document.pk), fault=fault, typed=typed)
    return _onwards(request, document, done)


def _onwards(request: WSGIRequest, document: Document, done: str) -> HttpResponse:
    """To the next document where the form asks for it, else back to this one."""
    following = None
    if request.POST.get("then") == "next":
        following = turns.following(request.user, after=document, choice=choice_of(request))
        if following is None:
            messages.success(request, f"{done}. Nothing else waits for review.")
            return redirect("document", document.pk)
        url, name = reverse("document", args=[document.pk]), document.upload.filename
        messages.success(request, format_html('{}: <a href="{}">{}</a>', done, url, name))
        return redirect("document", following)
    messages.success(request, f"{done}.")
    return redirect("document", document.pk)


def _show(
    request: WSGIRequest,
    document: Document,
    *,
    fault: SenderError | None = None,
    typed: Typed | None = None,
) -> HttpResponse:
    """The page of a document. After a Conflict the form holds what somebody else saved and, where
    nobody else touched the field, what was typed; the rest is offered beside it."""
    schema = unsaved.schema_of(document)
    may_review = queries.may_review(request.user, document.project)
    is_pending = document.status == DocumentStatus.DRAFT_PENDING
    is_open = is_pending or document.status == DocumentStatus.UNKNOWN
    may_edit = may_review and is_pending and document.schema_version is not None
    is_stale = isinstance(fault, Conflict)
    merged = _merged(request, document, typed) if is_stale and typed else None
    shown = merged.mine if merged else typed
    sheet = _sheet(document, shown if may_edit else None)
    context = {
        "document": document,
        "badge": presentation.STATUS_BADGES[DocumentStatus(document.status)],
        "name": next(iter(presentation.key_values(document)), ""),
        "reasons": presentation.reasons(
            document, schema, queries.named_in_reasons(request.user, document)
        ),
        "sheet": sheet,
        "pages": _pages(request, document),
        "who_reads": reader.of_type(document.type, document.project),
        "fault": fault,
        "theirs": [
            (schemas.title_of(schema, change.pointer) or change.pointer, change)
            for change in (merged.theirs if merged else ())
        ],
        "unsaved": _unsaved(schema, merged, may_edit) if merged else (),
        "may_edit": may_edit,
        "may_reject": may_review and is_open,
        "may_reopen": may_review and not is_open,
        "types": DocumentType.objects.all() if may_review and is_open else (),
        "next_id": queries.next_waiting(request.user, document) if may_review else None,
    }
    return render(request, "documents/detail.html", context, status=fault.status if fault else 200)


def _merged(request: WSGIRequest, document: Document, typed: Typed) -> unsaved.Merged:
    theirs = document.corrections.select_related("made_by").order_by("made_at", "pk")
    since = _moment(request.POST.get("seen", ""))
    if since is not None:
        theirs = theirs.filter(made_at__gt=since)
    return unsaved.merged(document, typed, theirs)


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


def _sheet(document: Document, typed: Typed | None) -> Sheet:
    if typed is not None:
        try:
            return unsaved.sheet_of(document, _thresholds(document), typed)
        except ValueError:
            pass  # a form that was tampered with has nothing to show again
    return Sheet(
        type_slug=unsaved.slug_of(document),
        schema=unsaved.schema_of(document),
        payload=document.payload,
        evidence=document.evidence,
        thresholds=_thresholds(document),
        is_confirmed=document.status == DocumentStatus.DRAFT_CREATED
        and document.reviewer_id is not None,
    )


def _pages(request: WSGIRequest, document: Document) -> list[dict[str, Any]]:
    """The pages with what a search asked for; the words are read for that page alone."""
    query, at = request.GET.get("q", ""), request.GET.get("page", "")
    boxes = presentation.places(request.GET.get("at", ""))
    pages = []
    for page in queries.pages_shown(document):
        is_shown = str(page.number) == at
        is_asked = bool(query) and is_shown
        found = Page.objects.values_list("words", flat=True).get(pk=page.pk) if is_asked else []
        matches = presentation.matches(found, query) + (boxes if is_shown else ())
        pages.append({"page": page, "matches": matches})
    return pages


def _unsaved(
    schema: dict[str, Any], merged: unsaved.Merged, may_edit: bool
) -> list[tuple[str, str]]:
    """What was typed and stands in no field of the page now, with its label."""
    texts = merged.both if may_edit else {**merged.mine.texts, **merged.both}
    return [(schemas.title_of(schema, p) or p, text) for p, text in texts.items()]
