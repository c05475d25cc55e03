"""What a person filled into a PDF form is read from the form, and stands among the words."""

import io
import json
from pathlib import Path

import pytest
from reportlab.pdfgen.canvas import Canvas

from documents import schemas
from ingestion.engines import formfields
from ingestion.engines.base import (
    Box,
    FieldReading,
    Limits,
    Mark,
    MarkKind,
    PageInput,
    PageReading,
    TextSource,
    ValueSource,
)
from ingestion.engines.pages import AutoReader
from ingestion.engines.rules import RulesExtractor
from tests.ingestion.drawn_pages import page

LIMITS = Limits(max_pages=10, max_pixels=10_000_000, max_side_px=2_500, ocr_dpi=100)
BOX = Box(left=10, top=20, right=210, bottom=40)


def filled(path: Path, *, printed: str = "") -> Path:
    """A page with a text field, a choice, two checkboxes and, at the text field, `printed`."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 300))
    canvas.drawString(20, 270, "PURCHASE INVOICE of the Northern Tool Company Limited")
    canvas.drawString(20, 230, "Number")
    if printed:
        canvas.drawString(105, 230, printed)
    form = canvas.acroForm
    form.textfield(name="InvoiceNumber", tooltip="Invoice No", value="FM/0042", x=100, y=220,
                   width=200, height=25)  # fmt: skip
    form.choice(name="cur", tooltip="Currency", value="INR", options=["INR", "EUR"], x=100, y=180,
                width=80, height=20)  # fmt: skip
    form.checkbox(name="paid", tooltip="Paid", checked=True, x=100, y=140)
    form.checkbox(name="gift", tooltip="Gift", checked=False, x=100, y=100)
    canvas.save()
    path.write_bytes(buffer.getvalue())
    return path


def read(path: Path, *, ignore_embedded: bool = False) -> PageReading:
    return AutoReader(tesseract_cmd="", order=()).read(
        path=str(path), media_type="application/pdf", number=1, languages=("eng",),
        ignore_embedded=ignore_embedded, limits=LIMITS,
    )  # fmt: skip


def field(name: str, value: object, *, label: str = "", kind: str = "text") -> Mark:
    payload = json.dumps({"name": name, "label": label, "kind": kind, "value": value})
    return Mark(kind=MarkKind.FORM_FIELD, payload=payload, box=BOX)


def extracted(*marks: Mark, slug: str = "bill", text: str = "Invoice") -> dict[str, FieldReading]:
    made = RulesExtractor().extract(
        type=slug, schema=schemas.shipped_text(slug), pages=(page(text, marks=marks),)
    )
    return {one.pointer: one for one in made.readings}


def test_filled_fields_are_words_and_marks_with_their_places(tmp_path: Path) -> None:
    reading = read(filled(tmp_path / "form.pdf"))
    assert reading.source == TextSource.LAYER
    assert "Number FM/0042" in reading.text
    told = [json.loads(mark.payload) for mark in reading.marks]
    assert [(one["name"], one["kind"], one["value"]) for one in told] == [
        ("InvoiceNumber", "text", "FM/0042"),
        ("cur", "choice", "INR"),
        ("paid", "checkbox", "yes"),
        ("gift", "checkbox", "no"),
    ]
    assert told[0]["label"] == "Invoice No"
    box, word = reading.marks[0].box, next(w for w in reading.words if w.text == "FM/0042")
    assert box is not None
    assert word.box is not None
    scale = reading.width_px / 400
    assert box.left == pytest.approx(100 * scale, abs=3)
    assert box.top == pytest.approx(55 * scale, abs=3)
    assert box.left <= word.box.left < word.box.right <= box.right


def test_what_the_layer_prints_already_is_not_doubled(tmp_path: Path) -> None:
    reading = read(filled(tmp_path / "form.pdf", printed="FM / 0042"))
    assert reading.text.count("0042") == 1


def test_a_form_of_thousands_of_fields_is_bounded(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(20, 500, "A form")
    for number in range(formfields.MOST_FIELDS + 50):
        canvas.acroForm.textfield(name=f"f{number}", value="y", x=10, y=10, width=20, height=10)
    canvas.acroForm.textfield(name="long", value="x" * 20_000, x=10, y=50, width=20, height=10)
    canvas.save()
    (tmp_path / "many.pdf").write_bytes(buffer.getvalue())
    reading = read(tmp_path / "many.pdf")
    assert len(reading.marks) == formfields.MOST_FIELDS
    assert max(len(mark.payload) for mark in reading.marks) < formfields.MOST_BYTES


@pytest.mark.parametrize(
    ("mark", "pointer", "value"),
    [
        (field("x", "FM/0042", label="Invoice No."), "/document_number", "FM/0042"),
        (field("form1[0].page1[0].txtInvoiceNumber[0]", "7711"), "/document_number", "7711"),
        (field("invoice_date", "25.06.2024"), "/document_date", "2024-06-25"),
        (field("Grand Total", "Rs. 41,542.00"), "/total_amount", "41542.00"),
        (field("cur", "eur", label="Currency", kind="choice"), "/currency", "EUR"),
        (field("Supplier Name", "Northern Tool Co."), "/supplier_name", "Northern Tool Co."),
    ],
)
def test_a_field_named_by_a_known_label_is_evidence(mark: Mark, pointer: str, value: str) -> None:
    reading = extracted(mark)[pointer]
    assert (reading.value, reading.source) == (value, ValueSource.EMBEDDED)
    assert reading.box == BOX
    assert "form field" in reading.note


@pytest.mark.parametrize(
    "mark",
    [
        field("f17", "FM/0042"),
        field("Total hours worked", "41.50"),
        field("invoice date", "03/04/2024"),  # day and month could be swapped
        field("grand total", "1.234"),  # a thousand, or one and a bit
        field("grand total", "see below"),
        field("paid", "yes", label="Grand Total", kind="checkbox"),
        field("invoice no", ["x"]),
        field("invoice no", "9" * 5_000),
        Mark(kind=MarkKind.FORM_FIELD, payload="[" * 50_000),
        Mark(kind=MarkKind.FORM_FIELD, payload="[1]"),
    ],
)
def test_what_is_not_clear_is_no_evidence(mark: Mark) -> None:
    assert [one for one in extracted(mark).values() if one.source == ValueSource.EMBEDDED] == []


def test_two_fields_of_one_meaning_and_different_values_are_no_evidence() -> None:
    twice = (field("Grand Total", "10.00"), field("grand_total", "20.00"))
    assert "/total_amount" not in extracted(*twice)


def test_an_e_way_bills_form_gives_its_numbers() -> None:
    marks = (
        field("EWB No", "3312 0045 9981"),
        field("Vehicle No", "KA 01 AB 1234"),
        field("distance", "350 km", label="Approx Distance"),
    )
    read = extracted(*marks, slug="eway_bill", text="e-Way Bill")
    assert read["/ewb_number"].value == "331200459981"
    assert read["/vehicle_number"].value == "KA01AB1234"


@pytest.mark.parametrize("side", [1, 100])
def test_a_form_field_is_no_witness_of_its_own_against_the_print(tmp_path: Path, side: int) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(400, 300))
    lines = ("TAX INVOICE of the Northern Tool Company Limited", "Invoice No: NT/0042",
             "Taxable amount 100.00", "IGST 18% 18.00", "Grand Total 118.00")  # fmt: skip
    for number, line in enumerate(lines):
        canvas.drawString(20, 280 - 25 * number, line)
    canvas.acroForm.textfield(name="Total Amount", value="9118.00", x=100, y=20, width=side,
                              height=min(20, side))  # fmt: skip
    canvas.save()
    (tmp_path / "form.pdf").write_bytes(buffer.getvalue())
    one = read(tmp_path / "form.pdf")
    seen = PageInput(number=1, text=one.text, words=one.words, width_px=one.width_px,
                     height_px=one.height_px, source=one.source, marks=one.marks)  # fmt: skip
    made = RulesExtractor().extract(type="bill", schema=schemas.shipped_text("bill"), pages=(seen,))
    assert [(one.pointer, one.value) for one in made.conflicts] == [("/total_amount", "118.00")]
