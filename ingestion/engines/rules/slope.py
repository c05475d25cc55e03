"""Straightens the words of a photographed page, so that rows are rows and columns columns.

A sheet in a photo is turned by a few degrees and more so at one end than at the other. Words
that stand side by side give the slope where they are; each word is then turned back by the
slope around its height on the page. A straight page stays as it is.
"""

from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

from ingestion.engines.base import Box, Word
from ingestion.engines.rules.tokens import Token

_LEAST_PAIRS = 12
_STRAIGHT = 0.004  # radians, about a quarter of a degree
_BANDS = 9


def straightened(words: Sequence[tuple[Word, Box]]) -> list[Token]:
    """Tokens with straightened coordinates; their boxes stay those of the image."""
    pairs = _pairs([box for _, box in words])
    slopes = _slopes_by_height(pairs)
    middle = median([(box.left + box.right) / 2 for _, box in words] or [0.0])
    return [_token(word, box, _slope_at(slopes, box), middle) for word, box in words]


def _token(word: Word, box: Box, slope: float, middle: float) -> Token:
    width, height = box.right - box.left, box.bottom - box.top
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    if slope:
        height = max(0.4 * height, height - abs(slope) * width)
        x, y = x + slope * y, y - slope * (x - middle)
    return Token(
        text=word.text.strip(),
        left=x - width / 2,
        top=y - height / 2,
        right=x + width / 2,
        bottom=y + height / 2,
        confidence=word.confidence,
        box=box,
    )


def _pairs(boxes: Sequence[Box]) -> list[tuple[float, float]]:
    """(height on the page, slope) of each word and its neighbour on the right."""
    rows: dict[int, list[tuple[float, float, float]]] = {}
    size = max(1.0, median([box.bottom - box.top for box in boxes] or [1.0]))
    for box in boxes:
        y = (box.top + box.bottom) / 2
        rows.setdefault(int(y // size), []).append((box.left, box.right, y))
    for row in rows.values():
        row.sort()
    found = []
    for key, row in rows.items():
        for left, right, y in row:
            best: tuple[float, float] | None = None
            for other in (key - 1, key, key + 1):
                near = rows.get(other, [])
                at = bisect_left(near, (right - 0.2 * size, 0.0, 0.0))
                if at < len(near):
                    after_left, after_right, after_y = near[at]
                    gap = after_left - right
                    if gap < 1.2 * size and abs(after_y - y) < 0.5 * size:
                        slope = (after_y - y) / max(
                            1.0, (after_left + after_right - left - right) / 2
                        )
                        if best is None or gap < best[0]:
                            best = (gap, slope)
            if best is not None and abs(best[1]) < 0.3:
                found.append((y, best[1]))
    return found


def _slopes_by_height(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Median slopes of bands of pairs, top to bottom; empty where the page is straight."""
    if len(pairs) < _LEAST_PAIRS or abs(median(slope for _, slope in pairs)) < _STRAIGHT:
        return []
    ordered = sorted(pairs)
    size = max(_LEAST_PAIRS, len(ordered) // _BANDS)
    bands = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    if len(bands) > 1 and len(bands[-1]) < _LEAST_PAIRS // 2:
        bands[-2:] = [bands[-2] + bands[-1]]
    return [(median(y for y, _ in band), median(s for _, s in band)) for band in bands]


def _slope_at(slopes: list[tuple[float, float]], box: Box) -> float:
    """The slope at a word's height, between the medians of the bands around it."""
    if not slopes:
        return 0.0
    y = (box.top + box.bottom) / 2
    at = bisect_left(slopes, (y, -1.0))
    if at == 0:
        return slopes[0][1]
    if at == len(slopes):
        return slopes[-1][1]
    (low, first), (high, second) = slopes[at - 1], slopes[at]
    share = (y - low) / max(1e-6, high - low)
    return first + share * (second - first)
