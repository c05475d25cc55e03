"""The admin's own pages: the front page that says what runs and what failed, and the questions
asked before many jobs are taken up again or workers are paused."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from documents.admin import operates
from documents.models import AnyUser, Project, Role
from ingestion import ledger, overview, presentation, statistics, workers
from ingestion.admin import glance, language
from ingestion.models import JobQuerySet


@require_GET
def front(request: HttpRequest) -> HttpResponse:
    """Is it running, is it keeping up, what failed and why, what came round by itself."""
    user = request.user
    is_chief = operates(request, None)
    panel = {
        "running": overview.running(),
        "backlog": overview.backlog(user),
        "pace": statistics.pace(user),
        "language": language.of_front(user),
        "glance": glance.of(user),
        "glance_days": glance.DAYS,
        "failed": overview.failed_kinds(user),
        "charts": statistics.charts(user),
        "chores": overview.chores() if is_chief else [],
        "may_pause": is_chief,
        "may_see_workers": may_see_workers(request),
        "days": overview.DAYS,
        "next": request.path,
    }
    return admin.site.index(request, extra_context={"panel": panel, "app_list": _apps(request)})


def _apps(request: HttpRequest) -> list[Any]:
    """What the front page lists below; the broker's tables are told by its own figures."""
    return [app for app in admin.site.get_app_list(request) if app["app_label"] != "django_q"]


def may_see_workers(request: HttpRequest) -> bool:
    """Workers serve all projects: superusers see them, and who has the site's permission."""
    user: Any = request.user
    return bool(user.has_perm("ingestion.view_workerbeat"))


def retry_kind(request: HttpRequest) -> HttpResponse:
    """Take up every recent failure of one code in the projects that the user operates: asked
    with GET, done with POST."""
    code = request.POST.get("code", request.GET.get("code", ""))
    jobs = operated(request.user, overview.failed_jobs(request.user, code))
    if request.method == "POST":
        return retried(request, jobs, reverse("admin:index"))
    return ask_to_retry(
        request,
        jobs,
        what=f"that failed with {code} in the last {overview.DAYS} days",
        hint=presentation.next_move(code),
        action=request.path,
        hidden=[("code", code)],
        back=reverse("admin:index"),
    )


def operated(user: AnyUser, jobs: JobQuerySet) -> JobQuerySet:
    return jobs.filter(project__in=Project.objects.open_to(user, Role.OPERATOR))


def ask_to_retry(
    request: HttpRequest,
    jobs: JobQuerySet,
    *,
    what: str,
    hint: str,
    action: str,
    hidden: Sequence[tuple[str, str]],
    back: str,
) -> HttpResponse:
    """The question before many jobs are taken up again."""
    count = jobs.count()
    once = settings.JOBS_AT_ONCE
    told = f"{count:,} job{'' if count == 1 else 's'} {what}."
    if count > once:
        told += f" {once:,} of them are taken up at once; then come back for the rest."
    return ask(
        request,
        title="Retry all of this kind?",
        told=told,
        hint=hint,
        jobs=list(jobs.select_related("upload", "project")[: overview.SAMPLE]),
        count=count,
        button=f"Retry {min(count, once):,} job{'' if count == 1 else 's'}",
        action=action,
        hidden=hidden,
        back=back,
    )


def retried(request: HttpRequest, jobs: JobQuerySet, back: str) -> HttpResponse:
    count = ledger.retry_failed(jobs, request.user)
    if count:
        many = f"{count:,} job{' was' if count == 1 else 's were'} taken up again."
        messages.success(request, many)
    else:
        messages.warning(request, "Nothing was left to retry: somebody else may have done it.")
    return redirect(back)


def ask(request: HttpRequest, *, title: str, told: str, **context: Any) -> HttpResponse:
    """A page that asks before it acts. hidden: the fields that the answer carries."""
    all_context = {**admin.site.each_context(request), "title": title, "told": told, **context}
    return TemplateResponse(request, "admin/ingestion/ask.html", all_context)


# -- pause and resume -------------------------------------------------------------------------


def pause(request: HttpRequest) -> HttpResponse:
    """Pause all workers (host "") or those of one host: asked with GET, done with POST."""
    host = _host(request)
    whose = f"the workers of {host}" if host else "all workers, on every host"
    if request.method == "POST":
        workers.set_paused(True, request.user, of_host=host)
        messages.success(request, f"Paused {whose}: steps at work finish, none are begun.")
        return back(request)
    return ask(
        request,
        title=f"Pause {whose}?",
        told="Steps at work finish, none are begun, for every project, until somebody resumes.",
        button="Pause",
        action=request.path,
        hidden=[("host", host), ("next", request.GET.get("next", ""))],
        back=reverse("admin:index"),
        count=1,
    )


@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    host = _host(request)
    workers.set_paused(False, request.user, of_host=host)
    messages.success(request, f"Resumed {f'the workers of {host}' if host else 'all workers'}.")
    return back(request)


def _host(request: HttpRequest) -> str:
    if not operates(request, None):
        raise PermissionDenied("Only a superuser pauses and resumes workers.")
    return request.POST.get("host", request.GET.get("host", ""))[:100]


def back(request: HttpRequest, otherwise: str = "") -> HttpResponseRedirect:
    """To the address that the form came from, if it is ours."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(asked if is_ours else otherwise or reverse("admin:index"))


def workers_page(request: HttpRequest) -> HttpResponse:
    """Who works, on what, since when."""
    if not may_see_workers(request):
        raise PermissionDenied("Workers serve all projects; ask a superuser for the permission.")
    found = overview.workers(request.user)
    context = {
        **admin.site.each_context(request),
        "title": "Workers",
        "running": overview.running(),
        "alive": [worker for worker in found if worker.is_alive],
        "gone": [worker for worker in found if not worker.is_alive],
        "may_pause": operates(request, None),
        "per_host": settings.WORKERS,
        "next": request.path,
    }
    return TemplateResponse(request, "admin/ingestion/workers.html", context)
