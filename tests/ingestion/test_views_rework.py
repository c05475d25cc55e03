"""The forms of the strip of pages: what they post, and what a worker's reading does not undo."""

from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from documents import review
from documents.models import Document, Page, Project, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


@pytest.fixture
def document(project: Project) -> Document:
    made = factories.document(factories.upload(project))
    for number in range(1, 5):
        factories.page(made.upload, number, document=made, position=number)
    return made


def order(document: Document) -> list[int]:
    pages = Page.objects.filter(document=document).order_by("position")
    return list(pages.values_list("number", flat=True))


def post(who: Any, name: str, document: Document, **more: Any) -> str:
    client = Client()
    client.force_login(who)
    told = {"version": document.version, "shown": [1, 2, 3, 4]} | more
    return client.post(reverse(f"document-{name}", args=[document.pk]), told)["Location"]


@pytest.mark.parametrize(
    ("page", "way", "after"),
    [
        ([3], "left", [1, 3, 2, 4]),
        ([1, 2], "left", [1, 2, 3, 4]),
        ([2, 3], "right", [1, 4, 2, 3]),
        ([1, 3], "right", [2, 1, 4, 3]),
    ],
)
def test_ticked_pages_move_one_place(
    document: Document, ada: Any, page: list[int], way: str, after: list[int]
) -> None:
    post(ada, "reorder", document, page=page, way=way)
    assert order(document) == after


def test_a_split_is_at_the_button_else_at_the_first_page_ticked(
    document: Document, ada: Any
) -> None:
    post(ada, "split", document, page=["4", "3"])
    assert order(document) == [1, 2]


def test_pages_are_taken_out_or_moved_to_the_document_chosen(document: Document, ada: Any) -> None:
    other = factories.document(document.upload, first_page=9)
    factories.page(document.upload, 9, document=other, position=1)
    # The button "Take out" sends its own empty value beside that of the list.
    post(ada, "move", document, page=["4"], into=[str(other.pk), ""])
    assert order(other) == [9]
    document.refresh_from_db()
    post(ada, "move", document, page=["3"], shown=[1, 2, 3], into=[str(other.pk)])
    assert order(other) == [3, 9]


def test_what_a_worker_read_meanwhile_is_no_conflict(document: Document, ada: Any) -> None:
    Document.objects.filter(pk=document.pk).update(version=F("version") + 3)
    post(ada, "split", document, at="3")
    assert order(document) == [1, 2]


@pytest.mark.parametrize("shown", [[1, 2, 3], [2, 1, 3, 4], []])
def test_other_pages_than_were_shown_are_a_conflict(
    document: Document, ada: Any, shown: list[int]
) -> None:
    Document.objects.filter(pk=document.pk).update(version=F("version") + 1)
    post(ada, "split", document, at="3", shown=shown)
    assert order(document) == [1, 2, 3, 4]


def test_a_value_that_a_person_gave_meanwhile_is_a_conflict(document: Document, ada: Any) -> None:
    review.correct(document.pk, ada, version=1, values={"/supplier_name": "Ada"})
    post(ada, "split", document, at="3")
    assert order(document) == [1, 2, 3, 4]
