"""Data that the file carries wins over the print, and the print is held against it."""

import base64
import json
from pathlib import Path

import pypdfium2
import pytest

from documents import schemas
from ingestion.engines.base import (
    Extraction,
    FieldReading,
    Mark,
    MarkKind,
    PageInput,
    TextSource,
    ValueSource,
)
from ingestion.engines.rules import RulesExtractor
from ingestion.engines.rules.codes import decode_gst_qr
from ingestion.engines.rules.embedded import einvoice_readings
from tests.ingestion.drawn_pages import page

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "einvoices"

CII = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:rsm" xmlns:ram="urn:ram" xmlns:udt="urn:udt">
 <rsm:ExchangedDocument><ram:ID>RE-7</ram:ID>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240305</udt:DateTimeString>
  </ram:IssueDateTime></rsm:ExchangedDocument>
 <rsm:SupplyChainTradeTransaction>
  <ram:IncludedSupplyChainTradeLineItem>
   <ram:SpecifiedTradeProduct><ram:Name>Bohrer</ram:Name></ram:SpecifiedTradeProduct>
   <ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>
    <ram:ChargeAmount>50.00</ram:ChargeAmount></ram:NetPriceProductTradePrice>
   </ram:SpecifiedLineTradeAgreement>
   <ram:SpecifiedLineTradeDelivery>
    <ram:BilledQuantity unitCode="C62">2</ram:BilledQuantity></ram:SpecifiedLineTradeDelivery>
   <ram:SpecifiedLineTradeSettlement>
    <ram:ApplicableTradeTax><ram:RateApplicablePercent>19</ram:RateApplicablePercent>
    </ram:ApplicableTradeTax>
    <ram:SpecifiedTradeSettlementLineMonetarySummation>
     <ram:LineTotalAmount>100.00</ram:LineTotalAmount>
    </ram:SpecifiedTradeSettlementLineMonetarySummation>
   </ram:SpecifiedLineTradeSettlement>
  </ram:IncludedSupplyChainTradeLineItem>
  <ram:ApplicableHeaderTradeAgreement>
   <ram:SellerTradeParty><ram:Name>Nordlicht GmbH</ram:Name>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456789</ram:ID>
    </ram:SpecifiedTaxRegistration></ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Brandt KG</ram:Name></ram:BuyerTradeParty>
  </ram:ApplicableHeaderTradeAgreement>
  <ram:ApplicableHeaderTradeSettlement>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementHeaderMonetarySummation>
    <ram:TaxBasisTotalAmount>100.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="USD">21.00</ram:TaxTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">19.00</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>119.00</ram:GrandTotalAmount>
   </ram:SpecifiedTradeSettlementHeaderMonetarySummation>
  </ram:ApplicableHeaderTradeSettlement>
 </rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""

UBL = """<Invoice xmlns="urn:ubl" xmlns:c="urn:c"><c:ID>U-1</c:ID>
<c:IssueDate>2024-03-05</c:IssueDate><c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
<c:AccountingSupplierParty><c:Party><c:PartyLegalEntity>
<c:RegistrationName>Nordlicht GmbH</c:RegistrationName></c:PartyLegalEntity></c:Party>
</c:AccountingSupplierParty>
<c:TaxTotal><c:TaxAmount currencyID="EUR">19.00</c:TaxAmount></c:TaxTotal>
<c:LegalMonetaryTotal><c:TaxExclusiveAmount>100.00</c:TaxExclusiveAmount>
<c:TaxInclusiveAmount>119.00</c:TaxInclusiveAmount></c:LegalMonetaryTotal>
<c:InvoiceLine><c:InvoicedQuantity unitCode="C62">2</c:InvoicedQuantity>
<c:LineExtensionAmount>100.00</c:LineExtensionAmount><c:Item><c:Name>Bohrer</c:Name></c:Item>
</c:InvoiceLine></Invoice>"""

PRINT = """
Nordlicht GmbH
Rechnungsnummer: RE-7       Rechnungsdatum: 05.03.2024
Nettobetrag                 100,00 €
MwSt 19 %                    19,00 €
Rechnungsbetrag             {total} €
"""


