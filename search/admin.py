"""The types of documents in the admin: taught, looked at, given fields, switched on.

Superusers, or staff with the site's permission on types; of examples and pages everybody sees
those of their own projects only. Embedders are in `admin_embedders`."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from documents import schemas, types
from documents.errors import DocketError
from documents.models import DocumentType, TypeState
from documents.type_fields import rows_of, shipped_properties
from search import admin_embedders, admin_fields, quality

__all__ = ["DocumentTypeAdmin", "admin_embedders"]

SHOWN_EXAMPLES = 24
SHOWN_CHANGES = 30


@admin.register(DocumentType)
class DocumentTypeAdmin(admin.ModelAdmin[DocumentType]):
    list_display = ["name", "slug", "state", "model_use", "description"]
    list_filter = ["state", "model_use"]
    fields = ["name", "slug", "description", "model_use"]
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
                "<int:pk>/fields/<int:number>/",
                self.admin_site.admin_view(self.version_view),
                name="documents_documenttype_version",
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
        return admin_fields.edit(request, self._changeable(request, pk))

    def version_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        kind = get_object_or_404(DocumentType, pk=pk)
        if not self.has_view_permission(request, kind):
            raise PermissionDenied
        return admin_fields.versions(request, kind, number)

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
        if not self.has_change_permission(request, kind):
            raise PermissionDenied
        return kind


def _told(kind: DocumentType, request: HttpRequest) -> dict[str, Any]:
    """What the page of a type shows beside its form."""
    newest = kind.schema_versions.order_by("-number").first()
    shown: dict[str, Any] = {
        "is_shipped": kind.slug in schemas.SHIPPED,
        "is_on": kind.state == TypeState.ON,
        "schema": newest,
        "rows": rows_of(newest.schema, shipped_properties(kind.slug)) if newest else [],
        "history": admin_fields.history(kind),
        "replay_url": admin_fields.replay_url(),
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
