"""The types of documents in the admin: taught, looked at, given fields, switched on.

Superusers, or staff with the site's permission on types; of examples and pages everybody sees
those of their own projects only."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import BaseFormSet, formset_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from documents import schemas, types
from documents.errors import DocketError
from documents.models import DocumentType, TypeState
from documents.types import FieldKind, FieldRow
from search import quality

SHOWN_EXAMPLES = 24
SHOWN_CHANGES = 30
BLANK_ROWS = 6


class FieldForm(forms.Form):
    """A field of a type as a row; a row without a title is none."""

    name = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(max_length=60, required=False)
    kind = forms.ChoiceField(choices=FieldKind)
    labels = forms.CharField(
        max_length=400, required=False, label="Also printed as (commas between)"
    )
    is_required = forms.BooleanField(required=False, label="Must be filled")


Fields = formset_factory(FieldForm, extra=BLANK_ROWS, max_num=100)


@admin.register(DocumentType)
class DocumentTypeAdmin(admin.ModelAdmin[DocumentType]):
    list_display = ["name", "slug", "state", "description"]
    list_filter = ["state"]
    fields = ["name", "slug", "description"]
    prepopulated_fields = {"slug": ["name"]}
    change_form_template = "admin/documents/documenttype/change_form.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What a type is called by machines stays."""
        return ["slug"] if obj else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else self.prepopulated_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_shipped = obj is not None and obj.slug in schemas.SHIPPED
        return not is_shipped and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            types.save_fields(obj, [], request.user)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """On to the page that says how to teach it."""
        messages.success(request, f"{obj.name} can be taught now; it changes nothing yet.")
        return redirect("admin:documents_documenttype_change", obj.pk)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "<int:pk>/fields/",
                self.admin_site.admin_view(self.fields_view),
                name="documents_documenttype_fields",
            ),
            path(
                "<int:pk>/switch/",
                self.admin_site.admin_view(require_POST(self.switch_view)),
                name="documents_documenttype_switch",
            ),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        kind = self.get_object(request, object_id)
        told = _told(kind, request) if kind and self.has_view_permission(request, kind) else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **told})

    def fields_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The fields of a type as rows; saving makes a new version of its schema."""
        kind = self._changeable(request, pk)
        newest = kind.schema_versions.order_by("-number").first()
        rows = types.rows_of(newest.schema) if newest else []
        initial = [
            {
                "name": row.name,
                "title": row.title,
                "kind": row.kind,
                "labels": ", ".join(row.labels),
                "is_required": row.is_required,
            }
            for row in rows
        ]
        formset = Fields(request.POST or None, initial=initial)
        if request.method == "POST" and formset.is_valid():
            try:
                made = types.save_fields(kind, _rows(formset), request.user)
            except DocketError as fault:
                messages.error(request, fault.message)
            else:
                messages.success(request, f"Its fields are saved as version {made.number}.")
                return redirect("admin:documents_documenttype_change", kind.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Fields of {kind.name}",
            "kind": kind,
            "formset": formset,
        }
        return TemplateResponse(request, "admin/documents/documenttype/fields.html", context)

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        kind = self._changeable(request, pk)
        is_on = request.POST.get("state") == TypeState.ON
        try:
            types.switch(kind, TypeState.ON if is_on else TypeState.DRAFT, request.user)
        except DocketError as fault:
            messages.error(request, fault.message)
        else:
            told = (
                "is on: papers that come from now on may be given it."
                if is_on
                else "is off: no paper is given it any more; those that have it keep it."
            )
            messages.success(request, f"{kind.name} {told}")
        return redirect("admin:documents_documenttype_change", kind.pk)

    def _changeable(self, request: HttpRequest, pk: int) -> DocumentType:
        kind = get_object_or_404(DocumentType, pk=pk)
        if not self.has_change_permission(request, kind) or kind.slug in schemas.SHIPPED:
            raise PermissionDenied
        return kind


def _rows(formset: BaseFormSet[FieldForm]) -> list[FieldRow]:
    return [
        FieldRow(
            name=row["name"],
            title=row["title"].strip(),
            kind=FieldKind(row["kind"]),
            labels=types.labels_in(row["labels"]),
            is_required=row["is_required"],
        )
        for row in (form.cleaned_data for form in formset)
        if row.get("title", "").strip()
    ]


def _told(kind: DocumentType, request: HttpRequest) -> dict[str, Any]:
    """What the page of a type shows beside its form."""
    newest = kind.schema_versions.order_by("-number").first()
    shown: dict[str, Any] = {
        "is_shipped": kind.slug in schemas.SHIPPED,
        "is_on": kind.state == TypeState.ON,
        "schema": newest,
        "rows": types.rows_of(newest.schema) if newest else [],
        "fields_url": reverse("admin:documents_documenttype_fields", args=[kind.pk]),
        "switch_url": reverse("admin:documents_documenttype_switch", args=[kind.pk]),
    }
    if kind.slug in schemas.SHIPPED:
        return {"told": shown}
    found = quality.of(kind, request.user)
    names = dict(DocumentType.objects.values_list("slug", "name")) | {"": "unknown"}
    examples = list(quality.examples_of(kind, request.user)[: SHOWN_EXAMPLES + 1])
    shown |= {
        "quality": found,
        "sentences": quality.sentences(found),
        "confusions": [(names[a], names[b], count) for a, b, count in found.confusions],
        "examples": examples[:SHOWN_EXAMPLES],
        "has_more_examples": len(examples) > SHOWN_EXAMPLES,
        "changes": [
            (change, names[change.before], names[change.after.type])
            for change in found.changes[:SHOWN_CHANGES]
        ],
    }
    return {"told": shown}
