"""The text layer of a PDF page: its words with boxes, and whether they can be believed.

A layer is believed if its letters decode, its words look like words and ink is seen where they
stand. Words that are not the print itself (drawn invisibly, or behind a picture: what an OCR
left) are believed only if a look at some lines confirms them; that look is the caller's.
"""

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray
from PIL import Image
from rapidfuzz import fuzz

from ingestion.engines import formfields
from ingestion.engines.base import Box, Word
from ingestion.engines.columns import in_reading_order
from ingestion.engines.formfields import FormField
from ingestion.engines.layout import Line, text_of, turned_box, turned_word
from ingestion.engines.legible import is_legible
from ingestion.engines.raster import Grey, glyph_boxes

ENGINE = "pdfium"
MOST_CHARACTERS = 100_000
LAYER_CONFIDENCE = 1.0

LEAST_INK = 16  # between the darkest and the lightest pixel under a word, of 255
MOST_WITHOUT_INK = 0.3
LEAST_PICTURE = 0.2  # of the page; smaller ones are logos
PROBED_LINES = 6
LEAST_PROBED_LETTERS = 8
LEAST_AGREEMENT = 80.0
# The print of ordinary pages stands under their layer but for a handful of marks.
MANY_UNCOVERED = 60

_HYPHENS = {"\x02": "-", "\ufffe": "-", "\xad": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The words of a page's text layer that are on the page, in lines.

    is_legible: they decode to language; is_hidden: most of them are not the print itself but
    drawn invisibly or where a picture stands; turn: degrees by which the page must be turned
    clockwise so that they run from left to right; fields: the filled fields of a form. Boxes are
    on the page turned so.
    """

    lines: tuple[Line, ...]
    is_legible: bool
    is_hidden: bool = False
    turn: int = 0
    fields: tuple[FormField, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Characters:
    """In the order of the page's content. boxes: (left, bottom, right, top) in points; unmapped:
    how many have no meaning in their font; is_invisible: text rendering mode 3 (ISO 32000-1,
    9.3.6), a flag for each."""

    text: str
    boxes: NDArray[np.float64]
    unmapped: int
    is_invisible: NDArray[np.bool_]


def has_any(page: pdfium.PdfPage) -> bool:
    """Whether there is something to read: a character, or a filled field of a form. Most scans
    have neither, and this is told without a picture of the page."""
    text_page = page.get_textpage()
    try:
        is_written = text_page.count_chars() > 0
    finally:
        text_page.close()
    return is_written or bool(filled_fields(page, width_px=1, height_px=1))


def read(page: pdfium.PdfPage, grey: Grey) -> Layer:
    """The layer of a page of which `grey` is a picture."""
    height_px, width_px = grey.shape
    text_page = page.get_textpage()
    try:
        found = _characters(text_page)
    finally:
        text_page.close()
    boxes = _in_pixels(page, found.boxes, width_px, height_px)
    hidden = found.is_invisible | _on_pictures(page, found.boxes)
    spans = [span for span in _spans(found.text, boxes) if _is_on_page(span.word, grey.shape)]
    inked = [span for span in spans if _has_ink(span.word, grey)]
    text = " ".join(span.word.text for span in spans)
    turn = _turn(inked)
    filled = filled_fields(page, width_px=width_px, height_px=height_px)
    words = [span.word for span in inked]
    words += [w for w in formfields.words(filled, words) if _is_on_page(w, grey.shape)]
    is_plain = is_legible(text, found.unmapped) or (bool(filled) and not text)
    is_placed = len(spans) - len(inked) <= MOST_WITHOUT_INK * len(spans)
    return Layer(
        lines=in_reading_order([turned_word(word, turn, width_px, height_px) for word in words]),
        is_legible=is_placed and is_plain,
        is_hidden=_mostly(hidden[span.first] for span in inked),
        turn=turn,
        fields=tuple(
            replace(field, box=turned_box(field.box, turn, width_px, height_px)) for field in filled
        ),
    )


def filled_fields(page: pdfium.PdfPage, *, width_px: int, height_px: int) -> tuple[FormField, ...]:
    """The filled fields of a form, with boxes in pixels of a picture of this size."""

    def in_pixels(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        return _in_pixels(page, boxes, width_px, height_px)

    return formfields.fields(page, in_pixels)


def uncovered(known: Iterable[Box], grey: Grey) -> int:
    """How many marks that may be letters stand outside all the boxes in `known`."""
    glyphs = glyph_boxes(grey)
    covered = np.zeros(grey.shape, dtype=bool)
    for box in known:
        covered[
            max(0, int(box.top) - 2) : max(0, int(box.bottom) + 3),
            max(0, int(box.left) - 2) : max(0, int(box.right) + 3),
        ] = True
    x = ((glyphs[:, 0] + glyphs[:, 2]) / 2).astype(int)
    y = ((glyphs[:, 1] + glyphs[:, 3]) / 2).astype(int)
    return int((~covered[y, x]).sum())


def places(layer: Layer) -> tuple[Box, ...]:
    """Where the layer accounts for what is printed: its words, or, since an OCR places words
    only roughly, the lines of a hidden layer and a little around them."""
    if not layer.is_hidden:
        return tuple(word.box for word in layer.words if word.box)
    around = [_around(line) for line in layer.lines]
    return tuple(
        Box(left=left - (bottom - top), top=top, right=right + (bottom - top), bottom=bottom)
        for left, top, right, bottom in around
    )


def probe(layer: Layer, image: Image.Image) -> tuple[Image.Image, str]:
    """Some lines of the page cut out of `image` and set below each other, and what the layer
    says they are: to be read and compared by `agrees`."""
    long = [line for line in layer.lines if len(text_of([line])) >= LEAST_PROBED_LETTERS]
    lines = (long or list(layer.lines))[:: max(1, len(long) // PROBED_LINES)][:PROBED_LINES]
    crops = [image.crop(_around(line)) for line in lines]
    gap = max(crop.height for crop in crops)
    size = (max(crop.width for crop in crops) + 2 * gap, sum(c.height + gap for c in crops) + gap)
    sheet = Image.new("RGB", size, "white")
    top = gap
    for crop in crops:
        sheet.paste(crop, (gap, top))
        top += crop.height + gap
    return sheet, text_of(lines)


def agrees(said: str, seen: str) -> bool:
    """Whether two readings of the same lines are one text, a letter here and there apart."""
    plain = [re.sub(r"[\W_]+", "", text).casefold() for text in (said, seen)]
    return fuzz.ratio(*plain) >= LEAST_AGREEMENT


def _around(line: Line) -> tuple[int, int, int, int]:
    boxes = [word.box for word in line if word.box]
    top, bottom = min(b.top for b in boxes), max(b.bottom for b in boxes)
    margin = 0.25 * (bottom - top)
    return (
        int(min(b.left for b in boxes) - margin),
        int(top - margin),
        int(max(b.right for b in boxes) + margin) + 1,
        int(bottom + margin) + 1,
    )


def _mostly(flags: Iterable[Any]) -> bool:
    told = [bool(flag) for flag in flags]
    return 2 * sum(told) > len(told)


def _characters(text_page: pdfium.PdfTextPage) -> _Characters:
    count = min(max(0, pdfium_c.FPDFText_CountChars(text_page)), MOST_CHARACTERS)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    characters: list[str] = []
    boxes = np.zeros((count, 4))
    is_invisible = np.zeros(count, dtype=bool)
    unmapped = 0
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(text_page, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        characters.append(_HYPHENS.get(character, character))
        if pdfium_c.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
            boxes[index] = left.value, bottom.value, right.value, top.value
        if pdfium_c.FPDFText_HasUnicodeMapError(text_page, index) == 1:
            unmapped += 1
        drawn = pdfium_c.FPDFText_GetTextObject(text_page, index)
        if drawn:
            mode = pdfium_c.FPDFTextObj_GetTextRenderMode(drawn)
            is_invisible[index] = mode == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE
    return _Characters(
        text="".join(characters), boxes=boxes, unmapped=unmapped, is_invisible=is_invisible
    )


def _on_pictures(page: pdfium.PdfPage, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which characters have their middle on a picture that takes much of the page."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    width, height = page.get_size()
    found = np.zeros(len(boxes), dtype=bool)
    for item in page.get_objects(filter=(pdfium_c.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        try:
            left, bottom, right, top = item.get_bounds()
        except pdfium.PdfiumError:
            continue
        if (right - left) * (top - bottom) >= LEAST_PICTURE * width * height:
            found |= (left <= x) & (x <= right) & (bottom <= y) & (y <= top)
    return found


def _in_pixels(
    page: pdfium.PdfPage, boxes: NDArray[np.float64], width_px: int, height_px: int
) -> NDArray[np.float64]:
    """Boxes (left, top, right, bottom) in a picture of the page; pdfium knows its rotation
    and crop box, so three points tell the mapping."""
    if not len(boxes):
        return boxes
    fine = 64
    origin, along, up = (
        _device(page, x, y, width_px * fine, height_px * fine) / fine
        for x, y in ((0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0))
    )
    matrix = np.stack([(along - origin) / 1000, (up - origin) / 1000])
    first = boxes[:, :2] @ matrix + origin
    second = boxes[:, 2:] @ matrix + origin
    return np.hstack([np.minimum(first, second), np.maximum(first, second)])


def _device(
    page: pdfium.PdfPage, x: float, y: float, width: int, height: int
) -> NDArray[np.float64]:
    device_x, device_y = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, device_x, device_y)
    return np.array([device_x.value, device_y.value], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A word, the index of its first character, and the way from the middle of its first
    character to that of its last."""

    word: Word
    first: int
    way: NDArray[np.float64]


def _spans(characters: str, boxes: NDArray[np.float64]) -> list[_Span]:
    spans = []
    for found in re.finditer(r"\S+", characters):
        span = boxes[found.start() : found.end()]
        solid = span[(span[:, 2] > span[:, 0]) | (span[:, 3] > span[:, 1])]
        if not len(solid):
            continue
        left, top = solid[:, :2].min(axis=0)
        right, bottom = solid[:, 2:].max(axis=0)
        text = "".join(c for c in found[0] if unicodedata.category(c) != "Cc")
        if text and all(map(math.isfinite, (left, top, right, bottom))):
            box = Box(left=float(left), top=float(top), right=float(right), bottom=float(bottom))
            word = Word(
                text=unicodedata.normalize("NFC", text), box=box, confidence=LAYER_CONFIDENCE
            )
            way = (solid[-1, :2] + solid[-1, 2:] - solid[0, :2] - solid[0, 2:]) / 2
            spans.append(_Span(word=word, first=found.start(), way=way))
    return spans


def _turn(spans: list[_Span]) -> int:
    """Degrees clockwise after which most words of several letters run from left to right."""
    ways = np.array([span.way for span in spans if len(span.word.text) >= 3])
    if not len(ways):
        return 0
    x, y = ways.T
    runs = {0: x > abs(y), 90: -y > abs(x), 180: -x > abs(y), 270: y > abs(x)}
    best = max(runs, key=lambda turn: int(runs[turn].sum()))
    return best if 2 * runs[best].sum() > len(ways) else 0


def _is_on_page(word: Word, shape: tuple[int, ...]) -> bool:
    box = word.box
    return box is not None and (
        box.right > 0 and box.bottom > 0 and box.left < shape[1] and box.top < shape[0]
    )


def _has_ink(word: Word, grey: Grey) -> bool:
    """Whether anything is seen where the word stands; specks are too small to tell."""
    box = word.box
    if box is None:
        return False
    under = grey[
        max(0, int(box.top)) : int(box.bottom) + 1, max(0, int(box.left)) : int(box.right) + 1
    ]
    return under.size > 0 and int(under.max()) - int(under.min()) >= LEAST_INK


def engine_version() -> str:
    return str(pdfium.PYPDFIUM_INFO)
