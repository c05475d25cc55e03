"""Columns of prose, read one after the other.

Lines that go across the page are split where a white gutter runs down between them, but only
where both sides are prose: the cells of tables and the blocks of an invoice's head stay on
their lines, since a label and its value stand beside each other.
"""

from collections.abc import Sequence
from statistics import median

from ingestion.engines.base import Box, Word
from ingestion.engines.layout import Line, in_lines

LEAST_LINES = 6
LEAST_WORDS = 4
# In heights of a line of text; spaces between words are about 0.3, in justified print up to 1.
LEAST_GUTTER = 0.6
LEAST_FILLED = 0.4
LEAST_VERBAL = 0.75

Gap = tuple[float, float]


def in_reading_order(words: Sequence[Word]) -> tuple[Line, ...]:
    """Words in lines, columns of prose one after the other."""
    return _ordered(in_lines(words))


def _ordered(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    result: list[Line] = []
    start = 0
    while start < len(lines):
        end, gutter = _run(lines, start)
        run = lines[start:end]
        if gutter is not None and _is_prose(run, gutter):
            for side in _sides(run, gutter):
                result.extend(_ordered(side))
            start = end
        else:
            result.append(lines[start])
            start += 1
    return tuple(result)


def _run(lines: tuple[Line, ...], start: int) -> tuple[int, float | None]:
    """The end of the longest run of lines from `start` that one gutter goes through, and the
    middle of that gutter, None where there is none."""
    height = median(_box(word).bottom - _box(word).top for word in lines[start])
    gaps = _inner_gaps(lines[start], LEAST_GUTTER * height)
    end = start + 1
    middle: float | None = None
    while gaps:
        left, right = max(gaps, key=_width)
        middle = (left + right) / 2
        if end == len(lines):
            break
        gaps = _common(gaps, _free(lines[end]), LEAST_GUTTER * height)
        end += bool(gaps)
    return end, middle


def _inner_gaps(line: Line, least: float) -> list[Gap]:
    return [gap for gap in _free(line)[1:-1] if _width(gap) >= least]


def _free(line: Line) -> list[Gap]:
    """The white parts of a line from left to right, with the endless ones at both ends."""
    free: list[Gap] = []
    right = float("-inf")
    for word in line:
        box = _box(word)
        free.append((right, max(right, box.left)))
        right = max(right, box.right)
    return [*free, (right, float("inf"))]


def _common(some: list[Gap], others: list[Gap], least: float) -> list[Gap]:
    shared = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [gap for gap in shared if _width(gap) >= least]


def _is_prose(run: Sequence[Line], gutter: float) -> bool:
    """Whether both sides of the gutter are running text: enough lines stand on both, have
    several words, fill their column, and their words are words, not amounts."""
    left = [[word for word in line if _is_left(word, gutter)] for line in run]
    right = [[word for word in line if not _is_left(word, gutter)] for line in run]
    facing = sum(bool(a and b) for a, b in zip(left, right, strict=True))
    return facing >= LEAST_LINES and _is_running(left) and _is_running(right)


def _is_running(column: Sequence[Sequence[Word]]) -> bool:
    lines = [line for line in column if line]
    spans = [(_box(line[0]).left, _box(line[-1]).right) for line in lines]
    width = max(right for _, right in spans) - min(left for left, _ in spans)
    words = [word.text for line in lines for word in line]
    return (
        median(len(line) for line in lines) >= LEAST_WORDS
        and median(right - left for left, right in spans) >= LEAST_FILLED * width
        and sum(map(_is_word, words)) >= LEAST_VERBAL * len(words)
    )


def _is_word(text: str) -> bool:
    return text.strip(".,;:!?()\"'“”‘’-–").isalpha()


def _sides(run: Sequence[Line], gutter: float) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    words = [word for line in run for word in line]
    left = [word for word in words if _is_left(word, gutter)]
    right = [word for word in words if not _is_left(word, gutter)]
    return in_lines(left), in_lines(right)


def _is_left(word: Word, gutter: float) -> bool:
    box = _box(word)
    return (box.left + box.right) / 2 < gutter


def _width(gap: Gap) -> float:
    return gap[1] - gap[0]


def _box(word: Word) -> Box:
    if word.box is None:
        raise ValueError("only words with boxes have an order")
    return word.box
