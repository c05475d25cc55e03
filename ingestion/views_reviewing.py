"""The page of what review costs: for oneself, and for the projects that one operates."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from documents import measures
from documents.models import Project, Role
from ingestion import reviewing

PERIODS = {"7d": 7, "30d": 30, "90d": 90}


@require_GET
def figures(request: WSGIRequest) -> HttpResponse:
    asked = request.GET.get("period", "")
    period = asked if asked in PERIODS else "30d"
    days, since = measures.days_back(PERIODS[period]), measures.since(PERIODS[period])
    own = measures.of_person(request.user, since)
    by_day = measures.by_day(own)
    context: dict[str, Any] = {
        "period": period,
        "periods": {name: f"Last {count} days" for name, count in PERIODS.items()},
        "own": measures.total(own),
        "own_charts": [
            reviewing.settled(days, by_day, key="own"),
            reviewing.seconds(days, by_day, key="own"),
        ],
    }
    if Project.objects.open_to(request.user, Role.OPERATOR).exists():
        handled = measures.of_projects(request.user, since)
        told = measures.by_day(handled, measures.straight_of(request.user, since))
        context |= {
            "projects": measures.by_project(request.user, since),
            "project_charts": [
                reviewing.settled(days, told, key="all"),
                reviewing.straight_through(days, told, key="all"),
                reviewing.seconds(days, told, key="all"),
            ],
        }
    return render(request, "ingestion/reviewing.html", context)
