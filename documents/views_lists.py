"""The list of documents, drafts of it as a file, and the making of projects."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_POST

from documents import exports, lists, presentation, queries, turns
from documents.errors import SenderError
from documents.models import (
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentStatus,
    DocumentType,
    Project,
    record,
)
from documents.paging import screenful

TABS = (
    DocumentStatus.DRAFT_PENDING,
    DocumentStatus.DRAFT_CREATED,
    DocumentStatus.UNKNOWN,
    DocumentStatus.REJECTED,
)
# Lists in which a draft may be, and which can so be downloaded.
WITH_DRAFTS = ("", DocumentStatus.DRAFT_CREATED)
FOLDED = ("supplier", "first", "last", "least", "most")


class FilterForm(forms.Form):
    """What narrows the list of documents; a value that makes no sense narrows nothing."""

    status = forms.ChoiceField(choices=DocumentStatus, required=False)
    text = forms.CharField(max_length=100, required=False)
    type = forms.ChoiceField(required=False)
    project = forms.ChoiceField(required=False)
    supplier = forms.CharField(max_length=100, required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)
    least = forms.DecimalField(max_digits=21, decimal_places=6, required=False)
    most = forms.DecimalField(max_digits=21, decimal_places=6, required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.types = [
            *DocumentType.objects.values_list("slug", "name"),
            (lists.UNKNOWN, "Unknown type"),
        ]
        self.projects = list(Project.objects.visible_to(viewer).values_list("slug", "name"))
        self.fields["type"].choices = self.types  # type: ignore[attr-defined]
        self.fields["project"].choices = self.projects  # type: ignore[attr-defined]

    def filter(self) -> lists.Filter:
        self.is_valid()
        return lists.Filter(**{name: value for name, value in self.cleaned_data.items() if value})

    @property
    def chosen(self) -> dict[str, str]:
        """As it was asked for, for the form to show again."""
        return {name: str(self.data.get(name, "")) for name in self.fields}


@require_GET
def documents(request: WSGIRequest) -> HttpResponse:
    """The list, newest first, a screenful at a time."""
    form = FilterForm(request.GET, viewer=request.user)
    shown = screenful(
        queries.listed(_narrowed(request, form)),
        newer=request.GET.get("newer", ""),
        older=request.GET.get("older", ""),
    )
    chosen = form.chosen
    return render(
        request,
        "documents/list.html",
        {
            "form": form,
            "chosen": chosen,
            "shown": shown,
            "rows": [presentation.list_row(document) for document in shown.rows],
            "tabs": [("", "All"), *((s.value, presentation.STATUS_BADGES[s].label) for s in TABS)],
            "waiting": _told_waiting(request.user),
            "is_filtered": any(chosen.values()),
            "is_folded_used": any(chosen[name] for name in FOLDED),
            "formats": exports.TOLD.items() if chosen["status"] in WITH_DRAFTS else (),
        },
    )


@require_POST
def download(request: WSGIRequest) -> HttpResponseBase:
    """Drafts as a file: of the documents that were ticked, or of all that the filters of the
    address let through."""
    form = FilterForm(request.GET, viewer=request.user)
    found = _narrowed(request, form)
    if ticked := request.POST.getlist("document"):
        found = Document.objects.visible_to(request.user).filter(pk__in=_ids(ticked))
    try:
        return _sent(request.user, found, request.POST.get("format", ""))
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect(f"{reverse('documents')}?{request.GET.urlencode()}")


@require_GET
def draft(request: WSGIRequest, document_id: UUID, form: str) -> HttpResponseBase:
    """The draft of one document as a file."""
    found = Document.objects.visible_to(request.user).filter(pk=document_id)
    get_object_or_404(found)
    try:
        return _sent(request.user, found, form)
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect("document", document_id)


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


def _narrowed(request: WSGIRequest, form: FilterForm) -> DocumentQuerySet:
    return lists.narrowed(Document.objects.visible_to(request.user), form.filter())


def _sent(user: AnyUser, found: DocumentQuerySet, form: str) -> StreamingHttpResponse:
    if form not in list(exports.Format):
        raise SenderError("Choose one of the formats.", "unknown_format")
    export = exports.export(found, exports.Format(form), actor=user)
    return StreamingHttpResponse(
        export.content,
        content_type=export.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{export.filename}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _ids(texts: list[str]) -> list[UUID]:
    """Those that are ids; nothing else can be ticked."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _told_waiting(user: AnyUser) -> str:
    """How many documents wait for this user's review: "", "12", "10,000+"."""
    count = turns.count(turns.waiting(user))
    if count > turns.COUNTED_MOST:
        return f"{turns.COUNTED_MOST:,}+"
    return f"{count:,}" if count else ""
