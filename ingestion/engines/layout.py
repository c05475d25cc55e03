"""Words into lines into text: the reading order of words whose order is not known.

Lines are words whose boxes overlap in height.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion.engines.base import Box, Word

Line = tuple[Word, ...]

SAME_LINE_OVERLAP = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Words in lines, in reading order, with boxes in pixels of the picture given."""

    lines: tuple[Line, ...]
    engine: str
    version: str

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line)

    @property
    def text(self) -> str:
        return text_of(self.lines)

    @property
    def confidence(self) -> float:
        """Mean over the words, weighted by length; 0 where there are none."""
        weights = [len(word.text) for word in self.words]
        if not weights:
            return 0.0
        return sum(w.confidence * n for w, n in zip(self.words, weights, strict=True)) / sum(
            weights
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A reading of a picture that was turned clockwise by `turn` degrees (0, 90, 180, 270);
    boxes are in pixels of the turned picture."""

    reading: Reading
    turn: int


def text_of(lines: Iterable[Line]) -> str:
    """A line of text a line of words."""
    return "\n".join(" ".join(word.text for word in line) for line in lines)


def in_lines(words: Iterable[Word]) -> tuple[Line, ...]:
    """Words grouped into lines from top to bottom, each from left to right.

    From left to right every word joins the line whose last word it shares most height with:
    so lines may slope, as they do on photos."""
    lines: list[list[Word]] = []
    tops: list[float] = []
    bottoms: list[float] = []
    for word in sorted(words, key=lambda w: _box(w).left):
        box = _box(word)
        home = _home(box, np.array(tops), np.array(bottoms))
        if home is None:
            lines.append([word])
            tops.append(box.top)
            bottoms.append(box.bottom)
        else:
            lines[home].append(word)
            tops[home], bottoms[home] = box.top, box.bottom
    lines.sort(key=lambda line: sum(_box(w).top for w in line) / len(line))
    return tuple(tuple(line) for line in lines)


def _home(box: Box, tops: NDArray[np.float64], bottoms: NDArray[np.float64]) -> int | None:
    """The line to which a word with this box belongs, by the heights of their last words."""
    if not len(tops):
        return None
    shared = np.minimum(bottoms, box.bottom) - np.maximum(tops, box.top)
    least = np.maximum(np.minimum(bottoms - tops, box.bottom - box.top), 1e-6)
    overlap = shared / least
    best = int(np.argmax(overlap))
    return best if overlap[best] >= SAME_LINE_OVERLAP else None


def scaled(word: Word, *, factor: float, left: float = 0, top: float = 0) -> Word:
    """The word with its box multiplied by `factor`, then moved by `left` and `top`."""
    box = scaled_box(word.box, factor=factor, left=left, top=top)
    return Word(text=word.text, box=box, confidence=word.confidence)


def scaled_box(box: Box | None, *, factor: float, left: float = 0, top: float = 0) -> Box | None:
    """`box` multiplied by `factor`, then moved by `left` and `top`."""
    if box is None:
        return None
    return Box(
        left=box.left * factor + left,
        top=box.top * factor + top,
        right=box.right * factor + left,
        bottom=box.bottom * factor + top,
    )


def turned_word(word: Word, turn: int, width_px: float, height_px: float) -> Word:
    """The word after a picture of this size is turned clockwise by 0, 90, 180 or 270 degrees."""
    box = word.box and turned_box(word.box, turn, width_px, height_px)
    return Word(text=word.text, box=box, confidence=word.confidence)


def turned_box(box: Box, turn: int, width_px: float, height_px: float) -> Box:
    """`box` after a picture of this size is turned clockwise by 0, 90, 180 or 270 degrees."""
    x, y = {
        0: ((box.left, box.right), (box.top, box.bottom)),
        90: ((height_px - box.bottom, height_px - box.top), (box.left, box.right)),
        180: (
            (width_px - box.right, width_px - box.left),
            (height_px - box.bottom, height_px - box.top),
        ),
        270: ((box.top, box.bottom), (width_px - box.right, width_px - box.left)),
    }[turn]
    return Box(left=x[0], top=y[0], right=x[1], bottom=y[1])


def _box(word: Word) -> Box:
    if word.box is None:
        raise ValueError("only words with boxes have an order")
    return word.box
