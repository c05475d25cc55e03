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
