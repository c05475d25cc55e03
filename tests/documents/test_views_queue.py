"""The review queue and the turn of a document, as pages: who may, what is shown, what follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents import turns
from documents.models import Document, Project, Role
from documents.turn_models import Turn
from tests import factories
from tests.documents.test_bulk import paper as sure_paper

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
UNSURE = [{"code": "low_confidence", "field": "total_amount", "message": "Total is unsure."}]


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def reviewer(ada: Any) -> Client:
    return client_of(ada)


def paper(project: Project, type_slug: str = "bill", **values: Any) -> Document:
    told = {"reasons": UNSURE, "payload": {"supplier_name": f"Shop {factories.number()}"}}
    return factories.document(factories.upload(project), type_slug, **told | values)


def address(document: Document) -> str:
    return reverse("document", args=[document.pk])


VERBS = ("turn", "leave", "next", "previous", "postpone", "recall")
PAGE_VERBS = ("split", "merge", "move", "reorder", "rotate")


def test_a_stranger_gets_nothing_of_a_document_at_any_address(project: Project) -> None:
    other = factories.user(Role.REVIEWER, factories.project())
    document = paper(project)
    for name in (*VERBS, *PAGE_VERBS):
        url = reverse(f"document-{name}", args=[document.pk])
        assert client_of(other).post(url, {"version": "1"}).status_code == 404, name
    assert client_of(other).get(reverse("document-pages", args=[document.pk])).status_code == 404
    assert document.upload.filename not in client_of(other).get(reverse("review")).text
    assert not Turn.objects.exists()


def test_a_viewer_sees_pages_but_arranges_and_claims_nothing(project: Project) -> None:
    viewer = client_of(factories.user(Role.VIEWER, project))
    document = paper(project)
    factories.page(document.upload, document=document, position=1)
    for name in PAGE_VERBS:
        url = reverse(f"document-{name}", args=[document.pk])
        assert viewer.post(url, {"version": "1"}).status_code == 403, name
    strip = viewer.get(reverse("document-pages", args=[document.pk]) + "?part")
    assert "formaction" not in strip.text
    told = viewer.post(reverse("document-turn", args=[document.pk])).json()
    assert told["state"] == "not_waiting"
    assert "You are a reviewer of no project" in viewer.get(reverse("review")).text


def test_starting_hands_out_what_the_filters_ask_for(project: Project, ada: Any) -> None:
    reviewer = client_of(ada)
    paper(project)
    eway = paper(project, "eway_bill")
    page = reviewer.get(reverse("review"), {"type": "eway_bill"})
    assert "<strong>1</strong> document waits" in " ".join(page.text.split())
    started = reviewer.post(reverse("review-start"), {"type": "eway_bill", "order": "unsure"})
    assert started["Location"] == address(eway)
    assert Turn.objects.get(holder=ada).document == eway
    onwards = reviewer.post(reverse("document-next", args=[eway.pk]))
    assert onwards["Location"].startswith(reverse("review"))
    assert "type=eway_bill" in onwards["Location"]


def test_next_previous_and_leave_go_through_the_queue(
    project: Project, ada: Any, reviewer: Client
) -> None:
    one, two = paper(project), paper(project)
    assert reviewer.post(reverse("review-start"))["Location"] == address(one)
    assert reviewer.post(reverse("document-next", args=[one.pk]))["Location"] == address(two)
    assert reviewer.post(reverse("document-previous", args=[two.pk]))["Location"] == address(one)
    assert list(turns.held([one.pk, two.pk])) == [one.pk]
    assert reviewer.post(reverse("document-leave", args=[one.pk]))["Location"] == reverse("review")
    assert not turns.held([one.pk, two.pk])


def test_a_reviewer_sees_who_holds_a_document(project: Project, ada: Any, reviewer: Client) -> None:
    document = paper(project)
    bob = factories.user(Role.REVIEWER, project)
    turns.claim(document.pk, bob)
    assert f"{bob.username}, until" in reviewer.get(reverse("review")).text
    told = reviewer.post(reverse("document-turn", args=[document.pk])).json()
    assert told["state"] == "held"
    assert bob.username in told["told"]
    assert reviewer.post(reverse("review-start"))["Location"] == reverse("review")


def test_the_page_claims_renews_and_gives_back_with_its_token(
    project: Project, ada: Any, reviewer: Client
) -> None:
    document = paper(project)
    url = reverse("document-turn", args=[document.pk])
    token = reviewer.post(url).json()["token"]
    assert reviewer.post(url, {"token": token, "active": "1"}).json()["token"] == token
    newer = reviewer.post(url).json()["token"]
    leave = reverse("document-leave", args=[document.pk])
    assert reviewer.post(leave, {"token": token}).status_code == 204
    assert turns.held([document.pk])
    reviewer.post(leave, {"token": newer})
    assert not turns.held([document.pk])


def test_postponing_says_when_it_comes_back_and_goes_on(project: Project, reviewer: Client) -> None:
    one, two = paper(project), paper(project)
    done = reviewer.post(reverse("document-postpone", args=[one.pk]), {"for": "tomorrow"})
    assert done["Location"] == address(two)
    away = reviewer.get(reverse("review"), {"show": "postponed"}).text
    assert one.payload["supplier_name"] in away
    assert "08:00" in away
    assert one.payload["supplier_name"] not in reviewer.get(reverse("review")).text
    refused = reviewer.post(reverse("document-postpone", args=[two.pk]), {"for": "1999-01-01"})
    assert refused["Location"] == address(two)
    assert Turn.objects.filter(postponed_until__gt=timezone.now()).count() == 1
    reviewer.post(reverse("document-recall", args=[one.pk]))
    assert one.payload["supplier_name"] in reviewer.get(reverse("review")).text


def test_a_long_queue_goes_on_after_the_last_one_shown(
    project: Project, reviewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("documents.views_queue.ROWS", 2)
    papers = [paper(project) for _ in range(3)]
    first = reviewer.get(reverse("review")).text
    assert papers[2].payload["supplier_name"] not in first
    assert f"after={papers[1].pk}" in first
    rest = reviewer.get(reverse("review"), {"after": str(papers[1].pk)}).text
    assert papers[2].payload["supplier_name"] in rest
    assert papers[0].payload["supplier_name"] not in rest


def test_confirming_many_shows_first_then_says_what_was_left(
    project: Project, reviewer: Client
) -> None:
    sure, unsure = sure_paper(project), paper(project)
    shown = reviewer.get(reverse("review-confirm")).text
    assert f'value="{sure.pk}:1"' in shown
    assert str(unsure.pk) in shown
    assert "Total is unsure." in shown
    chosen = [f"{sure.pk}:1", f"{unsure.pk}:1", "nonsense"]
    done = reviewer.post(reverse("review-confirm"), {"document": chosen}).text
    assert "1 document confirmed" in done
    assert "Total is unsure." in done
    states = set(Document.objects.values_list("pk", "status"))
    assert states == {(sure.pk, "draft_created"), (unsure.pk, "draft_pending")}


def test_every_page_asks_a_constant_number_of_questions(
    project: Project, ada: Any, reviewer: Client
) -> None:
    bob = factories.user(Role.REVIEWER, project)

    def counts() -> list[int]:
        told = []
        for url in (
            reverse("review"),
            reverse("review") + "?show=postponed",
            reverse("review-confirm"),
            reverse("review-figures"),
        ):
            reviewer.get(url)
            with CaptureQueriesContext(connection) as asked:
                reviewer.get(url)
            told.append(len(asked))
        return told

    def some() -> None:
        turns.claim(paper(project).pk, bob)
        turns.claim(paper(project).pk, ada)
        later = timezone.now() + timedelta(hours=3)
        turns.postpone(paper(project).pk, ada, until=later)
        sure_paper(project)

    some()
    few = counts()
    for _ in range(4):
        some()
    assert counts() == few
    assert max(few) <= 16


def test_the_strip_of_pages_asks_a_constant_number_of_questions(
    project: Project, reviewer: Client
) -> None:
    document = paper(project)

    def count(first: int, last: int) -> int:
        for number in range(first, last + 1):
            factories.page(document.upload, number, document=document, position=number)
            factories.document(document.upload, first_page=100 + number)
        with CaptureQueriesContext(connection) as asked:
            page = reviewer.get(reverse("document-pages", args=[document.pk]) + "?part")
        assert f"Split before page {last}" in page.text
        return len(asked)

    assert count(1, 2) == count(3, 9)
