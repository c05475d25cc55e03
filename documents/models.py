"""What we know: projects, uploads, pages, documents and the history of every value.

Nothing here says how it was learnt; that is `ingestion`'s. Every list starts from the user:
`Document.objects.visible_to(request.user)`.

A Document's states, moved by `documents/review.py` and `documents/assembly.py` alone:

    unknown        no type fits                    -> draft_pending  a person gives it a type
    draft_pending  waits for a person, reasons say why
                                                   -> draft_created  confirmed, or all proven
                                                   -> rejected       a person refuses it
    draft_created  -> draft_pending  reopened; or, where no person confirmed it, another paper
                                     of the project contradicts it (`documents/relations.py`)
    rejected       -> draft_pending  reopened
"""

from datetime import datetime
from typing import Any, Self, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from documents import derived
from documents.ids import uuid7

AnyUser = AbstractBaseUser | AnonymousUser
M = TypeVar("M", bound=models.Model)


class Grouping(models.TextChoices):
    GROUPED = "grouped", "Consecutive pages of one paper make one document"
    PER_PAGE = "per_page", "Each page is a document"


class Role(models.TextChoices):
    """Each role may do what the one before it may."""

    VIEWER = "viewer"  # sees and searches
    REVIEWER = "reviewer"  # uploads, confirms, corrects, rejects
    OPERATOR = "operator"  # cancels, retries, deletes, changes the project


class TextSource(models.TextChoices):
    EMBEDDED = "embedded", "the file is text"
    LAYER = "layer", "text layer of the PDF"
    OCR = "ocr", "read by OCR"


# `Page.type_engine` where a person said what the page is; no run changes such a type.
BY_PERSON = "person"


class TypeState(models.TextChoices):
    """Of a type of document: one that is being taught changes nothing until it is on."""

    DRAFT = "draft", "being taught"
    ON = "on", "on"


class ModelUse(models.TextChoices):
    """When a language model is asked about a type, where one is configured."""

    NEVER = "never", "rules only"
    UNSURE = "unsure", "where the rules are unsure"
    ALWAYS = "always", "always, beside the rules"


class DocumentStatus(models.TextChoices):
    UNKNOWN = "unknown"
    DRAFT_PENDING = "draft_pending", "needs review"
    DRAFT_CREATED = "draft_created", "confirmed"
    REJECTED = "rejected"


# Documents that a person can confirm: their fields are known.
WAITING = Q(status=DocumentStatus.DRAFT_PENDING, schema_version__isnull=False)
# Those that needed nobody.
STRAIGHT_THROUGH = Q(status=DocumentStatus.DRAFT_CREATED, reviewer__isnull=True)


def one_of(field: str, choices: type[models.TextChoices], name: str) -> CheckConstraint:
    """The database keeps a choice column to its choices."""
    return CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


def is_share(field: str, name: str) -> CheckConstraint:
    """The database keeps a confidence between 0 and 1."""
    return CheckConstraint(condition=Q(**{f"{field}__gte": 0, f"{field}__lte": 1}), name=name)


def check_thresholds(value: Any) -> None:
    """{"type": {"field": 0..1}}, as `Project.thresholds` holds it. ValidationError."""
    shares = isinstance(value, dict) and all(
        isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
        for fields in value.values()
        for share in (fields.values() if isinstance(fields, dict) else [None])
    )
    if not shares:
        raise ValidationError(
            'Write it as {"bill": {"total_amount": 0.99}}, each value from 0 to 1.',
            "thresholds_malformed",
        )


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: AnyUser) -> Self:
        """Projects that `user` is a member of; all of them for a superuser."""
        return self.open_to(user, *Role)

    def open_to(self, user: AnyUser, *roles: Role) -> Self:
        """Projects in which `user` holds one of `roles`; all of them for a superuser."""
        if getattr(user, "is_superuser", False):
            return self
        if user.pk is None:
            return self.none()
        held = Membership.objects.filter(user_id=user.pk, role__in=roles)
        return self.filter(pk__in=held.values("project"))


