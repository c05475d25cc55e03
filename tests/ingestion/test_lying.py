"""However a page lies in its picture, it is read alike, and its boxes cover its print."""

from pathlib import Path

import pytest
from PIL import Image, ImageOps

from ingestion.engines.pages import AutoReader
from tests.ingestion.test_pages_reader import needs_tesseract
from tests.ingestion.test_pages_reader import read as read_file
from tests.ingestion.test_textlayer import PROSE, assert_words_cover_their_ink, scan

READERS = [
    pytest.param({"tesseract_cmd": "", "threads": 2}, id="rapidocr"),
    pytest.param({"order": ("tesseract",)}, id="tesseract", marks=needs_tesseract),
]


@pytest.fixture(scope="module", params=READERS)
def reader(request: pytest.FixtureRequest) -> AutoReader:
    return AutoReader(**request.param)


@pytest.mark.parametrize(("turn", "tilt"), [(0, 2), (0, -9), (90, 0), (180, 4), (270, -3)])
def test_pages_are_read_whichever_way_they_lie(
    reader: AutoReader, tmp_path: Path, turn: int, tilt: int
) -> None:
    """Turned by `turn` and then tilted by `tilt` degrees, both counter-clockwise."""
    page = scan().crop((0, 60, 1200, 900)).rotate(turn, expand=True)
    page.rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=255).save(tmp_path / "a.png")
    reading = read_file(reader, str(tmp_path / "a.png"), "image/png")
    assert reading.rotation == turn
    assert len(set(PROSE.split()) & set(reading.text.split())) >= 0.9 * len(set(PROSE.split()))
    assert reading.text.index("order") < reading.text.index("days")
    assert_words_cover_their_ink(reading)


def test_white_print_on_black_is_read(reader: AutoReader, tmp_path: Path) -> None:
    ImageOps.invert(scan().crop((0, 60, 1200, 600))).save(tmp_path / "a.png")
    reading = read_file(reader, str(tmp_path / "a.png"), "image/png")
    assert len(set(PROSE.split()) & set(reading.text.split())) >= 0.9 * len(set(PROSE.split()))


def test_a_small_receipt_on_a_large_sheet_is_read(reader: AutoReader, tmp_path: Path) -> None:
    sheet = Image.new("L", (4900, 7000), 255)
    sheet.paste(scan().crop((0, 60, 1200, 600)), (3000, 5000))
    sheet.save(tmp_path / "a.png")
    reading = read_file(reader, str(tmp_path / "a.png"), "image/png")
    assert len(set(PROSE.split()) & set(reading.text.split())) >= 0.9 * len(set(PROSE.split()))


def test_small_print_of_a_screen_is_read(reader: AutoReader, tmp_path: Path) -> None:
    """Letters of 7 pixels without a serif to spare, as a browser draws them at 96 dpi."""
    page = scan().crop((0, 60, 1200, 600))
    page.resize((page.width // 2, page.height // 2), Image.Resampling.BOX).save(tmp_path / "a.png")
    reading = read_file(reader, str(tmp_path / "a.png"), "image/png")
    assert len(set(PROSE.split()) & set(reading.text.split())) >= 0.9 * len(set(PROSE.split()))