def extract(text: str, *marks: Mark, slug: str = "bill") -> Extraction:
    return RulesExtractor().extract(
        type=slug, schema=schemas.shipped_text(slug), pages=(page(text, marks=marks),)
    )


def read_bill_of(*pages: PageInput) -> Extraction:
    return RulesExtractor().extract(type="bill", schema=schemas.shipped_text("bill"), pages=pages)


def by_pointer(made: Extraction) -> dict[str, FieldReading]:
    return {reading.pointer: reading for reading in made.readings}


def xml(payload: str) -> Mark:
    return Mark(kind=MarkKind.EINVOICE_XML, payload=payload)


def signed(**claims: object) -> Mark:
    body = json.dumps({"data": json.dumps(claims), "iss": "NIC"}).encode()
    middle = base64.urlsafe_b64encode(body).decode().rstrip("=")
    return Mark(kind=MarkKind.GST_QR, payload=f"e30.{middle}.c2ln")


def test_cii_gives_parties_totals_in_the_invoices_currency_and_lines() -> None:
    read = {reading.pointer: reading.value for reading in einvoice_readings(CII)}
    assert read["/document_number"] == "RE-7"
    assert read["/document_date"] == "2024-03-05"
    assert (read["/supplier_name"], read["/supplier_tax_id"]) == ("Nordlicht GmbH", "DE123456789")
    assert (read["/taxable_amount"], read["/tax_amount"]) == ("100.00", "19.00")
    assert (read["/total_amount"], read["/currency"]) == ("119.00", "EUR")
    assert read["/line_items/0/quantity"] == "2"
    assert read["/line_items/0/taxable_amount"] == "100.00"


def test_ubl_gives_the_same() -> None:
    read = {reading.pointer: reading.value for reading in einvoice_readings(UBL)}
    assert (read["/document_number"], read["/supplier_name"]) == ("U-1", "Nordlicht GmbH")
    assert (read["/tax_amount"], read["/total_amount"]) == ("19.00", "119.00")
    assert read["/line_items/0/description"] == "Bohrer"


def test_ubl_prefers_the_vat_number_and_takes_a_credit_notes_due_date() -> None:
    party = (
        "<c:PartyTaxScheme><c:CompanyID>201/113</c:CompanyID><c:TaxScheme><c:ID>FC</c:ID>"
        "</c:TaxScheme></c:PartyTaxScheme><c:PartyTaxScheme><c:CompanyID>DE1</c:CompanyID>"
        "<c:TaxScheme><c:ID>VAT</c:ID></c:TaxScheme></c:PartyTaxScheme><c:PartyLegalEntity>"
    )
    due = "<c:PaymentMeans><c:PaymentDueDate>2024-04-01</c:PaymentDueDate></c:PaymentMeans>"
    changed = UBL.replace("<c:PartyLegalEntity>", party).replace(
        "<c:TaxTotal>", due + "<c:TaxTotal>"
    )
    read = {one.pointer: one.value for one in einvoice_readings(changed)}
    assert (read["/supplier_tax_id"], read["/due_date"]) == ("DE1", "2024-04-01")


def test_the_total_is_that_with_tax_whatever_was_prepaid_or_rounded() -> None:
    sums = (
        "<ram:RoundingAmount>0.02</ram:RoundingAmount><ram:TotalPrepaidAmount>100.00"
        "</ram:TotalPrepaidAmount><ram:DuePayableAmount>19.02</ram:DuePayableAmount>"
    )
    changed = CII.replace("<ram:GrandTotalAmount>", sums + "<ram:GrandTotalAmount>")
    read = {one.pointer: one.value for one in einvoice_readings(changed)}
    assert read["/total_amount"] == "119.00"
    assert "/round_off" not in read  # BT-114 belongs to the amount due


