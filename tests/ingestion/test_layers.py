"""PDFs whose text layer is not what is printed: found out, and read right all the same."""

import io
from collections.abc import Callable
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingestion.engines.base import Limits, PageReading, TextSource
from ingestion.engines.pages import AutoReader
from tests.ingestion.test_textlayer import PROSE, assert_words_cover_their_ink, scan, written

LIMITS = Limits(max_pages=50, max_pixels=40_000_000, max_side_px=2500, ocr_dpi=200)
SIZE = (600, 800)
# What `scan` prints, line by line, and where in points.
SCANNED = [" ".join(PROSE.split()[n * 7 % len(PROSE.split()) :][:8]) for n in range(35)]


@pytest.fixture(scope="module")
def reader() -> AutoReader:
    return AutoReader(tesseract_cmd="", threads=2)


def read(
    reader: AutoReader, folder: Path, draw: Callable[[Canvas], None], turn: int = 0
) -> PageReading:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=SIZE)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    document = pdfium.PdfDocument(buffer.getvalue())
    document[0].set_rotation(turn)
    document.save(folder / "a.pdf")
    return reader.read(
        path=str(folder / "a.pdf"),
        media_type="application/pdf",
        number=1,
        languages=("eng",),
        ignore_embedded=False,
        limits=LIMITS,
    )


def scanned(canvas: Canvas, lines: list[str]) -> None:
    """A scan with `lines` in an invisible layer, each where a line is printed."""
    canvas.drawImage(ImageReader(scan()), 0, 0, *SIZE)
    for number, line in enumerate(lines):
        text = canvas.beginText(50, 800 - (80 + 40 * number + 24) / 2)
        text.setFont("Helvetica", 11.5)
        text.setTextRenderMode(3)
        printed = ImageFont.load_default(24).getlength(SCANNED[number]) / 2
        text.setHorizScale(100 * printed / canvas.stringWidth(line, "Helvetica", 11.5))
        text.textLine(line)
        canvas.drawText(text)


def share_read(reading: PageReading, text: str) -> float:
    found, wanted = set(reading.text.split()), set(text.split())
    return len(found & wanted) / len(wanted)


def test_a_page_that_only_claims_to_have_text_is_read_by_ocr(
    reader: AutoReader, tmp_path: Path
) -> None:
    def tagged(canvas: Canvas) -> None:
        scanned(canvas, [])
        canvas._code.append("/P <</MCID 0 /ActualText ()>> BDC EMC")  # type: ignore[attr-defined]

    reading = read(reader, tmp_path, tagged)
    assert reading.source == TextSource.OCR
    assert share_read(reading, PROSE) >= 0.95


def test_a_good_hidden_layer_is_kept(reader: AutoReader, tmp_path: Path) -> None:
    reading = read(reader, tmp_path, lambda canvas: scanned(canvas, SCANNED))
    assert (reading.source, reading.engine) == (TextSource.LAYER, "pdfium")
    assert reading.text.splitlines() == SCANNED


def test_a_hidden_layer_that_says_something_else_is_read_anew(
    reader: AutoReader, tmp_path: Path
) -> None:
    """A bad old OCR: each word looks like one, but is not what is printed."""
    confused = str.maketrans("eoahmtl", "coobnfi")
    reading = read(
        reader,
        tmp_path,
        lambda canvas: scanned(canvas, [line.translate(confused) for line in SCANNED]),
    )
    assert reading.source == TextSource.OCR
    assert share_read(reading, PROSE) >= 0.95


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_hidden_layer_of_a_page_that_lies_aside_is_turned_with_it(
    reader: AutoReader, tmp_path: Path, turn: int
) -> None:
    reading = read(reader, tmp_path, lambda canvas: scanned(canvas, SCANNED), turn)
    assert (reading.source, reading.rotation) == (TextSource.LAYER, 360 - turn)
    assert reading.text.splitlines() == SCANNED
    assert_words_cover_their_ink(reading)


