"""The search page, the names it suggests, and the places of words on a page's image."""

from typing import Any
from uuid import UUID

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET
from django_htmx.http import push_url, replace_url

from documents import reader
from documents.derived import SUPPLIER_CHARS
from documents.errors import DocketError, SenderError
from documents.models import AnyUser, Document, Page, Project
from search import presentation, queries, snippets, suggestions
from search.form import SearchForm, query
from search.queries import MAX_LIMIT, Found, Mode
from search.saved import SavedSearch

PAGE_HITS = 20
# What search.js sends with while a person types: such an address takes the place of the last.
TYPING = "X-Typing"


@require_GET
def search(request: WSGIRequest) -> HttpResponse:
    """The page; to htmx its moving part alone, with the address that leads to it."""
    form = SearchForm(request.GET, viewer=request.user)
    is_part = getattr(request, "htmx", False) and request.htmx.target == "found"  # type: ignore[attr-defined]
    context = _answered(request, form) if form.is_valid() else {"error": _faults(form)}
    context |= {"form": form, "max_hits": MAX_LIMIT}
    if not is_part:
        context["who_reads"] = reader.of_all()
        response = render(request, "search/search.html", context)
        response.status_code = 200 if form.is_valid() else 400
    else:
        response = render(request, "search/parts/found.html", context)
        if form.is_valid():
            keep = replace_url if TYPING in request.headers else push_url
            keep(response, request.path + query(form.parameters))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_GET
def suppliers(request: WSGIRequest) -> HttpResponse:
    """Options for the field of the supplier."""
    names = suggestions.suppliers(
        request.user,
        request.GET.get("supplier", "")[:SUPPLIER_CHARS],
        project_slug=request.GET.get("project", ""),
    )
    return render(request, "search/parts/suppliers.html", {"names": names})


@require_GET
def page_matches(request: WSGIRequest, upload_id: UUID, number: int) -> HttpResponse:
    """`?q=...`: {"width", "height", "boxes": [[left, top, right, bottom]]}: the words of a page
    that a search for q finds, in pixels of its image."""
    page = get_object_or_404(
        Page.objects.visible_to(request.user).only("words", "width_px", "height_px"),
        upload_id=upload_id,
        number=number,
    )
    wanted = queries.wanted_terms(queries.clean(request.GET.get("q", "")))
    told = {
        "width": page.width_px,
        "height": page.height_px,
        "boxes": snippets.boxes(page.words, wanted) if wanted else (),
    }
    response = JsonResponse(told)
    response["Cache-Control"] = "private, no-store"
    return response


def _faults(form: SearchForm) -> str:
    return " ".join(
        f"{form.fields[name].label or name.capitalize()}: {fault}"
        for name, faults in form.errors.items()
        for fault in faults
    )


def _answered(request: WSGIRequest, form: SearchForm) -> dict[str, Any]:
    """What is shown below a valid form."""
    parameters, chips = form.parameters, form.chips()
    context: dict[str, Any] = {
        "parameters": parameters,
        "chips": chips,
        "asked": form.cleaned_data["q"],
        "without_filters": query({k: v for k, v in parameters.items() if k in ("q", "mode")}),
        "without_like": query({k: v for k, v in parameters.items() if k != "like"}),
        "projects": Project.objects.visible_to(request.user),
    }
    try:
        found, paper = _find(request.user, form, _limit(request))
    except DocketError as fault:
        return context | {"error": fault.message}
    if found is None:
        return context | {
            "is_new": not Document.objects.visible_to(request.user).exists(),
            "saved": SavedSearch.objects.visible_to(request.user).listed(request.user),
        }
    return context | {
        "found": found,
        "hits": [presentation.shown(hit, form.cleaned_data["q"]) for hit in found.hits],
        "paper": paper,
        "is_newest": not form.cleaned_data["q"] and paper is None,
        "more": query(parameters | {"show": str(min(MAX_LIMIT, 5 * PAGE_HITS))})
        if len(found.hits) == PAGE_HITS
        else "",
    }


def _limit(request: WSGIRequest) -> int:
    """Documents to show: PAGE_HITS, or more where the address says so."""
    show = request.GET.get("show", "")
    return min(MAX_LIMIT, max(PAGE_HITS, int(show[:4]))) if show.isdecimal() else PAGE_HITS


def _find(viewer: AnyUser, form: SearchForm, limit: int) -> tuple[Found | None, Document | None]:
    """What is found, and the document it is like, if that is what was asked; None where
    nothing was asked."""
    chosen = form.cleaned_data
    project = chosen["project"]
    slug = project.slug if project else None
    if chosen["q"]:
        found = queries.find(
            viewer,
            chosen["q"],
            project_slug=slug,
            narrow=form.narrow,
            mode=chosen["mode"] or Mode.HYBRID,
            limit=limit,
        )
        return found, None
    if chosen["like"]:
        seen = Document.objects.visible_to(viewer).select_related("type", "upload")
        paper = seen.defer("payload", "evidence").filter(pk=chosen["like"]).first()
        if paper is None:
            raise SenderError("You have no such document.", code="unknown_document")
        found = queries.like(viewer, paper, project_slug=slug, narrow=form.narrow, limit=limit)
        return found, paper
    if not form.chips():
        return None, None
    return queries.newest(viewer, project_slug=slug, narrow=form.narrow, limit=limit), None
