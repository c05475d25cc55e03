"""The front door: what can be sent, what was sent last, and the files themselves."""

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
from django.views.decorators.http import require_GET, require_POST

from documents import reader
from documents.errors import DocketError, NotAllowed, SenderError
from documents.models import AnyUser, Project
from ingestion import intake, queries, sampling
from ingestion.models import Job, Kind, Priority
from ingestion.pages import is_htmx, partial, varied


class UploadForm(forms.Form):
    """Everything about an upload but the files, which are many."""

    priority = forms.TypedChoiceField(choices=Priority, coerce=int, required=False)
    password = forms.CharField(max_length=200, required=False, strip=False)
    batch = forms.UUIDField(required=False)

    def __init__(self, *args: Any, sender: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            queries.upload_projects(sender), to_field_name="slug", empty_label=None
        )

    @property
    def chosen_priority(self) -> Priority:
        value = self.cleaned_data["priority"]
        return Priority.NORMAL if value == "" else Priority(value)


@require_GET
def home(request: WSGIRequest) -> HttpResponse:
    """The door, and what this user sent last; for htmx the latter alone."""
    recent = queries.recent(request.user)
    context: dict[str, Any] = {
        "rows": queries.rows(recent.jobs),
        "batch": recent.batch,
        "more_of_batch": recent.more_of_batch,
        "is_moving": queries.is_any_open(recent.jobs),
        "live_url": reverse("home"),
    }
    if is_htmx(request):
        return partial(request, "ingestion/parts/recent.html", context)
    projects = list(queries.upload_projects(request.user))
    context |= {
        "projects": projects,
        "has_any_project": bool(projects) or Project.objects.visible_to(request.user).exists(),
        "chosen": recent.jobs[0].project.slug if recent.jobs else "",
        "priorities": Priority.choices,
        "normal": Priority.NORMAL,
        "kinds": intake.KINDS,
        "accept": ",".join(f".{ending}" for ending in intake.ENDINGS),
        "max_bytes": settings.MAX_FILE_BYTES,
        "max_megabytes": settings.MAX_FILE_BYTES // 1_000_000,
        "who_reads": reader.of_all(),
    }
    return varied(render(request, "ingestion/upload.html", context))


@require_POST
def upload(request: WSGIRequest) -> HttpResponse:
    """Take in files: one, answered in JSON, for the page's script; several for a plain form."""
    form = UploadForm(request.POST, sender=request.user)
    files = request.FILES.getlist("files")
    if "application/json" in request.headers.get("Accept", ""):
        return _in_json(lambda: _take_one(request.user, form, files))
    if not form.is_valid() or not files:
        messages.error(request, "Choose a project and at least one file.")
        return redirect("home")
    batch = _open(request.user, form) if len(files) > 1 else None
    for file in files:
        try:
            receipt = _receive(request.user, form, file, batch)
        except DocketError as fault:
            messages.error(request, f"{file.name}: {fault.message}")
        else:
            told = "was taken in." if receipt.is_new else "was already here."
            messages.success(request, f"{file.name} {told}")
    if batch:
        intake.close_batch(batch)
    return redirect("jobs")


@require_POST
def open_batch(request: WSGIRequest) -> JsonResponse:
    """A batch for files that come in requests of their own; answers with its id."""
    form = UploadForm(request.POST, sender=request.user)

    def verb() -> JsonResponse:
        _check(form)
        batch = _open(request.user, form)
        return JsonResponse({"batch": str(batch.pk)}, status=201)

    return _in_json(verb)


@require_POST
def close_batch(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """All files of a batch have come."""
    intake.close_batch(get_object_or_404(_own_batches(request.user), pk=job_id))
    return HttpResponse(status=204)


@require_POST
def samples(request: WSGIRequest) -> HttpResponse:
    """Load sample papers, for those who make projects."""
    if not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("Only a superuser makes projects.")
    try:
        batch = sampling.begin(request.user)
    except SenderError as fault:
        messages.error(request, fault.message)
        return redirect("home")
    sampling.fill_beside(batch, request.user)
    messages.success(request, "The samples are being drawn and come in one by one.")
    return redirect("job", batch.pk)


def _take_one(user: AnyUser, form: UploadForm, files: "list[UploadedFile[Any]]") -> JsonResponse:
    _check(form)
    if len(files) != 1:
        raise SenderError("Send one file a request.", "one_file")
    batch = _own_batches(user).filter(
        pk=form.cleaned_data["batch"], project=form.cleaned_data["project"]
    )
    receipt = _receive(user, form, files[0], batch.first())
    url = reverse("job", args=[receipt.job.pk])
    told = {"job": str(receipt.job.pk), "url": url, "is_new": receipt.is_new}
    return JsonResponse(told, status=201 if receipt.is_new else 200)


def _in_json(verb: Any) -> JsonResponse:
    try:
        answer: JsonResponse = verb()
    except DocketError as fault:
        return JsonResponse({"code": fault.code, "message": fault.message}, status=fault.status)
    return answer


def _check(form: UploadForm) -> None:
    if not form.is_valid():
        raise NotAllowed("You may not upload to this project.")


def _own_batches(user: AnyUser) -> Any:
    """Batches that still take files of this user."""
    return Job.objects.visible_to(user).filter(kind=Kind.BATCH, created_by_id=user.pk)


def _open(user: AnyUser, form: UploadForm) -> Job:
    project = form.cleaned_data["project"]
    return intake.open_batch(project, user=user, priority=form.chosen_priority)


def _receive(
    user: AnyUser, form: UploadForm, file: "UploadedFile[Any]", batch: Job | None
) -> intake.Receipt:
    return intake.receive(
        cast(Any, file),
        filename=file.name or "unnamed",
        project=form.cleaned_data["project"],
        user=user,
        priority=form.chosen_priority,
        password=form.cleaned_data["password"],
        batch=batch,
    )