def test_prices_for_many_and_line_allowances_close_the_lines_sum() -> None:
    line = (
        "<c:AllowanceCharge><c:ChargeIndicator>false</c:ChargeIndicator><c:Amount>5.00</c:Amount>"
        "</c:AllowanceCharge><c:Price><c:PriceAmount>5250</c:PriceAmount>"
        "<c:BaseQuantity>100</c:BaseQuantity></c:Price></c:InvoiceLine>"
    )
    read = {
        one.pointer: one.value for one in einvoice_readings(UBL.replace("</c:InvoiceLine>", line))
    }
    assert read["/line_items/0/unit_price"] == "52.5"
    assert read["/line_items/0/discount"] == "5.00"  # 2 x 52.50 - 5.00 = 100.00


def test_lines_that_only_group_others_are_left_out() -> None:
    group = (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
        "<ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode>"
        "</ram:AssociatedDocumentLineDocument><ram:SpecifiedTradeProduct><ram:Name>Werkzeug"
        "</ram:Name></ram:SpecifiedTradeProduct></ram:IncludedSupplyChainTradeLineItem>"
    )
    first = "  <ram:IncludedSupplyChainTradeLineItem>"
    read = einvoice_readings(CII.replace(first, group + first, 1))
    assert [one.value for one in read if one.pointer.endswith("/description")] == ["Bohrer"]


@pytest.mark.parametrize(
    "payload",
    ["", "no xml", "<a/>", '<!DOCTYPE x [<!ENTITY e "e">]><Invoice>&e;</Invoice>', "<Invoice>"],
)
def test_what_is_no_invoice_or_a_trap_is_ignored(payload: str) -> None:
    assert einvoice_readings(payload) == ()


def test_embedded_values_win_and_agreement_shows_where_they_are_printed() -> None:
    made = extract(PRINT.format(total="119,00"), xml(CII))
    total = by_pointer(made)["/total_amount"]
    assert (total.value, total.source, total.page) == ("119.00", ValueSource.EMBEDDED, 1)
    assert total.box is not None
    assert made.conflicts == ()


def test_a_print_that_contradicts_is_reported() -> None:
    made = extract(PRINT.format(total="191,00"), xml(CII))
    assert by_pointer(made)["/total_amount"].value == "119.00"
    assert [(one.pointer, one.value) for one in made.conflicts] == [("/total_amount", "191.00")]


def test_a_total_that_no_line_of_an_itemised_print_shows_is_objected_to() -> None:
    rows = "Bohrer 500,00\nSchrauben 77,00\nDübel 13,00\n"
    made = extract(f"Nordlicht GmbH\nRechnungsnummer: RE-7\n{rows}", xml(CII))
    assert [one.code for one in made.objections] == ["total_not_printed"]
    scan = page(rows, marks=[xml(CII)], source=TextSource.OCR)
    assert read_bill_of(scan).objections == ()  # its characters may be misread


def test_an_embedded_value_that_is_not_printed_is_a_note() -> None:
    made = extract("Rechnung", xml(CII))
    total = by_pointer(made)["/total_amount"]
    assert (total.page, total.note) == (0, "not printed on the page")
    assert (made.conflicts, made.objections) == ((), ())


def test_a_value_is_found_wherever_and_however_it_is_printed() -> None:
    made = extract("Nordlicht   GmbH\nWir danken.  Zahlen Sie 119,00 EUR zu RE 7.", xml(CII))
    read = by_pointer(made)
    assert {read[f"/{name}"].note for name in ("supplier_name", "total_amount", "document_number")}
    number, name = read["/document_number"], read["/supplier_name"]
    assert (number.page, number.raw, number.note) == (1, "RE 7", "the page prints the same")
    assert name.box is not None
    assert name.box.left == 0
    assert name.box.right > 130  # both words, over the gap


def test_a_line_is_found_by_its_description_and_its_numbers_beside_it() -> None:
    text = "Menge 2 Stück 100,00\n\nBohrer    2    50,00    100,00\nFuß 100,00 2"
    read = by_pointer(extract(text, xml(CII)))
    line = {
        name: read[f"/line_items/0/{name}"] for name in ("description", "quantity", "unit_price")
    }
    boxes = [reading.box for reading in line.values()]
    assert all(boxes)
    assert len({box.top for box in boxes if box}) == 1


