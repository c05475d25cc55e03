"""Text layers are read with their places, and believed only where they deserve it."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingestion import render_pdf
from ingestion.engines import legible, textlayer
from ingestion.engines.base import PageReading
from ingestion.engines.layout import text_of
from ingestion.engines.raster import Grey, grey_of

PROSE = (
    "The goods were delivered in good order and the amount is due within thirty days "
    "after the date of this invoice, without any deduction, to the account named below. "
) * 3


def page_of(draw: object, size: tuple[float, float] = (600, 800)) -> pdfium.PdfPage:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size)
    draw(canvas)  # type: ignore[operator]
    canvas.showPage()
    canvas.save()
    return pdfium.PdfDocument(buffer.getvalue())[0]


def read(page: pdfium.PdfPage) -> tuple[textlayer.Layer, Grey]:
    image, _ = render_pdf.draw_page(page, 150, 10**8)
    grey = grey_of(image)
    return textlayer.read(page, grey), grey


def written(canvas: Canvas, lines: int = 30, mode: Literal[0, 3] = 0) -> None:
    text = canvas.beginText(50, 750)
    text.setFont("Helvetica", 11)
    text.setTextRenderMode(mode)
    words = PROSE.split()
    for number in range(lines):
        start = number * 9 % len(words)
        text.textLine(" ".join(words[start : start + 9]))
    canvas.drawText(text)


def scan() -> Image.Image:
    """A picture of a page of prose, as a scanner makes it."""
    image = Image.new("L", (1200, 1600), 255)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    words = PROSE.split()
    for number in range(35):
        start = number * 7 % len(words)
        pen.text((100, 80 + 40 * number), " ".join(words[start : start + 8]), fill=0, font=font)
    return image


def assert_words_cover_their_ink(reading: PageReading) -> None:
    """Nearly all ink of the stored picture stands in boxes, which hold little else."""
    grey = np.asarray(Image.open(io.BytesIO(reading.image)).convert("L"))
    covered = np.zeros(grey.shape, dtype=bool)
    for word in reading.words:
        assert word.box is not None
        covered[
            int(word.box.top) - 4 : int(word.box.bottom) + 4,
            int(word.box.left) - 6 : int(word.box.right) + 6,
        ] = True
    ink = grey < 128
    assert (ink & covered).sum() >= 0.95 * ink.sum()
    assert covered.mean() < 0.6


def test_words_have_the_places_where_they_are_drawn() -> None:
    layer, grey = read(page_of(lambda canvas: canvas.drawString(72, 720, "Total 45.00")))
    (line,) = layer.lines
    assert [word.text for word in line] == ["Total", "45.00"]
    for word in line:
        assert word.box is not None
        box = word.box
        inside = grey[int(box.top) : int(box.bottom) + 1, int(box.left) : int(box.right) + 1]
        assert inside.min() < 128
        around = grey.copy()
        around[int(box.top) - 1 : int(box.bottom) + 2, int(box.left) - 1 : int(box.right) + 2] = 255
        assert (around < 128).sum() < (grey < 128).sum()
    assert line[0].box is not None
    assert line[0].box.left == pytest.approx(72 * 150 / 72, abs=4)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_places_follow_the_rotation_of_the_page(rotation: int) -> None:
    page = page_of(lambda canvas: canvas.drawString(72, 720, "Hamburg"))
    page.set_rotation(rotation)
    layer, grey = read(page)
    assert layer.turn == (360 - rotation) % 360
    grey = np.rot90(grey, -layer.turn // 90)
    box = layer.lines[0][0].box
    assert box is not None
    ys, xs = np.nonzero(grey < 128)
    assert (box.left, box.right) == pytest.approx((xs.min(), xs.max() + 1), abs=3)
    assert (box.top, box.bottom) == pytest.approx((ys.min(), ys.max() + 1), abs=3)


def test_places_follow_the_crop_box() -> None:
    page = page_of(lambda canvas: canvas.drawString(172, 520, "Hamburg"))
    page.set_cropbox(100, 300, 500, 700)
    layer, grey = read(page)
    box = layer.lines[0][0].box
    assert box is not None
    _, xs = np.nonzero(grey < 128)
    assert box.left == pytest.approx(xs.min(), abs=3)


def test_cells_drawn_out_of_order_are_read_line_by_line() -> None:
    def table(canvas: Canvas) -> None:
        for x, column in ((300, ("2.00", "3.00")), (60, ("Bolts", "Nuts"))):
            for row, cell in enumerate(column):
                canvas.drawString(x, 700 - 20 * row, cell)

    layer, _ = read(page_of(table))
    assert text_of(layer.lines) == "Bolts 2.00\nNuts 3.00"


def test_a_printed_page_is_believed() -> None:
    layer, grey = read(page_of(written))
    assert layer.is_legible
    assert textlayer.uncovered(textlayer.places(layer), grey) < textlayer.MANY_UNCOVERED


def test_a_scan_with_a_stamp_of_text_is_known_to_be_incomplete() -> None:
    def stamped(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(scan()), 0, 0, 600, 800)
        canvas.drawString(60, 780, "Received by the front office on Monday")

    layer, grey = read(page_of(stamped))
    assert layer.is_legible
    assert textlayer.uncovered(textlayer.places(layer), grey) >= textlayer.MANY_UNCOVERED


def test_a_letter_with_a_logo_is_believed() -> None:
    logo = Image.new("L", (200, 60), 255)
    ImageDraw.Draw(logo).text((5, 10), "ACME Ltd", fill=0, font=ImageFont.load_default(36))

    def letter(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(logo), 400, 760, 120, 36)
        written(canvas)

    layer, grey = read(page_of(letter))
    assert textlayer.uncovered(textlayer.places(layer), grey) < textlayer.MANY_UNCOVERED


def test_a_hidden_layer_of_sense_is_believed_and_one_of_nonsense_is_not() -> None:
    assert legible.is_legible(PROSE)
    assert not legible.is_legible(
        "tbx qrlkz wvvth zzkp rrtl mnbv cxzl kjhg fdsq wrtp lkjh gfds zxcv"
    )


def test_letters_that_do_not_decode_are_not_believed() -> None:
    assert not legible.is_legible("\ufffd" * 5 + PROSE[:60])
    assert not legible.is_legible("\ue012\ue013\ue014 \ue015\ue016")
    assert not legible.is_legible(PROSE, unmapped=50)
    assert not legible.is_legible("  \n ")


def test_a_font_with_exchanged_letters_is_not_believed() -> None:
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in PROSE)
    assert not legible.is_legible(shifted)


@pytest.mark.parametrize(
    "text",
    [
        "HSN 8471 QTY 12 NOS RATE 450.00 CGST 9% SGST 9% TOTAL 6,372.00 GSTIN 27AAPFU0939F1ZV",
        "Die Lieferung erfolgte am 3. Mai; zahlbar innerhalb von 30 Tagen ohne Abzug.",
        "चालान संख्या दिनांक कुल राशि",
        "請求書 合計 金額 消費税",
        "7",
    ],
)
def test_bills_and_other_languages_are_believed(text: str) -> None:
    assert legible.is_legible(text)


@pytest.mark.real_data
def test_real_einvoices_are_read_from_their_layers() -> None:
    folder = Path(__file__).parents[3] / "shared/data/einvoices"
    if not folder.is_dir():
        pytest.skip("the folder of real input is not beside the project")
    for path in sorted(folder.glob("*.pdf")):
        layer, grey = read(pdfium.PdfDocument(path)[0])
        assert layer.is_legible, path.name
        assert textlayer.uncovered(textlayer.places(layer), grey) < textlayer.MANY_UNCOVERED, (
            path.name
        )
        assert (layer.is_hidden, layer.turn) == (False, 0), path.name
