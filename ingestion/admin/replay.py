"""Replays in the admin: documents are chosen, run again beside their values, and what changes
is looked at and adopted for all, some or none."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from documents import schemas
from documents.admin import OF_OWN_PROJECTS, DocumentAdmin, OfProjects, ReadOnly
from documents.errors import DocketError
from documents.models import Document
from documents.presentation import ago
from ingestion import adoption, ledger, replay, waiting
from ingestion.admin import panel
from ingestion.admin.lists import operated_projects
from ingestion.admin.replay_parts import ReplayForm, rows_of, share
from ingestion.models import JobStatus
from ingestion.presentation import counted
from ingestion.replay import Which
from ingestion.replay_models import Adopted, Replay, ReplayResult

CHOSEN_DOCUMENTS = 5_000
PAPERS_A_PAGE, VALUES_A_PAPER = 20, 40
HOW_MUCH = ("all", "documents", "fields")
# A request adopts for so long; what is left then is adopted by another.
ADOPTS_FOR_S = 20.0


@admin.register(Replay)
class ReplayAdmin(ReadOnly, OfProjects):
    list_display = ["name", "state", "project", "asked", "differing", "adopted", "by", "made"]
    list_display_links = None
    list_filter = ["type", OF_OWN_PROJECTS]
    list_select_related = ["type", "schema_version", "project", "job", "created_by"]
    ordering = ["-created_at"]

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("start/", wrap(self.start), name="ingestion_replay_start"),
            path("<uuid:replay_id>/do/<str:verb>/", wrap(self.act), name="ingestion_replay_do"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        own = {"title": "Replays", "may_operate": bool(operated_projects(request.user))}
        return super().changelist_view(request, own | (extra_context or {}))

    # -- what a row shows ---------------------------------------------------------------------

    @admin.display(description="replay", ordering="type")
    def name(self, made: Replay) -> str:
        address = reverse("admin:ingestion_replay_change", args=[made.pk])
        return format_html('<a href="{}">{}</a>', address, made)

    @admin.display(description="state", ordering="job__status")
    def state(self, made: Replay) -> str:
        return (
            f"{JobStatus(made.job.status).label}, {made.job.processed} of {made.job.documents_made}"
        )

    @admin.display(description="differ")
    def differing(self, made: Replay) -> int:
        return ReplayResult.objects.filter(replay=made, differs=True).count()

    @admin.display(description="adopted", ordering="adopted_at")
    def adopted(self, made: Replay) -> str:
        return ago(made.adopted_at) if made.adopted_at else "–"

    @admin.display(description="by", ordering="created_by")
    def by(self, made: Replay) -> str:
        return made.created_by.get_username() if made.created_by else "a command"

    @admin.display(description="started", ordering="created_at")
    def made(self, made: Replay) -> str:
        return ago(made.created_at)

    # -- a new one ----------------------------------------------------------------------------

    def start(self, request: HttpRequest) -> HttpResponse:
        if not operated_projects(request.user):
            raise PermissionDenied("Only an operator of a project may do that.")
        form = ReplayForm(request.user, request.POST or None)
        if request.method == "POST" and form.is_valid():
            asked = form.cleaned_data
            try:
                made = replay.start(
                    asked["type"],
                    asked["project"],
                    user=request.user,
                    schema=asked["schema"],
                    prompt=asked["prompt"],
                    model_use=asked["model_use"],
                    documents=asked["documents"],
                    which=Which(asked.get("which") or Which.ALL),
                    limit=asked.get("limit"),
                )
            except DocketError as fault:
                form.add_error(None, fault.message)
            else:
                return redirect("admin:ingestion_replay_change", made.pk)
        return _form_page(request, form)

    # -- the page of one ----------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        made = cast(Replay | None, self.get_object(request, object_id))
        if made is None:
            return super().change_view(request, object_id, form_url, extra_context)
        found = replay.report(made)
        schema = made.schema_version.schema
        field = request.GET.get("field", "")
        chosen = next((line for line in found.fields if line.name == field), None)
        papers = Paginator(replay.differing(made, field if chosen else ""), PAPERS_A_PAGE)
        leaf = papers.get_page(request.GET.get("page"))
        context = {
            **admin.site.each_context(request),
            "title": str(made),
            "replay": made,
            "told": waiting.told([made.job])[made.job_id],
            "report": found,
            "rows": rows_of(found.fields, schema),
            "right": {
                "before": share(found.total.right_before, found.total.known),
                "after": share(found.total.right_after, found.total.known),
            },
            "chosen": chosen,
            "leaf": leaf,
            "papers": [_paper(result, schema) for result in leaf],
            "may_operate": made.project_id in operated_projects(request.user),
            "may_continue": made.job.status != JobStatus.COMPLETED or made.job.errors,
        }
        return TemplateResponse(request, "admin/ingestion/replay.html", context)

    # -- verbs --------------------------------------------------------------------------------

    def act(self, request: HttpRequest, replay_id: UUID, verb: str) -> HttpResponse:
        """A button: stop, continue, adopt."""
        home = reverse("admin:ingestion_replay_change", args=[replay_id])
        if request.method != "POST":
            return redirect(home)
        made = get_object_or_404(self.get_queryset(request), pk=replay_id)
        if made.project_id not in operated_projects(request.user):
            raise PermissionDenied("Only an operator of its project may do that.")
        try:
            if verb == "adopt":
                return self._adopt(request, made, home)
            if verb == "stop":
                ledger.cancel(made.job_id, request.user)
            elif verb == "continue":
                ledger.retry(made.job_id, request.user)
            else:
                raise PermissionDenied("There is no such button.")
        except DocketError as fault:
            messages.warning(request, fault.message)
        return redirect(home)

    def _adopt(self, request: HttpRequest, made: Replay, home: str) -> HttpResponse:
        how = request.POST.get("how", "")
        if how not in HOW_MUCH:
            raise PermissionDenied("There is no such button.")
        fields = request.POST.getlist("field") if how == "fields" else None
        documents = request.POST.getlist("document") if how != "all" else []
        if (how == "documents" and not documents) or (how == "fields" and not fields):
            messages.warning(request, f"Choose {how} first: tick their boxes.")
            return redirect(home)
        if "sure" not in request.POST:
            return _ask(request, made, how, fields or [], documents, home)
        outcome = adoption.adopt(
            made,
            user=request.user,
            documents=_ids(documents) if documents else None,
            fields=fields,
            limit_s=ADOPTS_FOR_S,
        )
        _tell(request, outcome)
        return redirect(home)


def _ids(told: list[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in told]
    except ValueError as fault:
        raise PermissionDenied("These are no documents.") from fault


def _ask(
    request: HttpRequest,
    made: Replay,
    how: str,
    fields: list[str],
    documents: list[str],
    home: str,
) -> HttpResponse:
    results = ReplayResult.objects.filter(replay=made, is_reviewed=False).exclude(
        adopted=Adopted.ALL
    )
    if documents:
        results = results.filter(document__in=_ids(documents))
    count = results.count()
    schema = made.schema_version.schema
    what = ", ".join(schemas.title_of(schema, f"/{name}") or name for name in fields)
    return panel.ask(
        request,
        title="Adopt what the replay read?",
        told=f"{what or 'All values'} of {counted(count, 'document')} become what was read on "
        f"schema {made.schema_version.number}. What a person has confirmed, rejected or changed, "
        "and what has changed since the replay, is left as it is.",
        button=f"Adopt for {counted(count, 'document')}",
        count=count,
        action=request.path,
        hidden=[
            ("sure", "yes"),
            ("how", how),
            *(("field", name) for name in fields),
            *(("document", pk) for pk in documents),
        ],
        back=home,
    )


def _tell(request: HttpRequest, outcome: adoption.Outcome) -> None:
    if outcome.adopted:
        messages.success(request, f"{counted(outcome.adopted, 'document')} adopted.")
    for code, n in sorted(outcome.skipped.items()):
        messages.warning(request, f"{counted(n, 'document')} left alone: {adoption.WHY[code]}")
    if outcome.left:
        told = f"{counted(outcome.left, 'document')} are left; adopt again to go on."
        messages.warning(request, told)


def _paper(result: ReplayResult, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A document that differs, with its values side by side."""
    values = [
        one | {"title": replay.title_of(schema, one["field"]), "row": _row_of(one["pointer"])}
        for one in result.difference[:VALUES_A_PAPER]
    ]
    return {
        "result": result,
        "document": result.document,
        "values": values,
        "more": len(result.difference) - len(values),
    }