@pytest.mark.parametrize(
    ("field", "printed", "is_conflict"),
    [
        ("Rechnungsnummer", "RE-8", True),
        ("Rechnungsnummer", "7", False),  # the number without its series
        ("Rechnungsnummer", "RE-77", True),
        ("Rechnungsdatum", "06.03.2024", True),
        ("Rechnungsdatum", "5. März 2024", False),
        ("USt-IdNr", "DE999999999", True),
        ("Steuernummer", "201/113/40209", False),  # the tax office's, not the VAT number
        ("Rechnungsempfänger", "Brand AG", False),  # names are chosen freely
    ],
)
def test_only_what_identifies_the_paper_can_be_contradicted(
    field: str, printed: str, is_conflict: bool
) -> None:
    made = extract(f"Nordlicht GmbH\nRechnung\n{field}: {printed}\n", xml(CII))
    assert bool(made.conflicts) == is_conflict, made.conflicts


def test_a_number_printed_in_part_is_contradicted_by_a_longer_print_of_it() -> None:
    data = xml(CII.replace("<ram:ID>RE-7</ram:ID>", "<ram:ID>81.234.567-2024-1</ram:ID>", 1))
    text = "Nordlicht GmbH\nRechnungsnummer: 81.234.567\n"
    assert extract(text, data).conflicts == ()
    made = extract(f"{text}\nZu Rechnung 81.234.567-2023-9 vom Vorjahr", data)
    assert [one.value for one in made.conflicts] == ["81.234.567"]


def test_a_credit_note_may_print_its_sums_with_a_minus() -> None:
    credit = CII.replace(
        "<ram:ID>RE-7</ram:ID>", "<ram:ID>RE-7</ram:ID><ram:TypeCode>381</ram:TypeCode>"
    )
    text = PRINT.format(total="-119,00")
    assert extract(text, xml(credit)).conflicts == ()
    assert by_pointer(extract(text, xml(credit)))["/total_amount"].value == "119.00"
    assert [one.pointer for one in extract(text, xml(CII)).conflicts] == ["/total_amount"]


def test_without_keys_the_code_is_decoded_and_called_unverified() -> None:
    mark = signed(
        SellerGstin="27AAPFU0939F1ZV",
        BuyerGstin="24AAACJ3770E2ZV",
        DocNo="MP/117",
        DocTyp="INV",
        DocDt="14/06/2024",
        TotInvVal=41542,
        Irn="ab" * 32,
    )
    read = by_pointer(extract("Tax Invoice\nInvoice No: MP/711", mark))
    assert read["/document_number"].value == "MP/117"
    assert read["/document_number"].source == ValueSource.EMBEDDED
    assert "signature not verified" in read["/document_number"].note
    assert (read["/document_date"].value, read["/total_amount"].value) == ("2024-06-14", "41542.00")
    assert read["/irn"].value == "ab" * 32


@pytest.mark.parametrize("amount", ["1E999999999", "1E-999999", "1" * 100_000, "NaN", "١"])
def test_an_amount_that_is_none_is_left_out(amount: str) -> None:
    read = einvoice_readings(CII.replace(">119.00<", f">{amount}<"))
    assert {"/total_amount": "119.00"}.items() <= {
        one.pointer: one.value for one in einvoice_readings(CII)
    }.items()
    assert "/total_amount" not in {one.pointer for one in read}
    assert "/taxable_amount" in {one.pointer for one in read}


def test_a_code_says_nothing_that_no_database_keeps() -> None:
    made = extract("Tax Invoice", signed(DocNo="A\x00B\ud800-7", DocDt="14/06/2024"))
    assert by_pointer(made)["/document_number"].value == "AB-7"


def test_a_code_and_an_attachment_that_differ_are_a_conflict() -> None:
    made = extract("Rechnung", xml(CII), signed(DocNo="OTHER-1"))
    assert by_pointer(made)["/document_number"].value == "RE-7"
    assert [one.value for one in made.conflicts] == ["OTHER-1"]