class Project(models.Model):
    """A room of its own: its members see its documents and nobody else does."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    grouping = models.CharField(max_length=10, choices=Grouping, default=Grouping.GROUPED)
    review_threshold = models.FloatField(
        default=0.97,
        help_text="Values of a lower confidence (0 to 1, as calibrated) go to review.",
    )
    thresholds = models.JSONField(
        default=dict,
        blank=True,
        validators=[check_thresholds],
        help_text='By type and field where it differs: {"bill": {"total_amount": 0.99}}.',
    )
    audit_share = models.FloatField(
        default=0,
        help_text="Share (0 to 1) of the documents that need no person, sent to one all the "
        "same: what they find is the error rate of the others.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            is_share("review_threshold", "project_threshold_is_a_share"),
            is_share("audit_share", "project_audit_share_is_a_share"),
            one_of("grouping", Grouping, "project_grouping_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "user"], name="membership_once_per_project"),
            one_of("role", Role, "membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class DocumentTypeQuerySet(models.QuerySet["DocumentType"]):
    def on(self) -> Self:
        """The types that pages are given by themselves; a person may choose any."""
        return self.filter(state=TypeState.ON)


class DocumentType(models.Model):
    """A kind of paper that Docket recognises. `unknown` is no type but the absence of one.

    state is moved by `documents/types.py` alone; shipped types are always on."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(help_text="What the classifier is told about such a page.")
    state = models.CharField(
        max_length=5, choices=TypeState, default=TypeState.DRAFT, editable=False
    )
    model_use = models.CharField(
        "language model",
        max_length=6,
        choices=ModelUse,
        default=ModelUse.UNSURE,
        help_text="When a language model reads the fields too, where one is configured.",
    )

    objects = DocumentTypeQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            one_of("state", TypeState, "document_type_state_known"),
            one_of("model_use", ModelUse, "document_type_model_use_known"),
        ]

    def __str__(self) -> str:
        return self.name


