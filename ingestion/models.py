"""How it comes to be known: jobs, their steps, and who works on them.

`ledger.py` alone writes Job.status and Step.status.

Job
    pending    accepted, no worker told yet     -> queued     its wake-up was sent
    queued     has ready steps                  -> running    the first claim
    running    a step was claimed               -> completed | failed | cancelled
    completed  with failed pages                -> queued     retry
    failed, cancelled                           -> queued     retry
A batch has no steps: it is pending while its files arrive, running while one of its jobs is
open, and completed after the last of them.
Step
    queued     may be claimed from run_after on -> running
    running    a worker holds the lease         -> done | failed | skipped (halved)
                                                -> queued     transient fault, lost lease
                                                -> skipped    its job was cancelled or failed
    failed     the reason stands beside it      -> queued     retry
    skipped                                     -> queued     retry
"""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q, UniqueConstraint
from django.db.models.functions import Now

from documents.ids import uuid7
from documents.models import Document, InProjectQuerySet, Project, Upload, one_of
from search.investigation import Investigation


class Priority(models.IntegerChoices):
    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


class JobStatus(models.TextChoices):
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Kind(models.TextChoices):
    """What a job works on."""

    FILE = "file", "a file"
    CAPTURE = "capture", "a screenshot"
    PROCESS = "process", "documents that are there already, extracted and indexed again"
    REPLAY = "replay", "documents read again beside their values"
    BATCH = "batch", "the sum of several jobs"
    INVESTIGATION = "investigation", "a question over the documents of a project"


WITH_UPLOAD = (Kind.FILE, Kind.CAPTURE)
OF_DOCUMENTS = (Kind.PROCESS, Kind.REPLAY)
"""Kinds that work on documents which are there already, counted by `processed`."""
OPEN_JOB = (JobStatus.PENDING, JobStatus.QUEUED, JobStatus.RUNNING)
OPEN_STEP = (StepStatus.QUEUED, StepStatus.RUNNING)


class JobQuerySet(InProjectQuerySet["Job"]):
    def is_open(self) -> Self:
        return self.filter(status__in=OPEN_JOB)

    def failed(self, code: str = "", since: datetime | None = None) -> Self:
        """Those that failed, or completed with steps that did: of one code, since a time.

        A batch is not among them: its jobs are."""
        steps = Step.objects.filter(job=OuterRef("pk"), status=StepStatus.FAILED)
        of_job = Q(status=JobStatus.FAILED)
        if code:
            steps, of_job = steps.filter(error_code=code), of_job & Q(error_code=code)
        if since:
            steps, of_job = steps.filter(finished_at__gte=since), of_job & Q(failed_at__gte=since)
        partly = Q(Exists(steps), status=JobStatus.COMPLETED)
        return self.exclude(kind=Kind.BATCH).filter(of_job | partly)


