"""Whose turn a document in review is: who gets which, who is refused, and what comes next."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from documents import turns
from documents.errors import Conflict
from documents.models import AuditEvent, Document, Project, Role
from documents.turn_models import Turn
from documents.turns import Choice, Held, NotWaiting, Order
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


@pytest.fixture
def bob(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


def paper(project: Project, type_slug: str = "bill", **values: Any) -> Document:
    return factories.document(factories.upload(project), type_slug, **values)


def run_out(document: Document) -> None:
    Turn.objects.filter(pk=document.pk).update(until=timezone.now() - timedelta(seconds=1))


def seen(document: Document, ago_s: float) -> None:
    """The last sign of work was so long ago."""
    ago = timedelta(seconds=ago_s)
    Turn.objects.filter(pk=document.pk).update(
        seen_at=F("seen_at") - ago, began_at=F("began_at") - ago
    )


def test_one_who_holds_a_document_keeps_the_others_out_until_it_runs_out(
    project: Project, ada: Any, bob: Any
) -> None:
    document = paper(project)
    turns.claim(document.pk, ada)
    with pytest.raises(Held, match=ada.username):
        turns.claim(document.pk, bob)
    assert turns.held([document.pk])[document.pk].holder == ada
    run_out(document)
    assert not turns.held([document.pk])
    assert turns.claim(document.pk, bob).holder == bob
    with pytest.raises(Held):
        turns.renew(document.pk, ada)


def test_a_claim_that_ran_out_is_taken_up_again_by_who_comes_first(
    project: Project, ada: Any
) -> None:
    document = paper(project)
    turns.claim(document.pk, ada)
    run_out(document)
    until = turns.renew(document.pk, ada).until
    assert until is not None
    assert until > timezone.now()


def test_only_the_page_that_claimed_last_gives_a_document_back(
    project: Project, ada: Any, bob: Any
) -> None:
    document = paper(project)
    old = turns.claim(document.pk, ada).token
    new = turns.claim(document.pk, ada).token
    assert not turns.release(document.pk, ada, token=old)
    assert not turns.release(document.pk, bob)
    assert turns.release(document.pk, ada, token=new)
    assert turns.claim(document.pk, bob).holder == bob


@pytest.mark.parametrize("role", [None, Role.VIEWER])
def test_who_may_not_review_gets_no_turn(project: Project, role: Role | None) -> None:
    document = paper(project)
    stranger = factories.user(role, project) if role else factories.user()
    with pytest.raises(NotWaiting):
        turns.claim(document.pk, stranger)
    assert turns.following(stranger) is None
    assert not Turn.objects.exists()


@pytest.mark.parametrize("status", ["draft_created", "rejected", "unknown"])
def test_what_does_not_wait_is_nobodys_turn(project: Project, ada: Any, status: str) -> None:
    document = paper(project, status=status)
    with pytest.raises(NotWaiting):
        turns.claim(document.pk, ada)
    with pytest.raises(NotWaiting):
        turns.postpone(document.pk, ada, until=timezone.now() + timedelta(hours=1))


def test_a_document_of_which_nothing_was_read_yet_does_not_wait(project: Project, ada: Any) -> None:
    paper(project, schema_version=None)
    assert not turns.waiting(ada).exists()


def test_the_next_one_is_the_next_older_and_at_the_end_the_first(
    project: Project, ada: Any, bob: Any
) -> None:
    one, two, three = (paper(project) for _ in range(3))
    assert turns.following(ada) == one.pk
    assert turns.following(bob) == two.pk
    assert turns.following(ada, after=one) == three.pk
    assert turns.following(ada, after=three) == one.pk
    assert turns.preceding(ada, at=one) is None
    turns.release(two.pk, bob)
    assert turns.following(ada, after=one) == two.pk
    assert turns.preceding(ada, at=two) == one.pk
    assert set(turns.held([one.pk, two.pk, three.pk])) == {one.pk}


def test_nothing_follows_where_only_this_one_is_left(project: Project, ada: Any) -> None:
    one = paper(project)
    assert turns.following(ada, after=one) is None


def test_the_least_sure_comes_first_where_that_is_asked_for(project: Project, ada: Any) -> None:
    unsure, sure = paper(project, confidence=0.2), paper(project, confidence=0.9)
    same = paper(project, confidence=0.2)
    choice = Choice(order=Order.UNSURE)
    assert list(turns.waiting(ada, choice)) == [unsure, same, sure]
    assert turns.following(ada, after=unsure, choice=choice) == same.pk
    assert turns.following(ada, after=same, choice=choice) == sure.pk
    assert turns.preceding(ada, at=sure, choice=choice) == same.pk


def test_the_queue_is_narrowed_by_project_type_and_reason(project: Project, ada: Any) -> None:
    other = factories.project()
    ada.memberships.create(project=other, role=Role.REVIEWER)
    failed = [{"code": "check_total_adds_up", "field": "total_amount", "message": "!"}]
    unsure = [{"code": "low_confidence", "field": "total_amount", "message": "?"}]
    bill = paper(project, reasons=failed)
    eway = paper(project, "eway_bill", reasons=unsure)
    elsewhere = paper(other, reasons=[*failed, *unsure])
    assert list(turns.waiting(ada, Choice(reason="check"))) == [bill, elsewhere]
    assert list(turns.waiting(ada, Choice(reason="low_confidence"))) == [eway, elsewhere]
    assert list(turns.waiting(ada, Choice(type="eway_bill"))) == [eway]
    assert list(turns.waiting(ada, Choice(project=other.slug))) == [elsewhere]
    told = Choice.of({"project": "x", "order": "sideways", "type": None})
    assert told == Choice(project="x")


def test_a_postponed_document_comes_back_by_itself_or_by_hand(
    project: Project, ada: Any, bob: Any
) -> None:
    document = paper(project)
    turns.claim(document.pk, ada)
    turns.postpone(document.pk, ada, until=timezone.now() + timedelta(hours=2))
    assert turns.following(bob) is None
    assert list(turns.postponed(bob)) == [document]
    turns.recall(document.pk, bob)
    assert turns.following(bob) == document.pk
    turns.postpone(document.pk, bob, until=timezone.now() + timedelta(hours=2))
    Turn.objects.update(postponed_until=timezone.now() - timedelta(seconds=1))
    assert turns.following(ada) == document.pk
    told = list(AuditEvent.objects.order_by("at").values_list("verb", flat=True))
    assert told == ["document.postponed", "document.recalled", "document.postponed"]


@pytest.mark.parametrize("days", [-1, 91])
def test_a_time_that_is_past_or_too_far_is_refused(project: Project, ada: Any, days: int) -> None:
    document = paper(project)
    with pytest.raises(turns.TimeRefused):
        turns.postpone(document.pk, ada, until=timezone.now() + timedelta(days=days))
    assert list(turns.waiting(ada)) == [document]


def test_what_somebody_else_holds_cannot_be_postponed(project: Project, ada: Any, bob: Any) -> None:
    document = paper(project)
    turns.claim(document.pk, ada)
    with pytest.raises(Conflict) as refused:
        turns.postpone(document.pk, bob, until=timezone.now() + timedelta(hours=1))
    assert refused.value.code == "held"


def test_time_is_counted_from_sign_to_sign_and_a_pause_is_cut_short(
    project: Project, ada: Any
) -> None:
    document = paper(project)
    turns.claim(document.pk, ada)
    seen(document, 40)
    turns.renew(document.pk, ada)
    seen(document, 4_000)
    turns.renew(document.pk, ada)
    seen(document, 500)
    turns.renew(document.pk, ada, is_active=False)
    assert 160 <= Turn.objects.get().spent_s < 161
    seen(document, 7)
    spent = turns.end(document, ada)
    assert spent is not None
    assert 167 <= spent < 168
    assert not Turn.objects.exists()


def test_the_database_refuses_a_holder_without_an_end(project: Project, ada: Any) -> None:
    document = paper(project)
    with pytest.raises(IntegrityError, match="turn_of_a_holder_ends"):
        Turn.objects.create(document=document, holder=ada)