class SchemaVersion(models.Model):
    """The fields of a type, as JSON Schema; a version is never changed once it exists."""

    type = models.ForeignKey(DocumentType, models.CASCADE, related_name="schema_versions")
    number = models.PositiveIntegerField()
    schema = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["type", "-number"]
        constraints = [
            UniqueConstraint(fields=["type", "number"], name="schema_number_once_per_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type.slug} v{self.number}"


class InProjectQuerySet(models.QuerySet[M]):
    """Rows of which the column `project` says who may see them."""

    def visible_to(self, user: AnyUser) -> Self:
        return self.open_to(user, *Role)

    def open_to(self, user: AnyUser, *roles: Role) -> Self:
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(project__in=Project.objects.open_to(user, *roles))


class UploadQuerySet(InProjectQuerySet["Upload"]):
    pass


class Upload(models.Model):
    """A file as it arrived. `file` is its address in the storage; it is never changed.

    `readable` is the address of the decrypted copy of an encrypted PDF, else empty."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    file = models.CharField(max_length=200)
    readable = models.CharField(max_length=200, blank=True)
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=60)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    page_count = models.PositiveIntegerField(null=True, blank=True)
    marks = models.JSONField(default=list, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="uploads"
    )
    origin = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(fields=["project", "sha256"], name="upload_once_per_project"),
        ]
        indexes = [GinIndex(derived.FileWords("filename"), name="upload_file_words")]

    def __str__(self) -> str:
        return self.filename


class DocumentQuerySet(InProjectQuerySet["Document"]):
    def with_pages(self) -> Self:
        """Pages without their words, which are large, and what a document page shows."""
        pages = Page.objects.defer("words", "marks").select_related("type").order_by("position")
        return self.select_related("type", "upload", "project", "schema_version").prefetch_related(
            models.Prefetch("pages", queryset=pages)
        )


class Document(models.Model):
    """One paper: its pages, its type, its values and what proves them.

    payload: values by field name, valid against `schema_version`.
    evidence: JSON Pointer -> {"page", "box" [l, t, r, b] or null, "source", "confidence",
    "raw", "checks": [codes passed], "failed": [codes failed], "candidate", "note"}.
    reasons: [{"code", "field", "message"}], why a person should look; "document" names another
    one that it is about.
    identity: `documents.identity.Identity`, "" left out; keys: by which others are found.
    supplier, day ("2026-05-31"), total: kept by the database (`documents/derived.py`).
    text_version: counts up when the pages' text or their set changes; the search index
    compares it.
    reason_kinds: the codes of `reasons`, each once, those of all checks as "check".
    arranged_at: when a person said which pages are this document; no run says otherwise then.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="documents")
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="documents")
    first_page = models.PositiveIntegerField()
    type = models.ForeignKey(DocumentType, models.PROTECT, null=True, blank=True)
    type_confidence = models.FloatField(default=0)
    schema_version = models.ForeignKey(SchemaVersion, models.PROTECT, null=True, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    confidence = models.FloatField(default=0)
    status = models.CharField(max_length=14, choices=DocumentStatus, default=DocumentStatus.UNKNOWN)
    reasons = models.JSONField(default=list, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="reviewed"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    text_version = models.PositiveIntegerField(default=1)
    identity = models.JSONField(default=dict, blank=True, editable=False)
    keys = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
    supplier = models.GeneratedField(
        expression=derived.supplier(), output_field=models.TextField(), db_persist=True
    )
    day = models.GeneratedField(
        expression=derived.day(), output_field=models.TextField(null=True), db_persist=True
    )
    total = models.GeneratedField(
        expression=derived.total(),
        output_field=models.DecimalField(max_digits=21, decimal_places=6, null=True),
        db_persist=True,
    )
    reason_kinds = models.GeneratedField(
        expression=models.Func(models.F("reasons"), function="docket_reason_kinds"),
        output_field=ArrayField(models.TextField()),
        db_persist=True,
    )
    arranged_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "first_page"]
        constraints = [
            UniqueConstraint(fields=["upload", "first_page"], name="document_once_per_first_page"),
            one_of("status", DocumentStatus, "document_status_known"),
            is_share("type_confidence", "document_type_confidence_is_a_share"),
            is_share("confidence", "document_confidence_is_a_share"),
            CheckConstraint(
                condition=~Q(status=DocumentStatus.DRAFT_CREATED) | Q(type__isnull=False),
                name="document_confirmed_has_a_type",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "status", "created_at"], name="document_review_list"),
            # Every save asks it: a list of pending entries would be read through each time.
            GinIndex(fields=["keys"], name="document_keys", fastupdate=False),
            # What waits for a person, in either order. Whatever it is filtered by is included,
            # so that a long queue is read from the index alone.
            models.Index(
                fields=["created_at", "id"],
                include=["project", "type", "reason_kinds"],
                name="document_waiting_oldest",
                condition=WAITING,
            ),
            models.Index(
                fields=["confidence", "created_at", "id"],
                include=["project", "type", "reason_kinds"],
                name="document_waiting_unsure",
                condition=WAITING,
            ),
            models.Index(
                fields=["created_at"],
                include=["project"],
                name="document_straight_through",
                condition=STRAIGHT_THROUGH,
            ),
            models.Index(fields=["project", "day"], name="document_by_day"),
            models.Index(fields=["project", "total"], name="document_by_total"),
            models.Index(fields=["project", "supplier"], name="document_by_supplier"),
            GinIndex(derived.Words("supplier"), name="document_supplier_words"),
            GinIndex(derived.ValueWords("payload"), name="document_value_words"),
        ]

    def __str__(self) -> str:
        return f"{self.type.name if self.type else 'Unknown'} · {self.upload.filename}"


class PageQuerySet(models.QuerySet["Page"]):
    def visible_to(self, user: AnyUser) -> Self:
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(upload__project__in=Project.objects.visible_to(user))


