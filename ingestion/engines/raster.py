"""The picture of a page made ready to be read: level, cropped to its ink, print at a good size.

A receipt on a large sheet, a scan of 600 dpi and a screenshot have print of very different
sizes; OCR engines are trained on one. Sizes are measured in the picture, never taken from the
file. Pure functions on arrays.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ingestion.engines.base import Box

Grey = NDArray[np.uint8]

MEASURED_SIDE_PX = 1600
LEAST_CONTRAST = 40
LEAST_SIDE_PX = 12
MARGIN_GLYPHS = 3.0
LEAST_GLYPHS = 12
LEAST_DIRECTED = 40
SIDEWAYS_CROWDING = 1.2
LEAST_TILT = 1.0
MOST_TILT = 12.0
TILTED_CROWDING = 1.3
OCR_SIDE_PX = 4000
# Distance between the strongest and the weakest channel, of 255, that JPEG may add to greys;
# tinted paper has more, and Tesseract reads it better in its colours (word F1 on 29 such
# receipts is 0.024 lower without them).
MOST_TINT = 6
_CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """What a quick look at a page tells, in pixels of the picture looked at.

    glyph_px: median height of letter-sized marks, 0 where there are too few to tell;
    glyphs: how many; left, top, right, bottom: the part of the page that holds them;
    blank: nothing is on the page at all; is_sideways: the print seems to run up or down;
    tilt: degrees by which its lines fall towards the right, 0 where they are about level.
    """

    glyph_px: float
    glyphs: int
    left: int
    top: int
    right: int
    bottom: int
    blank: bool
    is_sideways: bool = False
    tilt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The size of letters that an engine reads well: between `least_px` and `most_px` they
    are left alone, else brought to `target_px`, enlarged at most `most_enlarged` times. The
    page is cropped to its ink where at least `least_bare` of it (0..1) have none."""

    least_px: float
    target_px: float
    most_px: float
    most_enlarged: float
    least_bare: float = 0.0

    def scale(self, glyph_px: float) -> float:
        """What to multiply the sides of a picture by; `glyph_px` is 0 where unknown."""
        if not glyph_px or self.least_px <= glyph_px <= self.most_px:
            return 1.0
        return min(self.most_enlarged, self.target_px / glyph_px)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A part of a page at another scale: page = prepared / scale + (left, top)."""

    image: Image.Image
    scale: float
    left: int
    top: int


def grey_of(image: Image.Image) -> Grey:
    """Brightness of every pixel."""
    return np.asarray(image.convert("L"), dtype=np.uint8)


def look(grey: Grey) -> Print:
    """Measure the print of a page."""
    height, width = grey.shape
    if min(height, width) < LEAST_SIDE_PX:
        return Print(glyph_px=0.0, glyphs=0, left=0, top=0, right=width, bottom=height, blank=True)
    shrink = min(1.0, MEASURED_SIDE_PX / max(height, width))
    small = (
        cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        if shrink < 1
        else grey
    )
    boxes = glyph_boxes(np.asarray(small, dtype=np.uint8))
    blank = int(np.ptp(np.percentile(small, (0.05, 99.95)))) < LEAST_CONTRAST
    if len(boxes) < LEAST_GLYPHS:
        return Print(
            glyph_px=0.0, glyphs=len(boxes), left=0, top=0, right=width, bottom=height, blank=blank
        )
    is_sideways, tilt = _direction(boxes)
    boxes = boxes / shrink
    glyph = float(np.median(boxes[:, 3] - boxes[:, 1]))
    margin = MARGIN_GLYPHS * glyph
    low, high = boxes[:, :2].min(axis=0) - margin, boxes[:, 2:].max(axis=0) + margin
    return Print(
        glyph_px=glyph,
        glyphs=len(boxes),
        left=max(0, int(low[0])),
        top=max(0, int(low[1])),
        right=min(width, int(high[0]) + 1),
        bottom=min(height, int(high[1]) + 1),
        blank=blank,
        is_sideways=is_sideways,
        tilt=tilt,
    )


def _direction(boxes: NDArray[np.float64]) -> tuple[bool, float]:
    """Whether print runs up or down the picture, and the tilt of its lines.

    Letters of a line end at the same height: at the right tilt the lower edges of all letters
    crowd on few heights, on a page that lies on its side their left or right edges do."""
    if len(boxes) < LEAST_DIRECTED:
        return False, 0.0
    left, top, right, bottom = boxes.T
    step = max(1.0, float(np.median(bottom - top)) / 4)
    tilt, crowding, level = _crowding(left, bottom, step)
    lying = max(_crowding(top, side, step)[1] for side in (left, right))
    if lying > SIDEWAYS_CROWDING * crowding:
        return True, 0.0
    is_tilted = abs(tilt) >= LEAST_TILT and crowding > TILTED_CROWDING * level
    return False, tilt if is_tilted else 0.0


def _crowding(
    along: NDArray[np.float64], across: NDArray[np.float64], step: float
) -> tuple[float, float, float]:
    """The tilt in degrees at which `across` crowds most in bins of `step`, how much it does
    there, and how much without tilt: with how many letters a letter shares its bin."""

    def crowding(tilt: float) -> float:
        angle = np.radians(tilt)
        heights = (across * np.cos(angle) - along * np.sin(angle)) / step
        counts = np.bincount((heights - heights.min()).astype(int))
        return float((counts.astype(np.float64) ** 2).sum() / len(across))

    coarse = max(np.arange(-MOST_TILT, MOST_TILT + 0.1, 0.5), key=crowding)
    fine = float(max(np.arange(coarse - 0.4, coarse + 0.45, 0.1), key=crowding))
    return fine, crowding(fine), crowding(0.0)


def glyph_boxes(grey: Grey) -> NDArray[np.float64]:
    """Boxes (left, top, right, bottom) of marks that may be letters: dark on lighter ground,
    of a letter's size and shape, not specks, lines or pictures."""
    height, width = grey.shape
    block = max(15, (min(height, width) // 40) | 1)
    ink = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 15
    )
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    left, top, wide, high, area = (stats[1:, column].astype(np.float64) for column in range(5))
    keep = (
        (high >= 5)
        & (high <= max(80, height / 20))
        & (wide >= 2)
        & (wide <= 4 * high)
        & (high <= 8 * wide)
        & (area >= 0.12 * wide * high)
        & (area >= 8)
    )
    boxes = np.stack([left, top, left + wide, top + high], axis=1)[keep]
    if len(boxes) < LEAST_GLYPHS:
        return np.asarray(boxes)
    heights = boxes[:, 3] - boxes[:, 1]
    usual = np.median(heights)
    usual_size = (heights > usual * 0.4) & (heights < usual * 4)
    return np.asarray(boxes[usual_size])


def turned(image: Image.Image, degrees: int) -> Image.Image:
    """The picture turned clockwise by 0, 90, 180 or 270 degrees."""
    return image.transpose(_CLOCKWISE[degrees]) if degrees else image


def levelled(image: Image.Image, tilt: float) -> Image.Image:
    """The picture with lines that fell by `tilt` degrees brought level; the corners that this
    adds get the usual colour of its border."""
    return image.rotate(tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper(image))


def wiped(image: Image.Image, boxes: Iterable[Box | None]) -> Image.Image:
    """The picture with these parts made as its paper is."""
    rest = image.copy()
    paper = _paper(image)
    for box in boxes:
        if box is not None:
            rest.paste(
                paper,
                (
                    int(box.left) - 1,
                    int(box.top) - 1,
                    int(box.right) + 2,
                    int(box.bottom) + 2,
                ),
            )
    return rest


def _paper(image: Image.Image) -> tuple[int, ...] | int:
    """The usual colour along the border."""
    pixels = np.asarray(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    usual = np.median(border, axis=0).astype(int)
    return tuple(usual.tolist()) if usual.ndim else int(usual)


def prepared(image: Image.Image, seen: Print, *, fit: Fit) -> Prepared:
    """The inked part of `image` with letters of a size that the engine reads well."""
    inked = (seen.right - seen.left) * (seen.bottom - seen.top) / (image.width * image.height)
    is_cropped = 1 - inked >= fit.least_bare
    left, top = (seen.left, seen.top) if is_cropped else (0, 0)
    part = image.crop((left, top, seen.right, seen.bottom)) if is_cropped else image
    scale = min(fit.scale(seen.glyph_px), OCR_SIDE_PX / max(part.size))
    if scale != 1.0:
        size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
        smoothing = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX
        part = part.resize(size, smoothing, reducing_gap=2.0)
        part.info.pop("dpi", None)
    return Prepared(image=part, scale=scale, left=left, top=top)


def plain(image: Image.Image) -> Image.Image:
    """The picture in greys if it has no colours, not even in a stamp or a signature: most scans
    are grey, whatever their format, and a third of the channels is a third of the work."""
    if image.mode != "RGB":
        return image
    few = image.resize((-(-image.width // 4), -(-image.height // 4)), Image.Resampling.NEAREST)
    return image if np.ptp(np.asarray(few), axis=2).max() > MOST_TINT else image.convert("L")
