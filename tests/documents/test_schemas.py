"""The shipped schemas and what validation says to a person."""

import pytest

from documents import schemas


@pytest.mark.parametrize("slug", ["bill", "eway_bill"])
def test_the_shipped_schemas_are_usable(slug: str) -> None:
    assert schemas.schema_faults(schemas.shipped_schema(slug)) == ()


@pytest.mark.parametrize("slug", ["bill", "eway_bill"])
def test_every_field_may_be_empty(slug: str) -> None:
    schema = schemas.shipped_schema(slug)
    assert schemas.validate(dict.fromkeys(schema["properties"]), schema) == []
    assert schemas.validate({}, schema) == []


def test_what_a_draft_needs_is_named() -> None:
    bill = schemas.shipped_schema("bill")
    assert schemas.required_fields(bill) == ("supplier_name", "document_date", "total_amount")
    assert schemas.required_if_labelled(bill) == ("document_number",)
    assert "valid_until" in schemas.required_fields(schemas.shipped_schema("eway_bill"))


def test_faults_name_the_field_and_say_what_is_asked() -> None:
    payload = {
        "document_date": "2023-02-30",
        "total_amount": "12,30",
        "line_items": [{"hsn_code": "123"}],
    }
    faults = dict(schemas.validate(payload, schemas.shipped_schema("bill")))
    assert faults["/document_date"] == "Document date must be a date such as 2024-03-31."
    assert "amount" in faults["/total_amount"]
    assert faults["/line_items/0/hsn_code"].startswith("HSN/SAC must be")


def test_an_unknown_field_is_a_fault() -> None:
    assert schemas.validate({"colour": "red"}, schemas.shipped_schema("bill"))


def test_a_schema_with_required_is_refused() -> None:
    schema = {"type": "object", "properties": {"a": {}}, "required": ["a"], "x-required": ["b"]}
    assert len(schemas.schema_faults(schema)) == 2


def test_titles_are_found_through_lists() -> None:
    schema = schemas.shipped_schema("bill")
    assert schemas.title_of(schema, "/line_items/3/quantity") == "Quantity"
    assert schemas.title_of(schema, "/irn") == "IRN"
