"""Words into lines into text: the reading order of words whose order is not known.

Lines are words whose boxes overlap in height. Wide runs of prose are split where a white
gutter goes through them, so that columns are read one after the other, while the short cells
of tables and invoices stay on their lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


def text_of(lines: Iterable[Line]) -> str:
    """A line of text a line of words."""
    return "\n".join(" ".join(word.text for word in line) for line in lines)


def in_lines(words: Iterable[Word]) -> tuple[Line, ...]:
    """Words grouped into lines from top to bottom, each from left to right."""
    open_lines: list[list[Word]] = []
    for word in sorted(words, key=lambda w: _box(w).top + _box(w).bottom):
        home = max(open_lines[-12:], key=lambda line: _overlap(line, word), default=None)
        if home is not None and _overlap(home, word) >= SAME_LINE_OVERLAP:
            home.append(word)
        else:
            open_lines.append([word])
    lines = [tuple(sorted(line, key=lambda w: _box(w).left)) for line in open_lines]
    return tuple(sorted(lines, key=lambda line: sum(_box(w).top for w in line) / len(line)))


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


def _box(word: Word) -> Box:
    if word.box is None:
        raise ValueError("only words with boxes have an order")
    return word.box


def _overlap(line: Sequence[Word], word: Word) -> float:
    """Shared height with the nearest words of the line over the smaller of both heights."""
    box = _box(word)
    near = min(line, key=lambda w: _gap(_box(w), box))
    other = _box(near)
    shared = min(box.bottom, other.bottom) - max(box.top, other.top)
    least = min(box.bottom - box.top, other.bottom - other.top)
    return shared / least if least > 0 else 0.0


def _gap(a: Box, b: Box) -> float:
    return max(a.left - b.right, b.left - a.right, 0.0)
