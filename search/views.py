"""GET /search: the search page."""

from django import forms
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import render

from documents import reader
from documents.errors import DocketError
from documents.models import AnyUser, Project
from search import queries
from search.queries import Found, Mode

PAGE_HITS = 20
MODE_LABELS = {
    Mode.HYBRID: "Words and meaning",
    Mode.LEXICAL: "Words only",
    Mode.DENSE: "Meaning only",
}


class SearchForm(forms.Form):
    field_order = ("q", "project", "mode")

    q = forms.CharField(
        label="Search for",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autofocus": True}),
    )
    mode = forms.ChoiceField(
        label="By", choices=[(mode.value, MODE_LABELS[mode]) for mode in Mode], required=False
    )

    def __init__(self, *args: object, viewer: AnyUser, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer),
            to_field_name="slug",
            required=False,
            empty_label="All projects",
        )


def search(request: WSGIRequest) -> HttpResponse:
    """The form, and the hits where something was asked."""
    form = SearchForm(request.GET or None, viewer=request.user)
    found: Found | None = None
    error = ""
    if form.is_valid() and form.cleaned_data["q"]:
        try:
            found = _find(request.user, form)
        except DocketError as fault:
            error = fault.message
    return render(
        request,
        "search/search.html",
        {"form": form, "found": found, "error": error, "who_reads": reader.of_all()},
        status=200 if form.is_valid() or not form.is_bound else 400,
    )


def _find(viewer: AnyUser, form: SearchForm) -> Found:
    project = form.cleaned_data["project"]
    return queries.find(
        viewer,
        form.cleaned_data["q"],
        project_slug=project.slug if project else None,
        mode=form.cleaned_data["mode"] or Mode.HYBRID,
        limit=PAGE_HITS,
    )
