"""The admin's view of what is known. Operators see only their projects.

Types of documents are in `search/admin.py`: how good one is, its neighbours tell. People are in
`admin_people`, what lists share in `admin_lists`."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Count, F, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from documents import admin_people, recalibration
from documents.admin_lists import ByVerb, CappedPaginator, CouldBeRead, OfMediaType
from documents.admin_review import InReview, ReasonFilter, SurenessFilter
from documents.language import LlmCall
from documents.models import (
    AuditEvent,
    Calibration,
    Correction,
    Document,
    Membership,
    Page,
    Project,
    Role,
    Upload,
)
from documents.presentation import told_cost

__all__ = ["admin_people"]

SHOWN_CALLS = 20

# The plain filter would list the names of all projects.
OF_OWN_PROJECTS = ("project", admin.RelatedOnlyFieldListFilter)


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that are made by the pipeline or by verbs, never by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OfProjects(admin.ModelAdmin[Any]):
    """Lists start from the user: staff see the rows of their projects, without any further
    permission, and nothing else."""

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return admin.site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.site.has_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = self.model.objects.visible_to(request.user)
        return found


def operates(request: HttpRequest, project: Project | None) -> bool:
    """Only an operator of a project, or a superuser, changes it or its members."""
    if project is None:
        return bool(getattr(request.user, "is_superuser", False))
    return Project.objects.open_to(request.user, Role.OPERATOR).filter(pk=project.pk).exists()


class MembershipInline(admin.TabularInline[Membership, Project]):
    model = Membership
    extra = 1
    verbose_name = "member"
    verbose_name_plural = (
        "Members: viewers see and search, reviewers upload and confirm, operators also cancel, "
        "retry and change the project"
    )

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """One query for all rows; its search asks for the permission to see users."""
        return ["user"] if operates(request, None) else []

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Each cell says what it is to who cannot see the head of its column."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in ("user", "role"):
            widget: Any = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = str(db_field.verbose_name)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Superusers add anybody; an operator sees no names but those of their own projects."""
        if db_field.name == "user" and not operates(request, None):
            seen = Project.objects.visible_to(request.user)
            shared = Membership.objects.filter(project__in=seen)
            kwargs["queryset"] = get_user_model().objects.filter(pk__in=shared.values("user"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return operates(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return operates(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return operates(request, obj)


@admin.register(Project)
class ProjectAdmin(OfProjects):
    list_display = ["name", "slug", "grouping", "review_threshold", "audit_share", "people"]
    search_fields = ["name", "slug"]
    search_help_text = "A part of a project's name."
    inlines = [MembershipInline]
    readonly_fields = ["limits"]
    fieldsets = (
        (None, {"fields": ("name", "slug", "grouping")}),
        (
            "What goes to a person",
            {
                "fields": ("review_threshold", "thresholds", "audit_share"),
                "description": "A document needs nobody where all that is required is there, no "
                "check failed, and each value is proven or at least as sure as asked for here.",
            },
        ),
        ("How much it may use", {"fields": ("limits",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        return cast("QuerySet[Any]", found.annotate(member_count=Count("memberships")))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return {} if obj else {"slug": ["name"]}

    @admin.display(description="members", ordering="member_count")
    def people(self, project: Any) -> int:
        return int(project.member_count)

    @admin.display(description="limits")
    def limits(self, project: Project) -> str:
        """Steps at once, time and budget are set where their history is kept."""
        if project.pk is None:
            return "Save the project first."
        address = reverse("admin:ingestion_limits_changelist")
        text = "Steps at once, seconds, and what language models may cost"
        return format_html('<a href="{}">{}</a>', address, text)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or operates(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting a project deletes its blobs too, which a list action would forget."""
        return False


class CorrectionInline(admin.TabularInline[Correction, Document]):
    model = Correction
    readonly_fields = ["pointer", "old", "new", "made_by", "made_at"]
    fields = tuple(readonly_fields)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Document)
class DocumentAdmin(InReview, ReadOnly, OfProjects):
    list_display = [
        "file",
        "open_in_review",
        "type",
        "status",
        "sureness",
        "why",
        "project",
        "created_at",
    ]
    list_filter = ["status", ReasonFilter, SurenessFilter, "type", OF_OWN_PROJECTS]
    search_fields = ["upload__filename"]
    # The file leads to its review, and a link must not stand within a link.
    list_display_links = ["created_at"]
    list_select_related = ["upload", "type", "project"]
    inlines = [CorrectionInline]
    ordering = ["-id"]

    @admin.display(description="file")
    def file(self, document: Document) -> str:
        address = reverse("document", args=[document.pk])
        return format_html('<a href="{}">{}</a>', address, document.upload.filename)

    @admin.display(description="why it waits")
    def why(self, document: Document) -> str:
        return "; ".join(reason["message"] for reason in document.reasons[:3])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        document = self.get_object(request, object_id)
        shown = {} if document is None else _calls_for(document)
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))


def _calls_for(document: Document) -> dict[str, Any]:
    """What language models were asked for this document alone, and what that took."""
    calls = LlmCall.objects.filter(project=document.project_id, document=document.pk)
    took = calls.order_by().aggregate(
        calls=Count("pk"),
        tokens=Sum(F("input_tokens") + F("output_tokens"), default=0),
        microcents=Sum("cost_microcents", default=0),
        ms=Sum("latency_ms", default=0),
    )
    many = "1 call" if took["calls"] == 1 else f"{took['calls']} calls"
    cost, seconds = told_cost(took["microcents"]), took["ms"] / 1_000
    shown = calls.select_related("prompt__project").order_by("-created_at")[:SHOWN_CALLS]
    return {
        "calls": [(call, told_cost(call.cost_microcents)) for call in shown],
        "calls_told": f"{many}: {took['tokens']:,} tokens, {cost}, {seconds:.1f} s",
        "has_more_calls": took["calls"] > SHOWN_CALLS,
    }


@admin.register(Page)
class PageAdmin(ReadOnly, OfProjects):
    list_display = [
        "upload",
        "number",
        "type",
        "type_confidence",
        "text_source",
        "text_engine",
        "text_confidence",
        "error_code",
    ]
    list_filter = ["text_source", "type", CouldBeRead]
    search_fields = ["upload__filename__istartswith"]
    search_help_text = "How its file's name begins."
    list_select_related = ["upload", "type"]
    ordering = ["-id"]
    exclude = ["words"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without what is large: a list shows none of it."""
        found = super().get_queryset(request)
        return found.defer("words", "marks", "text", "signals")


@admin.register(Upload)
class UploadAdmin(ReadOnly, OfProjects):
    list_display = ["filename", "project", "media_type", "size_bytes", "page_count", "created_at"]
    list_filter = [OfMediaType, OF_OWN_PROJECTS]
    search_fields = ["filename", "=sha256"]
    search_help_text = "A part of a file's name, or its whole SHA-256."
    list_select_related = ["project"]
    ordering = ["-id"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """For superusers: it tells of every project."""

    list_display = ["at", "actor", "verb", "subject", "project"]
    list_filter = [ByVerb]
    list_select_related = ["actor", "project"]
    search_fields = ["=actor__username", "=subject"]
    search_help_text = "A user's name, or a subject as the list shows it."
    ordering = ["-id"]
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_module_permission(self, request: HttpRequest) -> bool:
        return operates(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return operates(request, None)


@admin.register(Calibration)
class CalibrationAdmin(ReadOnly):
    """Fits of the confidences, made by `manage.py calibrate`; superusers switch them on."""

    list_display = ["type_slug", "made_at", "values", "fitted_on", "is_active"]
    list_filter = ["type_slug", "is_active"]
    exclude = ["curves"]
    actions = ["switch_on"]

    @admin.action(description="Switch on for documents read from now on")
    def switch_on(self, request: HttpRequest, chosen: QuerySet[Calibration]) -> None:
        if not operates(request, None):
            self.message_user(request, "Only superusers may do that.", messages.ERROR)
            return
        if chosen.count() != 1:
            self.message_user(request, "Choose one fit at a time.", messages.ERROR)
            return
        made = chosen.get()
        recalibration.switch_on(made, request.user)
        self.message_user(request, f"{made} is in force.", messages.SUCCESS)
