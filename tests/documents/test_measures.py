"""What review costs, kept at each confirmation and added up by day, person and project."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from documents import measures, review, turns
from documents.models import Document, Project, Role
from documents.turn_models import Handling, Turn
from tests import factories

pytestmark = pytest.mark.django_db
FULL = {"/supplier_name": "Ada", "/document_date": "2024-03-31", "/total_amount": "9.00"}


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.OPERATOR, project)


def paper(project: Project, **values: Any) -> Document:
    return factories.document(factories.upload(project), **values)


def test_a_confirmation_keeps_its_seconds_and_what_was_changed(project: Project, ada: Any) -> None:
    known = {"supplier_name": "Ade", "line_items": [{"quantity": "1"}, {"quantity": None}]}
    document = paper(project, payload=known)
    turns.claim(document.pk, ada)
    Turn.objects.update(seen_at=F("seen_at") - timedelta(seconds=31))
    review.correct(document.pk, ada, version=1, values={"/supplier_name": "Adi"})
    review.confirm(document.pk, ada, version=2, values=FULL)
    kept = Handling.objects.get()
    assert kept.seconds is not None
    assert 31 <= kept.seconds < 32
    assert (kept.fields, kept.changed, kept.reviewer, kept.type_slug) == (4, 3, ada, "bill")
    assert not Turn.objects.exists()


def test_one_that_nobody_opened_is_not_timed_and_a_rejection_is_none(
    project: Project, ada: Any
) -> None:
    review.confirm(paper(project).pk, ada, version=1, values=FULL)
    review.reject(paper(project).pk, ada, version=1, reason="")
    assert [kept.seconds for kept in Handling.objects.all()] == [None]


def test_confirming_again_replaces_what_was_kept(project: Project, ada: Any) -> None:
    document = paper(project)
    review.confirm(document.pk, ada, version=1, values=FULL)
    review.reopen(document.pk, ada, version=2)
    review.confirm(document.pk, ada, version=3, values={"/supplier_name": "Bea"})
    assert Handling.objects.get().changed == 3


def test_figures_are_of_oneself_or_of_the_projects_that_one_operates(
    project: Project, ada: Any
) -> None:
    bob = factories.user(Role.REVIEWER, project)
    review.confirm(paper(project, payload={"supplier_name": "Ada"}).pk, ada, version=1, values=FULL)
    review.confirm(paper(project).pk, bob, version=1, values=FULL)
    paper(project, status="draft_created")
    paper(factories.project(), status="draft_created")
    Handling.objects.filter(reviewer=ada).update(seconds=20)
    Handling.objects.filter(reviewer=bob).update(seconds=40)
    start = measures.since(7)
    own = measures.total(measures.of_person(bob, start))
    assert (own.confirmed, own.seconds, own.changed_each) == (1, 40, 3)
    of_project = measures.by_day(measures.of_projects(ada, start), measures.straight_of(ada, start))
    assert list(of_project) == [timezone.localdate()]
    today = of_project[timezone.localdate()]
    assert (today.confirmed, today.seconds, today.changed, today.straight) == (2, 30, 5, 1)
    assert today.straight_share == pytest.approx(1 / 3)
    assert [name for name, _ in measures.by_project(ada, start)] == [project.name]
    assert not measures.by_project(bob, start)
    assert measures.total(measures.of_projects(bob, start)) == measures.Figures()
