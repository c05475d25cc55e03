"""The rules engine reads a type that it does not know by the labels of its schema."""

import json
from typing import Any

import pytest

from documents.schemas import AMOUNT_PATTERN, MOMENT_PATTERN
from ingestion.engines.base import Extraction, PageInput, TextSource
from ingestion.engines.rules import RulesExtractor
from tests.ingestion.drawn_pages import page, text_page

CHALLAN = """
Mirodha Polymers Pvt. Ltd.
                          DELIVERY CHALLAN
Challan No. DC/330                     Date: 17-07-2024
Sent to          Shantivel Electricals, Nashik
Vehicle          KA 33 LE 4798         Packages   1,204
Approx. value    Rs. 1,04,571.50
Gate pass at     18/07/2024 09:15 AM
Received by
"""


def text(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "type": ["string", "null"], **more}


PROPERTIES: dict[str, Any] = {
    "challan_number": text("Challan number"),
    "challan_date": text("Challan date", format="date"),
    "consignee": text("Consignee", **{"x-labels": ["Sent to", "Delivered to"]}),
    "vehicle": text("Vehicle", pattern="^[A-Z]{2}[0-9]{2}[A-Z]{1,3}[0-9]{4}$"),
    "packages": {"title": "Packages", "type": ["integer", "null"]},
    "value": text("Approx. value", pattern=AMOUNT_PATTERN),
    "left_at": text("Gate pass at", pattern=MOMENT_PATTERN),
    "received_by": text("Received by"),
    "goods": {"title": "Goods", "type": "array", "items": {"type": "object"}},
}
SCHEMA = {"type": "object", "properties": PROPERTIES}


def extract(paper: PageInput, schema: dict[str, Any] = SCHEMA) -> Extraction:
    return RulesExtractor().extract(type="challan", schema=json.dumps(schema), pages=(paper,))


@pytest.mark.parametrize("paper", [page(CHALLAN), text_page(CHALLAN)], ids=["boxes", "text"])
def test_every_kind_of_property_is_read_beside_its_label(paper: PageInput) -> None:
    read = {one.pointer[1:]: one.value for one in extract(paper).readings}
    assert read == {
        "challan_number": "DC/330",
        "challan_date": "2024-07-17",
        "consignee": "Shantivel Electricals, Nashik",
        "vehicle": "KA33LE4798",
        "packages": 1204,
        "value": "104571.50",
        "left_at": "2024-07-18T09:15",
    }


def test_each_value_has_its_place_and_less_certainty_by_a_vaguer_label() -> None:
    read = {one.pointer[1:]: one for one in extract(page(CHALLAN)).readings}
    box = read["challan_number"].box
    assert box is not None
    assert (read["challan_number"].raw, read["challan_number"].page, box.top) == ("DC/330", 1, 48)
    assert read["challan_date"].confidence < read["challan_number"].confidence


def test_a_label_without_a_value_is_told() -> None:
    assert extract(page(CHALLAN)).labelled == ("received_by",)


def test_a_bare_date_belongs_to_no_field_where_there_are_two_dates() -> None:
    due = {"due": text("Due date", format="date")}
    schema = {"type": "object", "properties": PROPERTIES | due}
    assert not any("date" in one.pointer for one in extract(page(CHALLAN), schema).readings)


def test_what_ocr_read_is_less_certain_than_a_text_layer() -> None:
    layer, ocr = (
        {one.pointer: one.confidence for one in extract(paper).readings}
        for paper in (page(CHALLAN), page(CHALLAN, source=TextSource.OCR, confidence=0.8))
    )
    assert all(ocr[pointer] < layer[pointer] for pointer in layer)


@pytest.mark.parametrize("schema", [{}, {"type": "object", "properties": {}}])
def test_a_type_without_fields_has_no_values(schema: dict[str, Any]) -> None:
    assert extract(page(CHALLAN), schema).readings == ()
