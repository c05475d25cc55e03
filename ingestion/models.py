"""How it comes to be known: jobs, their steps, and who works on them.

`ledger.py` alone writes Job.status and Step.status.

Job
    pending    accepted, nothing claimable yet  -> queued
    queued     has ready steps                  -> running    the first claim
    running    a step was claimed               -> completed | failed | cancelled
    completed  with failed pages                -> queued     retry
    failed, cancelled                           -> queued     retry
Step
    queued     may be claimed from run_after on -> running
    running    a worker holds the lease         -> done | failed
                                                -> queued     transient fault, lost lease
                                                -> skipped    its job was cancelled or failed
    failed     the reason stands beside it      -> queued     retry
    skipped                                     -> queued     retry
"""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Now

from documents.ids import uuid7
from documents.models import Document, InProjectQuerySet, Project, Upload, one_of


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


OPEN_JOB = (JobStatus.PENDING, JobStatus.QUEUED, JobStatus.RUNNING)
OPEN_STEP = (StepStatus.QUEUED, StepStatus.RUNNING)


class JobQuerySet(InProjectQuerySet["Job"]):
    pass


class Job(models.Model):
    """One file on its way through the pipeline."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="jobs")
    upload = models.ForeignKey(Upload, models.CASCADE, related_name="jobs")
    options = models.JSONField(default=dict, blank=True)
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.PENDING)
    pages_total = models.PositiveIntegerField(default=0)
    pages_read = models.PositiveIntegerField(default=0)
    pages_failed = models.PositiveIntegerField(default=0)
    documents_made = models.PositiveIntegerField(default=0)
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
            CheckConstraint(condition=Q(priority__in=Priority.values), name="job_priority_known"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="job_open", condition=Q(status__in=OPEN_JOB)),
            models.Index(fields=["project", "-created_at"], name="job_by_project"),
        ]

    def __str__(self) -> str:
        return self.upload.filename

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_JOB


class Step(models.Model):
    """One piece of work: a stage on a page, a document, a slice of pages, or the whole job.

    first, last: the page (first == last) or slice of pages; null where it is neither.
    rank: the fair rank; jobs of one priority take turns by it. attempts counts runs that
    ended in a fault or killed the engine, losses runs whose worker vanished.
    """

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


class WorkerBeat(models.Model):
    """A worker that is, or was, alive: one row a process, renewed while it works."""

    name = models.CharField(max_length=100, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    step = models.ForeignKey(Step, models.SET_NULL, null=True, blank=True)
    memory_bytes = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.name


class Control(models.Model):
    """What operators told the workers; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_paused = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [CheckConstraint(condition=Q(id=1), name="control_has_one_row")]

    def __str__(self) -> str:
        return "paused" if self.is_paused else "running"
