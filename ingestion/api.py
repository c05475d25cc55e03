"""JSON API: jobs."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from documents.models import Project, Role
from ingestion import intake, report
from ingestion.models import Job, Priority


class _JobRequest(serializers.Serializer[Any]):
    file = serializers.FileField()
    project = serializers.SlugField(default="default")
    priority = serializers.ChoiceField([p.name.lower() for p in Priority], default="normal")
    ignore_embedded = serializers.BooleanField(default=False)
    languages = serializers.ListField(
        child=serializers.RegexField(r"^[A-Za-z_]{3,12}$"), default=list, max_length=10
    )
    anew = serializers.BooleanField(default=False)
    password = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)


class JobsView(APIView):
    """POST /api/v1/jobs: one file in; 202 and its new job, or 200 and the job it already has."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request) -> Response:
        if len(request.FILES.getlist("file")) > 1:
            raise serializers.ValidationError({"file": ["Send one file a call."]})
        asked = _JobRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        receipt = intake.receive(
            values["file"].file,
            filename=values["file"].name,
            project=_project(request, values["project"]),
            user=request.user,
            priority=Priority[values["priority"].upper()],
            options=intake.Options(
                ignore_embedded=values["ignore_embedded"],
                languages=tuple(values["languages"]),
                anew=values["anew"],
            ),
            password=values["password"],
        )
        job = Job.objects.select_related("upload").get(pk=receipt.job.pk)
        status = 202 if receipt.is_new else 200
        location = f"/api/v1/jobs/{job.pk}"
        return Response(_told(job), status=status, headers={"Location": location})


class JobView(APIView):
    """GET /api/v1/jobs/{id}: where the job stands and what came of it."""

    def get(self, request: Request, id: UUID) -> Response:
        jobs = Job.objects.visible_to(request.user).select_related("upload", "project")
        job = jobs.filter(pk=id).first()
        if job is None:
            raise Http404
        return Response(_told(job))


def _project(request: Request, slug: str) -> Project:
    """The project to upload to; unknown and forbidden look the same from outside."""
    uploaders = Project.objects.open_to(request.user, Role.REVIEWER, Role.OPERATOR)
    project = uploaders.filter(slug=slug).first()
    if project is None:
        raise serializers.ValidationError({"project": ["There is no such project for you."]})
    return project


def _told(job: Job) -> dict[str, Any]:
    return report.of_job(job) | {
        "project": job.project.slug,
        "priority": Priority(job.priority).name.lower(),
        "pages_read": job.pages_read,
        "pages_failed": job.pages_failed,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "failed_at": job.failed_at,
    }
