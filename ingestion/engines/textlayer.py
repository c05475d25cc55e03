"""The text layer of a PDF page: its words with boxes, and whether they can be believed.

A layer is believed if its letters decode, its words look like words, and it covers the print
that is seen on the page: a scan with a stamp of text, or with the output of a bad old OCR,
must be read anew.
"""

import ctypes
import math
import re
import unicodedata
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ingestion.engines import formfields
from ingestion.engines.base import Box, Word
from ingestion.engines.columns import in_reading_order
from ingestion.engines.formfields import FormField
from ingestion.engines.layout import Line
from ingestion.engines.raster import Grey, glyph_boxes

ENGINE = "pdfium"
MOST_CHARACTERS = 100_000
LAYER_CONFIDENCE = 1.0

MOST_UNREADABLE = 0.03
LEAST_WORDS_JUDGED = 12
LEAST_PLAUSIBLE = 0.6
LEAST_LETTERS_JUDGED = 80
LEAST_LETTER_LIKENESS = 0.55
MANY_GLYPHS = 80
MOST_UNCOVERED = 0.45

# Shares of a..z in running English, German, French and Spanish, averaged and rounded.
_LETTERS = np.array(
    [8.9, 1.5, 3.2, 4.3, 15.5, 1.4, 1.7, 3.2, 7.0, 0.4, 0.5, 4.5, 2.7, 7.9, 6.2, 2.2, 0.6, 6.7,
     7.2, 7.2, 4.0, 1.2, 0.9, 0.3, 0.9, 0.5]
)  # fmt: skip
_HYPHENS = {"\x02": "-", "\ufffe": "-", "\xad": "-"}
_VOWELS = frozenset("aeiouy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The words of a page's text layer, in lines; `is_legible` if they decode to language.

    fields: the filled fields of a form on the page; their values are among the words."""

    lines: tuple[Line, ...]
    is_legible: bool
    fields: tuple[FormField, ...] = ()


def read(page: pdfium.PdfPage, *, width_px: int, height_px: int) -> Layer:
    """The layer with boxes in pixels of a picture of the page that has this size."""
    text_page = page.get_textpage()
    try:
        characters, boxes, unmapped = _characters(text_page)
    finally:
        text_page.close()
    words = _words(characters, _in_pixels(page, boxes, width_px, height_px))
    filled = filled_fields(page, width_px=width_px, height_px=height_px)
    words += formfields.words(filled, words)
    words = [word for word in words if _is_on_page(word, width_px, height_px)]
    is_plain = is_legible(characters, unmapped) or (bool(filled) and not characters.strip())
    return Layer(lines=in_reading_order(words), is_legible=is_plain, fields=filled)


def filled_fields(page: pdfium.PdfPage, *, width_px: int, height_px: int) -> tuple[FormField, ...]:
    """The filled fields of a form, with boxes in pixels of a picture of this size."""

    def in_pixels(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        return _in_pixels(page, boxes, width_px, height_px)

    return formfields.fields(page, in_pixels)


def is_legible(text: str, unmapped: int = 0) -> bool:
    """Whether `text` decodes to something like language; `unmapped` of its characters are
    known to have no meaning in their font."""
    printed = [character for character in text if not character.isspace()]
    if not printed:
        return False
    bad = unmapped + sum(_is_unreadable(character) for character in printed)
    if bad > MOST_UNREADABLE * len(printed):
        return False
    words = re.findall(r"[^\W\d_]{3,}", text)
    if len(words) >= LEAST_WORDS_JUDGED:
        plausible = sum(_is_plausible(word) for word in words)
        if plausible < LEAST_PLAUSIBLE * len(words):
            return False
    return _has_usual_letters(text)


def covers(layer: Layer, grey: Grey) -> bool:
    """Whether the print seen on the page is what the layer says: not where many letters
    stand outside all of its words."""
    glyphs = glyph_boxes(grey)
    if len(glyphs) < MANY_GLYPHS:
        return True
    covered = np.zeros(grey.shape, dtype=bool)
    for line in layer.lines:
        for word in line:
            if word.box is not None:
                box = word.box
                covered[
                    max(0, int(box.top) - 2) : int(box.bottom) + 3,
                    max(0, int(box.left) - 2) : int(box.right) + 3,
                ] = True
    x = ((glyphs[:, 0] + glyphs[:, 2]) / 2).astype(int)
    y = ((glyphs[:, 1] + glyphs[:, 3]) / 2).astype(int)
    uncovered = int((~covered[y, x]).sum())
    return uncovered < MANY_GLYPHS or uncovered < MOST_UNCOVERED * len(glyphs)


def _characters(text_page: pdfium.PdfTextPage) -> tuple[str, NDArray[np.float64], int]:
    """Characters in the order of the page's content, the box of each in points (left,
    bottom, right, top), and the number of those without meaning in their font."""
    count = min(max(0, pdfium_c.FPDFText_CountChars(text_page)), MOST_CHARACTERS)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    characters: list[str] = []
    boxes = np.zeros((count, 4))
    unmapped = 0
    for index in range(count):
        code = pdfium_c.FPDFText_GetUnicode(text_page, index)
        character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
        characters.append(_HYPHENS.get(character, character))
        if pdfium_c.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
            boxes[index] = left.value, bottom.value, right.value, top.value
        if pdfium_c.FPDFText_HasUnicodeMapError(text_page, index) == 1:
            unmapped += 1
    return "".join(characters), boxes, unmapped


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


def _words(characters: str, boxes: NDArray[np.float64]) -> list[Word]:
    words = []
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
            words.append(
                Word(text=unicodedata.normalize("NFC", text), box=box, confidence=LAYER_CONFIDENCE)
            )
    return words


def _is_on_page(word: Word, width_px: int, height_px: int) -> bool:
    box = word.box
    if box is None:
        return False
    return box.right > 0 and box.bottom > 0 and box.left < width_px and box.top < height_px


def _is_unreadable(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cc", "Cn", "Cs")


def _is_plausible(word: str) -> bool:
    """A word with a vowel, or in another script, or an abbreviation in capitals."""
    plain = unicodedata.normalize("NFD", word.lower())
    if not plain[0].isascii():
        return True
    return bool(_VOWELS & set(plain)) or (word.isupper() and len(word) <= 5)


def _has_usual_letters(text: str) -> bool:
    """Whether the letters a..z are as frequent as in European languages; a font whose letters
    are exchanged keeps the shape of its words but not that."""
    codes = np.frombuffer(text.lower().encode("ascii", "ignore"), dtype=np.uint8)
    counts = np.bincount(codes, minlength=128)[97:123].astype(np.float64)
    if counts.sum() < LEAST_LETTERS_JUDGED:
        return True
    likeness = counts @ _LETTERS / (np.linalg.norm(counts) * np.linalg.norm(_LETTERS))
    return bool(likeness >= LEAST_LETTER_LIKENESS)


def engine_version() -> str:
    return str(pdfium.PYPDFIUM_INFO)
