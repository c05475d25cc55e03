"""The rules engine tells bills, e-way bills and everything else apart."""

import time

import pytest

from ingestion.engines.base import Mark, MarkKind, PageInput, PageType, TypeOption
from ingestion.engines.rules import RulesClassifier
from tests.ingestion.drawn_pages import (
    DELIVERY_CHALLAN,
    EWAY_BILL,
    GST_INVOICE,
    LETTER,
    RECEIPT,
    page,
    text_page,
)

BILL = TypeOption(slug="bill", description="invoices and receipts")
EWAY = TypeOption(slug="eway_bill", description="e-way bills")
EWB_PAPER = EWAY_BILL.format(supplier="29AAGCM1234F1ZQ", recipient="32AAJFC9876K1ZT")
INVOICE = GST_INVOICE.format(supplier="Q", recipient="T")


def types_of(*pages: PageInput, types: tuple[TypeOption, ...] = (BILL, EWAY)) -> list[PageType]:
    return list(RulesClassifier().classify(pages=pages, types=types))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (INVOICE, "bill"),
        (RECEIPT, "bill"),
        (EWB_PAPER, "eway_bill"),
        (DELIVERY_CHALLAN, ""),
        (LETTER, ""),
    ],
    ids=["invoice", "receipt", "e-way bill", "challan", "letter"],
)
def test_each_kind_of_paper_gets_its_type(text: str, slug: str) -> None:
    (made,) = types_of(page(text))
    assert made.type == slug
    assert made.confidence > 0.6


def test_a_bill_that_prints_its_e_way_bills_number_is_still_a_bill() -> None:
    (made,) = types_of(page(INVOICE))
    assert (made.type, made.document_number) == ("bill", "MP24250117")


def test_a_text_file_is_read_as_well_as_a_page_with_boxes() -> None:
    assert types_of(text_page(INVOICE))[0].type == "bill"


def test_a_page_that_goes_on_with_a_bill_belongs_to_it_and_starts_nothing() -> None:
    first = INVOICE + "Page 1 of 2"
    second = """
Meridian Pumps Private Limited          Invoice No: MP/24-25/0117
Sl  Description               HSN/SAC    Qty   Unit     Rate     Taxable Value   GST %
3   Foot valve 2 inch         84818030   4     NOS      850.00       3,400.00    18%
                                       Brought forward              35,205.00
Page 2 of 2
"""
    made = types_of(page(first), page(second, number=2))
    assert [one.type for one in made] == ["bill", "bill"]
    assert made[0].starts > 0.5 > made[1].starts
    assert (made[1].page_label, made[1].page_count) == (2, 2)


def test_another_number_starts_another_bill() -> None:
    other = INVOICE.replace("MP/24-25/0117", "MP/24-25/0118")
    made = types_of(page(INVOICE), page(other, number=2))
    assert made[1].starts > 0.5


def test_the_e_way_bill_behind_its_bill_starts_a_document() -> None:
    made = types_of(page(INVOICE), page(EWB_PAPER, number=2))
    assert [one.type for one in made] == ["bill", "eway_bill"]
    assert made[1].starts > 0.5
    assert made[1].document_number == "331200459981"


def test_only_offered_types_are_returned() -> None:
    (made,) = types_of(page(INVOICE), types=(EWAY,))
    assert made.type == ""
    assert made.runner_up in ("", "eway_bill")


def test_a_type_of_the_operators_own_is_known_by_its_title() -> None:
    own = TypeOption(slug="delivery_challan", description="goods without a bill")
    (made,) = types_of(page(DELIVERY_CHALLAN), types=(BILL, EWAY, own))
    assert made.type == "delivery_challan"


def test_an_embedded_invoice_makes_a_sparse_page_a_bill() -> None:
    mark = Mark(kind=MarkKind.EINVOICE_XML, payload="<Invoice/>")
    (made,) = types_of(page("Handelsrechnung Nr. 471102 vom 05.06.2018", marks=[mark]))
    assert made.type == "bill"


def test_an_empty_page_is_unknown_and_hostile_text_costs_little() -> None:
    assert types_of(page(""))[0].type == ""
    start = time.monotonic()
    types_of(page("Invoice No " * 3_000 + "\n" + "1 , . " * 9_000), text_page("a-" * 90_000))
    assert time.monotonic() - start < 8


def test_a_bill_that_names_its_contract_beside_a_label_is_a_bill() -> None:
    text = """
Handelsrechnung Nr. 471102 vom 13.11.2019
Bestellung        : PO445
Vertrag           : MSPE2017
Verkäufer:
Lieferant GmbH
Lieferantenstraße 20
DE 80333 München
USt.-Id.-Nr.      : DE123456789
Käufer:
Ma jolie boutique
Zahlbar innerhalb 30 Tagen netto bis 04.04.2020
"""
    (made,) = types_of(page(text))
    assert made.type == "bill"
