"""What a model says is looked for on the pages, in whatever way it is written there."""

from typing import Any

import pytest

from ingestion.engines.base import FieldReading, PageInput
from ingestion.engines.rules.locale import Locale, locale_of
from ingestion.llm import answers, evidence
from ingestion.llm.evidence import ABSENT, ELSEWHERE, EXACT, LIKENED, SWAPPED
from tests.ingestion.llm.papers import LINE_PX, bill_shape, page

BILL = """\
Acme Traders Pvt Ltd        TAX INVOICE
12 Mill Road                No: RE/2024-07
Pune 411001                 Date: 03 April 2024
GSTIN: 27AAPFU0939F1ZV
Steel rods 12 mm    72142090   4   250.00   1,000.00
Steel wire          72171010   2   500.00   1,000.00
Total                                  Rs. 2,36,000.50"""


def found(answer: dict[str, Any], *pages: PageInput) -> dict[str, FieldReading]:
    locale = locale_of("\n".join(one.text for one in pages))
    said = answers.proposals(answer, bill_shape(), locale)
    return {one.pointer: one for one in evidence.located(said, pages, locale)}


@pytest.mark.parametrize(
    ("name", "said", "value", "raw"),
    [
        (
            "supplier_name",
            "ACME TRADERS PVT. LTD.",
            "ACME TRADERS PVT. LTD.",
            "Acme Traders Pvt Ltd",
        ),
        ("document_number", "RE/2024-07", "RE/2024-07", "RE/2024-07"),
        ("document_date", "2024-04-03", "2024-04-03", "03 April 2024"),
        ("document_date", "03 April 2024", "2024-04-03", "03 April 2024"),
        ("total_amount", "236000.50", "236000.50", "2,36,000.50"),
        ("supplier_gstin", "27aapfu0939f1zv", "27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
        ("currency", "INR", "INR", "INR"),
    ],
)
def test_a_value_is_found_as_it_is_printed(name: str, said: str, value: str, raw: str) -> None:
    reading = found({name: said}, page(BILL))[f"/{name}"]
    assert (reading.value, reading.raw, reading.page) == (value, raw, 1)
    assert (reading.source, reading.confidence) == ("model", EXACT)


def test_the_box_is_around_the_words_of_the_value() -> None:
    box = found({"supplier_name": "Acme Traders Pvt Ltd"}, page(BILL))["/supplier_name"].box
    assert box is not None
    assert (box.left, box.top, box.right) == (0, 0, 200)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("supplier_name", "Zenith Steel Corporation"),
        ("document_number", "RE/2024-08"),
        ("document_date", "2024-04-04"),
        ("total_amount", "236000.51"),
        ("supplier_gstin", "24AAACJ3770E2ZV"),
    ],
)
def test_what_no_page_prints_has_no_page_and_a_note(name: str, said: str) -> None:
    reading = found({name: said}, page(BILL))[f"/{name}"]
    assert (reading.page, reading.box, reading.confidence) == (0, None, ABSENT)
    assert reading.note == evidence.NOT_PRINTED


def test_a_misread_value_is_found_by_its_look_alikes_and_believed_less() -> None:
    misread = BILL.replace("27AAPFU0939F1ZV", "27AAPFUO939F1ZV")
    reading = found({"supplier_gstin": "27AAPFU0939F1ZV"}, page(misread))["/supplier_gstin"]
    assert (reading.raw, reading.confidence) == ("27AAPFUO939F1ZV", LIKENED)


def test_a_name_with_a_slip_is_found_and_one_with_another_digit_is_not() -> None:
    slip = found({"supplier_name": "Acme Tradars Pvt Ltd"}, page(BILL))["/supplier_name"]
    assert slip.page == 1
    assert slip.confidence < EXACT
    other = found({"supplier_address": "13 Mill Road Pune 411001"}, page(BILL))
    assert other["/supplier_address"].page == 0