class Page(models.Model):
    """A page of an upload: its image, its words, and what kind of page it is.

    words: [text, left, top, right, bottom, confidence] each, boxes in pixels of the image
    (null where there is no image). marks: [{"kind", "payload", "box"}], codes on the page.
    signals: what assembly asks of the classifier: {"starts", "document_number", "label",
    "count"}. error_code is set while the page could not be read. rotation: degrees by which it
    was turned clockwise; turned: those that a person asked for, which every reading keeps.
    """

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()
    image = models.CharField(max_length=200, blank=True)
    width_px = models.PositiveIntegerField(null=True)
    height_px = models.PositiveIntegerField(null=True)
    dpi = models.FloatField(null=True)
    rotation = models.PositiveSmallIntegerField(default=0)
    turned = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)
    text_source = models.CharField(max_length=10, choices=TextSource, blank=True)
    text_engine = models.CharField(max_length=60, blank=True)
    text_engine_version = models.CharField(max_length=60, blank=True)
    text_confidence = models.FloatField(default=0)
    words = models.JSONField(default=list)
    marks = models.JSONField(default=list)
    type = models.ForeignKey(DocumentType, models.SET_NULL, null=True, related_name="pages")
    type_confidence = models.FloatField(default=0)
    runner_up = models.CharField(max_length=60, blank=True)
    runner_up_confidence = models.FloatField(default=0)
    type_engine = models.CharField(max_length=60, blank=True)
    signals = models.JSONField(default=dict)
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="pages")
    position = models.PositiveIntegerField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["upload", "number"]
        constraints = [
            UniqueConstraint(fields=["upload", "number"], name="page_once_per_upload"),
            UniqueConstraint(
                fields=["document", "position"], name="page_position_once_per_document"
            ),
            CheckConstraint(
                condition=Q(text_source__in=["", *TextSource.values]),
                name="page_text_source_known",
            ),
            CheckConstraint(
                condition=Q(rotation__in=[0, 90, 180, 270]), name="page_rotation_is_a_quarter_turn"
            ),
            CheckConstraint(
                condition=Q(turned__isnull=True) | Q(turned__in=[0, 90, 180, 270]),
                name="page_turned_by_a_quarter_turn",
            ),
            CheckConstraint(condition=Q(number__gte=1), name="page_counts_from_one"),
            is_share("text_confidence", "page_text_confidence_is_a_share"),
            is_share("type_confidence", "page_type_confidence_is_a_share"),
        ]
        indexes = [
            models.Index(fields=["upload"], name="page_named", condition=Q(type_engine=BY_PERSON)),
        ]

    def __str__(self) -> str:
        return f"{self.upload.filename} · page {self.number}"

    @property
    def image_version(self) -> str:
        """Another one whenever the image is another; for addresses that a browser may keep."""
        return image_version(self.read_at, self.rotation)


def image_version(read_at: datetime | None, rotation: int) -> str:
    """`Page.image_version` where the page itself is not at hand."""
    return f"{int(read_at.timestamp() * 1000) if read_at else 0}-{rotation}"


class DocumentReading(models.Model):
    """What an engine read of a document, kept as it was before it was weighed: when another
    document comes that has something to say, it is weighed again without an engine.

    readings, conflicts: `documents.drafts.Reading` each; objections: reasons that the engine
    itself gives; labelled: names of fields whose label the page prints; engine: name and
    version."""

    document = models.OneToOneField(
        Document, models.CASCADE, primary_key=True, related_name="reading"
    )
    schema_version = models.ForeignKey(SchemaVersion, models.PROTECT, related_name="+")
    readings = models.JSONField(default=list)
    conflicts = models.JSONField(default=list)
    objections = models.JSONField(default=list)
    labelled = models.JSONField(default=list)
    engine = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{len(self.readings)} values by {self.engine}"


class RelationKind(models.TextChoices):
    PACKET = "packet", "a bill and its e-way bill, by their number"
    ONLY_PAIR = "only_pair", "the only bill and the only e-way bill of their packet"
    DUPLICATE = "duplicate", "the paper that `other` is, come again"
    NUMBER_TAKEN = "number_taken", "another paper with the number of `other`"
    NEAR = "near", "looks like `other`"


