"""The rules engine reads the fields of bills, receipts and e-way bills from their print."""

import json
import time

import pytest

from documents import schemas
from documents.checks import irn_of, run_checks
from documents.fields import repair_gstin
from ingestion.engines.base import Extraction, PageInput, TextSource, ValueSource
from ingestion.engines.rules import RulesExtractor
from tests.ingestion.drawn_pages import EWAY_BILL, GST_INVOICE, RECEIPT, page, text_page

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def closed(first: str) -> str:
    """A GSTIN with its check character, from the first 14."""
    total = 0
    for index, char in enumerate(first):
        weighed = ALPHABET.index(char) * (1 + index % 2)
        total += weighed // 36 + weighed % 36
    return first + ALPHABET[(36 - total % 36) % 36]


SUPPLIER, RECIPIENT = closed("29AAGCM1234F1Z"), closed("32AAJFC9876K1Z")
INVOICE = GST_INVOICE.format(supplier=SUPPLIER[-1], recipient=RECIPIENT[-1])
EWB_PAPER = EWAY_BILL.format(supplier=SUPPLIER, recipient=RECIPIENT)


def extract(slug: str, *pages: PageInput) -> Extraction:
    return RulesExtractor().extract(type=slug, schema=schemas.shipped_text(slug), pages=pages)


def values(made: Extraction) -> dict[str, object]:
    return {reading.pointer[1:]: reading.value for reading in made.readings}


INVOICE_FIELDS = {
    "document_number": "MP/24-25/0117",
    "document_date": "2024-06-14",
    "due_date": "2024-07-14",
    "ewb_number": "123456789012",
    "supplier_name": "Meridian Pumps Private Limited",
    "supplier_gstin": SUPPLIER,
    "recipient_name": "Coastal Traders LLP",
    "recipient_address": "22 Harbour Road, Kochi, Kerala - 682001",
    "recipient_gstin": RECIPIENT,
    "place_of_supply": "Kerala (32)",
    "currency": "INR",
    "taxable_amount": "35205.00",
    "igst_amount": "6336.90",
    "round_off": "0.10",
    "total_amount": "41542.00",
    "line_items/0/description": "Submersible pump 2 HP",
    "line_items/0/hsn_code": "84137010",
    "line_items/0/quantity": "4",
    "line_items/0/unit": "NOS",
    "line_items/0/unit_price": "8500.00",
    "line_items/0/taxable_amount": "34000.00",
    "line_items/0/tax_rate": "18",
    "line_items/1/description": "Pump cable 50 m",
    "line_items/1/taxable_amount": "1205.00",
}


@pytest.mark.parametrize("paper", [page(INVOICE), text_page(INVOICE)], ids=["boxes", "text"])
def test_an_indian_invoice_is_read_with_and_without_boxes(paper: PageInput) -> None:
    read = values(extract("bill", paper))
    assert {name: read.get(name) for name in INVOICE_FIELDS} == INVOICE_FIELDS


def test_a_photographed_page_is_straightened_before_its_rows_are_read() -> None:
    read = values(extract("bill", page(INVOICE, slope=0.05, source=TextSource.OCR)))
    assert {name: read.get(name) for name in INVOICE_FIELDS} == INVOICE_FIELDS


def test_the_readings_satisfy_the_schema_and_the_checks() -> None:
    schema = schemas.shipped_schema("bill")
    payload = values(extract("bill", page(INVOICE)))
    flat = {name: value for name, value in payload.items() if "/" not in name}
    assert schemas.validate(flat, schema) == []
    assert all(check.passed for check in run_checks("bill", flat))


def test_every_reading_says_where_it_stood() -> None:
    for reading in extract("bill", page(INVOICE)).readings:
        if reading.source != ValueSource.DERIVED:
            assert reading.page == 1
            assert reading.box is not None
            assert reading.raw
        assert 0 < reading.confidence < 1


def test_unsure_words_lower_the_confidence() -> None:
    clear = extract("bill", page(INVOICE, source=TextSource.OCR, confidence=0.99))
    faint = extract("bill", page(INVOICE, source=TextSource.OCR, confidence=0.5))
    by_pointer = {reading.pointer: reading.confidence for reading in clear.readings}
    for reading in faint.readings:
        if reading.source == ValueSource.OCR:
            assert reading.confidence < by_pointer[reading.pointer]


