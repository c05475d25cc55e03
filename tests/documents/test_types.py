"""Types of documents: their fields as rows, and the switch."""

import pytest
from django.db import IntegrityError, transaction

from documents import schemas, types
from documents.errors import Conflict, SenderError
from documents.models import AuditEvent, DocumentType, TypeState
from documents.types import FieldKind, FieldRow
from tests import factories

pytestmark = pytest.mark.django_db
ROWS = [
    FieldRow(name="no", title="Challan No.", kind=FieldKind.TEXT, labels=("DC No.",)),
    FieldRow(name="sent_on", title="Sent on", kind=FieldKind.DATE, is_required=True),
    FieldRow(name="worth", title="Worth", kind=FieldKind.AMOUNT),
    FieldRow(name="bags", title="Bags", kind=FieldKind.WHOLE),
]


def challan() -> DocumentType:
    return DocumentType.objects.create(slug="challan", name="Challan", description="Goods sent")


def test_rows_become_a_schema_and_come_back_in_their_order() -> None:
    schema = types.schema_of(ROWS, {})
    assert schemas.schema_faults(schema) == ()
    assert types.rows_of(schema) == ROWS
    assert schemas.required_fields(schema) == ("sent_on",)
    assert schemas.validate({"sent_on": "2024-03-31", "worth": "1.50", "bags": None}, schema) == []
    assert [pointer for pointer, _ in schemas.validate({"bags": "x", "worth": "a"}, schema)] == [
        "/bags",
        "/worth",
    ]


def test_a_new_row_is_named_by_its_title_and_no_name_is_taken_twice() -> None:
    row = FieldRow(title="Challan No.", kind=FieldKind.TEXT)
    assert list(types.schema_of([row], {})["properties"]) == ["challan_no"]
    with pytest.raises(SenderError, match="Two fields"):
        types.schema_of([row, row], {})


def test_what_no_row_can_say_outlives_a_change_of_the_rows() -> None:
    table = {"type": "array", "items": {"type": "object", "properties": {}}}
    before = {"properties": {"goods": table, "old": {"type": ["integer", "null"]}}}
    assert list(types.schema_of(ROWS[:1], before)["properties"]) == ["goods", "no"]


def test_only_a_change_of_the_fields_makes_a_new_version() -> None:
    kind, user = challan(), factories.user()
    assert [types.save_fields(kind, rows, user).number for rows in ([], [], ROWS, ROWS)] == [
        1,
        1,
        2,
        2,
    ]
    kind.schema_versions.get(number=1)
    assert AuditEvent.objects.filter(verb="type.fields_changed").count() == 2


def test_a_type_is_a_draft_until_it_is_switched_on_and_once_only() -> None:
    kind, user = challan(), factories.user()
    assert kind.state == TypeState.DRAFT
    types.switch(kind, TypeState.ON, user)
    assert list(DocumentType.objects.on().values_list("slug", flat=True)) == [
        "bill",
        "challan",
        "eway_bill",
    ]
    with pytest.raises(Conflict, match="already"):
        types.switch(kind, TypeState.ON, user)
    types.switch(kind, TypeState.DRAFT, user)
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["type.switched_on", "type.switched_draft"]


@pytest.mark.parametrize("slug", schemas.SHIPPED)
def test_a_shipped_type_is_on_and_stays_as_it_is(slug: str) -> None:
    kind, user = DocumentType.objects.get(slug=slug), factories.user()
    assert kind.state == TypeState.ON
    with pytest.raises(SenderError, match="ships"):
        types.switch(kind, TypeState.DRAFT, user)
    with pytest.raises(SenderError, match="ships"):
        types.save_fields(kind, [], user)


def test_the_database_refuses_any_other_state() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DocumentType.objects.create(slug="x", name="X", description="", state="maybe")


def test_labels_are_written_with_commas_or_lines() -> None:
    assert types.labels_in(" DC No., Challan No.\nDC No.,, ") == ("DC No.", "Challan No.")