def test_the_parts_of_an_address_are_found_in_their_column() -> None:
    said = {"supplier_address": "12 Mill Road, Pune 411001"}
    assert found(said, page(BILL))["/supplier_address"].page == 1


def test_words_that_ocr_was_unsure_of_make_the_value_less_sure() -> None:
    reading = found({"total_amount": "236000.50"}, page(BILL, ocr=0.5))["/total_amount"]
    assert reading.confidence == pytest.approx(EXACT / 2)


def test_a_value_is_found_on_the_page_that_prints_it() -> None:
    pages = (page("Delivery terms"), page(BILL, number=2))
    assert found({"document_number": "RE/2024-07"}, *pages)["/document_number"].page == 2


def test_a_date_is_read_in_the_order_of_the_paper() -> None:
    paper = page("Date 03/04/2024 due 25/04/2024")
    reading = found({"document_date": "2024-03-04"}, paper)["/document_date"]
    assert (reading.value, reading.alternatives) == ("2024-04-03", ("2024-03-04",))
    assert reading.confidence == pytest.approx(EXACT * SWAPPED)


def test_the_cells_of_a_row_are_found_beside_one_another() -> None:
    rows = [
        {"description": "Steel rods 12 mm", "quantity": "4", "total_amount": "1,000.00"},
        {"description": "Steel wire", "quantity": "2", "total_amount": "1000"},
    ]
    readings = found({"line_items": rows}, page(BILL))
    boxes = [readings[f"/line_items/{number}/total_amount"].box for number in (0, 1)]
    assert [box.top if box else None for box in boxes] == [4 * LINE_PX, 5 * LINE_PX]


def test_a_cell_that_stands_beside_another_row_is_believed_less() -> None:
    rows = [{"description": "Steel wire", "unit_price": "250.00", "total_amount": "1000.00"}]
    readings = found({"line_items": rows}, page(BILL))
    assert readings["/line_items/0/unit_price"].confidence == ELSEWHERE


def test_a_row_that_is_nowhere_is_dropped_and_the_others_close_up() -> None:
    rows = [
        {"description": "Golden spoons", "quantity": "77", "total_amount": "9999.00"},
        {"description": "Steel wire", "quantity": "2", "total_amount": "1000.00"},
    ]
    readings = found({"line_items": rows}, page(BILL))
    assert readings["/line_items/0/description"].value == "Steel wire"
    assert not any(pointer.startswith("/line_items/1") for pointer in readings)


@pytest.mark.parametrize(
    ("name", "said"),
    [("document_date", "soon"), ("total_amount", "1 or 2"), ("supplier_gstin", "none of them")],
)
def test_what_is_no_value_of_its_field_is_kept_as_said_with_a_note(name: str, said: str) -> None:
    reading = found({name: said}, page(BILL))[f"/{name}"]
    assert (reading.value, reading.page) == (said, 0)
    assert "is no " in reading.note


def test_empty_answers_and_other_fields_say_nothing() -> None:
    assert found({"document_number": None, "due_date": " ", "status": "x"}, page(BILL)) == {}


def test_invisible_and_unprintable_signs_are_left_out() -> None:
    said = answers.proposals(
        {"supplier_name": "Ac\x00me\u200b"},
        bill_shape(),
        Locale(
            country="",
            currency="",
            is_currency_printed=False,
            decimal_comma=None,
            month_first=False,
        ),
    )
    assert said[0].value == "Ac me"


def test_later_parts_complete_earlier_ones() -> None:
    parts: list[dict[str, Any]] = [
        {"document_number": "A1", "total_amount": None, "line_items": [{"description": "x"}]},
        {"document_number": "B2", "total_amount": "5", "line_items": [{"description": "y"}]},
    ]
    whole = answers.joined(parts, bill_shape())
    assert (whole["document_number"], whole["total_amount"]) == ("A1", "5")
    assert [row["description"] for row in whole["line_items"]] == ["x", "y"]
