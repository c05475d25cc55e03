"""The pages about questions: the door and the history, one question with its answer or list."""

from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseStopPolling

from documents.errors import NotAllowed, SenderError
from documents.models import AnyUser, Document, DocumentType, Project
from documents.presentation import Badge, ago
from documents.queries import leaf
from ingestion import investigating, waiting
from ingestion.models import Job
from search.investigation import MAX_QUESTION_CHARS, Form, Investigation
from search.listing import chips, known, table
from search.listing.filters import Filters, Understood, Wanted
from search.listing.form import FilterForm, as_query

BADGES = {
    investigating.PROCESSING: Badge(label="Working", icon="work", tone="busy"),
    investigating.READY: Badge(label="Answered", icon="check", tone="good"),
    investigating.FAILED: Badge(label="Failed", icon="alert", tone="bad"),
    investigating.CANCELLED: Badge(label="Cancelled", icon="cross", tone="quiet"),
}
_LIST = Badge(label="List", icon="check", tone="quiet")
_NOT_FOUND = Badge(label="Not found", icon="question", tone="warn")


class QuestionForm(forms.Form):
    question = forms.CharField(max_length=MAX_QUESTION_CHARS)
    form = forms.ChoiceField(choices=Form, required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer), to_field_name="slug", empty_label=None
        )


@require_http_methods(["GET", "POST"])
def investigations(request: WSGIRequest) -> HttpResponse:
    """GET: the form, and what was asked before. POST: ask."""
    if request.method == "POST":
        return _ask(request)
    form = QuestionForm(
        initial={name: request.GET.get(name, "") for name in ("question", "project")},
        viewer=request.user,
    )
    seen = Investigation.objects.visible_to(request.user).listed()
    projects = Project.objects.visible_to(request.user)
    if project := request.GET.get("project", ""):
        chosen = [one.pk for one in projects if one.slug == project]
        seen = seen.filter(project__in=chosen)
        if not chosen:
            messages.error(request, "You have no project of that name.")
    sheet = leaf(seen, request.GET.get("page", ""))
    told = [{"asked": one, "badge": _badge(one), "ago": ago(one.created_at)} for one in sheet.rows]
    context = {
        "form": form,
        "leaf": sheet,
        "rows": told,
        "projects": projects,
        "project": project,
        "has_model": settings.HAS_MODEL,
    }
    return render(request, "search/investigations.html", context)


def _ask(request: WSGIRequest) -> HttpResponse:
    form = QuestionForm(request.POST, viewer=request.user)
    if not form.is_valid():
        messages.error(request, "Choose a project and write a question.")
        return redirect("investigations")
    chosen = form.cleaned_data
    is_list = chosen["form"] == Form.LIST
    verb = investigating.make_list if is_list else investigating.ask
    try:
        made = verb(chosen["project"], chosen["question"], user=request.user)
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect("investigations")
    return redirect("investigation", made.pk)


@require_GET
def investigation(request: WSGIRequest, investigation_id: UUID) -> HttpResponse:
    asked = _visible(request.user, investigation_id)
    context = _context(request, asked)
    context |= _of_list(request, asked) if asked.form == Form.LIST else {}
    return render(request, "search/investigation.html", context)


@require_GET
def progress(request: WSGIRequest, investigation_id: UUID) -> HttpResponse:
    """The moving part; tells htmx to stop asking once the question is answered."""
    asked = _visible(request.user, investigation_id)
    context = _context(request, asked)
    is_list = asked.form == Form.LIST
    context |= _proposal(asked) if is_list else {}
    part = "proposal" if is_list else "answer"
    response = render(request, f"search/parts/{part}.html", context)
    response["Cache-Control"] = "no-store"
    if not context["is_open"]:
        response.status_code = HttpResponseStopPolling.status_code
    return response


@require_GET
def as_csv(request: WSGIRequest, investigation_id: UUID) -> HttpResponseBase:
    """All rows of a list, by the filters of the address where it has some."""
    asked = _visible(request.user, investigation_id)
    if asked.form != Form.LIST:
        raise Http404
    form, filters = _form(request, asked)
    if form.is_bound and not form.is_valid():
        return HttpResponseBadRequest(
            "These filters cannot be read; correct them on the page of the list.",
            content_type="text/plain; charset=utf-8",
        )
    found = table.found_by(request.user, asked.project, filters)
    return StreamingHttpResponse(
        table.as_csv(found, filters),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="documents.csv"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@require_POST
def cancel(request: WSGIRequest, investigation_id: UUID) -> HttpResponse:
    return _steer(request, investigation_id, investigating.cancel, "Cancelled.")


@require_POST
def retry(request: WSGIRequest, investigation_id: UUID) -> HttpResponse:
    return _steer(request, investigation_id, investigating.retry, "It is asked again.")


@require_POST
def delete(request: WSGIRequest, investigation_id: UUID) -> HttpResponse:
    response = _steer(request, investigation_id, investigating.delete, "Deleted.")
    is_gone = not Investigation.objects.filter(pk=investigation_id).exists()
    return redirect("investigations") if is_gone else response


def _steer(
    request: WSGIRequest,
    investigation_id: UUID,
    verb: Callable[[Investigation, AnyUser], None],
    done: str,
) -> HttpResponse:
    asked = _visible(request.user, investigation_id)
    try:
        verb(asked, request.user)
    except NotAllowed as fault:
        raise PermissionDenied(fault.message) from fault
    except SenderError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, done)
    return redirect("investigation", investigation_id)


