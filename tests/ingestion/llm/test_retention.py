"""Old calls of language models go; what is still used as an answer or a bill stays."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from config.checks import calls_are_kept_for_the_charts
from documents.language import LlmCall, ModelTotal
from documents.models import Project
from ingestion import upkeep
from ingestion.llm import places, retention
from tests import factories

pytestmark = pytest.mark.django_db
DAYS = 400


@pytest.fixture(autouse=True)
def _kept_for_a_year(settings: Settings) -> None:
    settings.MODEL_CALLS_KEPT_D = 365


def old(project: Project, days: int = DAYS, **values: Any) -> LlmCall:
    """A call of so many days ago that was not used since."""
    made = LlmCall.objects.create(
        **{
            "project": project,
            "purpose": "extract",
            "key": f"{factories.number():064d}",
            "endpoint": "http://model.test/v1",
            "model": "tiny-1",
            "status": "done",
            "answer": {"total": "1,234.50"},
            "requests": 1,
            "input_tokens": 100,
            "output_tokens": 20,
            "cost_microcents": 7,
            "lapses_at": timezone.now(),
        }
        | values
    )
    at = timezone.now() - timedelta(days=days)
    LlmCall.objects.filter(pk=made.pk).update(created_at=at, used_at=at)
    return made


def day(days: int = DAYS) -> date:
    at: datetime = timezone.now() - timedelta(days=days)
    return at.date()


def test_old_calls_go_and_their_bill_stays() -> None:
    project = factories.project()
    old(project)
    old(project, status="failed", answer=None, requests=2, reused=3)
    old(project, purpose="classify")
    old(factories.project(), days=DAYS + 1)
    assert retention.fold(span_s=60) == 4
    assert not LlmCall.objects.exists()
    total = ModelTotal.objects.get(project=project, purpose="extract")
    assert (total.day, total.model) == (day(), "tiny-1")
    assert (total.calls, total.failed, total.requests, total.reused) == (2, 1, 3, 3)
    assert (total.input_tokens, total.output_tokens, total.cost_microcents) == (200, 40, 14)
    assert ModelTotal.objects.count() == 3


def test_totals_grow_slice_by_slice() -> None:
    project = factories.project()
    for _ in range(5):
        old(project)
    assert retention.fold(span_s=60, slice_rows=2) == 5
    assert ModelTotal.objects.get().calls == 5
    old(project)
    retention.fold(span_s=60)
    assert (ModelTotal.objects.get().calls, ModelTotal.objects.get().cost_microcents) == (6, 42)


def test_young_calls_those_at_work_and_answers_that_are_still_taken_stay() -> None:
    project = factories.project()
    young = old(project, days=364)
    at_work = old(project, status="pending", answer=None)
    used = old(project)
    assert places.reuse(project.pk, used.key) == {"total": "1,234.50"}
    assert retention.fold(span_s=60) == 0
    assert set(LlmCall.objects.all()) == {young, at_work, used}


def test_the_admin_shows_totals_of_own_projects(admin_client: Client) -> None:
    old(factories.project(name="Ours"))
    retention.fold(span_s=60)
    page = admin_client.get("/admin/documents/modeltotal/").text
    assert "tiny-1" in page
    assert "100 / 20" in page
    reviewer = Client()
    reviewer.force_login(factories.user(is_staff=True))
    assert "tiny-1" not in reviewer.get("/admin/documents/modeltotal/").text


def test_the_hourly_round_does_it() -> None:
    old(factories.project())
    assert upkeep.tidy()["model_calls"] == 1


def test_calls_are_kept_as_long_as_charts_show_them(settings: Settings) -> None:
    settings.MODEL_CALLS_KEPT_D = 90
    assert [error.id for error in calls_are_kept_for_the_charts(None)] == ["docket.E011"]
    settings.MODEL_CALLS_KEPT_D = 91
    assert not calls_are_kept_for_the_charts(None)
