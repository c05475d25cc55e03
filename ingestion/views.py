"""The pages about jobs: the door, the list, one job and its progress, and what operators do."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseStopPolling
from django_htmx.middleware import HtmxDetails

from documents import reader
from documents.errors import DocketError, NotAllowed, SenderError
from documents.models import AnyUser, Document, DocumentType, Project
from documents.queries import leaf, may_review, waiting
from ingestion import intake, ledger, queries, rework, timeline
from ingestion import statistics as figures
from ingestion.models import OPEN_JOB, Job, JobQuerySet, JobStatus, Priority, Step
from ingestion.presentation import STATUS_BADGES

OPEN = "open"
TABS = (
    ("", "All"),
    (OPEN, "At work"),
    *((s.value, STATUS_BADGES[s].label) for s in JobStatus if s not in OPEN_JOB),
)


class UploadForm(forms.Form):
    """Everything about an upload but the files, which are many."""

    priority = forms.TypedChoiceField(choices=Priority, coerce=int, required=False)
    password = forms.CharField(max_length=200, required=False, strip=False)

    def __init__(self, *args: Any, sender: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            queries.upload_projects(sender), to_field_name="slug", empty_label=None
        )


class TypeForm(forms.Form):
    """Of which type a document is; empty for none of them."""

    type = forms.ModelChoiceField(DocumentType.objects.all(), to_field_name="slug", required=False)
    version = forms.IntegerField(min_value=1)


class FilterForm(forms.Form):
    """What narrows the list of jobs; a value that makes no sense narrows nothing."""

    status = forms.ChoiceField(choices=[*TABS, *JobStatus.choices], required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer),
            to_field_name="slug",
            required=False,
            empty_label="All projects",
        )

    def narrow(self, jobs: JobQuerySet) -> JobQuerySet:
        self.is_valid()
        status, project = self.cleaned_data.get("status"), self.cleaned_data.get("project")
        if status:
            jobs = jobs.filter(status__in=OPEN_JOB if status == OPEN else [status])
        return jobs.filter(project=project) if project else jobs


@require_GET
def home(request: WSGIRequest) -> HttpResponse:
    """The door, and what this user sent last; for htmx the latter alone."""
    recent = queries.recent(request.user)
    context: dict[str, Any] = {
        "rows": queries.rows(recent),
        "is_moving": queries.is_any_open(recent),
        "live_url": reverse("home"),
    }
    if _is_htmx(request):
        return _partial(request, "ingestion/parts/recent.html", context)
    projects = list(queries.upload_projects(request.user))
    context |= {
        "projects": projects,
        "has_any_project": bool(projects) or Project.objects.visible_to(request.user).exists(),
        "chosen": recent[0].project.slug if recent else "",
        "priorities": Priority.choices,
        "normal": Priority.NORMAL,
        "kinds": intake.KINDS,
        "max_bytes": settings.MAX_FILE_BYTES,
        "max_megabytes": settings.MAX_FILE_BYTES // 1_000_000,
        "waiting": waiting(request.user).count(),
        "who_reads": reader.of_all(),
    }
    return _varied(render(request, "ingestion/upload.html", context))


@require_POST
def upload(request: WSGIRequest) -> HttpResponse:
    """Take in files: one, answered in JSON, for the page's script; several for a plain form."""
    form = UploadForm(request.POST, sender=request.user)
    files = request.FILES.getlist("files")
    if "application/json" in request.headers.get("Accept", ""):
        return _upload_one(request.user, form, files)
    if not form.is_valid() or not files:
        messages.error(request, "Choose a project and at least one file.")
        return redirect("home")
    for file in files:
        try:
            receipt = _receive(request.user, form, file)
        except DocketError as fault:
            messages.error(request, f"{file.name}: {fault.message}")
        else:
            told = "was taken in." if receipt.is_new else "was already here."
            messages.success(request, f"{file.name} {told}")
    return redirect("jobs")


def _upload_one(user: AnyUser, form: UploadForm, files: "list[UploadedFile[Any]]") -> JsonResponse:
    try:
        if not form.is_valid():
            raise NotAllowed("You may not upload to this project.")
        if len(files) != 1:
            raise SenderError("Send one file a request.", "one_file")
        receipt = _receive(user, form, files[0])
    except DocketError as fault:
        return JsonResponse({"code": fault.code, "message": fault.message}, status=fault.status)
    return JsonResponse(
        {
            "job": str(receipt.job.pk),
            "url": reverse("job", args=[receipt.job.pk]),
            "is_new": receipt.is_new,
        },
        status=201 if receipt.is_new else 200,
    )


def _receive(user: AnyUser, form: UploadForm, file: "UploadedFile[Any]") -> intake.Receipt:
    chosen = form.cleaned_data
    return intake.receive(
        cast(Any, file),
        filename=file.name or "unnamed",
        project=chosen["project"],
        user=user,
        priority=Priority.NORMAL if chosen["priority"] == "" else Priority(chosen["priority"]),
        password=chosen["password"],
    )


