"""The page of a document says which other one a reason is about."""

import pytest
from django.test import Client
from django.urls import reverse

from documents.models import Document, Role
from tests import factories
from tests.documents.papers import BILL, EWAY, paper, read

pytestmark = pytest.mark.django_db


def page_of(document: Document, client: Client) -> str:
    return client.get(reverse("document", args=[document.pk])).content.decode()


@pytest.fixture
def twice(client: Client) -> tuple[Document, Document]:
    """A bill and its duplicate, and a reviewer of their project who is logged in."""
    project = factories.project()
    one, again = paper(project), paper(project)
    read(one, BILL)
    read(again, BILL)
    client.force_login(factories.user(Role.REVIEWER, project))
    return one, again


def test_a_duplicate_links_to_the_paper_that_came_first(
    twice: tuple[Document, Document], client: Client
) -> None:
    one, again = twice
    shown = page_of(again, client)
    assert f'href="{reverse("document", args=[one.pk])}"' in shown
    assert f"Bill in {one.upload.filename}, page 1" in shown


def test_a_reason_about_a_paper_that_is_gone_stays_without_a_link(
    twice: tuple[Document, Document], client: Client
) -> None:
    one, again = twice
    address = reverse("document", args=[one.pk])
    one.delete()
    shown = page_of(again, client)
    assert "This paper came before" in shown
    assert address not in shown


def test_a_value_says_that_the_other_paper_prints_it_too(client: Client) -> None:
    bill = paper()
    eway = paper(kind="eway_bill", of=bill.upload, first_page=2)
    read(bill, BILL)
    read(eway, EWAY | {"document_date": "2025-06-11"})
    client.force_login(factories.user(Role.REVIEWER, bill.project))
    shown = page_of(bill, client)
    assert "Bill and e-way bill say the same." in shown
    assert "Bill and e-way bill say different things." in shown
    assert "the bill says 2025-06-12, the e-way bill 2025-06-11" in shown