class Relation(models.Model):
    """What one document has to do with another of its project; written by
    `documents/relations.py` alone. Papers of a packet have a row each way; in all other rows
    `other` is the one that came first."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="relations")
    other = models.ForeignKey(Document, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=RelationKind)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["document", "other"], name="relation_once_per_pair"),
            CheckConstraint(
                condition=~Q(document=models.F("other")), name="relation_is_between_two"
            ),
            one_of("kind", RelationKind, "relation_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.kind} {self.other_id}"


class Correction(models.Model):
    """One value that a person changed; the truth that accuracy is measured against."""

    document = models.ForeignKey(Document, models.CASCADE, related_name="corrections")
    pointer = models.CharField(max_length=200)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["made_at"]

    def __str__(self) -> str:
        return f"{self.pointer} by {self.made_by}"


class OutcomeQuerySet(InProjectQuerySet["Outcome"]):
    pass


class Outcome(models.Model):
    """What became of one value that was read, once a person had seen the document.

    Holds no content, so that it may outlive its document: accuracy over time and the
    calibration of confidences are made of these rows.

    field: "total_amount", "line_items.hsn_code"; source: as in the evidence, "" where nothing
    was read; engine: name and version; basis: what the calibration tells apart beside them;
    score: the engine's own confidence; confidence: as shown to the person; is_right: the
    person left the value as it was; is_settled: it would have been accepted without one;
    is_sample: the whole document would have been, and was sent to review as a sample.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="outcomes")
    pointer = models.CharField(max_length=200)
    type_slug = models.CharField(max_length=60)
    schema_number = models.PositiveIntegerField()
    field = models.CharField(max_length=120)
    source = models.CharField(max_length=10, blank=True)
    engine = models.CharField(max_length=60, blank=True)
    basis = models.CharField(max_length=40, blank=True)
    score = models.FloatField()
    confidence = models.FloatField()
    is_right = models.BooleanField()
    is_settled = models.BooleanField()
    is_sample = models.BooleanField(default=False)
    at = models.DateTimeField()

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["at"]
        constraints = [
            UniqueConstraint(fields=["document", "pointer"], name="outcome_once_per_value"),
            is_share("score", "outcome_score_is_a_share"),
            is_share("confidence", "outcome_confidence_is_a_share"),
        ]
        indexes = [models.Index(fields=["project", "type_slug", "at"], name="outcome_by_type")]

    def __str__(self) -> str:
        return f"{self.type_slug} {self.field}: {'right' if self.is_right else 'wrong'}"


class Calibration(models.Model):
    """What the scores of a type's readings are worth, fitted on labelled or reviewed values.

    curves: as `documents.calibration.Curves.as_json`; values: how many it was fitted on;
    fitted_on: "reviews" or the names of the folders. The newest active one counts."""

    type_slug = models.CharField(max_length=60)
    curves = models.JSONField()
    values = models.PositiveIntegerField()
    fitted_on = models.CharField(max_length=200)
    is_active = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.type_slug}, {self.made_at:%Y-%m-%d}"


class AuditEvent(models.Model):
    """Who did what to what. Holds ids and codes, never content; outlives what it names."""

    project = models.ForeignKey(Project, models.SET_NULL, null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=100)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


def record(
    verb: str,
    subject: models.Model,
    *,
    actor: AnyUser | None,
    project: Project | None,
    **detail: Any,
) -> None:
    """Write one AuditEvent; belongs into the transaction of the change that it tells of."""
    AuditEvent.objects.create(
        project=project,
        actor_id=actor.pk if actor is not None else None,
        verb=verb,
        subject=f"{subject._meta.label_lower}:{subject.pk}",
        detail=detail,
    )


# Models of this app, too, in a module of their own; it needs those above.
from documents import language, turn_models  # noqa: E402, F401
