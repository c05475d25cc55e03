"""A prompt tried on one document, on the prompt's page in the admin."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpRequest

from config.engines import EngineFault
from documents.language import Prompt
from documents.models import Document, DocumentQuerySet, Project, Role
from documents.presentation import told_cost
from ingestion.llm import trying
from ingestion.llm.trying import LIMIT_S, PURPOSES

NEWEST = 10


class TryForm(forms.Form):
    """Which document. An id counts more than a choice."""

    prefix = "try"
    document = forms.ChoiceField(required=False, label="One of the newest documents")
    pk = forms.CharField(
        max_length=40,
        required=False,
        label="Or another one, by its id",
        help_text="The last part of the address of its page.",
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._seen = documents_of(request)
        newest = self._seen.select_related("type", "upload").order_by("-created_at")[:NEWEST]
        chosen: Any = self.fields["document"]
        chosen.choices = [("", "–"), *((str(one.pk), str(one)) for one in newest)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        asked = str(cleaned.get("pk") or "").strip()
        name = "pk" if asked else "document"
        found = self._find(asked or str(cleaned.get("document") or ""))
        if found is None and not self.errors:
            told = "There is no such document in the projects that you operate."
            self.add_error(name, told if asked else "Choose a document.")
        return {**cleaned, "found": found}

    def _find(self, asked: str) -> Document | None:
        try:
            pk = UUID(asked)
        except ValueError:
            return None
        return self._seen.select_related("type", "project", "upload").filter(pk=pk).first()


def documents_of(request: HttpRequest) -> DocumentQuerySet:
    """Those of projects that the user operates: a trial spends from the project's budget."""
    mine = Project.objects.open_to(request.user, Role.OPERATOR)
    return Document.objects.filter(project__in=mine)


def offer(request: HttpRequest, prompt: Prompt) -> dict[str, Any]:
    """What the page of a prompt shows before anything is tried."""
    is_on, is_known = settings.HAS_MODEL, prompt.purpose in PURPOSES
    return {
        "try_form": TryForm(request.POST or None, request=request) if is_on and is_known else None,
        "is_tried_here": is_known,
        "try_limit_s": LIMIT_S,
    }


def on_page(form: TryForm, prompt: Prompt) -> dict[str, Any]:
    """Ask, and what the page shows of it. form: a valid one."""
    document: Document = form.cleaned_data["found"]
    try:
        tried = trying.try_on(document, prompt)
    except EngineFault as fault:
        form.add_error(None, fault.message)
        return {}
    except OSError:
        form.add_error(None, "The picture of one of its pages cannot be read.")
        return {}
    cost = told_cost(tried.usage.cost_microcents) if tried.usage else ""
    return {"tried": tried, "tried_on": document, "tried_cost": cost}
