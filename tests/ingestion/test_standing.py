"""Pages that a person turned: the picture, the words and their boxes stand as asked."""

import io
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from ingestion.engines.base import Limits, PageReading
from ingestion.engines.pages import AutoReader

LIMITS = Limits(max_pages=50, max_pixels=40_000_000, max_side_px=2500, ocr_dpi=150)
SIZE = (400, 600)
LINES = ("Tax invoice of the harbour canteen", "Cardamom pods in small bags", "Total 900.00 rupees")


def paper(folder: Path, drawn_turned: int) -> str:
    """Print that lies turned on its sheet by so many degrees."""
    path = folder / "paper.pdf"
    canvas = Canvas(str(path), pagesize=SIZE)
    for row, line in enumerate(LINES):
        canvas.drawString(60, 500 - 60 * row, line)
    canvas.save()
    document = pdfium.PdfDocument(path.read_bytes())
    document[0].set_rotation(drawn_turned)
    document.save(path)
    return str(path)


def read(path: str, rotation: int | None) -> PageReading:
    return AutoReader(tesseract_cmd="", order=()).read(
        path=path,
        media_type="application/pdf",
        number=1,
        languages=("eng",),
        ignore_embedded=False,
        limits=LIMITS,
        rotation=rotation,
    )


def has_ink(reading: PageReading) -> bool:
    """Whether each word's box holds print on the stored picture."""
    grey = np.asarray(Image.open(io.BytesIO(reading.image)).convert("L"))
    boxes = [word.box for word in reading.words if word.box]
    return all(
        grey[int(b.top) : int(b.bottom) + 1, int(b.left) : int(b.right) + 1].min() < 128
        for b in boxes
    )


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("lies", [0, 90])
def test_a_page_stands_as_it_was_asked_to_with_its_words_in_their_places(
    tmp_path: Path, rotation: int, lies: int
) -> None:
    path = paper(tmp_path, lies)
    found = read(path, rotation)
    width, height = Image.open(io.BytesIO(found.image)).size
    assert (found.rotation, found.width_px, found.height_px) == (rotation, width, height)
    assert (width < height) == ((rotation + lies) % 180 == 0)
    assert sorted(word.text for word in found.words) == sorted(" ".join(LINES).split())
    assert has_ink(found)


def test_a_page_that_nobody_turned_stands_upright(tmp_path: Path) -> None:
    found = read(paper(tmp_path, 90), None)
    assert (found.rotation, found.width_px < found.height_px) == (270, True)
