"""The editor of a type's fields: every save is a version, shown before it touches documents."""

from typing import Any

import pytest
from django.test import Client

from documents import types
from documents.models import DocumentType, SchemaVersion
from documents.type_fields import FieldKind, FieldRow
from tests import factories
from tests.search.test_neighbours import challan

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]


def address(kind: DocumentType, page: str = "fields") -> str:
    return f"/admin/documents/documenttype/{kind.pk}/{page}/"


def posted(page: Any, **changes: Any) -> dict[str, Any]:
    """The form of a page as a browser would send it, with changes by the name of the input."""
    sent: dict[str, Any] = {}
    formset = page.context["formset"]
    for part in (formset, *(form.columns for form in formset if form.columns)):
        sent |= {f"{part.management_form.prefix}-{name}": part.management_form[name].value()
                 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}  # fmt: skip
        for form in part:
            for field in form:
                value = field.value()
                if value not in (None, False, "", []):
                    sent[field.html_name] = "on" if value is True else value
    version = page.context["version"]
    return sent | {"version": version.number if version else 0} | changes


def latest(kind: DocumentType) -> SchemaVersion:
    return kind.schema_versions.latest("number")


def test_fields_get_hints_samples_checks_and_columns(admin_client: Client) -> None:
    kind = challan()
    types.save_fields(kind, [FieldRow(title="Sent on", kind=FieldKind.DATE)], factories.user())
    page = admin_client.get(address(kind))
    admin_client.post(
        address(kind),
        posted(
            page,
            **{
                "form-0-hint": "date of the stamp",
                "form-0-sample": "31.03.2024",
                "form-0-checks": ["not_in_future"],
                "form-1-title": "Goods",
                "form-1-kind": "list",
                "form-1-columns-0-title": "What",
                "form-1-columns-1-title": "Worth",
                "form-1-columns-1-kind": "amount",
            },
        ),
    )
    properties = latest(kind).schema["properties"]
    sent_on, goods = properties["sent_on"], properties["goods"]["items"]["properties"]
    assert (sent_on["x-hint"], sent_on["examples"]) == ("date of the stamp", ["2024-03-31"])
    assert sent_on["x-checks"] == ["not_in_future"]
    assert [column["title"] for column in goods.values()] == ["What", "Worth"]
    assert "The sum of Goods: Worth" in admin_client.get(address(kind)).text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"form-0-sample": "soon"}, "must be a date"),
        ({"form-1-title": "Goods", "form-1-kind": "list"}, "at least one column"),
        ({"form-0-is_hidden": "on", "form-0-is_required": "on"}, "cannot be hidden"),
        ({"form-1-title": "Maker", "form-1-kind": "date", "form-1-checks": ["gstin"]}, "not fit"),
        ({"form-1-title": "Sent on", "form-1-kind": "text"}, "Two fields are called"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(
    admin_client: Client, changes: dict[str, Any], told: str
) -> None:
    kind = challan()
    types.save_fields(kind, [FieldRow(title="Sent on", kind=FieldKind.DATE)], factories.user())
    number = latest(kind).number
    page = admin_client.post(address(kind), posted(admin_client.get(address(kind)), **changes))
    assert told in page.text
    assert latest(kind).number == number


def test_a_change_that_touches_documents_is_shown_before_it_is_saved(admin_client: Client) -> None:
    bill = DocumentType.objects.get(slug="bill")
    factories.document()
    page = admin_client.get(address(bill))
    index = [row.name for row in page.context["formset"].known].index("due_date")
    changes = {f"form-{index}-is_required": "on"}
    asked = admin_client.post(address(bill), posted(page, **changes))
    assert latest(bill).number == 1
    assert "Must be filled from now on: Due date." in asked.text
    assert "1 document of this type is there." in asked.text
    sure = asked.context["preview"].seen
    other = posted(page, **changes, **{f"form-{index}-hint": "changed after", "sure": sure})
    admin_client.post(address(bill), other)
    assert latest(bill).number == 1
    admin_client.post(address(bill), posted(page, **changes, sure=sure))
    assert "due_date" in latest(bill).schema["x-required"]


def test_the_form_of_a_shipped_type_cannot_rename_or_drop_its_fields(admin_client: Client) -> None:
    bill = DocumentType.objects.get(slug="bill")
    sent = posted(admin_client.get(address(bill)))
    sent |= {"form-0-title": "Renamed", "form-0-kind": "date", "form-0-name": "x",
             "form-1-title": "", "form-2-hint": "until when it is paid"}  # fmt: skip
    admin_client.post(address(bill), sent)
    before = bill.schema_versions.get(number=1).schema["properties"]
    after = latest(bill).schema["properties"]
    assert after["due_date"].pop("x-hint") == "until when it is paid"
    before["due_date"].pop("x-hint", None)
    assert after == before


def test_a_form_that_is_behind_saves_nothing(admin_client: Client) -> None:
    kind = challan()
    sent = posted(admin_client.get(address(kind)), **{"form-0-title": "Late"})
    types.save_fields(kind, [FieldRow(title="First", kind=FieldKind.TEXT)], factories.user())
    page = admin_client.post(address(kind), sent, follow=True)
    assert "Somebody else has changed the fields" in page.text
    assert "late" not in latest(kind).schema["properties"]


def test_versions_are_listed_with_who_made_them_and_compared(admin_client: Client) -> None:
    kind, user = challan(), factories.user()
    types.save_fields(kind, [FieldRow(title="Gate", kind=FieldKind.TEXT)], user)
    types.save_fields(kind, [FieldRow(title="Gate", kind=FieldKind.TEXT, hint="top")], user)
    number = latest(kind).number
    page = admin_client.get(address(kind, "change")).text
    assert f"{number}, in force" in page
    assert user.get_username() in page
    shown = admin_client.get(f"{address(kind)}{number}/")
    assert ("+", "    hint: top") in [(one.sign, one.text) for one in shown.context["lines"]]
    assert admin_client.get(f"{address(kind)}99/").status_code == 404


def test_a_hidden_field_is_folded_away_on_the_page_of_a_document(admin_client: Client) -> None:
    bill = DocumentType.objects.get(slug="bill")
    page = admin_client.get(address(bill))
    index = [row.name for row in page.context["formset"].known].index("due_date")
    admin_client.post(address(bill), posted(page, **{f"form-{index}-is_hidden": "on"}))
    document = factories.document(payload={"due_date": "2024-03-31"})
    sheet = admin_client.get(f"/documents/{document.pk}").context["sheet"]
    assert "/due_date" in [field.pointer for field in sheet.folded]
    assert "/due_date" not in [field.pointer for field in sheet.shown]
