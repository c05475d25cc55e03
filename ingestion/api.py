"""JSON API: jobs and what is done with them, and documents gone through again."""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import DatabaseError
from django.http import Http404
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.errors import DocketError, NotAllowed, TryAgain
from documents.models import AnyUser, Document, Project, Role
from ingestion import intake, ledger, removal, report, rework, waiting
from ingestion.models import OF_DOCUMENTS, Job, Kind, Priority, Step

log = logging.getLogger(__name__)
PRIORITIES = [p.name.lower() for p in Priority]
UPLOADERS = (Role.REVIEWER, Role.OPERATOR)


class _JobRequest(serializers.Serializer[Any]):
    file = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), allow_empty=False
    )
    project = serializers.SlugField(default="default")
    priority = serializers.ChoiceField(PRIORITIES, default="normal")
    ignore_embedded = serializers.BooleanField(default=False)
    languages = serializers.ListField(
        child=serializers.RegexField(r"^[A-Za-z_]{3,12}$"), default=list, max_length=10
    )
    anew = serializers.BooleanField(default=False)
    password = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)


class _RetryRequest(serializers.Serializer[Any]):
    project = serializers.SlugField()
    error_code = serializers.SlugField(default="", allow_blank=True)
    batch = serializers.UUIDField(default=None, allow_null=True)


class _PriorityRequest(serializers.Serializer[Any]):
    priority = serializers.ChoiceField(PRIORITIES)


class _ProcessRequest(serializers.Serializer[Any]):
    documents = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=10_000
    )
    stages = serializers.ListField(
        child=serializers.ChoiceField(list(rework.STAGES)), default=list(rework.STAGES)
    )
    priority = serializers.ChoiceField(PRIORITIES, default="normal")


