"""Searches that are kept: keep one, rename and share it, delete it. The search page lists them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from documents.errors import NotAllowed, SenderError
from documents.models import AnyUser, Project
from search import saving
from search.form import SearchForm, query
from search.saved import MAX_NAME_CHARS, SavedSearch


class KeptForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME_CHARS)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shared_with"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer), to_field_name="slug", required=False
        )


@require_POST
def keep(request: WSGIRequest) -> HttpResponse:
    """The search of the posted fields, under the posted name; back to it."""
    asked = SearchForm(request.POST, viewer=request.user)
    parameters = asked.parameters if asked.is_valid() else {}
    back = reverse("search") + query(parameters)
    return _changed(
        request,
        lambda chosen: saving.keep(parameters=parameters, user=request.user, **chosen),
        "Kept under “{name}”.",
        back,
    )


@require_POST
def change(request: WSGIRequest, saved_id: UUID) -> HttpResponse:
    kept = _visible(request, saved_id)
    return _changed(
        request,
        lambda chosen: saving.change(kept, user=request.user, **chosen),
        "Changed.",
        reverse("search"),
    )


@require_POST
def delete(request: WSGIRequest, saved_id: UUID) -> HttpResponse:
    kept = _visible(request, saved_id)
    try:
        saving.delete(kept, user=request.user)
    except NotAllowed as fault:
        raise PermissionDenied(fault.message) from fault
    messages.success(request, f"“{kept.name}” is deleted.")
    return redirect("search")


def _visible(request: WSGIRequest, saved_id: UUID) -> SavedSearch:
    return get_object_or_404(SavedSearch.objects.visible_to(request.user), pk=saved_id)


def _changed(
    request: WSGIRequest, verb: Callable[[dict[str, Any]], object], done: str, back: str
) -> HttpResponse:
    form = KeptForm(request.POST, viewer=request.user)
    if not form.is_valid():
        messages.error(request, f"Write a name of at most {MAX_NAME_CHARS} characters.")
        return redirect(back)
    try:
        verb(dict(form.cleaned_data))
    except NotAllowed as fault:
        raise PermissionDenied(fault.message) from fault
    except SenderError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, done.format(name=form.cleaned_data["name"]))
    return redirect(back)
