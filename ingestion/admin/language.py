"""The page of what language models do and cost, and what the front page says of them."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from documents import reader
from documents.admin import operates
from documents.language import JsonMode, ModelServer, Purpose
from documents.models import AnyUser, Project
from ingestion import spending
from ingestion.spending import PERIODS, Asked, Budget, Line
from ingestion.spending_charts import charts


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Is a language model on? sentence and tone say it; the front page shows both."""

    sentence: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Lines of one kind: by project, by purpose, by prompt, by model."""

    key: str
    title: str
    lines: list[Line]


def of_front(user: AnyUser) -> State:
    """Of the servers and of the user's projects. Without a model no query is made."""
    if not settings.HAS_MODEL:
        return state([], [])
    return state(spending.servers(), spending.budgets(user))


def state(servers: list[ModelServer], budgets: list[Budget]) -> State:
    if not settings.HAS_MODEL:
        told = "No language model is configured: papers are read by rules alone."
        return State(sentence=told, tone="")
    closed = [one for one in servers if one.closed_until and one.closed_until > timezone.now()]
    spent = [str(one.project) for one in budgets if one.is_spent]
    paused = ", ".join(
        f"{one.model} is paused until {timezone.localtime(one.closed_until):%H:%M:%S}"
        for one in closed
    )
    model = reader.model_of(Purpose.EXTRACT, None)
    is_on = model not in [one.model for one in closed]
    told = f"{model} is on." if is_on else ""
    told = f"{told} {paused}, since there was no answer.".strip() if paused else told
    if spent:
        told += f" The budget of today is spent in {', '.join(spent)}: rules alone read there."
    return State(sentence=told, tone="warn" if paused or spent else "good")


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Filters: project, period. What is not known is left at its default."""
    projects = list(Project.objects.visible_to(request.user))
    chosen = request.GET.get("project", "")
    period = request.GET.get("period", "")
    asked = Asked(
        user=request.user,
        project=next((one for one in projects if one.slug == chosen), None),
        days=PERIODS.get(period, PERIODS["30d"]),
    )
    whole, budgets = spending.overall(asked), spending.budgets(request.user)
    servers = spending.servers()
    context = {
        **admin.site.each_context(request),
        "title": "Language models",
        "projects": projects,
        "periods": PERIODS,
        "asked": asked,
        "whole": whole,
        "has_model": settings.HAS_MODEL,
        "state": state(servers, budgets),
        "budgets": budgets,
        "servers": [(one, _mode(one), _is_closed(one)) for one in servers],
        "may_see_errors": operates(request, None),
        "tables": _tables(asked) if whole.calls else [],
        "charts": charts(asked) if whole.calls else [],
    }
    return TemplateResponse(request, "admin/ingestion/language.html", context)


def _tables(asked: Asked) -> list[Table]:
    found: Any = (
        ("project", "By project", spending.by_project),
        ("purpose", "By purpose", spending.by_purpose),
        ("prompt", "By version of the prompt", spending.by_prompt),
        ("model", "By model", spending.by_model),
    )
    return [Table(key=key, title=title, lines=ask(asked)) for key, title, ask in found]


def _mode(server: ModelServer) -> str:
    return str(JsonMode(server.json_mode).label) if server.json_mode else "not found out yet"


def _is_closed(server: ModelServer) -> bool:
    return server.closed_until is not None and server.closed_until > timezone.now()
