"""Checks that an operator chooses for the fields of a type."""

from datetime import date, timedelta
from typing import Any

import pytest

from documents import drafts, field_checks, trust, type_fields
from documents.type_fields import FieldKind, FieldRow

WORTH = FieldRow(name="worth", title="Worth", kind=FieldKind.AMOUNT)
ROWS = [
    FieldRow(name="maker", title="Maker", kind=FieldKind.TEXT, checks=("gstin",)),
    FieldRow(name="lorry", title="Lorry", kind=FieldKind.TEXT, checks=("vehicle",)),
    FieldRow(name="made_on", title="Made on", kind=FieldKind.DATE, checks=("not_in_future",)),
    FieldRow(name="due_on", title="Due on", kind=FieldKind.DATE, checks=("not_before:made_on",)),
    FieldRow(name="bags", title="Bags", kind=FieldKind.WHOLE, checks=("not_negative",)),
    FieldRow(name="goods", title="Goods", kind=FieldKind.LIST, columns=(WORTH,)),
    FieldRow(name="total", title="Total", kind=FieldKind.AMOUNT, checks=("sum_of:goods/worth",)),
]
SCHEMA = type_fields.schema_of(ROWS, {})
LATER = (date.today() + timedelta(days=9)).isoformat()


@pytest.mark.parametrize(
    ("payload", "code", "passed"),
    [
        ({"maker": "27AAPFU0939F1ZV"}, "gstin_checksum", True),
        ({"maker": "27AAPFU0939F1ZW"}, "gstin_checksum", False),
        ({"lorry": "MH12AB1234"}, "vehicle_format", True),
        ({"lorry": "a van"}, "vehicle_format", False),
        ({"made_on": "2024-01-01"}, "not_in_future", True),
        ({"made_on": LATER}, "not_in_future", False),
        ({"due_on": "2024-01-02", "made_on": "2024-01-02"}, "date_order", True),
        ({"due_on": "2024-01-01", "made_on": "2024-01-02"}, "date_order", False),
        ({"bags": 0}, "not_negative", True),
        ({"bags": -1}, "not_negative", False),
        ({"total": "3.50", "goods": [{"worth": "1.50"}, {"worth": "2.00"}]}, "lines_add_up", True),
        ({"total": "35.0", "goods": [{"worth": "1.50"}, {"worth": "2.00"}]}, "lines_add_up", False),
    ],
)
def test_each_check_passes_and_fails(payload: dict[str, Any], code: str, passed: bool) -> None:
    found = {check.code: check.passed for check in field_checks.run("challan", SCHEMA, payload)}
    assert found[code] == passed


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"due_on": "2024-01-01"},
        {"total": "3.50"},
        {"total": "3.50", "goods": [{"worth": None}]},
        {"goods": "nonsense", "total": "x"},
    ],
)
def test_a_check_whose_values_are_missing_is_left_out(payload: dict[str, Any]) -> None:
    assert field_checks.run("challan", SCHEMA, payload) == ()


def test_checks_of_shipped_types_go_on_beside_chosen_ones() -> None:
    payload = {"supplier_gstin": "27AAPFU0939F1ZV"}
    codes = [check.code for check in field_checks.run("bill", SCHEMA, payload)]
    assert codes == ["gstin_checksum"]


def test_a_chosen_check_that_fails_sends_the_document_to_a_person() -> None:
    reading = drafts.Reading(
        pointer="/maker", value="27AAPFU0939F1ZW", raw="", page=1, box=None, source="ocr",
        confidence=1.0,
    )  # fmt: skip
    draft = drafts.make(
        type_slug="challan",
        schema=SCHEMA,
        readings=[reading],
        thresholds=trust.Thresholds(usual=0.5),
    )
    assert [(one["code"], one["field"]) for one in draft.reasons] == [
        ("check_gstin_checksum", "maker")
    ]
    assert draft.reasons[0]["message"] == "Maker is no valid GSTIN."
