"""Codes on pages and invoices inside of PDFs are found and told apart."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image
from PIL.ImageFilter import GaussianBlur
from reportlab.pdfgen.canvas import Canvas

from ingestion.engines import closelook, marks
from ingestion.engines.base import Limits, MarkKind
from ingestion.engines.pages import AutoReader

XML = '<?xml version="1.0" encoding="UTF-8"?><rsm:Invoice>Größe</rsm:Invoice>'


def token(claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256'})}.{part(claims)}.c2lnbmF0dXJl"


def page_with(payload: str, turn: int = 0) -> np.ndarray:
    code = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode)
    picture = Image.fromarray(np.array(zxingcpp.write_barcode_to_image(code, scale=5)))
    page = Image.new("L", (900, 1100), 255)
    page.paste(picture, (100, 200))
    return np.asarray(page.rotate(turn, expand=True))


def document_with(attachments: dict[str, bytes]) -> pdfium.PdfDocument:
    document = pdfium.PdfDocument.new()
    document.new_page(200, 100)
    for name, content in attachments.items():
        document.new_attachment(name).set_data(content)
    buffer = io.BytesIO()
    document.save(buffer)
    return pdfium.PdfDocument(buffer.getvalue())


def test_a_code_is_found_with_its_place() -> None:
    (mark,) = marks.on_page(page_with("hello docket"))
    assert (mark.kind, mark.payload) == (MarkKind.QR, "hello docket")
    assert mark.box is not None
    assert 100 <= mark.box.left < mark.box.right <= 400
    assert 200 <= mark.box.top < mark.box.bottom <= 500


def test_a_turned_code_is_found() -> None:
    assert [mark.payload for mark in marks.on_page(page_with("turned", 90))] == ["turned"]


def test_an_empty_page_has_no_codes() -> None:
    assert marks.on_page(np.full((300, 200), 255, np.uint8)) == ()


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (token({"data": "{}", "iss": "NIC"}), MarkKind.GST_QR),
        (token({"data": "{}"}), MarkKind.QR),
        (token(["data", "iss"]), MarkKind.QR),
        ("a.b.c", MarkKind.QR),
        ("www.example.com", MarkKind.QR),
        ("181234567890/27AAPFU0939F1ZV/04-03-2024 10:22:00", MarkKind.EWB_QR),
        ("181234567890/27AAPFU0939F1ZV", MarkKind.QR),
        ("upi://pay?pa=a@b&am=10.00", MarkKind.QR),
    ],
)
def test_a_code_is_named_by_its_payload(payload: str, kind: MarkKind) -> None:
    assert marks.kind_of(payload) == kind


@pytest.mark.parametrize("name", ["factur-x.xml", "ZUGFeRD-invoice.xml", "XRechnung.xml"])
def test_an_attached_invoice_is_found_by_any_case_of_its_name(name: str) -> None:
    (mark,) = marks.attached(document_with({"notes.txt": b"x", name: XML.encode()}))
    assert (mark.kind, mark.payload, mark.box) == (MarkKind.EINVOICE_XML, XML, None)


def test_other_attachments_are_left_alone() -> None:
    document = document_with({"order-x.xml": XML.encode(), "factur-x.xml.exe": b"MZ"})
    assert marks.attached(document) == ()


def test_an_invoice_attached_under_another_name_counts_where_no_name_is_proper() -> None:
    cii = b"<rsm:CrossIndustryInvoice xmlns:rsm='urn:rsm'/>"
    (mark,) = marks.attached(document_with({"order.xml": XML.encode(), "RE-7.xml": cii}))
    assert mark.payload == cii.decode()
    (mark,) = marks.attached(document_with({"RE-7.xml": cii, "factur-x.xml": XML.encode()}))
    assert mark.payload == XML


def test_an_attachment_that_is_no_xml_is_left_out() -> None:
    assert marks.attached(document_with({"factur-x.xml": b"\x00\x01binary"})) == ()


def test_an_attachment_too_large_for_an_invoice_is_left_out() -> None:
    huge = b"<a>" + b" " * marks.MOST_XML_BYTES + b"</a>"
    assert marks.attached(document_with({"factur-x.xml": huge})) == ()


def test_attachments_together_are_no_larger_than_one_may_be() -> None:
    large = b"<Invoice>" + b" " * (marks.MOST_XML_BYTES // 2)
    files = dict.fromkeys(sorted(marks.EINVOICE_NAMES), large)
    found = marks.attached(document_with(files))
    assert sum(len(mark.payload) for mark in found) <= marks.MOST_XML_BYTES
    assert len(found) == 1


def test_the_encoding_of_attached_xml_is_obeyed() -> None:
    for encoding in ("utf-8-sig", "utf-16", "iso-8859-1"):
        xml = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?><a>Größe</a>'
        (mark,) = marks.attached(document_with({"factur-x.xml": xml.encode(encoding)}))
        assert "Größe" in mark.payload


@pytest.mark.real_data
def test_every_real_einvoice_shows_its_xml() -> None:
    folder = Path(__file__).parents[3] / "shared/data/einvoices"
    if not folder.is_dir():
        pytest.skip("the folder of real input is not beside the project")
    for path in sorted(folder.glob("*.pdf")):
        found = marks.attached(pdfium.PdfDocument(path))
        assert [mark.kind for mark in found] == [MarkKind.EINVOICE_XML], path.name


def drawn(payload: str, width_pt: float) -> bytes:
    """A PDF page with words and a code of this width, drawn as vectors."""
    code = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    dots = np.array(zxingcpp.write_barcode_to_image(code, scale=1, add_quiet_zones=False)) < 128
    step, buffer = width_pt / len(dots), io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595, 842))
    for line in range(30):
        canvas.drawString(50, 600 - 14 * line, "Submersible pump 2 HP   34,000.00   18 %")
    for row, column in zip(*np.nonzero(dots), strict=True):
        left, bottom = 400 + float(column) * step, 800 - float(row + 1) * step
        canvas.rect(left, bottom, step, step, stroke=0, fill=1)
    canvas.save()
    return buffer.getvalue()


@pytest.mark.parametrize("width_mm", [14, 20, 26])
def test_a_signed_code_printed_small_is_read_by_a_closer_look(
    tmp_path: Path, width_mm: float
) -> None:
    payload = token({"data": "x" * 620, "iss": "NIC"})
    path = tmp_path / "a.pdf"
    path.write_bytes(drawn(payload, width_mm / 25.4 * 72))
    reading = AutoReader(tesseract_cmd="", order=()).read(
        path=str(path), media_type="application/pdf", number=1, languages=("eng",),
        ignore_embedded=False,
        limits=Limits(max_pages=1, max_pixels=10**8, max_side_px=2_500, ocr_dpi=300),
    )  # fmt: skip
    (mark,) = reading.marks
    assert (mark.kind, mark.payload) == (MarkKind.GST_QR, payload)
    assert mark.box is not None
    scale = reading.width_px / 595
    assert mark.box.left == pytest.approx(400 * scale, abs=12)
    assert mark.box.top == pytest.approx((842 - 800) * scale, abs=12)


def test_a_blurred_code_is_read_larger_and_sharpened() -> None:
    payload = token({"data": "y" * 620, "iss": "NIC"})
    page = Image.fromarray(page_with(payload))
    blurred = page.resize((400, 489), Image.Resampling.BICUBIC).filter(GaussianBlur(1.1))
    assert not zxingcpp.read_barcodes(np.asarray(blurred))
    assert [mark.payload for mark in marks.on_page(np.asarray(blurred))] == [payload]


def test_only_a_few_dark_squares_are_looked_at_again() -> None:
    page = np.full((1400, 1000), 255, np.uint8)
    noise = np.random.default_rng(1).integers(0, 2, (80, 80), np.uint8) * 255
    for row in range(10):
        for column in range(8):
            page[row * 130 : row * 130 + 80, column * 120 : column * 120 + 80] = noise
    looked: list[object] = []

    def redraw(box: object, finer: float) -> np.ndarray:
        looked.append(box)
        return noise

    assert marks.on_page(page, redraw) == ()
    assert len(looked) == closelook.MOST_LOOKS
