"""A page brought to stand as a person asked, whatever its reader held for upright."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image

from ingestion.engines import raster
from ingestion.engines.base import Mark
from ingestion.engines.columns import in_reading_order
from ingestion.engines.layout import Reading, turned_box, turned_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A page that was read: boxes are in pixels of `image`, which is the page as drawn turned
    by `rotation` degrees clockwise."""

    image: Image.Image
    reading: Reading
    codes: tuple[Mark, ...]
    rotation: int


def as_asked(page: Standing, asked: int | None) -> Standing:
    """The page turned on so that its rotation is `asked`; as it stands for None."""
    turn = 0 if asked is None else (asked - page.rotation) % 360
    if turn == 0:
        return page
    return Standing(
        image=raster.turned(page.image, turn),
        reading=_turned(page.reading, turn, *page.image.size),
        codes=_with_boxes(page.codes, turn, *page.image.size),
        rotation=(page.rotation + turn) % 360,
    )


def _turned(reading: Reading, turn: int, width_px: int, height_px: int) -> Reading:
    words = [turned_word(word, turn, width_px, height_px) for word in reading.words]
    return replace(reading, lines=in_reading_order(words))


def _with_boxes(codes: Sequence[Mark], turn: int, width: int, height: int) -> tuple[Mark, ...]:
    return tuple(
        replace(code, box=code.box and turned_box(code.box, turn, width, height)) for code in codes
    )
