"""Whose turn a document in review is, and what its review came to.

`documents/turns.py` alone writes Turn, `documents/measures.py` alone writes Handling."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from documents.models import Document, InProjectQuerySet, Project


class Turn(models.Model):
    """What one document in review is to the people who review: in somebody's hands, or put
    away until later, or opened once.

    holder, until: who holds it and how long, on the database's clock; a claim that has run out
    is none. token: of the page that holds it now, so that one left behind cannot release it.
    began_at: when this holder took it. seen_at, spent_s: the last sign of work, and the seconds
    that people have worked on it up to then, pauses cut short (`turns.IDLE_S`).
    """

    document = models.OneToOneField(Document, models.CASCADE, primary_key=True, related_name="turn")
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    until = models.DateTimeField(null=True, blank=True)
    token = models.UUIDField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    spent_s = models.FloatField(default=0)
    postponed_until = models.DateTimeField(null=True, blank=True)
    postponed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(holder__isnull=True, until__isnull=True)
                | Q(holder__isnull=False, until__isnull=False),
                name="turn_of_a_holder_ends",
            ),
            CheckConstraint(condition=Q(spent_s__gte=0), name="turn_spent_is_no_debt"),
        ]
        indexes = [
            models.Index(
                fields=["postponed_until"],
                name="turn_postponed",
                condition=Q(postponed_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id}, {self.holder or 'nobody'}"


class HandlingQuerySet(InProjectQuerySet["Handling"]):
    pass


class Handling(models.Model):
    """What a person's confirmation took; holds no content, so it may outlive its document.

    seconds: worked on it, pauses cut short; null where nobody opened it, as in bulk.
    fields: values that it holds; changed: those that people changed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    document = models.OneToOneField(Document, models.SET_NULL, null=True, related_name="handling")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    type_slug = models.CharField(max_length=60)
    seconds = models.FloatField(null=True)
    fields = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    is_bulk = models.BooleanField(default=False)
    at = models.DateTimeField()

    objects = HandlingQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        constraints = [
            CheckConstraint(
                condition=Q(seconds__isnull=True) | Q(seconds__gte=0),
                name="handling_seconds_are_no_debt",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "at"], name="handling_by_project"),
            models.Index(fields=["reviewer", "at"], name="handling_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.type_slug} by {self.reviewer}"
