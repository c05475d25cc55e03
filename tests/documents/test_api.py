"""GET /api/v1/documents/{id}."""

import pytest
from django.test import Client

from documents.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_member_reads_a_document_with_its_pages(client: Client) -> None:
    document = factories.document(payload={"total_amount": "9.00"})
    factories.page(document.upload, document=document, position=1, text="hello")
    client.force_login(factories.user(Role.VIEWER, document.project))
    told = client.get(f"/api/v1/documents/{document.pk}").json()
    assert told["fields"] == {"total_amount": "9.00"}
    assert told["pages"][0]["text"] == "hello"
    assert told["type"] == "bill"


def test_a_document_of_another_project_is_not_there(client: Client) -> None:
    client.force_login(factories.user(Role.OPERATOR, factories.project()))
    answer = client.get(f"/api/v1/documents/{factories.document().pk}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_without_an_account_nothing_is_told(client: Client) -> None:
    answer = client.get(f"/api/v1/documents/{factories.document().pk}")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
