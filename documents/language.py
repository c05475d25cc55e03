"""What is known of language models: prompts, the servers that answer, and every call.

A prompt is never changed once it exists; a new version takes its place. Of each purpose one
version is active in a project, else the one that is active everywhere (`documents/prompts.py`).
A call is stored before it is made and keeps its answer: bill, cache and audit in one.
"""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now

from documents.ids import uuid7
from documents.models import InProjectQuerySet, Project, one_of

# Of a prompt's limits; what a call reserves is a few times as much and has to fit its column.
MAX_TOKENS = 200_000


class Purpose(models.TextChoices):
    CLASSIFY = "classify", "say what a page is"
    EXTRACT = "extract", "read the fields of a document"
    ANSWER = "answer", "answer a question"
    FILTER = "filter", "turn a question into filters"


class JsonMode(models.TextChoices):
    """How a server is made to answer in JSON; `auto` takes the best that it turns out to know."""

    AUTO = "auto", "the best that the server knows"
    SCHEMA = "schema", "strict JSON Schema"
    TOOL = "tool", "a tool call"
    OBJECT = "object", "JSON mode"
    PLAIN = "plain", "asked for in words"


class Prompt(models.Model):
    """One version of what a model is told. project: null is every project without its own;
    model: "" is the one that the settings name; is_active is moved by `documents/prompts.py`.

    template: text with the places of its purpose, `$pages` and so on, each filled by us.
    """

    purpose = models.CharField(max_length=10, choices=Purpose)
    project = models.ForeignKey(
        Project, models.CASCADE, null=True, blank=True, related_name="prompts"
    )
    number = models.PositiveIntegerField(editable=False)
    template = models.TextField()
    model = models.CharField(max_length=120, blank=True)
    temperature = models.FloatField(
        default=0, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    max_input_tokens = models.PositiveIntegerField(
        default=12_000, validators=[MinValueValidator(500), MaxValueValidator(MAX_TOKENS)]
    )
    max_output_tokens = models.PositiveIntegerField(
        default=4_000, validators=[MinValueValidator(50), MaxValueValidator(MAX_TOKENS)]
    )
    json_mode = models.CharField(max_length=6, choices=JsonMode, default=JsonMode.AUTO)
    sees_images = models.BooleanField(
        default=False, help_text="Send the picture of each page too; the model must know images."
    )
    examples = models.PositiveSmallIntegerField(
        default=0,
        validators=[MaxValueValidator(5)],
        help_text="Confirmed documents like the one at hand that are shown to the model.",
    )
    is_active = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["purpose", "project", "-number"]
        constraints = [
            UniqueConstraint(
                fields=["purpose", "project", "number"],
                name="prompt_number_once",
                nulls_distinct=False,
            ),
            UniqueConstraint(
                fields=["purpose", "project"],
                condition=Q(is_active=True),
                name="prompt_one_active",
                nulls_distinct=False,
            ),
            one_of("purpose", Purpose, "prompt_purpose_known"),
            one_of("json_mode", JsonMode, "prompt_json_mode_known"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} v{self.number}" + (f" of {self.project}" if self.project else "")


class CallStatus(models.TextChoices):
    PENDING = "pending", "asked"
    DONE = "done", "answered"
    FAILED = "failed", "no good answer"


class BatchStatus(models.TextChoices):
    NEW = "new", "to be sent"
    SENT = "sent", "being worked on"
    ENDED = "ended", "fetched"
    FAILED = "failed", "given up"


class ModelBatch(models.Model):
    """Calls that a server answers when it likes, within a day, for less; moved on by
    `ingestion/llm/batches.py`, which draws its states.

    file, number: what the server calls the file of requests and the batch, "" until it is told;
    asked_at: when it was first asked to begin, which it may have done without our hearing of it;
    next_at: nobody looks before, polls: how often somebody did."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.CharField(max_length=200)
    model = models.CharField(max_length=120)
    status = models.CharField(max_length=6, choices=BatchStatus, default=BatchStatus.NEW)
    file = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=200, blank=True)
    polls = models.PositiveIntegerField(default=0)
    error_message = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [one_of("status", BatchStatus, "model_batch_status_known")]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(status__in=(BatchStatus.NEW, BatchStatus.SENT)),
                name="model_batch_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} of {self.created_at:%d %b %Y %H:%M}: {self.status}"


class LlmCallQuerySet(InProjectQuerySet["LlmCall"]):
    pass


class LlmCall(models.Model):
    """One request to a language model.

    key: SHA-256 of all that the answer hangs on; a second question with the same key takes the
    answer that is there, counts in `reused` and moves `used_at`. A pending call holds a place
    among those that its server may work on at once, and `reserved_*`, the most it may cost, of
    the budget; one that is still pending at `lapses_at` lost its worker. Costs are in millionths
    of a US cent.
    job, document, first_page: what it was made for; they may be gone. together: the same for
    calls that were made with one request, of which each has its share; null for one alone.
    request: of a call that waits for a batch what will be sent, until it ended: {body, schema};
    it holds no place. batch: the one that it was put into.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    prompt = models.ForeignKey(Prompt, models.SET_NULL, null=True, related_name="calls")
    purpose = models.CharField(max_length=10, choices=Purpose)
    key = models.CharField(max_length=64)
    endpoint = models.CharField(max_length=200)
    model = models.CharField(max_length=120)
    job = models.UUIDField(null=True)
    document = models.UUIDField(null=True)
    first_page = models.PositiveIntegerField(null=True)
    pages = models.PositiveIntegerField(default=0)
    together = models.UUIDField(null=True)
    request = models.JSONField(null=True)
    batch = models.ForeignKey(ModelBatch, models.SET_NULL, null=True, related_name="calls")
    status = models.CharField(max_length=8, choices=CallStatus, default=CallStatus.PENDING)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    answer = models.JSONField(null=True)
    requests = models.PositiveSmallIntegerField(default=0)
    reused = models.PositiveIntegerField(default=0)
    reserved_tokens = models.PositiveIntegerField(default=0)
    reserved_microcents = models.BigIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost_microcents = models.BigIntegerField(default=0)
    latency_ms = models.PositiveIntegerField(null=True)
    lapses_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(db_default=Now())

    objects = LlmCallQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # One answer a question, and one worker at a time that asks it.
            UniqueConstraint(
                fields=["project", "key"],
                condition=~Q(status="failed"),
                name="llm_call_one_answer",
            ),
            one_of("purpose", Purpose, "llm_call_purpose_known"),
            one_of("status", CallStatus, "llm_call_status_known"),
            CheckConstraint(
                condition=~Q(status="done") | Q(answer__isnull=False), name="llm_call_has_answer"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "created_at"], name="llm_call_by_day"),
            models.Index(
                fields=["endpoint"], condition=Q(status="pending"), name="llm_call_at_work"
            ),
            models.Index(fields=["job"], name="llm_call_of_job"),
            models.Index(fields=["document"], name="llm_call_of_document"),
            models.Index(
                fields=["used_at"], condition=~Q(status="pending"), name="llm_call_by_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.model}: {self.status}"


class ModelTotal(models.Model):
    """What calls came to whose rows are gone, of one day of UTC. Costs are in millionths of a
    US cent. Kept by `ingestion/llm/retention.py`."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    day = models.DateField()
    purpose = models.CharField(max_length=10, choices=Purpose)
    model = models.CharField(max_length=120)
    calls = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    reused = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cost_microcents = models.BigIntegerField(default=0)

    objects = InProjectQuerySet["ModelTotal"].as_manager()

    class Meta:
        ordering = ["-day", "project", "purpose", "model"]
        verbose_name = "total of old model calls"
        verbose_name_plural = "totals of old model calls"
        constraints = [
            UniqueConstraint(
                fields=["project", "day", "purpose", "model"], name="model_total_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} by {self.model} on {self.day}"


class ModelServer(models.Model):
    """What was found out about a server and a model: how it is made to answer in JSON, and
    whether it is left alone for now.

    json_mode: a value of `JsonMode`, "" until the first answer, found out at json_mode_at;
    failures: in a row, the first of them at silent_since; closed_until: nobody asks before,
    since it did not answer."""

    endpoint = models.CharField(max_length=200)
    model = models.CharField(max_length=120)
    json_mode = models.CharField(max_length=6, blank=True)
    json_mode_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    silent_since = models.DateTimeField(null=True)
    closed_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["endpoint", "model"], name="model_server_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model} at {self.endpoint}"
