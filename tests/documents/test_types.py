"""Types of documents: their fields as rows, and the switch."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from documents import schemas, type_fields, types
from documents.differences import compared
from documents.errors import Conflict, SenderError
from documents.models import AuditEvent, DocumentType, TypeState
from documents.type_fields import FieldKind, FieldRow
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
    schema = type_fields.schema_of(ROWS, {})
    assert schemas.schema_faults(schema) == ()
    assert type_fields.rows_of(schema) == ROWS
    assert schemas.required_fields(schema) == ("sent_on",)
    assert schemas.validate({"sent_on": "2024-03-31", "worth": "1.50", "bags": None}, schema) == []
    assert [pointer for pointer, _ in schemas.validate({"bags": "x", "worth": "a"}, schema)] == [
        "/bags",
        "/worth",
    ]


def test_a_new_row_is_named_by_its_title_and_no_name_is_taken_twice() -> None:
    row = FieldRow(title="Challan No.", kind=FieldKind.TEXT)
    assert list(type_fields.schema_of([row], {})["properties"]) == ["challan_no"]
    with pytest.raises(SenderError, match="Two fields"):
        type_fields.schema_of([row, row], {})


def test_what_no_row_can_say_outlives_a_change_of_the_rows() -> None:
    table = {"type": "array", "items": {"type": "object", "properties": {}}}
    before = {"properties": {"goods": table, "old": {"type": ["integer", "null"]}}}
    assert list(type_fields.schema_of(ROWS[:1], before)["properties"]) == ["goods", "no"]


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
def test_a_shipped_type_is_on_and_cannot_be_switched(slug: str) -> None:
    kind, user = DocumentType.objects.get(slug=slug), factories.user()
    assert kind.state == TypeState.ON
    with pytest.raises(SenderError, match="ships"):
        types.switch(kind, TypeState.DRAFT, user)


def shipped_rows(slug: str = "bill") -> tuple[DocumentType, list[FieldRow]]:
    kind = DocumentType.objects.get(slug=slug)
    return kind, type_fields.rows_of(types.newest(kind), type_fields.shipped_properties(slug))


@pytest.mark.parametrize("slug", schemas.SHIPPED)
def test_rows_of_a_shipped_type_hold_all_of_its_fields_and_change_nothing(slug: str) -> None:
    kind, rows = shipped_rows(slug)
    assert [row.name for row in rows] == list(schemas.shipped_schema(slug)["properties"])
    assert types.save_fields(kind, rows, factories.user()).number == 1


def test_a_field_that_comes_with_docket_is_hidden_required_and_hinted_but_never_renamed() -> None:
    kind, rows = shipped_rows()
    changes: dict[str, dict[str, Any]] = {
        "irn": {"is_hidden": True, "title": "Renamed", "kind": FieldKind.DATE},
        "due_date": {"is_required": True, "hint": "when it must be paid"},
        "document_number": {"is_hidden": True},
    }
    changed = [replace(row, **changes.get(row.name, {})) for row in rows]
    own = FieldRow(title="Order number", kind=FieldKind.TEXT)
    made = types.save_fields(kind, [*changed, own], factories.user())
    properties, shipped = made.schema["properties"], schemas.shipped_schema("bill")["properties"]
    assert properties["irn"] == {**shipped["irn"], "x-hidden": True}
    assert properties["due_date"]["x-hint"] == "when it must be paid"
    assert schemas.required_fields(made.schema) == (
        "supplier_name", "document_date", "total_amount", "due_date",
    )  # fmt: skip
    assert schemas.required_if_labelled(made.schema) == ()
    assert list(properties)[-1] == "order_number"
    assert type_fields.rows_of(made.schema, shipped)[-1] == replace(own, name="order_number")
    kept = types.save_fields(kind, changed[:3], factories.user()).schema["properties"]
    assert set(kept) == set(shipped)


def test_hints_samples_checks_and_columns_become_a_schema_and_come_back() -> None:
    columns = (
        FieldRow(name="what", title="What", kind=FieldKind.TEXT, hint="as printed"),
        FieldRow(name="worth", title="Worth", kind=FieldKind.AMOUNT),
    )
    rows = [
        FieldRow(name="sent_on", title="Sent on", kind=FieldKind.DATE, sample="2024-03-31"),
        FieldRow(name="bags", title="Bags", kind=FieldKind.WHOLE, sample="12", is_hidden=True),
        FieldRow(name="goods", title="Goods", kind=FieldKind.LIST, columns=columns),
        FieldRow(
            name="total", title="Total", kind=FieldKind.AMOUNT, checks=("sum_of:goods/worth",)
        ),
    ]
    schema = type_fields.schema_of(rows, {})
    assert schemas.schema_faults(schema) == ()
    assert type_fields.rows_of(schema) == rows
    assert schema["properties"]["bags"]["examples"] == [12]
    assert schemas.validate({"goods": [{"what": "Tea", "worth": "1.50"}]}, schema) == []
    assert schemas.validate({"goods": [{"colour": "red"}]}, schema)


@pytest.mark.parametrize(
    ("row", "attribute"),
    [
        (FieldRow(title="X", kind=FieldKind.TEXT, is_hidden=True, is_required=True), "is_hidden"),
        (FieldRow(title="X", kind=FieldKind.LIST), "kind"),
        (FieldRow(title="X", kind=FieldKind.DATE, checks=("gstin",)), "checks"),
        (FieldRow(title="X", kind=FieldKind.DATE, checks=("not_before:nothing",)), "checks"),
        (FieldRow(name="sent_on", title="X", kind=FieldKind.DATE,
                  checks=("not_before:sent_on",)), "checks"),
        (FieldRow(title="X", kind=FieldKind.DATE, sample="soon"), "sample"),
        (FieldRow(title="X", kind=FieldKind.WHOLE, sample="a few"), "sample"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_refused_with_the_place_of_its_fault(
    row: FieldRow, attribute: str
) -> None:
    assert list(types.row_faults(row, ROWS)) == [attribute]
    kind = challan()
    types.save_fields(kind, ROWS, factories.user())
    with pytest.raises(SenderError):
        types.save_fields(kind, [*ROWS[2:], row], factories.user())


def test_a_sample_is_kept_as_the_value_would_be() -> None:
    assert types.sample_of(FieldKind.DATE, "31.03.2024") == "2024-03-31"
    assert types.sample_of(FieldKind.AMOUNT, "1,234.50") == "1234.50"
    assert types.sample_of(FieldKind.TEXT, " as it is ") == "as it is"


def test_what_a_change_means_is_told_with_the_documents_it_touches() -> None:
    kind, user = challan(), factories.user()
    types.save_fields(kind, ROWS, user)
    for bags in (3, None, 4):
        factories.document(type_slug="challan", payload={"no": "1", "bags": bags})
    factories.document(type_slug="challan", payload={}, reviewer=user)
    after = types.schema_after(
        kind,
        [replace(ROWS[0], is_required=True), ROWS[1], ROWS[2],
         FieldRow(title="Gate", kind=FieldKind.TEXT)],
    )  # fmt: skip
    found = types.effects(kind, after)
    assert (found.documents, found.settled) == (4, 1)
    assert found.added == ("Gate",)
    assert found.required == ("Challan No.",)
    assert found.dropped == (("Bags", 2),)


def test_two_schemas_are_told_apart_in_words() -> None:
    before = type_fields.schema_of(ROWS, {})
    after = type_fields.schema_of([ROWS[0], replace(ROWS[1], hint="stamped"), *ROWS[2:]], before)
    lines = compared(type_fields.told(before), type_fields.told(after))
    assert [(one.sign, one.text) for one in lines if one.sign in "+-"] == [
        ("+", "    hint: stamped")
    ]


def test_the_database_refuses_any_other_state() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DocumentType.objects.create(slug="x", name="X", description="", state="maybe")


def test_labels_are_written_with_commas_or_lines() -> None:
    assert type_fields.labels_in(" DC No., Challan No.\nDC No.,, ") == ("DC No.", "Challan No.")