class JobsView(APIView):
    """POST /api/v1/jobs: one file in; 202 and its new job, or 200 and the job it already has.

    Several files make a batch: 202, its job, and under `files` what became of each."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        asked = _JobRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        project = _project(request, values["project"])
        if len(values["file"]) > 1:
            return self._batch(request, project, values)
        receipt = _receive(request, project, values, values["file"][0], None)
        job = _seen(request, receipt.job.pk)
        status = 202 if receipt.is_new else 200
        return Response(_told(job), status=status, headers=_location(job))

    def _batch(self, request: Request, project: Project, values: dict[str, Any]) -> Response:
        priority = Priority[values["priority"].upper()]
        batch = intake.open_batch(project, user=request.user, priority=priority)
        files: list[dict[str, Any]] = []
        for file in values["file"]:
            try:
                receipt = _receive(request, project, values, file, batch)
            except DocketError as fault:
                error = {"code": fault.code, "message": fault.message}
                files.append({"file": intake.plain_name(file.name), "job": None, "error": error})
            except (OSError, DatabaseError) as fault:
                # The files before it are in: the sender must hear of them, and of this one.
                log.error("file.lost", extra={"fault": type(fault).__name__})
                error = {"code": TryAgain.code, "message": TryAgain().message}
                files.append({"file": intake.plain_name(file.name), "job": None, "error": error})
            else:
                name, known = intake.plain_name(file.name), not receipt.is_new
                files.append({"file": name, "job": str(receipt.job.pk), "known": known})
        ledger.close_batch(batch)
        job = _seen(request, batch.pk)
        return Response(_told(job) | {"files": files}, status=202, headers=_location(job))


class JobView(APIView):
    """GET /api/v1/jobs/{id}: where the job stands and what came of it. DELETE: it really goes."""

    def get(self, request: Request, id: UUID) -> Response:
        return Response(_told(_seen(request, id)))

    def delete(self, request: Request, id: UUID) -> Response:
        _operated(request, id)
        removal.delete_job(id, request.user)
        return Response(status=204)


class CancelView(APIView):
    """POST /api/v1/jobs/{id}/cancel"""

    def post(self, request: Request, id: UUID) -> Response:
        return _order(request, id, ledger.cancel)


class RetryView(APIView):
    """POST /api/v1/jobs/{id}/retry: its failed and skipped steps, and all that follows."""

    def post(self, request: Request, id: UUID) -> Response:
        return _order(request, id, ledger.retry)


class PriorityView(APIView):
    """POST /api/v1/jobs/{id}/priority: also while it waits."""

    def post(self, request: Request, id: UUID) -> Response:
        asked = _PriorityRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        priority = Priority[asked.validated_data["priority"].upper()]

        def verb(job_id: UUID, actor: AnyUser | None) -> Job:
            return ledger.set_priority(job_id, priority, actor)

        return _order(request, id, verb)


class RetryFailedView(APIView):
    """POST /api/v1/jobs/retry: the jobs of a project that failed, or that have failed pages.

    At most `settings.JOBS_AT_ONCE` a call, the oldest first; call again until it says 0."""

    def post(self, request: Request) -> Response:
        asked = _RetryRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        project = _project(request, values["project"], Role.OPERATOR)
        jobs = Job.objects.filter(project=project).failed(values["error_code"])
        if values["batch"]:
            jobs = jobs.filter(parent=values["batch"])
        return Response({"retried": ledger.retry_failed(jobs, request.user)})


class StepRetryView(APIView):
    """POST /api/v1/steps/{id}/retry: one failed step, and all that follows from it."""

    def post(self, request: Request, id: int) -> Response:
        visible = Job.objects.visible_to(request.user)
        step = Step.objects.filter(pk=id, job__in=visible).only("job_id").first()
        if step is None:
            raise Http404
        _operated(request, step.job_id)
        ledger.retry_step(step.pk, request.user)
        return Response(_told(_seen(request, step.job_id)), status=202)


class ProcessView(APIView):
    """POST /api/v1/process: extract, chunk and embed documents again; 202 and the job."""

    def post(self, request: Request) -> Response:
        asked = _ProcessRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        wanted = set(values["documents"])
        projects = Project.objects.open_to(request.user, *UPLOADERS)
        documents = list(Document.objects.filter(pk__in=wanted, project__in=projects))
        if len(documents) != len(wanted):
            message = "Some of them are not there, or not yours to process."
            raise serializers.ValidationError({"documents": [message]})
        job = rework.process(
            documents,
            user=request.user,
            priority=Priority[values["priority"].upper()],
            stages=values["stages"],
        )
        return Response(_told(_seen(request, job.pk)), status=202, headers=_location(job))


def _receive(
    request: Request, project: Project, values: dict[str, Any], file: Any, batch: Job | None
) -> intake.Receipt:
    return intake.receive(
        file.file,
        filename=file.name,
        project=project,
        user=request.user,
        priority=Priority[values["priority"].upper()],
        options=intake.Options(
            ignore_embedded=values["ignore_embedded"],
            languages=tuple(values["languages"]),
            anew=values["anew"],
        ),
        password=values["password"],
        batch=batch,
    )


def _project(request: Request, slug: str, *roles: Role) -> Project:
    """The project to act on; unknown and forbidden look the same from outside."""
    project = Project.objects.open_to(request.user, *(roles or UPLOADERS)).filter(slug=slug).first()
    if project is None:
        raise serializers.ValidationError({"project": ["There is no such project for you."]})
    return project


def _seen(request: Request, job_id: UUID) -> Job:
    jobs = Job.objects.visible_to(request.user).select_related("upload", "project")
    job = jobs.filter(pk=job_id).first()
    if job is None:
        raise Http404
    return job


def _operated(request: Request, job_id: UUID) -> Job:
    """The job, for one of its project's operators; Http404 where it is not even seen."""
    job = _seen(request, job_id)
    operated = Project.objects.open_to(request.user, Role.OPERATOR)
    if not operated.filter(pk=job.project_id).exists():
        raise NotAllowed
    return job


def _order(request: Request, job_id: UUID, verb: Callable[[UUID, AnyUser | None], Job]) -> Response:
    _operated(request, job_id)
    try:
        verb(job_id, request.user)
    except Job.DoesNotExist as fault:
        raise Http404 from fault
    return Response(_told(_seen(request, job_id)))


def _location(job: Job) -> dict[str, str]:
    return {"Location": f"/api/v1/jobs/{job.pk}"}


def _told(job: Job) -> dict[str, Any]:
    told = report.of_job(job) | {
        "kind": job.kind,
        "batch": str(job.parent_id) if job.parent_id else None,
        "project": job.project.slug,
        "priority": Priority(job.priority).name.lower(),
        "pages_read": job.pages_read,
        "pages_failed": job.pages_failed,
        "chunks": job.chunks_made,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "failed_at": job.failed_at,
    }
    if job.kind in OF_DOCUMENTS:
        told |= {
            "documents_total": job.documents_made,
            "processed": job.processed,
            "errors": job.errors,
        }
    return told | _of_batch(job) if job.kind == Kind.BATCH else told


def _of_batch(batch: Job) -> dict[str, int]:
    summed = defaultdict(int, waiting.sums([batch.pk]).get(batch.pk, {}))
    return {
        "jobs": summed["files"],
        "jobs_open": summed["files"] - summed["files_ended"],
        "jobs_failed": summed["files_failed"],
        "pages": summed["total"],
        "pages_read": summed["read"],
        "pages_failed": summed["failed"],
        "chunks": summed["chunks"],
    }
