"""Data that the file carries wins over the print, and the print is held against it."""

import base64
import json
from pathlib import Path

import pypdfium2
import pytest

from documents import schemas
from ingestion.engines.base import Extraction, FieldReading, Mark, MarkKind, ValueSource
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


def test_an_embedded_value_that_is_not_printed_is_no_conflict() -> None:
    made = extract("Rechnung", xml(CII))
    assert by_pointer(made)["/total_amount"].page == 0
    assert made.conflicts == ()


def test_the_signed_code_is_decoded_and_called_unverified() -> None:
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
    assert read["/document_number"].source == ValueSource.SIGNED
    assert read["/document_number"].note == "signature not verified"
    assert (read["/document_date"].value, read["/total_amount"].value) == ("2024-06-14", "41542.00")
    assert read["/irn"].value == "ab" * 32


def test_the_signed_code_wins_over_the_attachment() -> None:
    made = extract("Rechnung", xml(CII), signed(DocNo="OTHER-1"))
    assert by_pointer(made)["/document_number"].value == "OTHER-1"
    assert [one.value for one in made.conflicts] == ["RE-7"]


@pytest.mark.parametrize("payload", ["", "a.b.c", "e30.e30.e30", "e30.WzFd.x", "e30." + "A" * 99])
def test_a_broken_code_says_nothing(payload: str) -> None:
    assert decode_gst_qr(payload) == {}
    extract("Tax Invoice", Mark(kind=MarkKind.GST_QR, payload=payload))


def test_the_code_of_an_e_way_bill_gives_number_time_and_generator() -> None:
    mark = Mark(kind=MarkKind.EWB_QR, payload="331200459981/27AAPFU0939F1ZV/21-03-2024 10:52:00")
    read = by_pointer(extract("e-Way Bill", mark, slug="eway_bill"))
    assert read["/ewb_number"].value == "331200459981"
    assert read["/generated_at"].value == "2024-03-21T10:52"
    assert read["/generated_by"].value == "27AAPFU0939F1ZV"


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