def test_a_gstin_that_ocr_spoilt_is_proposed_with_doubt() -> None:
    spoilt = SUPPLIER.replace("1234", "I234")
    assert repair_gstin(spoilt) == (SUPPLIER,)
    made = extract("bill", page(INVOICE.replace(SUPPLIER, spoilt), source=TextSource.OCR))
    (reading,) = [one for one in made.readings if one.pointer == "/supplier_gstin"]
    assert reading.value == SUPPLIER
    assert reading.confidence < 0.8
    assert spoilt in reading.alternatives
    assert "repaired" in reading.note


def test_a_receipt_gives_what_was_to_be_paid_and_not_the_cash() -> None:
    read = values(extract("bill", page(RECEIPT)))
    assert read["supplier_name"] == "KEDAI KOPI SERI MAJU SDN BHD"
    assert read["supplier_address"] == "NO 8, JALAN MAWAR 3, 81200 JOHOR BAHRU"
    assert (read["document_number"], read["document_date"]) == ("CS0012345", "2018-04-03")
    assert (read["total_amount"], read["currency"]) == ("8.80", "MYR")
    assert read["line_items/0/description"] == "KOPI O"
    assert read["line_items/0/total_amount"] == "4.80"


def test_day_and_month_that_can_be_swapped_leave_a_doubt() -> None:
    (reading,) = [
        one for one in extract("bill", page(RECEIPT)).readings if one.pointer == "/document_date"
    ]
    assert reading.alternatives == ("2018-03-04",)
    assert "swapped" in reading.note


def test_the_total_after_rounding_wins_over_the_total_before() -> None:
    paper = """
Corner Shop Sdn Bhd
Receipt No: A-100        Date: 25/04/2018
Total Excl GST      23.99
GST 6%               1.44
Total Incl GST      25.43
Rounding Adj         0.02
Total Payable       25.45
"""
    assert values(extract("bill", page(paper)))["total_amount"] == "25.45"


GERMAN = """
Nordlicht Werkzeuge GmbH
Hafenstraße 12
24103 Kiel
                              Rechnung
Rechnungsempfänger
Brandt & Sohn KG              Rechnungsnummer:   RE-2024-0815
Am Markt 3                    Rechnungsdatum:    05.03.2024
23552 Lübeck                  Fällig am:         04.04.2024
                              USt-IdNr.:         DE123456789
Pos   Bezeichnung              Menge   Einzelpreis   Gesamtpreis
1     Bohrmaschine                 2        149,50        299,00
2     Schrauben 100 Stk           10          4,90         49,00
                              Nettobetrag                348,00 €
                              zzgl. 19 % MwSt.            66,12 €
                              Rechnungsbetrag            414,12 €
"""
FRENCH = """
Atelier Dumont SARL
8 rue des Lilas, 69003 Lyon
Facture n° F-2024-031         Date de facture : 12/02/2024
Facturé à
Boulangerie Petit
3 place du Marché, 38000 Grenoble
Désignation              Qté    Prix unitaire    Montant HT
Four à sole              1         1 250,00       1 250,00
                         Total HT              1 250,00 €
                         TVA 20 %                250,00 €
                         Total TTC             1 500,00 €
"""
AMERICAN = """
Prairie Tools Inc.
400 Mill Street, Omaha, NE 68102
INVOICE
Invoice #: 20931                 Date: 04/03/2024
Bill To                          Due Date: 05/03/2024
Hill Farm LLC
12 County Road, Lincoln, NE 68501
Description          Qty     Unit Price     Amount
Fence wire             3         120.00     360.00
Subtotal                                   $360.00
Sales Tax 7%                                $25.20
Total Due                                  $385.20
"""


