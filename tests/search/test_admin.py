"""The admin's pages of a type: taught without code, judged before it is switched on."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from documents import review
from documents.models import DocumentType, Project, Role, TypeState
from tests import factories
from tests.search.test_neighbours import CHALLAN, LETTER, challan, named, paper

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


def address(kind: DocumentType, page: str = "change") -> str:
    return f"/admin/documents/documenttype/{kind.pk}/{page}/"


def rows(*titles: str) -> dict[str, Any]:
    sent: dict[str, Any] = {"form-TOTAL_FORMS": len(titles), "form-INITIAL_FORMS": 0}
    for number, title in enumerate(titles):
        sent |= {f"form-{number}-title": title, f"form-{number}-kind": "text"}
    return sent


def test_a_type_is_made_given_fields_and_switched_on_without_code(admin_client: Client) -> None:
    told = {
        "name": "Goods note",
        "slug": "goods_note",
        "description": "Goods sent",
        "model_use": "unsure",
    }
    admin_client.post("/admin/documents/documenttype/add/", told)
    kind = DocumentType.objects.get(slug="goods_note")
    assert kind.state == TypeState.DRAFT
    sent = rows("Number", "", "Sent to") | {"form-2-labels": "Consignee, To"}
    admin_client.post(address(kind, "fields"), sent)
    properties = kind.schema_versions.latest("number").schema["properties"]
    assert {name: spec.get("x-labels") for name, spec in properties.items()} == {
        "number": None,
        "sent_to": ["Consignee", "To"],
    }
    assert "Sent to" in admin_client.get(address(kind, "fields")).text
    admin_client.post(address(kind, "switch"), {"state": "on"})
    kind.refresh_from_db()
    assert kind.state == TypeState.ON
    assert "Switch it off" in admin_client.get(address(kind)).text


def test_a_type_with_three_examples_says_that_it_is_too_few_to_say(admin_client: Client) -> None:
    project, kind = factories.project(), challan()
    for number in range(3):
        named(CHALLAN.format(number), kind, project)
    page = admin_client.get(address(kind)).text
    assert "3 examples: too few to say, at least 5." in page
    assert "recall" not in page
    assert "Switch it on" in page


def test_a_type_with_enough_examples_is_told_with_counts_and_confusions(
    admin_client: Client,
) -> None:
    project, kind = factories.project(), challan()
    for number in range(5):
        named(CHALLAN.format(number), kind, project)
        named(LETTER.format(number), None, project)
    named(LETTER.format(8), kind, project)
    page = admin_client.get(address(kind)).text
    assert "Of 6 pages that are of it, 5 would be found (recall 0.83)." in page
    assert "Of 5 pages that would be found to be of it, 5 are (precision 1.00)." in page
    assert "<td>Goods note</td><td>unknown</td>" in page


def test_without_any_other_paper_it_says_what_it_cannot_know(admin_client: Client) -> None:
    project, kind = factories.project(), challan()
    for number in range(5):
        named(CHALLAN.format(number), kind, project)
    assert "is not known" in admin_client.get(address(kind)).text


def test_shipped_types_have_no_switch(admin_client: Client) -> None:
    bill = DocumentType.objects.get(slug="bill")
    page = admin_client.get(address(bill)).text
    assert "always on" in page
    assert "Switch it" not in page
    answer = admin_client.post(address(bill, "switch"), {"state": "draft"}, follow=True)
    assert "Docket ships" in answer.text
    bill.refresh_from_db()
    assert bill.state == TypeState.ON


def test_a_type_says_when_a_language_model_reads_it(admin_client: Client) -> None:
    bill = DocumentType.objects.get(slug="bill")
    told = {"name": bill.name, "description": bill.description, "model_use": "always"}
    admin_client.post(address(bill), told)
    bill.refresh_from_db()
    assert bill.model_use == "always"


@pytest.mark.parametrize("is_permitted", [True, False])
def test_staff_needs_the_permission_on_types(client: Client, is_permitted: bool) -> None:
    kind, user = challan(), factories.user(Role.OPERATOR, factories.project(), is_staff=True)
    if is_permitted:
        user.user_permissions.add(Permission.objects.get(codename="change_documenttype"))
    client.force_login(user)
    wanted = 200 if is_permitted else 403
    assert client.get(address(kind)).status_code == wanted
    assert client.get(address(kind, "fields")).status_code == wanted
    client.post(address(kind, "switch"), {"state": "on"})
    kind.refresh_from_db()
    assert (kind.state == TypeState.ON) == is_permitted


def test_staff_sees_examples_and_changes_of_their_own_projects_only(client: Client) -> None:
    ours, theirs, kind = factories.project(), secret_project(), challan()
    made = named(CHALLAN.format("hidden"), kind, theirs)
    paper(CHALLAN.format("hidden too"), theirs)
    user = factories.user(Role.OPERATOR, ours, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_documenttype"))
    client.force_login(user)
    page = client.get(address(kind)).text
    assert "0 examples" in page
    for secret in (str(made.pk), made.upload.filename, "Secret"):
        assert secret not in page


def secret_project() -> Project:
    return factories.project(name="Secret")


def test_the_list_of_types_is_for_those_who_may(admin_client: Client, client: Client) -> None:
    challan()
    assert "being taught" in admin_client.get("/admin/documents/documenttype/").text
    client.force_login(factories.user(is_staff=True))
    assert client.get("/admin/documents/documenttype/").status_code == 403


def test_a_paper_that_was_named_by_mistake_is_no_example_any_more(admin_client: Client) -> None:
    kind, project = challan(), factories.project()
    made = named(LETTER.format(1), kind, project)
    assert "1 example:" in admin_client.get(address(kind)).text
    made.refresh_from_db()
    review.reclassify(made.pk, factories.user(), version=made.version, kind=None)
    assert "0 examples" in admin_client.get(address(kind)).text
