"""People in the admin: who may sign in, who may open the admin, and in which projects.

What a person may do with documents is their role in a project; Django's permissions only open
pages of the admin that serve all projects."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest

from documents.models import Membership

# Pages of the admin that serve all projects; everything else goes by roles.
_OPENING = (
    "add_documenttype",
    "change_documenttype",
    "view_documenttype",
    "view_embedder",
    "view_workerbeat",
)


class PersonForm(UserChangeForm[User]):
    """Only the permissions that open something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "user_permissions" in self.fields:
            opening = Permission.objects.filter(codename__in=_OPENING)
            field: Any = self.fields["user_permissions"]
            field.queryset = opening.select_related("content_type")
            field.label = "also opens"
            field.help_text = "Pages of the admin that serve all projects. Ctrl chooses several."


class ProjectsInline(admin.TabularInline[Membership, User]):
    model = Membership
    extra = 1
    autocomplete_fields = ["project"]
    verbose_name = "project"
    verbose_name_plural = (
        "Projects: viewers see and search, reviewers upload and confirm, operators also cancel, "
        "retry and change the project"
    )

    def formfield_for_choice_field(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """It says what it is to who cannot see the head of its column."""
        field = super().formfield_for_choice_field(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(db_field.verbose_name)
        return field


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(get_user_model())
class PersonAdmin(UserAdmin[User]):
    form = PersonForm
    list_display = ["username", "name", "projects", "is_active", "is_staff", "is_superuser"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    filter_horizontal = ()
    readonly_fields = ["last_login", "date_joined"]
    inlines = [ProjectsInline]
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email")}),
        (
            "What this person may do",
            {
                "fields": ("is_active", "is_staff", "is_superuser", "user_permissions"),
                "description": "Without any of these a person works with the documents of the "
                "projects below, as far as the role there goes. Staff opens this admin, too, and "
                "sees those projects only. Superusers see and change everything. Instead of "
                "deleting somebody take “active” away: what they did stays theirs.",
            },
        ),
        ("When", {"fields": ("last_login", "date_joined"), "classes": ["collapse"]}),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What somebody did stays theirs; taking “active” away keeps them out."""
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("memberships__project")

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name() or "–"

    @admin.display(description="projects")
    def projects(self, user: Any) -> str:
        held = [f"{m.project.name} ({m.role})" for m in user.memberships.all()]
        return ", ".join(held) or ("all" if user.is_superuser else "none yet")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """First the name and the password, then the projects."""
        return self.inlines if obj else []
