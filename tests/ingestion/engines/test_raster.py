"""As little as possible is done to a picture before an engine reads it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingestion.engines import raster
from ingestion.engines.ocr import CLOSER_FIT, TESSERACT_FIT


def printed(width: int, height: int, size_px: int) -> Image.Image:
    """Ten lines of print at the top left of a sheet."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(size_px)
    for line in range(10):
        pen.text((30, 30 + 2 * size_px * line), "Four boxes of bolts 48.00", "black", font)
    return image


def prepared(image: Image.Image, fit: raster.Fit) -> raster.Prepared:
    return raster.prepared(image, raster.look(raster.grey_of(image)), fit=fit)


def test_tesseract_is_given_a_full_page_as_it_came() -> None:
    image = printed(500, 700, 30)
    ready = prepared(image, TESSERACT_FIT)
    assert (ready.image.size, ready.scale, ready.left, ready.top) == (image.size, 1.0, 0, 0)
    assert prepared(image, CLOSER_FIT).image.size < image.size


def test_a_sheet_that_is_mostly_bare_is_cropped_to_its_print() -> None:
    ready = prepared(printed(2000, 2000, 30), TESSERACT_FIT)
    assert ready.scale == 1.0
    assert ready.image.width < 700
    assert ready.image.height < 900


def test_tiny_print_is_enlarged_and_loses_its_old_resolution() -> None:
    image = printed(200, 320, 13)
    image.info["dpi"] = (96, 96)
    ready = prepared(image, TESSERACT_FIT)
    assert ready.scale > 1.5
    assert "dpi" not in ready.image.info
    assert image.info["dpi"] == (96, 96)


@pytest.mark.parametrize(("tint", "mode"), [((255, 255, 255), "L"), ((255, 245, 225), "RGB")])
def test_a_picture_without_colours_is_made_grey(tint: tuple[int, ...], mode: str) -> None:
    pixels = np.asarray(printed(500, 700, 30)).astype(float) * np.array(tint) / 255
    assert raster.plain(Image.fromarray(pixels.astype(np.uint8))).mode == mode


def test_a_grey_page_with_a_coloured_signature_keeps_its_colours() -> None:
    image = printed(2000, 2000, 30)
    ImageDraw.Draw(image).line([(300, 1500), (500, 1450), (700, 1520)], "navy", width=5)
    assert raster.plain(image).mode == "RGB"


def test_a_tilted_page_is_brought_level_on_paper_of_its_own_colour() -> None:
    image = Image.new("RGB", (600, 400), (240, 230, 210))
    ImageDraw.Draw(image).line([(100, 180), (500, 180 + 400 * 0.0524)], "black", width=4)
    level = raster.levelled(image, 3.0)
    ink = np.argwhere(raster.grey_of(level) < 100)
    assert np.ptp(ink[:, 0]) <= 6
    assert level.getpixel((1, 1)) == (240, 230, 210)
