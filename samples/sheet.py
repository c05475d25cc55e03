"""Paper to draw on: a PDF canvas measured from the top left that writes down what it prints.

The transcript is the order of drawing, so layouts draw in reading order, block by block; runs on
one baseline become one line of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import reportlab
from numpy.typing import NDArray
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)
A4_LANDSCAPE = (842.0, 595.0)
A5_LANDSCAPE = (595.0, 421.0)
LETTER = (612.0, 792.0)
BLACK = (0.0, 0.0, 0.0)
WHITE = (1.0, 1.0, 1.0)
GREY = (0.45, 0.45, 0.45)

Colour = tuple[float, float, float]

# Vera comes inside the reportlab wheel, so the papers need no font of the machine.
_FONT_FOLDER = Path(reportlab.__file__).parent / "fonts"
_FAMILIES = {
    "sans": ("Helvetica", "Helvetica-Bold"),
    "serif": ("Times-Roman", "Times-Bold"),
    "mono": ("Courier", "Courier-Bold"),
    "vera": ("Vera", "VeraBd"),
}


class OffPaperError(ValueError):
    """A layout has more to print than its paper has room for; the truth would be untrue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """A face at a size in points."""

    face: str
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The taste of one firm: its face, its colour, how it writes dates."""

    family: str
    accent: Colour
    date_format: str

    def font(self, size: float) -> Font:
        return Font(face=_FAMILIES[self.family][0], size=size)

    def bold(self, size: float) -> Font:
        return Font(face=_FAMILIES[self.family][1], size=size)


@dataclass(frozen=True, slots=True)
class _Run:
    baseline: float
    words: str


def _register_vera() -> None:
    if "Vera" not in pdfmetrics.getRegisteredFontNames():
        for face in ("Vera", "VeraBd"):
            pdfmetrics.registerFont(TTFont(face, str(_FONT_FOLDER / f"{face}.ttf")))


class Sheet:
    """Pages being drawn. Points, origin top left, y grows downwards; y of text is its baseline."""

    def __init__(self) -> None:
        _register_vera()
        self._bytes = BytesIO()
        self._canvas = Canvas(self._bytes, invariant=1)
        self._pages: list[list[_Run]] = []
        self.width, self.height = A4

    @property
    def page_count(self) -> int:
        return len(self._pages)

    def turn_to_page(self, size: tuple[float, float]) -> None:
        """Start a page of this size; the first call starts the first one."""
        if self._pages:
            self._canvas.showPage()
        self._canvas.setPageSize(size)
        self.width, self.height = size
        self._pages.append([])

    def write(
        self,
        x: float,
        y: float,
        words: str,
        font: Font,
        *,
        align: str = "left",
        colour: Colour = BLACK,
    ) -> None:
        """Print one line; `align` is left, right or centre of x."""
        if not words:
            return
        self._check_on_paper(x, y, words, font, align)
        self._canvas.setFont(font.face, font.size)
        self._canvas.setFillColorRGB(*colour)
        draw = {
            "left": self._canvas.drawString,
            "right": self._canvas.drawRightString,
            "centre": self._canvas.drawCentredString,
        }[align]
        draw(x, self.height - y, words)
        self._pages[-1].append(_Run(round(y, 1), words))

    def _check_on_paper(self, x: float, y: float, words: str, font: Font, align: str) -> None:
        width = text_width(words, font)
        left = {"left": x, "right": x - width, "centre": x - width / 2}[align]
        if left < 0 or left + width > self.width or y > self.height - 8:
            raise OffPaperError(f"{words!r} at {left:.0f}, {y:.0f} is outside the paper")

    def write_block(
        self,
        x: float,
        y: float,
        lines: Sequence[str],
        font: Font,
        *,
        width: float,
        colour: Colour = BLACK,
    ) -> float:
        """Print lines below one another, wrapped to width; the y of the line that would follow."""
        for line in lines:
            for piece in wrap(line, font, width):
                self.write(x, y, piece, font, colour=colour)
                y += font.size * 1.25
        return y

    def rule(self, x0: float, y0: float, x1: float, y1: float, *, width: float = 0.6) -> None:
        self._canvas.setStrokeColorRGB(*BLACK)
        self._canvas.setLineWidth(width)
        self._canvas.line(x0, self.height - y0, x1, self.height - y1)

    def dashes(self, x0: float, y: float, x1: float) -> None:
        self._canvas.setDash(2, 2)
        self.rule(x0, y, x1, y)
        self._canvas.setDash()

    def frame(self, x: float, y: float, width: float, height: float, *, line: float = 0.6) -> None:
        self._canvas.setStrokeColorRGB(*BLACK)
        self._canvas.setLineWidth(line)
        self._canvas.rect(x, self.height - y - height, width, height)

    def fill(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self._canvas.setFillColorRGB(*colour)
        self._canvas.rect(x, self.height - y - height, width, height, stroke=0, fill=1)

    def stamp(self, x: float, y: float, matrix: NDArray[np.bool_], size: float) -> None:
        """A QR code as filled squares: sharp at any resolution."""
        if x + size > self.width or y + size > self.height:
            raise OffPaperError(f"the code at {x:.0f}, {y:.0f} is outside the paper")
        self._dots(x, y, matrix, size / matrix.shape[1], size / matrix.shape[0])

    def bars(
        self, x: float, y: float, row: NDArray[np.bool_], *, width: float, height: float
    ) -> None:
        self._dots(x, y, row[np.newaxis, :], width / row.size, height)

    def scribble(self, x: float, y: float, points: Sequence[tuple[float, float]]) -> None:
        """A pen stroke through points relative to x, y: a signature that says nothing."""
        path = self._canvas.beginPath()
        path.moveTo(x, self.height - y)
        for first, second in pairwise(points):
            middle = ((first[0] + second[0]) / 2, (first[1] + second[1]) / 2)
            path.curveTo(
                x + first[0],
                self.height - y - first[1],
                x + first[0],
                self.height - y - first[1],
                x + middle[0],
                self.height - y - middle[1],
            )
        self._canvas.setStrokeColorRGB(0.1, 0.15, 0.5)
        self._canvas.setLineWidth(0.9)
        self._canvas.drawPath(path)

    def _dots(
        self, x: float, y: float, matrix: NDArray[np.bool_], width: float, height: float
    ) -> None:
        path = self._canvas.beginPath()
        for row, column, length in _dark_stretches(matrix):
            top = self.height - y - (row + 1) * height
            path.rect(x + column * width, top, length * width, height)
        self._canvas.setFillColorRGB(*BLACK)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def finish(self) -> bytes:
        """The PDF; nothing can be drawn after it."""
        self._canvas.showPage()
        self._canvas.save()
        return self._bytes.getvalue()

    def transcripts(self) -> tuple[str, ...]:
        """What is printed on each page, in reading order."""
        return tuple(_transcript(runs) for runs in self._pages)


def wrap(words: str, font: Font, width: float) -> list[str]:
    return list(simpleSplit(words, font.face, font.size, width))


def text_width(words: str, font: Font) -> float:
    return float(pdfmetrics.stringWidth(words, font.face, font.size))


def _transcript(runs: Sequence[_Run]) -> str:
    lines: list[str] = []
    baseline = -1.0
    for run in runs:
        if run.baseline == baseline:
            lines[-1] += f" {run.words}"
        else:
            lines.append(run.words)
        baseline = run.baseline
    return "\n".join(lines)


def _dark_stretches(matrix: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """(row, column, length) of each run of dark modules."""
    stretches: list[tuple[int, int, int]] = []
    for number, row in enumerate(matrix):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        stretches += [
            (number, int(start), int(end - start)) for start, end in edges.reshape(-1, 2).tolist()
        ]
    return stretches
