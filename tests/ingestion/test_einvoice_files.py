"""E-invoices that come as bare XML are bills, with a page that a person can read."""

import io
import time
from pathlib import Path

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from documents import schemas
from ingestion import intake
from ingestion.engines import einvoice
from ingestion.engines.base import Extraction, Limits, MarkKind, PageInput, TypeOption, ValueSource
from ingestion.engines.pages import AutoReader
from ingestion.engines.rules import RulesClassifier, RulesExtractor
from tests.ingestion.test_embedded import CII

LIMITS = Limits(max_pages=10, max_pixels=10_000_000, max_side_px=2_500, ocr_dpi=100)
XML = "text/xml"
NAMES = 'xmlns:c="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
UBL = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<!-- made by hand -->
<q:CreditNote xmlns:q="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2" {NAMES}>
<c:ID>G-1</c:ID><c:IssueDate>2024-03-05</c:IssueDate>
<c:CreditNoteTypeCode>381</c:CreditNoteTypeCode>
<c:Note>R\u00fcckgabe der zu d\u00fcnnen Bohrer</c:Note>
<c:DocumentCurrencyCode>EUR</c:DocumentCurrencyCode>
<c:AccountingSupplierParty><c:Party><c:PartyLegalEntity>
<c:RegistrationName>Gr\u00fcn GmbH</c:RegistrationName></c:PartyLegalEntity></c:Party>
</c:AccountingSupplierParty>
<c:AllowanceCharge><c:ChargeIndicator>false</c:ChargeIndicator>
<c:AllowanceChargeReason>Treuerabatt</c:AllowanceChargeReason>
<c:Amount currencyID="EUR">10.00</c:Amount></c:AllowanceCharge>
<c:TaxTotal><c:TaxAmount currencyID="SEK">170.00</c:TaxAmount></c:TaxTotal>
<c:TaxTotal><c:TaxAmount currencyID="EUR">17.10</c:TaxAmount></c:TaxTotal>
<c:LegalMonetaryTotal><c:TaxExclusiveAmount currencyID="EUR">90.00</c:TaxExclusiveAmount>
<c:TaxInclusiveAmount currencyID="EUR">107.10</c:TaxInclusiveAmount>
<c:PrepaidAmount currencyID="EUR">7.10</c:PrepaidAmount>
<c:PayableAmount currencyID="EUR">100.00</c:PayableAmount></c:LegalMonetaryTotal>
<c:CreditNoteLine><c:CreditedQuantity unitCode="C62">4</c:CreditedQuantity>
<c:LineExtensionAmount currencyID="EUR">100.00</c:LineExtensionAmount>
<c:Item><c:Name>Bohrer</c:Name></c:Item></c:CreditNoteLine>
</q:CreditNote>"""


def read(path: Path, media_type: str = XML) -> tuple[PageInput, ...]:
    reader = AutoReader(tesseract_cmd="", order=())
    facts = reader.open(path=str(path), media_type=media_type, password="", limits=LIMITS)
    pages = []
    for number in range(1, facts.pages + 1):
        one = reader.read(
            path=str(path), media_type=media_type, number=number, languages=("eng",),
            ignore_embedded=False, limits=LIMITS,
        )  # fmt: skip
        pages.append(
            PageInput(
                number=number, text=one.text, words=one.words, width_px=one.width_px,
                height_px=one.height_px,
                source=one.source, marks=facts.marks if number == 1 else (),
            )
        )  # fmt: skip
    return tuple(pages)


def extract(*pages: PageInput) -> Extraction:
    return RulesExtractor().extract(type="bill", schema=schemas.shipped_text("bill"), pages=pages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CII, XML),
        (UBL, XML),
        ('<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">', XML),
        ("<rsm:CrossIndustryDocument xmlns:rsm='urn:ferd'>", XML),
        ("<Invoice><Total>1</Total></Invoice>", "text/plain"),
        ("<?xml version='1.0'?><rss/>", "text/plain"),
        ("an <Invoice> of ours", "text/plain"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]>" + CII, "text/plain"),
    ],
)
def test_an_invoice_is_told_by_its_root(text: str, expected: str) -> None:
    assert intake.sniff(text.encode(), "a.txt") == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_an_invoice_is_told_in_every_encoding_that_it_declares(encoding: str) -> None:
    content = UBL.replace("iso-8859-1", encoding.removesuffix("-sig")).encode(encoding)
    assert intake.sniff(content, "a.xml") == XML
    assert "Grün GmbH" in einvoice.decoded(content)


@pytest.mark.parametrize("encoding", ["idna", "undefined", "punycode", "utf-7", "rot13", "no-such"])
def test_what_is_no_encoding_of_xml_is_taken_for_utf_8(encoding: str) -> None:
    content = f'<?xml version="1.0" encoding="{encoding}"?><a>+2AA-\x00{"b" * 3_000_000}</a>'
    started = time.process_time()
    text = einvoice.decoded(content.encode())
    assert text == content.replace("\x00", "")
    assert time.process_time() - started < 2


def test_a_hostile_prolog_is_told_quickly() -> None:
    for text in ("<!--" * 20_000, "<?a " * 20_000, "<a:" * 20_000, "<Invoice " + "a=" * 30_000):
        assert not einvoice.is_einvoice(text)


def test_the_page_shows_what_the_invoice_says(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(UBL.encode("iso-8859-1"))
    (page,) = read(path)
    assert page.text.startswith("Credit note\n\nCredit note number: G-1\nInvoice date: 2024-03-05")
    for line in (
        "Seller: Grün GmbH",
        "Bohrer\t4\tC62\t\t\t\t100.00",
        "Taxable amount: 90.00",
        "Tax amount: 17.10",
        "Total amount: 107.10",
        "Credit note, note: Rückgabe der zu dünnen Bohrer",
        "Allowance charge, allowance charge reason: Treuerabatt",
        "Legal monetary total, payable amount: 100.00 EUR",
    ):
        assert line in page.text.splitlines()
    assert [mark.kind for mark in page.marks] == [MarkKind.EINVOICE_XML]


def test_a_bare_invoice_becomes_a_bill_without_contradictions(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(CII, encoding="utf-8")
    pages = read(path)
    options = tuple(TypeOption(slug=slug, description="") for slug in ("bill", "eway_bill"))
    assert [one.type for one in RulesClassifier().classify(pages=pages, types=options)] == ["bill"]
    made = extract(*pages)
    total = next(one for one in made.readings if one.pointer == "/total_amount")
    assert (total.value, total.source, total.page) == ("119.00", ValueSource.EMBEDDED, 1)
    assert (made.conflicts, made.objections) == ((), ())


def test_a_long_invoice_has_pages_that_know_one_another(tmp_path: Path) -> None:
    start, line = CII.split("  <ram:IncludedSupplyChainTradeLineItem>")
    item, end = line.split("</ram:IncludedSupplyChainTradeLineItem>")
    item = f"<ram:IncludedSupplyChainTradeLineItem>{item}</ram:IncludedSupplyChainTradeLineItem>"
    path = tmp_path / "a.xml"
    path.write_text(start + item * 150 + end, encoding="utf-8")
    pages = read(path)
    assert len(pages) > 1
    assert all(len(page.text) <= 3_000 for page in pages)
    assert f"Invoice number: RE-7\nPage 2 of {len(pages)}\n" in pages[1].text
    options = (TypeOption(slug="bill", description=""),)
    found = RulesClassifier().classify(pages=pages, types=options)
    assert [(one.type, one.page_label) for one in found] == [
        ("bill", number) for number in range(1, len(pages) + 1)
    ]


def test_an_invoice_that_does_not_parse_is_shown_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(CII[:600], encoding="utf-8")
    (page,) = read(path)
    assert page.text == CII[:600].strip("\n")
    assert [one for one in extract(page).readings if one.source == ValueSource.EMBEDDED] == []


def hybrid(path: Path, *, xml: str, name: str = "factur-x.xml") -> Path:
    """A PDF that prints the invoice of `CII` with its two lines of sums and carries `xml`."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842))
    rows = (
        ("Nordlicht GmbH", ""),
        ("Rechnungsnummer:", "RE-7"),
        ("Rechnungsdatum:", "05.03.2024"),
        ("Bohrer", "100,00"),
        ("Nettobetrag", "100,00"),
        ("MwSt 19 %", "19,00"),
        ("Rechnungsbetrag EUR", "119,00"),
    )
    for number, (label, value) in enumerate(rows):
        canvas.drawString(60, 780 - 24 * number, label)
        canvas.drawString(260, 780 - 24 * number, value)
    canvas.save()
    document = pypdfium2.PdfDocument(buffer.getvalue())
    document.new_attachment(name).set_data(xml.encode())
    document.save(path)
    document.close()
    return path