def test_a_hidden_layer_across_the_print_is_not_believed(
    reader: AutoReader, tmp_path: Path
) -> None:
    def crossed(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(scan().rotate(90, expand=True)), 0, 0, *SIZE)
        scanned_text = [line.title() for line in SCANNED]
        for number, line in enumerate(scanned_text):
            text = canvas.beginText(50, 740 - 20 * number)
            text.setTextRenderMode(3)
            text.textLine(line)
            canvas.drawText(text)

    reading = read(reader, tmp_path, crossed)
    assert reading.source == TextSource.OCR
    assert reading.rotation == 90
    assert share_read(reading, PROSE) >= 0.95


def test_print_in_a_picture_joins_the_text_beside_it(reader: AutoReader, tmp_path: Path) -> None:
    def half(canvas: Canvas) -> None:
        written(canvas, lines=20)
        stamp = scan().crop((0, 60, 1200, 560))
        canvas.drawImage(ImageReader(stamp), 0, 60, 600, 250)
        canvas.drawString(50, 330, "Kumquat marmalade 12.50")

    reading = read(reader, tmp_path, half)
    assert (reading.source, reading.engine) == (TextSource.LAYER, "pdfium")
    lines = reading.text.splitlines()
    assert "Kumquat marmalade 12.50" in lines
    below = lines[lines.index("Kumquat marmalade 12.50") + 1 :]
    assert len(set(below) & set(SCANNED)) >= 10
    assert_words_cover_their_ink(reading)


def test_white_text_is_no_text(reader: AutoReader, tmp_path: Path) -> None:
    def drawn(canvas: Canvas) -> None:
        written(canvas, lines=20)
        canvas.setFillGray(1)
        canvas.drawString(50, 100, "Pay ten thousand to somebody else")

    reading = read(reader, tmp_path, drawn)
    assert reading.source == TextSource.LAYER
    assert "somebody" not in reading.text
    assert "delivered" in reading.text


def test_a_page_full_of_white_text_over_a_scan_is_read_by_ocr(
    reader: AutoReader, tmp_path: Path
) -> None:
    def drawn(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(scan()), 0, 0, *SIZE)
        canvas.setFillGray(1)
        for number in range(35):
            canvas.drawString(60, 760 - 20 * number, "Somebody else will pay thousands of pounds")

    reading = read(reader, tmp_path, drawn)
    assert reading.source == TextSource.OCR
    assert share_read(reading, PROSE) >= 0.9


def test_text_outside_the_crop_box_is_left_out(reader: AutoReader, tmp_path: Path) -> None:
    def cropped(canvas: Canvas) -> None:
        canvas.setCropBox((0, 200, 600, 800))
        written(canvas, lines=20)
        canvas.drawString(50, 100, "Somewhere below the page")

    reading = read(reader, tmp_path, cropped)
    assert reading.source == TextSource.LAYER
    assert "delivered" in reading.text
    assert "Somewhere" not in reading.text


@pytest.mark.parametrize("garbled", ["shifted", "unmapped"])
def test_a_font_that_maps_to_other_letters_is_read_by_ocr(
    reader: AutoReader, tmp_path: Path, garbled: str
) -> None:
    """What is printed stands in a picture here, what the font claims in the layer: that is how
    a wrong or missing ToUnicode map looks from outside."""
    shifted = {c: c + 3 for c in range(ord("a"), ord("x"))}
    unmapped = dict.fromkeys(range(ord("A"), ord("z") + 1), "?")
    table: dict[int, int | str] = {**(shifted if garbled == "shifted" else unmapped)}
    lines = [line.translate(table) for line in SCANNED]
    reading = read(reader, tmp_path, lambda canvas: scanned(canvas, lines))
    assert reading.source == TextSource.OCR
    assert share_read(reading, PROSE) >= 0.95
