"""Documents run again beside their values: what was asked for, and what each one came to.

`ingestion/replay.py` starts and adopts, `ingestion/stages/replay.py` writes the results. How
far a replay is, its job says.
"""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from documents.ids import uuid7
from documents.language import Prompt
from documents.models import (
    Document,
    DocumentStatus,
    DocumentType,
    InProjectQuerySet,
    ModelUse,
    Project,
    SchemaVersion,
    one_of,
)
from ingestion.models import Job


class ReplayQuerySet(InProjectQuerySet["Replay"]):
    pass


class Replay(models.Model):
    """Documents of one type read again on a schema version, with a prompt and an engine.

    prompt: null is the one that is active; model_use: "" is what the type says; asked: the
    choice of the documents as it was put, for people.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="replays")
    job = models.OneToOneField(Job, models.CASCADE, related_name="replay")
    type = models.ForeignKey(DocumentType, models.PROTECT, related_name="+")
    schema_version = models.ForeignKey(SchemaVersion, models.PROTECT, related_name="+")
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, blank=True, related_name="+")
    model_use = models.CharField(max_length=6, choices=ModelUse, blank=True)
    asked = models.CharField(max_length=200, blank=True)
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReplayQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            CheckConstraint(
                condition=Q(model_use__in=["", *ModelUse.values]), name="replay_model_use_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type.name} on schema {self.schema_version.number}"


class Adopted(models.TextChoices):
    SOME = "some", "some fields"
    ALL = "all"


class ReplayResult(models.Model):
    """What one document would become; the document itself is not touched.

    readings, conflicts, objections, labelled, engine: as `DocumentReading` has them; payload,
    evidence, confidence, draft_status, reasons: the draft that they make.
    basis: digest of what was compared (`ingestion.adoption.basis_of`); document_version: the
    document's at that time. difference: [{"pointer", "field", "kind", "old", "new"}], values
    that are alike left out; where a person has confirmed the document with "truth",
    "was_right" and "is_right". counts: {field: as `ingestion.changes.Tally`}.
    was_straight, is_straight: whether the old and the new draft need no person.
    adopted: how much of it was adopted; adopted_fields: where some, which.
    """

    replay = models.ForeignKey(Replay, models.CASCADE, related_name="results")
    document = models.ForeignKey(Document, models.CASCADE, related_name="replay_results")
    document_version = models.PositiveIntegerField()
    basis = models.CharField(max_length=64)
    readings = models.JSONField(default=list)
    conflicts = models.JSONField(default=list)
    objections = models.JSONField(default=list)
    labelled = models.JSONField(default=list)
    engine = models.CharField(max_length=120, blank=True)
    payload = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    confidence = models.FloatField(default=0)
    draft_status = models.CharField(max_length=14, choices=DocumentStatus)
    reasons = models.JSONField(default=list)
    difference = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    differs = models.BooleanField(default=False)
    is_reviewed = models.BooleanField(default=False)
    was_straight = models.BooleanField(default=False)
    is_straight = models.BooleanField(default=False)
    adopted = models.CharField(max_length=4, choices=Adopted, blank=True)
    adopted_fields = models.JSONField(default=list)
    adopted_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["document"]
        constraints = [
            UniqueConstraint(fields=["replay", "document"], name="replay_result_once_per_document"),
            one_of("draft_status", DocumentStatus, "replay_result_status_known"),
            CheckConstraint(
                condition=Q(adopted__in=["", *Adopted.values]), name="replay_result_adopted_known"
            ),
            CheckConstraint(
                condition=Q(adopted="") | Q(is_reviewed=False),
                name="replay_result_of_a_confirmed_document_is_not_adopted",
            ),
        ]
        indexes = [
            models.Index(fields=["replay", "differs", "document"], name="replay_result_differing"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} in {self.replay_id}"
