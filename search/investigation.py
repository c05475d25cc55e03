"""Questions over a project, and what was answered; shared by all of its members."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q

from documents.ids import uuid7
from documents.models import InProjectQuerySet, Project, one_of

MAX_QUESTION_CHARS = 1_000


class Form(models.TextChoices):
    """How a question is answered."""

    ANSWER = "answer", "an answer with citations"
    LIST = "list", "a list of documents"


class InvestigationQuerySet(InProjectQuerySet["Investigation"]):
    def listed(self) -> Self:
        """With what a row of the history shows, newest first."""
        return (
            self.select_related("project", "created_by", "job")
            .defer("citations", "passages")
            .order_by("-created_at")
        )


class Investigation(models.Model):
    """A question and its answer. An `answer` is worked out by a job, which says how far it is
    (`ingestion/investigating.py`); a `list` is its filters, looked up whenever it is shown.

    filters: as `search.listing.filters.Filters.as_json`. is_found: null until it is answered.
    passages: what was looked at, best first, and citations: what carries the answer, each
    {"n", "document", "page", "boxes" [[l, t, r, b] in pixels of the page image], "text"}, n
    being the passage's number from 1. notice: why the answer is not as it was asked for.
    engine: what wrote the answer, "" where the passages are it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="investigations")
    form = models.CharField(max_length=6, choices=Form)
    question = models.CharField(max_length=MAX_QUESTION_CHARS)
    filters = models.JSONField(default=dict, blank=True)
    answer = models.TextField(blank=True)
    is_found = models.BooleanField(null=True, blank=True)
    citations = models.JSONField(default=list, blank=True)
    passages = models.JSONField(default=list, blank=True)
    notice = models.TextField(blank=True)
    engine = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="investigations",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = InvestigationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            one_of("form", Form, "investigation_form_known"),
            CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(is_found__isnull=False),
                name="investigation_ended_says_whether_found",
            ),
        ]
        indexes = [models.Index(fields=["project", "-created_at"], name="investigation_by_project")]

    def __str__(self) -> str:
        return self.question
