"""Jobs in the admin: the list with what each waits for, the page of one, and its buttons."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from documents.admin import OF_OWN_PROJECTS, OfProjects, ReadOnly
from documents.admin_lists import CappedPaginator
from documents.errors import DocketError
from documents.models import Document
from documents.presentation import ago
from ingestion import ledger, overview, presentation, queries, rework, timeline, waiting
from ingestion.admin import buttons, panel
from ingestion.admin.lists import FailedWith, operated_projects
from ingestion.models import Job, JobQuerySet, JobStatus, Kind, Priority

DOCUMENTS_AGAIN = 5_000


class JobList(ChangeList):
    """A page of the list, each job with its sentence, in a constant number of queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        jobs: list[Any] = list(self.result_list)
        told = waiting.told(jobs)
        for job in jobs:
            job.told = told[job.pk]
        self.result_list = cast(Any, jobs)


@admin.register(Job)
class JobAdmin(ReadOnly, OfProjects):
    list_display = [
        "name",
        "state",
        "what",
        "project",
        "told_kind",
        "told_priority",
        "pages",
        "papers",
        "sender",
        "sent",
    ]
    list_filter = [
        "status",
        "kind",
        "priority",
        FailedWith,
        OF_OWN_PROJECTS,
        ("created_by", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["upload__filename", "=id"]
    search_help_text = "A part of the file's name, or a job's id."
    list_select_related = ["upload", "project", "created_by"]
    list_display_links = None
    list_per_page = 50
    ordering = ["-id"]
    show_full_result_count = False
    paginator = CappedPaginator
    exclude = ["documents"]
    actions = [
        "retry",
        "cancel",
        "make_urgent",
        "make_high",
        "make_normal",
        "make_low",
        "process_again",
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobList

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("retry-failed/", wrap(self.retry_failed), name="ingestion_job_retry_failed"),
            path("<uuid:job_id>/do/<str:verb>/", wrap(self.act), name="ingestion_job_do"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        own = {"title": "Jobs", "may_operate": bool(operated_projects(request.user))}
        return super().changelist_view(request, own | (extra_context or {}))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Nothing is offered to who operates no project: it would be refused."""
        offered: dict[str, Any] = super().get_actions(request)
        return offered if operated_projects(request.user) else {}

    # -- what a row shows ---------------------------------------------------------------------

    @admin.display(description="job", ordering="upload__filename")
    def name(self, job: Any) -> str:
        """With the sentence of its column under it where the screen has no room for that."""
        return format_html(
            '<a href="{}">{}</a><span class="narrow">{}</span>',
            reverse("admin:ingestion_job_change", args=[job.pk]),
            job,
            job.told.sentence,
        )

    @admin.display(description="state", ordering="status")
    def state(self, job: Any) -> str:
        badge = job.told.badge
        return format_html('<span class="badge {}">{}</span>', badge.tone, badge.label)

    @admin.display(description="what it waits for, or how it ended")
    def what(self, job: Any) -> str:
        has_failed = job.status == JobStatus.FAILED and job.error_code
        code = format_html(" <code>{}</code>", job.error_code) if has_failed else ""
        return format_html("{}{}", job.told.sentence, code)

    @admin.display(description="priority", ordering="priority")
    def told_priority(self, job: Job) -> str:
        return Priority(job.priority).label

    @admin.display(description="kind", ordering="kind")
    def told_kind(self, job: Job) -> str:
        return presentation.KINDS[Kind(job.kind)]

    @admin.display(description="pages", ordering="pages_total")
    def pages(self, job: Any) -> str:
        count = job.told.count
        is_at_it = job.is_open and count.noun == "pages"
        read = f"{count.done} of {count.total}" if is_at_it else str(count.pages_total)
        return f"{read} ({count.pages_failed} not read)" if count.pages_failed else read

    @admin.display(description="documents", ordering="documents_made")
    def papers(self, job: Any) -> int:
        return int(job.told.count.documents)

    @admin.display(description="sent by", ordering="created_by")
    def sender(self, job: Job) -> str:
        return job.created_by.get_username() if job.created_by else "a command"

    @admin.display(description="sent", ordering="created_at")
    def sent(self, job: Job) -> str:
        return ago(job.created_at)

    # -- the page of one job --------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = cast(Job | None, self.get_object(request, object_id))
        shown = {} if job is None else self._shown(request, job)
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def _shown(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        has_failed = job.status == JobStatus.FAILED
        may_operate = queries.may_operate(request.user, job.project)
        leads = has_failed and may_operate and presentation.is_of_limits(job.error_code)
        return {
            "told": queries.progress(job, request.user) | queries.steps(job, request.user),
            "timeline": timeline.of(job),
            "code": job.error_code if has_failed else "",
            "hint": presentation.next_move(job.error_code) if has_failed else "",
            "is_curable": presentation.is_curable(job.error_code),
            "limits_url": buttons.limits_url(job) if leads else "",
            "may_operate": may_operate,
            "priorities": Priority.choices,
            "title": str(job),
            "subtitle": None,
        }

    # -- verbs ----------------------------------------------------------------------------------

    def act(self, request: HttpRequest, job_id: UUID, verb: str) -> HttpResponse:
        """A button of one job: retry, cancel, priority, or retry of one of its steps."""
        if request.method != "POST":
            return redirect("admin:ingestion_job_change", job_id)
        job = get_object_or_404(self.get_queryset(request), pk=job_id)
        if not queries.may_operate(request.user, job.project):
            raise PermissionDenied("Only an operator of its project may do that.")
        if verb == "cancel" and job.is_open and "sure" not in request.POST:
            return buttons.ask_to_cancel(request, job)
        try:
            told = buttons.do(job, verb, request)
        except DocketError as fault:
            messages.warning(request, fault.message)
        else:
            messages.success(request, told)
        return panel.back(request, reverse("admin:ingestion_job_change", args=[job_id]))

    def retry_failed(self, request: HttpRequest) -> HttpResponse:
        """All that failed among the jobs of the current filter, on all pages of the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        narrowed = self.get_changelist_instance(request).get_queryset(request).order_by()
        jobs = panel.operated(request.user, cast(JobQuerySet, narrowed).failed())
        home = reverse("admin:ingestion_job_changelist")
        if request.method == "POST":
            return panel.retried(request, jobs, home)
        return panel.ask_to_retry(
            request,
            jobs,
            what="of this list failed, or completed with something that failed",
            hint="",
            action=request.get_full_path(),
            hidden=[],
            back=f"{home}?{request.GET.urlencode()}",
        )

    def _ask(
        self, request: HttpRequest, jobs: QuerySet[Job], action: str, **told: str
    ) -> HttpResponse | None:
        """The question before an action, None when it was answered with yes."""
        if "sure" in request.POST:
            return None
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        return panel.ask(
            request,
            jobs=list(jobs.select_related("upload", "project")[: overview.SAMPLE]),
            count=jobs.count(),
            action=request.get_full_path(),
            hidden=[
                ("sure", "yes"),
                ("action", action),
                ("select_across", request.POST.get("select_across", "0")),
                *((ACTION_CHECKBOX_NAME, pk) for pk in chosen),
            ],
            back=request.get_full_path(),
            **told,
        )

    @admin.action(description="Retry what failed or was cancelled …")
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        cancelled = jobs.filter(status=JobStatus.CANCELLED).count()
        them = f"{cancelled} of them {'was' if cancelled == 1 else 'were'} cancelled"
        question = self._ask(
            request,
            jobs,
            "retry",
            title="Retry these jobs?",
            told="Their failed and skipped steps run again, and what follows from them."
            + (f" {them}: the work goes on where it was stopped." if cancelled else ""),
            button="Retry them",
        )
        if question is None:
            buttons.each(request, jobs, ledger.retry, "taken up again")
        return question

    @admin.action(description="Cancel …")
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        question = self._ask(
            request,
            jobs,
            "cancel",
            title="Cancel these jobs?",
            told="Steps at work are stopped. What was done stays, and a retry takes it up again.",
            button="Cancel them",
        )
        if question is None:
            buttons.each(request, jobs, ledger.cancel, "cancelled")
        return question

    @admin.action(description="Priority: urgent")
    def make_urgent(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        buttons.each(request, jobs, buttons.to(Priority.URGENT), "made urgent")

    @admin.action(description="Priority: high")
    def make_high(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        buttons.each(request, jobs, buttons.to(Priority.HIGH), "made high")

    @admin.action(description="Priority: normal")
    def make_normal(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        buttons.each(request, jobs, buttons.to(Priority.NORMAL), "made normal")

    @admin.action(description="Priority: low")
    def make_low(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        buttons.each(request, jobs, buttons.to(Priority.LOW), "made low")

    @admin.action(description="Extract and index again …")
    def process_again(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        question = self._ask(
            request,
            jobs,
            "process_again",
            title="Extract and index the documents of these jobs again?",
            told="Values are extracted anew from the text that is there, except in documents that "
            "a person settled; then they are indexed again. One job a project.",
            button="Extract and index again",
        )
        if question is None:
            self._process(request, jobs)
        return question

    def _process(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        chosen = panel.operated(request.user, cast(Any, jobs.order_by()))
        with_files = Q(pk__in=chosen.values("pk")) | Q(parent__in=chosen.values("pk"))
        all_jobs = Job.objects.filter(with_files).order_by()
        of_jobs = Q(upload__in=all_jobs.values("upload")) | Q(process_jobs__in=all_jobs)
        by_project: dict[int, list[Document]] = {}
        found = Document.objects.filter(of_jobs).order_by("pk").distinct()
        for document in found.only("pk", "project_id")[:DOCUMENTS_AGAIN]:
            by_project.setdefault(document.project_id, []).append(document)
        if not by_project:
            is_any = chosen.exists()
            told = "These jobs made no documents." if is_any else "You operate none of them."
            self.message_user(request, told, messages.WARNING)
        for documents in by_project.values():
            job = rework.process(documents, user=request.user)
            link = format_html(
                '<a href="{}">{}</a>', reverse("admin:ingestion_job_change", args=[job.pk]), job
            )
            many = presentation.counted(len(documents), "document")
            are = "is" if len(documents) == 1 else "are"
            told = format_html("{}: {} {} gone through again.", link, many, are)
            self.message_user(request, told, messages.SUCCESS)