class Job(models.Model):
    """One file on its way through the pipeline, or what `kind` says else.

    pages_*, documents_made, chunks_made count what there is. processed and errors count the
    documents of a process job or a replay: gone through, and failed. active_s: seconds in
    which at least one step was being worked on; time spent waiting for a turn is not in it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.FILE)
    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    upload = models.ForeignKey(Upload, models.CASCADE, null=True, blank=True, related_name="jobs")
    documents = models.ManyToManyField(Document, blank=True, related_name="process_jobs")
    investigation = models.OneToOneField(
        Investigation, models.CASCADE, null=True, blank=True, related_name="job"
    )
    options = models.JSONField(default=dict, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.PENDING)
    pages_total = models.PositiveIntegerField(default=0)
    pages_read = models.PositiveIntegerField(default=0)
    pages_failed = models.PositiveIntegerField(default=0)
    documents_made = models.PositiveIntegerField(default=0)
    chunks_made = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    active_s = models.FloatField(default=0)
    active_until = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="jobs"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            one_of("status", JobStatus, "job_status_known"),
            one_of("kind", Kind, "job_kind_known"),
            CheckConstraint(condition=Q(priority__in=Priority.values), name="job_priority_known"),
            CheckConstraint(
                condition=Q(kind__in=WITH_UPLOAD, upload__isnull=False)
                | (~Q(kind__in=WITH_UPLOAD) & Q(upload__isnull=True)),
                name="job_of_a_file_has_its_upload",
            ),
            CheckConstraint(
                condition=Q(kind=Kind.INVESTIGATION, investigation__isnull=False)
                | (~Q(kind=Kind.INVESTIGATION) & Q(investigation__isnull=True)),
                name="job_of_a_question_has_it",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="job_open", condition=Q(status__in=OPEN_JOB)),
            models.Index(fields=["project", "-created_at"], name="job_by_project"),
        ]

    def __str__(self) -> str:
        if self.upload is not None:
            return self.upload.filename
        many = {
            Kind.BATCH: "Batch",
            Kind.PROCESS: "Documents again",
            Kind.REPLAY: "Replay",
            Kind.INVESTIGATION: "Question",
        }
        return f"{many.get(Kind(self.kind), self.kind)} of {self.created_at:%d %b %Y %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_JOB

    @property
    def file(self) -> Upload:
        """The upload of a job that works on one."""
        assert self.upload is not None  # noqa: S101  (a constraint keeps it so)
        return self.upload


class Step(models.Model):
    """One piece of work: a stage on a page, a document, a slice of pages, or the whole job.

    first, last: the page (first == last) or slice of pages; null where it is neither.
    rank: the fair rank; jobs of one priority take turns by it. attempts counts runs that
    ended in a fault or killed the engine, losses runs whose worker vanished. project, kind
    and priority are the job's, copied so that a claim needs no join. history: the runs that
    did not end well, oldest first, each {worker, started, ended, code, message}.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.FILE)
    job = models.ForeignKey(Job, models.CASCADE, related_name="steps")
    stage = models.CharField(max_length=20)
    first = models.PositiveIntegerField(null=True, blank=True)
    last = models.PositiveIntegerField(null=True, blank=True)
    document = models.ForeignKey(Document, models.CASCADE, null=True, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    rank = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=StepStatus, default=StepStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField(db_default=Now())
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    engine = models.CharField(max_length=120, blank=True)
    history = models.JSONField(default=list, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    elapsed_s = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["job", "id"]
        constraints = [
            one_of("status", StepStatus, "step_status_known"),
            UniqueConstraint(
                fields=["job", "stage", "first", "last", "document"],
                name="step_once_per_target",
                nulls_distinct=False,
            ),
            CheckConstraint(
                condition=Q(
                    status=StepStatus.RUNNING, lease__isnull=False, lease_until__isnull=False
                )
                | (~Q(status=StepStatus.RUNNING) & Q(lease__isnull=True)),
                name="step_lease_while_running",
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "rank", "id"],
                name="step_ready",
                condition=Q(status=StepStatus.QUEUED),
            ),
            models.Index(
                fields=["project", "kind", "priority", "rank", "id"],
                name="step_ready_in_lane",
                condition=Q(status=StepStatus.QUEUED),
            ),
            models.Index(
                fields=["job", "stage"], name="step_open", condition=Q(status__in=OPEN_STEP)
            ),
            models.Index(
                fields=["lease_until"], name="step_leased", condition=Q(status=StepStatus.RUNNING)
            ),
        ]

    def __str__(self) -> str:
        if self.document_id:
            return f"{self.stage} document {self.document_id}"
        if self.first is None:
            return self.stage
        pages = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.stage} {pages}"


class Limits(models.Model):
    """How a project's work is limited, where it differs from the settings.

    steps_at_once: at most so many of its steps run at a time, on all hosts together.
    step_limit_s: {stage: seconds}."""

    project = models.OneToOneField(Project, models.CASCADE, primary_key=True, related_name="limits")
    steps_at_once = models.PositiveIntegerField(
        null=True, blank=True, help_text="Steps that may run at the same time; empty: no limit."
    )
    failed_page_is_fatal = models.BooleanField(
        default=False, help_text="A page that cannot be read fails its whole job."
    )
    job_limit_s = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Seconds that workers may spend on one job; empty: as the settings say.",
    )
    step_limit_s = models.JSONField(
        default=dict, blank=True, help_text='Seconds by stage: {"ocr": 60}.'
    )
    model_tokens_a_day = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        help_text="Tokens that language models may use a day (UTC); empty: as the settings say.",
    )
    model_cents_a_day = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="US cents that language models may cost a day; empty: as the settings say.",
    )
    model_batches = models.BooleanField(
        default=False,
        help_text="Jobs of low priority wait up to a day for their answers, at a lower price; "
        "the server must know OpenAI's Batch API.",
    )

    class Meta:
        verbose_name = "limits of a project"
        verbose_name_plural = "limits"

    def __str__(self) -> str:
        return f"limits of {self.project}"


class WorkerBeat(models.Model):
    """A worker that is, or was, alive: one row a process, renewed while it works."""

    name = models.CharField(max_length=100, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    step = models.ForeignKey(Step, models.SET_NULL, null=True, blank=True)
    memory_bytes = models.BigIntegerField(default=0)
    engine_restarts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-seen_at"]
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name


class Control(models.Model):
    """What operators told the workers of a host; host "" means all of them."""

    host = models.CharField(max_length=100, primary_key=True, default="", blank=True)
    is_paused = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "pause"

    def __str__(self) -> str:
        return f"{self.host or 'all hosts'}: {'paused' if self.is_paused else 'running'}"


class Chore(models.Model):
    """A repair that comes round: due at `next_at`, done by whichever worker takes it first."""

    name = models.CharField(max_length=30, primary_key=True)
    next_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    elapsed_s = models.FloatField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """Counters of one process since it started, for /metrics, which adds them up.

    counts: {"name{label=\"value\"}": number}. The rows of processes that ended are added to
    the row "retired", so that no counter ever falls."""

    name = models.CharField(max_length=100, primary_key=True)
    counts = models.JSONField(default=dict)
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


# Models of this app, too, in a module of their own; it needs those above.
from ingestion import replay_models  # noqa: E402, F401