def _row_of(pointer: str) -> int | None:
    """The row of a table as people count it."""
    number = next((part for part in pointer.split("/") if part.isdigit()), None)
    return None if number is None else int(number) + 1


def _form_page(request: HttpRequest, form: ReplayForm) -> HttpResponse:
    told = form.data.get("documents") or form.initial.get("documents") or ""
    context = {
        **admin.site.each_context(request),
        "title": "Run again beside the values",
        "form": form,
        "count": len(told.split(",")) if told else 0,
    }
    return TemplateResponse(request, "admin/ingestion/replay_new.html", context)


@admin.action(description="Run again beside …")
def run_again(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Document]
) -> HttpResponse | None:
    """The form of a replay of the chosen documents, all of one type and project."""
    named = chosen.order_by().values_list("pk", "project_id", "type_id")
    papers = list(named[: CHOSEN_DOCUMENTS + 1])
    homes = {(project, kind) for _, project, kind in papers}
    if len(homes) != 1 or None in next(iter(homes)):
        messages.warning(request, "Choose documents of one type and one project.")
        return None
    if len(papers) > CHOSEN_DOCUMENTS:
        told = f"The first {CHOSEN_DOCUMENTS:,} were taken; start a replay of the type for all."
        messages.warning(request, told)
    project, kind = homes.pop()
    if project not in operated_projects(request.user):
        messages.warning(request, "Only an operator of their project may do that.")
        return None
    ids = ",".join(str(pk) for pk, _, _ in papers[:CHOSEN_DOCUMENTS])
    initial = {"project": project, "type": kind, "documents": ids}
    return _form_page(request, ReplayForm(request.user, initial=initial))


# `documents` knows nothing of how a document is read; what is offered of it is added here.
DocumentAdmin.actions = [*(DocumentAdmin.actions or ()), run_again]