@pytest.mark.parametrize("payload", ["", "a.b.c", "e30.e30.e30", "e30.WzFd.x", "e30." + "A" * 99])
def test_a_broken_code_says_nothing(payload: str) -> None:
    assert decode_gst_qr(payload) == {}
    extract("Tax Invoice", Mark(kind=MarkKind.GST_QR, payload=payload))


@pytest.mark.parametrize(
    ("printed", "source", "conflicts"),
    [
        ("9f560c95a5b38678B38008091374b02391de757b1354a5c028869c40d9a3b718", TextSource.OCR, 0),
        ("9f560c95a5b38678B38008091374b02391de757b1354a5c028869c40d9a3b718", TextSource.LAYER, 1),
        ("2b90caa3cc74b4f7eb1ccbb92d26972dcce394b3b6f47e4902e75e76e340eca0", TextSource.OCR, 1),
    ],
)
def test_a_hash_that_ocr_slipped_in_contradicts_nothing(
    printed: str, source: TextSource, conflicts: int
) -> None:
    mark = signed(Irn="9f560c95a5b38678838008091374b02391de757b1354a5c028869c40d9a3b778")
    made = read_bill_of(page(f"Tax Invoice\nIRN: {printed}\n", marks=[mark], source=source))
    assert len(made.conflicts) == conflicts


def test_the_code_of_an_e_way_bill_gives_number_time_and_generator() -> None:
    mark = Mark(kind=MarkKind.EWB_QR, payload="331200459981/27AAPFU0939F1ZV/21-03-2024 10:52:00")
    read = by_pointer(extract("e-Way Bill", mark, slug="eway_bill"))
    assert read["/ewb_number"].value == "331200459981"
    assert read["/generated_at"].value == "2024-03-21T10:52"
    assert read["/generated_by"].value == "27AAPFU0939F1ZV"


def test_the_print_adds_the_name_to_the_gstin_that_the_code_holds() -> None:
    mark = Mark(kind=MarkKind.EWB_QR, payload="331200459981/27AAPFU0939F1ZV/21-03-2024 10:52:00")
    text = "e-Way Bill\nGenerated By: 27AAPFU0939F1ZV - MERIDIAN PUMPS\n"
    read = by_pointer(extract(text, mark, slug="eway_bill"))
    assert read["/generated_by"].value == "27AAPFU0939F1ZV - MERIDIAN PUMPS"


def test_a_unit_is_worded_as_on_the_page_where_the_data_has_its_code_only() -> None:
    text = """Rechnung
    Bezeichnung      Menge   Einheit   Einzelpreis   Gesamt
    Bohrer             2     Stk          50,00      100,00
    """
    unit = by_pointer(extract(text, xml(CII)))["/line_items/0/unit"]
    assert (unit.value, unit.note) == ("Stk", "the file's own code for it is C62")
    assert by_pointer(extract("Rechnung", xml(CII)))["/line_items/0/unit"].value == "C62"


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="real_data: no folder shared/data")
def test_every_embedded_field_of_the_real_e_invoices_is_right() -> None:
    truths = [json.loads(line) for line in (REAL / "truth.jsonl").read_text().splitlines()]
    wrong = []
    for truth in truths:
        pdf = pypdfium2.PdfDocument(REAL / truth["file"])
        for index in range(pdf.count_attachments()):
            attachment = pdf.get_attachment(index)
            if attachment.get_name() == truth["embedded"]:
                payload = bytes(attachment.get_data()).decode("utf-8-sig")
                read = {one.pointer[1:]: str(one.value) for one in einvoice_readings(payload)}
                for name, value in truth["fields"].items():
                    same = " ".join(value.split()) == read.get(name)
                    if not same and not _equal_amounts(value, read.get(name, "")):
                        wrong.append((truth["file"], name))
        pdf.close()
    assert wrong == []


def _equal_amounts(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False
