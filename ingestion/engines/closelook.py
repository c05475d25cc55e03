"""A second look at QR codes that a page seems to hold and that could not be read.

The signed code of an Indian e-invoice has some 950 characters and more than a hundred modules
a side; printed an inch wide it needs a finer picture than the rest of its page. Looked at
again, larger and sharpened, is only what failed its checksum or has a code's texture: square,
and about half of it dark. Pages without either pay for the search alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import cv2
import numpy as np
import zxingcpp

from ingestion.engines.base import Box
from ingestion.engines.raster import LEAST_CONTRAST, Grey

MOST_LOOKS = 3
MOST_LOOKED_PX = 4_000_000
SOUGHT_SIDE_PX = 1_000
CODE_SIDE_PX = (24, 500)  # of SOUGHT_SIDE_PX: about 7 mm to 12 cm of an A4 page
CODE_DARKNESS = (0.28, 0.93)  # pdfium draws modules of a pixel wider than they are
SQUARENESS = 0.7
LEAST_FILL = 0.6
FINER = 4.0
_QR = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode,))
# Enlarged how often, and the radius of the mask in pixels: what read most of the photos and
# small prints that the first look failed on, in this order.
_VARIANTS = ((2.0, 2.0), (2.0, 4.0), (1.0, 3.0))

Redraw = Callable[[Box, float], Grey]
"""A part of the page, drawn so many times finer."""


def read_again(
    grey: Grey, failed: Sequence[Box], seen: Sequence[Box], redraw: Redraw | None
) -> list[tuple[str, Box]]:
    """Texts and places of QR codes at `failed` places and in what looks like one, apart from
    those already `seen`."""
    found = []
    for box in islice(_apart((*failed, *_suspects(grey)), seen), MOST_LOOKS):
        if text := _closer(grey, _wider(box, grey), redraw):
            found.append((text, box))
    if failed and not found:  # seen, but not where: its corners were mistaken for others
        found = _read(_sharpened(grey, _VARIANTS[-1][1]))[:1]
    return found


def _apart(boxes: Iterable[Box], seen: Sequence[Box]) -> Iterator[Box]:
    """Those of `boxes` that overlap neither one already `seen` nor one given before."""
    done = list(seen)
    for box in boxes:
        if not any(_overlap(box, other) for other in done):
            done.append(box)
            yield box


def _closer(grey: Grey, box: Box, redraw: Redraw | None) -> str:
    if redraw is not None:
        return _text(redraw(box, FINER))
    part = grey[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    for factor, radius in _VARIANTS:
        if part.size and part.size * factor * factor <= MOST_LOOKED_PX:
            larger = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
            if text := _text(_sharpened(larger, radius)):
                return text
    return ""


def _text(grey: Grey) -> str:
    return next((text for text, _ in _read(grey)), "")


def _read(grey: Grey) -> list[tuple[str, Box]]:
    try:
        codes = zxingcpp.read_barcodes(grey, formats=_QR)
    except (RuntimeError, ValueError):
        return []
    return [(code.text, box_of(code.position)) for code in codes if code.text.strip()]


def box_of(position: zxingcpp.Position) -> Box:
    """The upright frame of a code's corners."""
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs, ys = [float(corner.x) for corner in corners], [float(corner.y) for corner in corners]
    return Box(left=min(xs), top=min(ys), right=max(xs), bottom=max(ys))


def _sharpened(grey: cv2.typing.MatLike, radius: float) -> Grey:
    soft = cv2.GaussianBlur(grey, (0, 0), radius)
    return np.asarray(cv2.addWeighted(grey, 2.5, soft, -1.5, 0), dtype=np.uint8)


def _suspects(grey: Grey) -> list[Box]:
    """Square parts of the page of which about half is dark, the largest first."""
    small = grey
    while max(small.shape) > 1.5 * SOUGHT_SIDE_PX:  # halving is a hundred times faster than else
        small = np.asarray(cv2.resize(small, None, fx=0.5, fy=0.5), dtype=np.uint8)
    ink, paper = np.percentile(grey[::8, ::8], (0.5, 80))
    if paper - ink < LEAST_CONTRAST:
        return []
    # Darkness, not a threshold: modules as small as a pixel are one even grey.
    low, high = (float(paper - limit * (paper - ink)) for limit in CODE_DARKNESS)
    dense = cv2.inRange(cv2.blur(small, (9, 9)), np.array(high), np.array(low))
    dense = cv2.morphologyEx(dense, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    contours, _ = cv2.findContours(dense, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    frames = [cv2.boundingRect(contour) for contour in contours]
    found = [(x, y, w, h) for x, y, w, h in frames if _is_square(dense[y : y + h, x : x + w])]
    scale = grey.shape[1] / small.shape[1]
    return [
        Box(left=x * scale, top=y * scale, right=(x + w) * scale, bottom=(y + h) * scale)
        for x, y, w, h in sorted(found, key=lambda frame: -frame[2] * frame[3])
    ]


def _is_square(part: cv2.typing.MatLike) -> bool:
    short, long = sorted(part.shape[:2])
    least, most = CODE_SIDE_PX
    is_sized = least <= short and long <= most and short >= SQUARENESS * long
    return is_sized and bool((part > 0).mean() >= LEAST_FILL)


def _wider(box: Box, grey: Grey) -> Box:
    """`box` with the quiet zone that a code needs, within the picture."""
    margin = 4 + 0.15 * max(box.right - box.left, box.bottom - box.top)
    height, width = grey.shape[:2]
    return Box(
        left=max(0.0, box.left - margin),
        top=max(0.0, box.top - margin),
        right=min(float(width), box.right + margin),
        bottom=min(float(height), box.bottom + margin),
    )


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )
