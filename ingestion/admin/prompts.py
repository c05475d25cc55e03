"""Prompts in the admin: versions, what they differ in, which one is in force.

A version is never changed: saving makes a new one. Superusers alone change the prompts of all
projects; a project's own, those of its operators who have the site's permission on prompts.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from documents import prompts
from documents.admin import OfProjects, operates
from documents.differences import compared
from documents.errors import DocketError
from documents.language import Prompt, Purpose
from documents.models import Project
from ingestion import unpriced
from ingestion.admin import panel, trying
from ingestion.admin.prompt_forms import NewForm, PromptForm

VERSIONS = 50


@admin.register(Prompt)
class PromptAdmin(OfProjects):
    list_display = ["name", "told_purpose", "whose", "state", "asked_model", "author", "created_at"]
    list_filter = ["purpose", "is_active", ("project", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["project", "created_by"]
    list_display_links = None
    ordering = ["purpose", "project", "-number"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        """Those of all projects, and of the user's own."""
        own = Project.objects.visible_to(request.user)
        return Prompt.objects.filter(Q(project=None) | Q(project__in=own))

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("documents.change_prompt"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not self.has_add_permission(request):
            return False
        return obj is None or operates(request, obj.project)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return super().changelist_view(request, {"title": "Prompts"} | (extra_context or {}))

    # -- what a row shows -----------------------------------------------------------------------

    @admin.display(description="version", ordering="number")
    def name(self, prompt: Prompt) -> str:
        """With what its columns say under it where the screen has no room for them."""
        return format_html(
            '<a href="{}">{} v{}</a><span class="narrow">{}{}</span>',
            _address(prompt),
            prompt.purpose,
            prompt.number,
            self.whose(prompt),
            ", active" if prompt.is_active else "",
        )

    @admin.display(description="made to", ordering="purpose")
    def told_purpose(self, prompt: Prompt) -> str:
        return prompt.get_purpose_display()

    @admin.display(description="for", ordering="project")
    def whose(self, prompt: Prompt) -> str:
        return str(prompt.project or "all projects")

    @admin.display(description="state", ordering="is_active")
    def state(self, prompt: Prompt) -> str:
        tone, label = ("good", "active") if prompt.is_active else ("", "resting")
        return format_html('<span class="badge {}">{}</span>', tone, label)

    @admin.display(description="model", ordering="model")
    def asked_model(self, prompt: Prompt) -> str:
        return prompt.model or f"{settings.MODEL} (the settings)"

    @admin.display(description="by", ordering="created_by")
    def author(self, prompt: Prompt) -> str:
        return prompt.created_by.get_username() if prompt.created_by else "Docket"

    # -- pages ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:pk>/try/", wrap(self.try_view), name="documents_prompt_try"),
            path("<int:pk>/diff/", wrap(self.diff_view), name="documents_prompt_diff"),
            path("<int:pk>/activate/", wrap(self.activate_view), name="documents_prompt_activate"),
            path("<int:pk>/rest/", wrap(self.rest_view), name="documents_prompt_rest"),
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Asks for what and for whom; the text begins as the one that is in force there."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewForm(request.GET or None, request=request)
        if not form.is_valid():
            context = {"title": "A new prompt", "form": form}
            return self._page(request, "admin/ingestion/prompt_new.html", context)
        purpose, project = form.cleaned_data["purpose"], form.cleaned_data["project"]
        basis = _in_force(purpose, project)
        return self._form_page(request, basis, Prompt(purpose=purpose, project=project))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A version, and the form that makes the next one of it."""
        prompt = self._seen(request, object_id)
        if request.method == "POST" and not self.has_change_permission(request, prompt):
            raise PermissionDenied
        return self._form_page(request, prompt, prompt)

    def _form_page(self, request: HttpRequest, basis: Prompt, prompt: Prompt) -> HttpResponse:
        """basis: what the fields begin with; prompt: whose purpose and project the new version
        has; the same one on the page of a version."""
        form = _form(request, basis, prompt)
        if request.method == "POST" and form.is_valid():
            try:
                made = self._made(request, prompt, form)
            except ValidationError as fault:
                form.add_error(None, fault)
            else:
                return redirect(_address(made))
        return self._shown(request, basis, prompt, form, {})

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The text of the form, saved or not, tried on a document; nothing is saved."""
        prompt = self._changeable(request, pk)
        if request.method != "POST":
            return redirect(_address(prompt))
        form, asked = _form(request, prompt, prompt), trying.offer(request, prompt)
        try_form = asked["try_form"]
        if try_form is not None and form.is_valid() and try_form.is_valid():
            is_same = all(getattr(prompt, name) == value for name, value in form.values().items())
            draft = Prompt(purpose=prompt.purpose, project=prompt.project, number=prompt.number)
            for name, value in form.values().items():
                setattr(draft, name, value)
            asked |= trying.on_page(try_form, prompt if is_same else draft)
        return self._shown(request, prompt, prompt, form, asked)

    def _shown(
        self,
        request: HttpRequest,
        basis: Prompt,
        prompt: Prompt,
        form: PromptForm,
        asked: Mapping[str, Any],
    ) -> HttpResponse:
        may_change = self.has_change_permission(request, prompt)
        context = {
            "title": f"{prompt.get_purpose_display().capitalize()}"
            + (f", version {prompt.number}" if prompt.pk else ", a new prompt"),
            "prompt": prompt if prompt.pk else None,
            "whose": self.whose(prompt),
            "asked_model": self.asked_model(basis),
            "unpriced": _unpriced(basis, prompt.project),
            "form": form,
            "places": prompts.placeholders(prompt.purpose),
            "may_change": may_change,
            "versions": list(_versions(prompt)[:VERSIONS]),
            "calls_url": reverse("admin:documents_llmcall_changelist"),
            **(asked or (trying.offer(request, prompt) if may_change and prompt.pk else {})),
        }
        return self._page(request, "admin/ingestion/prompt.html", context)

    def _made(self, request: HttpRequest, prompt: Prompt, form: PromptForm) -> Prompt:
        is_used = form.cleaned_data["activate"]
        made = prompts.create_version(
            Purpose(prompt.purpose), prompt.project, form.values(), request.user, activate=is_used
        )
        how = "it is in force within seconds" if is_used else "it rests until it is activated"
        messages.success(request, f"Saved as version {made.number}; {how}.")
        return made

    def diff_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Two versions: ?with= the older one; without it the one before."""
        prompt = self._seen(request, pk)
        versions = [one for one in _versions(prompt) if one.pk != prompt.pk]
        asked = request.GET.get("with", "")
        before = next((one for one in versions if str(one.pk) == asked), None) or next(
            (one for one in versions if one.number < prompt.number), prompt
        )
        context = {
            "title": f"Version {before.number} against version {prompt.number}",
            "prompt": prompt,
            "before": before,
            "versions": versions,
            "lines": compared(_as_text(before), _as_text(prompt)),
            "back": _address(prompt),
        }
        return self._page(request, "admin/ingestion/prompt_diff.html", context)

    def activate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asked with GET, done with POST."""
        prompt = self._changeable(request, pk)
        if request.method != "POST":
            return panel.ask(
                request,
                title=f"Use version {prompt.number}?",
                told=f"Within seconds every worker asks by version {prompt.number} to "
                f"{prompt.get_purpose_display()}, for {self.whose(prompt)}. What was read stays.",
                button="Use it",
                action=request.path,
                hidden=[],
                back=_address(prompt),
                count=1,
            )
        try:
            prompts.activate(prompt, request.user)
        except DocketError as fault:
            messages.warning(request, fault.message)
        else:
            messages.success(request, f"Version {prompt.number} is in force within seconds.")
        return redirect(_address(prompt))

    def rest_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A project goes back to the prompt of all; asked with GET, done with POST."""
        prompt = self._changeable(request, pk)
        if request.method != "POST":
            return panel.ask(
                request,
                title=f"Let version {prompt.number} rest?",
                told=f"{prompt.project} then takes the prompt of all projects again.",
                button="Let it rest",
                action=request.path,
                hidden=[],
                back=_address(prompt),
                count=1,
            )
        try:
            prompts.rest(prompt, request.user)
        except DocketError as fault:
            messages.warning(request, fault.message)
        else:
            messages.success(request, f"{prompt.project} takes the prompt of all projects.")
        return redirect(_address(prompt))

    def _seen(self, request: HttpRequest, pk: Any) -> Prompt:
        known = self.get_queryset(request).select_related("project", "created_by")
        return get_object_or_404(known, pk=pk if str(pk).isdecimal() else 0)

    def _changeable(self, request: HttpRequest, pk: int) -> Prompt:
        prompt = self._seen(request, pk)
        if not self.has_change_permission(request, prompt):
            raise PermissionDenied
        return prompt

    def _page(
        self, request: HttpRequest, template: str, context: Mapping[str, Any]
    ) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), **context}
        return TemplateResponse(request, template, whole)


def _form(request: HttpRequest, basis: Prompt, prompt: Prompt) -> PromptForm:
    initial = {name: getattr(basis, name) for name in prompts.FIELDS}
    return PromptForm(request.POST or None, initial=initial, purpose=prompt.purpose)


def _unpriced(basis: Prompt, project: Project | None) -> str:
    """That budgets keep projects from asking this prompt's model, "" where they do not."""
    model = basis.model or str(settings.MODEL)
    is_barred = unpriced.is_unpriced(model) and unpriced.counts_money(project)
    return unpriced.told([model]) if is_barred else ""


def _address(prompt: Prompt) -> str:
    return reverse("admin:documents_prompt_change", args=[prompt.pk])


def _versions(prompt: Prompt) -> QuerySet[Prompt]:
    """Those of the same purpose and project, newest first."""
    same = Prompt.objects.filter(purpose=prompt.purpose, project=prompt.project)
    return same.select_related("created_by").order_by("-number")


def _in_force(purpose: str, project: Project | None) -> Prompt:
    """What a new prompt begins with; a blank one where none is active."""
    active = Prompt.objects.filter(purpose=purpose, is_active=True)
    own = active.filter(project=project).first() if project else None
    return own or active.filter(project=None).first() or Prompt(purpose=purpose)


def _as_text(prompt: Prompt) -> str:
    """All that a version says, a setting a line, then its template."""
    said = [
        f"{name.replace('_', ' ')}: {getattr(prompt, name) or '–'}"
        for name in prompts.FIELDS
        if name != "template"
    ]
    return "\n".join([*said, "", prompt.template])
