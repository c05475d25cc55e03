"""Searches that a person has given a name, for themselves or for a project."""

from typing import Self
from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.db.models import Q, UniqueConstraint

from documents.ids import uuid7
from documents.models import AnyUser, Project, Role

MAX_NAME_CHARS = 80
LISTED = 100


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def visible_to(self, user: AnyUser) -> Self:
        """One's own, and those that are shared with one's projects."""
        if user.pk is None:
            return self.none()
        shared = Q(shared_with__in=Project.objects.visible_to(user))
        return self.filter(Q(owner_id=user.pk) | shared)

    def steered_by(self, user: AnyUser) -> Self:
        """Those that a user may rename, share and delete: one's own, and as an operator those
        that are shared with the project."""
        if user.pk is None:
            return self.none()
        own = Project.objects.open_to(user, Role.OPERATOR)
        return self.filter(Q(owner_id=user.pk) | Q(shared_with__in=own))

    def listed(self, user: AnyUser) -> Self:
        """With what a list shows, by name; one query when it is read."""
        steered = SavedSearch.objects.steered_by(user).filter(pk=models.OuterRef("pk"))
        return (
            self.select_related("shared_with", "owner")
            .annotate(may_steer=models.Exists(steered))
            .order_by("name", "pk")[:LISTED]
        )


class SavedSearch(models.Model):
    """A question and its filters under a name.

    parameters: as the search page's address has them (`search.form.SearchForm`). shared_with:
    the project whose members see it, each of them finding what they may see; null: only its
    owner does."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS)
    parameters = models.JSONField(default=dict)
    shared_with = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="saved_searches"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="saved_searches"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            UniqueConstraint(fields=["owner", "name"], name="saved_search_name_once_per_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def query(self) -> str:
        """For the address of the search page."""
        return urlencode(self.parameters)