def _visible(user: AnyUser, investigation_id: UUID) -> Investigation:
    seen = Investigation.objects.visible_to(user).select_related("project", "created_by", "job")
    return get_object_or_404(seen, pk=investigation_id)


def _context(request: WSGIRequest, asked: Investigation) -> dict[str, Any]:
    job: Job | None = getattr(asked, "job", None)
    told = waiting.told([job])[job.pk] if job is not None else None
    stand = investigating.status(asked)
    cited = {(one["n"], one["document"]) for one in asked.citations}
    others = [one for one in asked.passages if (one["n"], one["document"]) not in cited]
    papers = _papers(request.user, asked, [*asked.citations, *asked.passages])
    return {
        "asked": asked,
        "job": job,
        "status": stand,
        "badge": _badge(asked),
        "sentence": told.sentence if told and stand != investigating.READY else "",
        "is_open": investigating.is_at_work(asked),
        "may_steer": investigating.may_steer(request.user, asked),
        "may_retry": stand in (investigating.FAILED, investigating.CANCELLED) and job is not None,
        "citations": _linked(asked.citations, papers),
        "others": _linked(others, papers),
        "has_model": settings.HAS_MODEL,
    }


def _badge(asked: Investigation) -> Badge:
    if asked.form == Form.LIST:
        return _LIST
    stand = investigating.status(asked)
    return _NOT_FOUND if stand == investigating.READY and not asked.is_found else BADGES[stand]


def _papers(
    user: AnyUser, asked: Investigation, places: Iterable[dict[str, Any]]
) -> dict[str, Document]:
    """The documents that are cited, of its own project alone."""
    ids = {place["document"] for place in places}
    seen = Document.objects.visible_to(user).filter(project=asked.project_id, pk__in=ids)
    shown = seen.select_related("type", "upload").defer("payload", "evidence")
    return {str(document.pk): document for document in shown}


def _linked(places: Iterable[dict[str, Any]], papers: dict[str, Document]) -> list[dict[str, Any]]:
    return [
        {
            **place,
            "paper": papers.get(place["document"]),
            "query": table.places_query(place["page"], place["boxes"]),
        }
        for place in places
    ]


def _form(request: WSGIRequest, asked: Investigation) -> tuple[FilterForm, Filters]:
    """The form of a list, and the filters: as stored, or as the address changes them."""
    stored = Understood.from_json(asked.filters).filters
    types = dict(DocumentType.objects.order_by("name").values_list("slug", "name"))
    if "changed" not in request.GET:
        return FilterForm(types=types, before=stored), stored
    form = FilterForm(request.GET, types=types, before=stored)
    if not form.is_valid():
        return form, stored
    return form, form.filters(known.names(asked.project))


def _of_list(request: WSGIRequest, asked: Investigation) -> dict[str, Any]:
    understood = Understood.from_json(asked.filters)
    form, filters = _form(request, asked)
    types = dict(cast(Any, form.fields["type"]).choices)
    listed = table.listed(request.user, asked.project, filters, request.GET.get("page", ""))
    return {
        "form": form,
        "understood": understood,
        "is_changed": filters != understood.filters,
        "chips": chips.removable(filters, types),
        "listed": listed,
        "leaf": listed.leaf,
        "sums": [
            {"one": one, "total": table.told_amount(one.total, one.currency)} for one in listed.sums
        ],
        "wants_sum": understood.wanted == Wanted.SUM,
        **_proposal(asked),
    }


def _proposal(asked: Investigation) -> dict[str, Any]:
    """What a language model proposes for a list: filters to confirm by following a link, or to
    change in their form."""
    told = asked.filters.get("proposal") or {}
    if "filters" not in told:
        return {"proposal_fault": told.get("fault", "")}
    types = dict(DocumentType.objects.values_list("slug", "name"))
    filters = Filters.from_json(told["filters"])
    return {
        "proposal": told,
        "proposal_chips": table.chips(filters, types),
        "proposal_query": urlencode({"changed": "1", **as_query(filters)}),
    }
