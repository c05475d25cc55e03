"""The pages about jobs: the list, one job and its progress, and what operators do."""

from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseStopPolling

from documents.errors import NotAllowed, SenderError
from documents.lists import beginnings, of_files
from documents.models import AnyUser, Document, DocumentType, Project
from documents.paging import id_of, screenful
from documents.queries import may_review
from ingestion import ledger, queries, rework, timeline
from ingestion import statistics as figures
from ingestion.models import OPEN_JOB, Job, JobQuerySet, JobStatus, Kind, Priority, Step
from ingestion.pages import partial
from ingestion.presentation import STATUS_BADGES

OPEN = "open"
MOST_LIVE = 60
TABS = (
    ("", "All"),
    (OPEN, "At work"),
    *((s.value, STATUS_BADGES[s].label) for s in JobStatus if s not in OPEN_JOB),
)


class TypeForm(forms.Form):
    """Of which type a document is; empty for none of them."""

    type = forms.ModelChoiceField(DocumentType.objects.all(), to_field_name="slug", required=False)
    version = forms.IntegerField(min_value=1)


class FilterForm(forms.Form):
    """What narrows the list of jobs; a value that makes no sense narrows nothing.

    Where neither a state nor a file is asked for, a batch stands for its files."""

    status = forms.ChoiceField(choices=[*TABS, *JobStatus.choices], required=False)
    text = forms.CharField(max_length=100, required=False)
    project = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(choices=Kind, required=False)
    who = forms.ChoiceField(required=False)
    since = forms.DateField(required=False)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.projects = list(Project.objects.visible_to(viewer).values_list("slug", "name"))
        self.people = queries.senders(viewer)
        self.fields["project"].choices = self.projects  # type: ignore[attr-defined]
        self.fields["who"].choices = self.people  # type: ignore[attr-defined]

    @property
    def chosen(self) -> dict[str, str]:
        """As it was asked for, for the form to show again."""
        return {name: str(self.data.get(name, "")) for name in self.fields}

    def narrow(self, jobs: JobQuerySet) -> JobQuerySet:
        self.is_valid()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        if status := asked.get("status"):
            jobs = jobs.filter(status__in=OPEN_JOB if status == OPEN else [status])
        if "project" in asked:
            jobs = jobs.filter(project__slug=asked["project"])
        if "kind" in asked:
            jobs = jobs.filter(kind=asked["kind"])
        if "who" in asked:
            who = asked["who"]
            jobs = jobs.filter(created_by=None if who == queries.NOBODY else int(who))
        if "since" in asked:
            began = datetime.combine(asked["since"], time.min)
            jobs = jobs.filter(created_at__gte=timezone.make_aware(began))
        words = beginnings(asked.get("text", ""))
        if words is not None:
            return jobs.filter(upload__in=of_files(words))
        return jobs if status else jobs.filter(parent=None)


@require_GET
def jobs(request: WSGIRequest) -> HttpResponse:
    """The list, newest first, a screenful at a time."""
    form = FilterForm(request.GET, viewer=request.user)
    found = form.narrow(Job.objects.visible_to(request.user))
    shown = screenful(
        queries.listed_jobs(found),
        newer=request.GET.get("newer", ""),
        older=request.GET.get("older", ""),
    )
    chosen = form.chosen
    context = {
        "form": form,
        "chosen": chosen,
        "shown": shown,
        "rows": queries.rows(shown.rows),
        "top": "" if shown.newer or not shown.rows else str(shown.rows[0].pk),
        "kinds": Kind.choices,
        "tabs": TABS,
        "is_filtered": any(chosen.values()),
    }
    return render(request, "ingestion/jobs.html", context | _live(shown.rows))


@require_GET
def jobs_live(request: WSGIRequest) -> HttpResponse:
    """What has moved in a list of jobs: the state of those named by `job`, and how many newer
    ones there are than `top`. The rows themselves stay where they are."""
    named = [pk for text in request.GET.getlist("job")[:MOST_LIVE] if (pk := id_of(text))]
    seen = Job.objects.visible_to(request.user)
    moved = list(queries.listed_jobs(seen.filter(pk__in=named)))
    top = id_of(request.GET.get("top", ""))
    newer = 0
    if top:
        form = FilterForm(request.GET, viewer=request.user)
        newer = form.narrow(seen.filter(pk__gt=top)).order_by()[: MOST_LIVE + 1].count()
    context = {
        "rows": queries.rows(moved),
        "top": top or "",
        "newer": newer,
        "most": MOST_LIVE,
        "is_moved": True,
    }
    return partial(request, "ingestion/parts/live.html", context | _live(moved))


def _live(rows: Any) -> dict[str, Any]:
    return {"open_ids": [str(job.pk) for job in rows if job.is_open]}


@require_GET
def job(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    found = _visible(request.user, job_id)
    context = queries.progress(found, request.user)
    context |= queries.pages(found, _block(request)) | queries.steps(found, request.user)
    context |= {
        "may_operate": context["may_cancel"],
        "priorities": Priority.choices,
        "priority": Priority(found.priority).label,
        "timeline": timeline.of(found),
    }
    return render(request, "ingestion/job.html", context)


@require_GET
def job_pages(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """One block of the pages of a job as thumbnails; without a number all that there is of
    them so far."""
    found = _visible(request.user, job_id)
    context = {"job": found} | queries.pages(found, _block(request))
    part = "block" if "pages" in request.GET else "pages"
    return partial(request, f"ingestion/parts/{part}.html", context)


@require_GET
def job_steps(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """The steps of a job alone."""
    found = _visible(request.user, job_id)
    return partial(request, "ingestion/parts/steps.html", queries.steps(found, request.user))


@require_GET
def job_timeline(request: WSGIRequest, job_id: UUID) -> HttpResponse:
    """The timeline of a job alone; tells htmx to stop asking once the job has ended."""
    found = _visible(request.user, job_id)
    context = {"job": found, "timeline": timeline.of(found)}
    response = partial(request, "ingestion/parts/timeline.html", context)
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
    context = queries.progress(found, request.user)
    response = partial(request, "ingestion/parts/progress.html", context)
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


def _block(request: WSGIRequest) -> int:
    """Which block of pages is asked for, counted from 1."""
    asked = request.GET.get("pages", "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1