@pytest.mark.parametrize("name", ["factur-x.xml", "beleg.xml"])
def test_data_that_agrees_with_its_print_is_shown_where_it_stands(
    tmp_path: Path, name: str
) -> None:
    pages = read(hybrid(tmp_path / "a.pdf", xml=CII, name=name), media_type="application/pdf")
    made = extract(*pages)
    assert (made.conflicts, made.objections) == ((), ())
    for pointer in ("/document_number", "/document_date", "/total_amount", "/supplier_name"):
        reading = next(one for one in made.readings if one.pointer == pointer)
        assert (reading.source, reading.page) == (ValueSource.EMBEDDED, 1)
        assert reading.box is not None, pointer


@pytest.mark.parametrize(
    ("true", "altered", "field"),
    [
        ("119.00</ram:Grand", "191.00</ram:Grand", "/total_amount"),
        ("119.00</ram:Grand", "118.99</ram:Grand", "/total_amount"),
        ("119.00</ram:Grand", "11900.00</ram:Grand", "/total_amount"),
        ("RE-7<", "RE-1<", "/document_number"),
        ("20240305", "20240503", "/document_date"),
    ],
)
def test_data_altered_against_its_print_is_found(
    tmp_path: Path, true: str, altered: str, field: str
) -> None:
    assert true in CII
    path = hybrid(tmp_path / "a.pdf", xml=CII.replace(true, altered))
    made = extract(*read(path, media_type="application/pdf"))
    assert [one.pointer for one in made.conflicts] == [field]


def test_a_total_that_the_page_prints_for_something_else_is_found(tmp_path: Path) -> None:
    """The sum before tax given as the total, in data that adds up."""
    altered = CII
    for true, false in (("100.00</ram:Tax", "84.03</ram:Tax"), ("19.00</ram:Tax", "15.97</ram:Tax"),
                        ("119.00</ram:Grand", "100.00</ram:Grand")):  # fmt: skip
        assert true in altered
        altered = altered.replace(true, false)
    path = hybrid(tmp_path / "a.pdf", xml=altered)
    made = extract(*read(path, media_type="application/pdf"))
    assert [(one.pointer, one.value) for one in made.conflicts] == [("/total_amount", "119.00")]


def test_an_invoice_that_says_nothing_but_its_number_has_a_page(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    inner = "<ExchangedDocument><ID>RE-7</ID></ExchangedDocument>"
    for content, told in ((inner, "Invoice number: RE-7"), ("", "Invoice number")):
        path.write_text(f"<CrossIndustryInvoice>{content}</CrossIndustryInvoice>")
        (page,) = read(path)
        assert told in page.text
