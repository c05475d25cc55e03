"""The pages about documents: the list, one document and its review."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from documents import presentation, queries, reader, review, schemas, trust
from documents.errors import Conflict, NotAllowed, SenderError
from documents.models import (
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentStatus,
    DocumentType,
    Page,
    Project,
    record,
)
from documents.sheet import Sheet, changed, parse_typed

Verb = Callable[..., Document]


class FilterForm(forms.Form):
    """What narrows the list of documents; a value that makes no sense narrows nothing."""

    status = forms.ChoiceField(choices=DocumentStatus, required=False)
    type = forms.ModelChoiceField(
        DocumentType.objects.all(), to_field_name="slug", required=False, empty_label="All types"
    )
    file = forms.CharField(label="File name", max_length=100, required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer),
            to_field_name="slug",
            required=False,
            empty_label="All projects",
        )

    def narrow(self, documents: DocumentQuerySet) -> DocumentQuerySet:
        self.is_valid()
        chosen = self.cleaned_data
        for name in ("status", "type", "project"):
            if chosen.get(name):
                documents = documents.filter(**{name: chosen[name]})
        if chosen.get("file"):
            documents = documents.filter(upload__filename__icontains=chosen["file"])
        return documents


@require_GET
def documents(request: WSGIRequest) -> HttpResponse:
    """The list, newest first, PAGE_ROWS a page."""
    form = FilterForm(request.GET, viewer=request.user)
    found = form.narrow(queries.listed(Document.objects.visible_to(request.user)))
    leaf = queries.leaf(found.order_by("-created_at", "first_page"), request.GET.get("page", ""))
    return render(
        request,
        "documents/list.html",
        {
            "form": form,
            "leaf": leaf,
            "rows": [presentation.list_row(document) for document in leaf.rows],
            "tabs": [("", "All"), *((s.value, presentation.STATUS_BADGES[s].label) for s in TABS)],
            "status": request.GET.get("status", ""),
            "waiting": queries.waiting(request.user).count(),
            "is_filtered": bool(request.GET),
        },
    )


TABS = (
    DocumentStatus.DRAFT_PENDING,
    DocumentStatus.DRAFT_CREATED,
    DocumentStatus.UNKNOWN,
    DocumentStatus.REJECTED,
)


@require_GET
def document(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _show(request, _visible(request.user, document_id))


@require_POST
def confirm(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _save(request, document_id, review.confirm, "Confirmed.")


@require_POST
def correct(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _save(request, document_id, review.correct, "Saved. The document stays in review.")


@require_POST
def reject(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    return _decide(request, document_id, review.reject, "Rejected.", reason=reason)


@require_POST
def reopen(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    return _decide(request, document_id, review.reopen, "Reopened for review.")


class ProjectForm(forms.ModelForm[Project]):
    class Meta:
        model = Project
        fields = ["name"]


@require_POST
def project_create(request: WSGIRequest) -> HttpResponse:
    """Make the first projects without the admin; superusers only."""
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("Only a superuser makes projects.")
    form = ProjectForm(request.POST)
    form.instance.slug = slugify(request.POST.get("name", ""))[:60]
    if not form.is_valid() or not form.instance.slug:
        messages.error(request, "Give the project a name with letters or digits.")
    elif Project.objects.filter(slug=form.instance.slug).exists():
        messages.error(request, "There is a project of that name; choose another.")
    else:
        project = form.save()
        record("project.created", project, actor=request.user, project=project)
        messages.success(request, f"{project.name} is ready for papers.")
    return redirect("home")


def _visible(user: AnyUser, document_id: UUID) -> Document:
    return get_object_or_404(Document.objects.visible_to(user).with_pages(), pk=document_id)


def _reviewable(user: AnyUser, document_id: UUID) -> Document:
    document = _visible(user, document_id)
    if not queries.may_review(user, document.project):
        raise PermissionDenied(NotAllowed().message)
    return document


def _version(request: WSGIRequest) -> int:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() else 0


def _save(request: WSGIRequest, document_id: UUID, verb: Verb, done: str) -> HttpResponse:
    """Correct or confirm; what was typed is shown again where it could not be saved."""
    document = _reviewable(request.user, document_id)
    schema = document.schema_version.schema if document.schema_version else {}
    values = parse_typed(schema, request.POST.dict())
    try:
        verb(document_id, request.user, version=_version(request), values=values)
    except SenderError as fault:
        document = _visible(request.user, document_id)
        typed = changed(document.payload, values)
        return _show(request, document, fault=fault, typed=typed)
    messages.success(request, done)
    return redirect("document", document_id)


def _decide(
    request: WSGIRequest, document_id: UUID, verb: Verb, done: str, **choices: str
) -> HttpResponse:
    document = _reviewable(request.user, document_id)
    try:
        verb(document_id, request.user, version=_version(request), **choices)
    except SenderError as fault:
        return _show(request, _visible(request.user, document.pk), fault=fault)
    messages.success(request, done)
    return redirect("document", document_id)


def _show(
    request: WSGIRequest,
    document: Document,
    *,
    fault: SenderError | None = None,
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    """The page of a document. After a Conflict the fields show what somebody else saved, and
    what was typed stands beside the message."""
    is_stale = isinstance(fault, Conflict)
    schema = document.schema_version.schema if document.schema_version else {}
    sheet = Sheet(
        type_slug=document.type.slug if document.type else "",
        schema=schema,
        payload=document.payload,
        evidence=document.evidence,
        thresholds=trust.thresholds_of(
            document.project, document.type.slug if document.type else ""
        ),
        typed=None if is_stale else typed,
    )
    may_review = queries.may_review(request.user, document.project)
    is_pending = document.status == DocumentStatus.DRAFT_PENDING
    is_open = is_pending or document.status == DocumentStatus.UNKNOWN
    context = {
        "document": document,
        "badge": presentation.STATUS_BADGES[DocumentStatus(document.status)],
        "name": next(iter(presentation.key_values(document)), ""),
        "reasons": presentation.reasons(
            document, schema, queries.named_in_reasons(request.user, document)
        ),
        "sheet": sheet,
        "pages": _pages(request, document, sheet),
        "history": [
            (schemas.title_of(schema, change.pointer) or change.pointer, change)
            for change in document.corrections.select_related("made_by").order_by("-made_at")
        ],
        "who_reads": reader.of_type(document.type, document.project),
        "fault": fault,
        "unsaved": _unsaved(document, schema, typed or {}) if is_stale else (),
        "may_edit": may_review and is_pending and document.schema_version is not None,
        "may_reject": may_review and is_open,
        "may_reopen": may_review and not is_open,
        "types": DocumentType.objects.all() if may_review and is_open else (),
        "next_id": queries.next_waiting(request.user, document) if may_review else None,
    }
    return render(request, "documents/detail.html", context, status=fault.status if fault else 200)


def _pages(request: WSGIRequest, document: Document, sheet: Sheet) -> list[dict[str, Any]]:
    query, at = request.GET.get("q", ""), request.GET.get("page", "")
    boxes = presentation.places(request.GET.get("at", ""))
    pages = []
    for page in document.pages.all():
        is_shown = str(page.number) == at
        is_asked = bool(query) and is_shown
        words = Page.objects.values_list("words", flat=True).get(pk=page.pk) if is_asked else []
        pages.append(
            {
                "page": page,
                "highlights": sheet.highlights(page.number) if page.image else (),
                "matches": presentation.matches(words, query) + (boxes if is_shown else ()),
            }
        )
    return pages


def _unsaved(
    document: Document, schema: dict[str, Any], typed: dict[str, str]
) -> list[tuple[str, str]]:
    """What a person typed that somebody else's save kept out, with its label.

    The form sends every value, so one that stands for what was there before is left out."""
    before = {(c.pointer, presentation.shown_value(c.old)) for c in document.corrections.all()}
    return [
        (schemas.title_of(schema, pointer) or pointer, text)
        for pointer, text in typed.items()
        if (pointer, text) not in before
    ]