@pytest.mark.parametrize(
    ("paper", "expected"),
    [
        (
            GERMAN,
            {
                "document_number": "RE-2024-0815",
                "document_date": "2024-03-05",
                "supplier_name": "Nordlicht Werkzeuge GmbH",
                "recipient_name": "Brandt & Sohn KG",
                "currency": "EUR",
                "taxable_amount": "348.00",
                "tax_amount": "66.12",
                "total_amount": "414.12",
                "supplier_tax_id": "DE123456789",
            },
        ),
        (
            FRENCH,
            {
                "document_number": "F-2024-031",
                "document_date": "2024-02-12",
                "recipient_name": "Boulangerie Petit",
                "taxable_amount": "1250.00",
                "total_amount": "1500.00",
            },
        ),
        (
            AMERICAN,
            {
                "document_number": "20931",
                "document_date": "2024-04-03",
                "due_date": "2024-05-03",
                "supplier_name": "Prairie Tools Inc.",
                "recipient_name": "Hill Farm LLC",
                "currency": "USD",
                "total_amount": "385.20",
            },
        ),
    ],
    ids=["german", "french", "american"],
)
def test_papers_of_other_countries_are_read_in_their_own_way(
    paper: str, expected: dict[str, str]
) -> None:
    read = values(extract("bill", page(paper)))
    assert {name: read.get(name) for name in expected} == expected


def test_a_space_that_ocr_sees_inside_a_label_makes_no_document_number_of_it() -> None:
    paper = """E-WAY BILL
    eW ay Bill No: 6703 9222 0642     Document No: GST/24-25/7648
    """
    read = values(extract("eway_bill", page(paper)))
    assert (read["ewb_number"], read["document_number"]) == ("670392220642", "GST/24-25/7648")


def test_an_e_way_bill_is_read() -> None:
    read = values(extract("eway_bill", page(EWB_PAPER)))
    expected = {
        "ewb_number": "331200459981",
        "generated_at": "2024-03-21T10:52",
        "generated_by": f"{SUPPLIER} - MERIDIAN PUMPS",
        "valid_until": "2024-03-23",
        "supplier_gstin": SUPPLIER,
        "recipient_gstin": RECIPIENT,
        "dispatch_from": "BENGALURU, KARNATAKA-560058",
        "deliver_to": "KOCHI, KERALA-682001",
        "document_type": "INV",
        "document_number": "MP/23-24/0900",
        "document_date": "2024-03-20",
        "total_invoice_value": "104571.50",
        "hsn_code": "8413",
        "reason": "Supply",
        "transport_mode": "Road",
        "vehicle_number": "KA01AB1234",
        "distance_km": 350,
    }
    assert {name: read.get(name) for name in expected} == expected


def test_an_irn_over_two_lines_is_joined_and_proves_the_bill() -> None:
    irn = irn_of(gstin=SUPPLIER, iso_date="2024-06-14", kind="INV", number="MP/24-25/0117")
    paper = INVOICE.rstrip() + f"\nIRN: {irn[:32]}\n     {irn[32:]}\nAck No: 112410012345678\n"
    read = values(extract("bill", page(paper)))
    assert (read["irn"], read["ack_number"]) == (irn, "112410012345678")
    (check,) = [one for one in run_checks("bill", read) if one.code == "irn_matches"]
    assert check.passed


def test_nothing_is_invented_where_nothing_is_printed() -> None:
    made = extract("bill", page("Some words on an otherwise empty page"))
    assert not {"total_amount", "document_date", "document_number"} & set(values(made))
    assert extract("bill").readings == ()


def test_a_label_without_a_value_is_named() -> None:
    made = extract("bill", page("Corner Shop Ltd\nInvoice No:\nTotal Due   9.00"))
    assert "document_number" in made.labelled


def test_a_type_without_rules_is_left_to_others() -> None:
    schema = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
    made = RulesExtractor().extract(type="memo", schema=schema, pages=(page(INVOICE),))
    assert made.readings == ()


def test_a_narrower_schema_gets_only_its_own_fields() -> None:
    schema = json.dumps({"type": "object", "properties": {"irn": {}, "due_date": {}}})
    made = RulesExtractor().extract(type="bill", schema=schema, pages=(page(INVOICE),))
    assert set(values(made)) == {"due_date"}


def test_hostile_text_costs_little() -> None:
    start = time.monotonic()
    extract("bill", page("Total 1,1 " * 4_000), text_page("GSTIN: " + "9A" * 60_000))
    extract("bill", page("tax tax avoir order " * 900 + "x"))
    assert time.monotonic() - start < 10


def test_a_number_of_thousands_of_digits_holds_nobody_up() -> None:
    started = time.process_time()
    made = extract("bill", page(f"{INVOICE}\n{'1' * 20_000}\n{'11 ' * 7_000}"))
    assert (
        values(made)["document_number"] == values(extract("bill", page(INVOICE)))["document_number"]
    )
    assert time.process_time() - started < 5