@require_GET
def jobs(request: WSGIRequest) -> HttpResponse:
    """The list, newest first; for htmx its rows alone."""
    form = FilterForm(request.GET, viewer=request.user)
    found = form.narrow(queries.listed_jobs(Job.objects.visible_to(request.user)))
    sheet = leaf(found, request.GET.get("page", ""))
    context = {
        "form": form,
        "leaf": sheet,
        "rows": queries.rows(sheet.rows),
        "is_moving": queries.is_any_open(sheet.rows),
        "live_url": request.get_full_path(),
        "is_filtered": bool(request.GET),
    }
    if _is_htmx(request):
        return _partial(request, "ingestion/parts/jobs.html", context)
    context |= {"tabs": TABS, "status": request.GET.get("status", "")}
    return _varied(render(request, "ingestion/jobs.html", context))


@require_GET
def job(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    found = _visible(request.user, job_id)
    context = queries.progress(found, request.user, _tile_page(request))
    context |= {
        "may_operate": context["may_cancel"],
        "priorities": Priority.choices,
        "priority": Priority(found.priority).label,
        "timeline": timeline.of(found),
    }
    return render(request, "ingestion/job.html", context)


@require_GET
def job_timeline(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """The timeline of a job alone; tells htmx to stop asking once the job has ended."""
    found = _visible(request.user, job_id)
    context = {"job": found, "timeline": timeline.of(found)}
    response = _partial(request, "ingestion/parts/timeline.html", context)
    if not found.is_open:
        response.status_code = HttpResponseStopPolling.status_code
    return response


@require_GET
def statistics(request: WSGIRequest) -> HttpResponse:
    """Jobs of a period, by who sent them, by project and overall."""
    asked = request.GET.get("period", "")
    period = asked if asked in figures.PERIODS else "7d"
    context = {
        "period": period,
        "periods": figures.PERIOD_NAMES,
        "tables": [
            ("Overall", "", [figures.overall(request.user, period)]),
            ("By user", "Sent by", figures.by_user(request.user, period)),
            ("By project", "Project", figures.by_project(request.user, period)),
        ],
    }
    return render(request, "ingestion/statistics.html", context)


@require_GET
def progress(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """The moving part of a job's page; tells htmx to stop asking once the job has ended."""
    found = _visible(request.user, job_id)
    context = queries.progress(found, request.user, _tile_page(request))
    response = _partial(request, "ingestion/parts/progress.html", context)
    if not found.is_open:
        response.status_code = HttpResponseStopPolling.status_code
    return response


@require_POST
def cancel(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    return _operate(request, job_id, ledger.cancel, "Cancelled.")


@require_POST
def retry(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    return _operate(request, job_id, ledger.retry, "Taken up again.")


@require_POST
def retry_step(request: WSGIRequest, job_id: UUID, step_id: int) -> HttpResponse:
    get_object_or_404(Step, pk=step_id, job=_visible(request.user, job_id))

    def verb(_: UUID, actor: AnyUser) -> Job:
        return ledger.retry_step(step_id, actor)

    return _operate(request, job_id, verb, "The step runs again, and all that follows from it.")


@require_POST
def set_priority(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    value = request.POST.get("priority", "")
    if value not in {str(priority) for priority in Priority.values}:
        messages.error(request, "Choose one of the priorities.")
        return redirect("job", _visible(request.user, job_id).pk)

    def verb(job_id: UUID, actor: AnyUser) -> Job:
        return ledger.set_priority(job_id, int(value), actor)

    return _operate(request, job_id, verb, f"Priority is now {Priority(int(value)).label}.")


@require_POST
def reclassify(request: WSGIRequest, document_id: UUID) -> HttpResponse:
    """A reviewer says of which type a document is; its fields are read in the background."""
    document = get_object_or_404(
        Document.objects.visible_to(request.user).select_related("project"), pk=document_id
    )
    if not may_review(request.user, document.project):
        raise PermissionDenied(NotAllowed().message)
    form = TypeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the types.")
        return redirect("document", document_id)
    kind, version = form.cleaned_data["type"], form.cleaned_data["version"]
    try:
        job = rework.reclassify(document_id, kind, request.user, version=version)
    except SenderError as fault:
        messages.error(request, fault.message)
    else:
        told = f"Its type is {kind.name} now." if kind else "It is of no known type now."
        read = " Its fields are being read; reload this page in a moment." if job else ""
        messages.success(request, f"{told}{read}")
    return redirect("document", document_id)


def _operate(
    request: WSGIRequest, job_id: UUID, verb: Callable[[UUID, AnyUser], Job], done: str
) -> HttpResponse:
    found = _visible(request.user, job_id)
    if not queries.may_operate(request.user, found.project):
        raise PermissionDenied(NotAllowed().message)
    try:
        verb(job_id, request.user)
    except SenderError as fault:
        messages.error(request, fault.message)
    else:
        messages.success(request, done)
    return redirect("job", job_id)


def _visible(user: AnyUser, job_id: UUID) -> Job:
    seen = Job.objects.visible_to(user).select_related("upload", "project", "created_by", "parent")
    return get_object_or_404(seen, pk=job_id)


def _tile_page(request: WSGIRequest) -> int:
    asked = request.GET.get("pages", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1


def _is_htmx(request: WSGIRequest) -> bool:
    return bool(cast(HtmxDetails, cast(Any, request).htmx))


def _partial(request: WSGIRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = _varied(render(request, template, context))
    response["Cache-Control"] = "no-store"
    return response


def _varied(response: HttpResponse) -> HttpResponse:
    """The whole page and its moving part share an address; a cache must not mix them up."""
    patch_vary_headers(response, ["HX-Request"])
    return response
