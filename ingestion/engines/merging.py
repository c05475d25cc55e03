"""Two engines' readings of one page made one, word by word.

Words of both that lie on the same place are set against each other, and the better-believed ones
are kept; words that only one engine saw are taken where nothing else stands. The reading order is
that of the better reading. Pure functions; what a word is believed is measured (`doubt.belief`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingestion.engines import doubt
from ingestion.engines.base import Box, Word
from ingestion.engines.layout import SAME_LINE_OVERLAP, Line, Reading

# Of the narrower of two words: less is a box drawn too wide, not the same place.
SAME_PLACE = 0.4
# A word that only one engine saw is taken from this belief on; the share of right words that
# leaves word F1 unchanged is half of that F1.
LONE_BELIEF = 0.8
# Specks and rules are read as single marks, with confidence too.
LEAST_LETTERS = 2
# RapidOCR leaves out spaces: where both read the same letters, Tesseract was right to split them
# in 11 of 13 places if it was sure of every part, else in 12 of 54.
SPLIT_BELIEF = 0.7
# Comparing all words with all takes memory: some 50 bytes a pair.
MOST_PAIRS = 4_000_000
_MARKS, _NUMERIC, _DIGIT = re.compile(r"\W"), re.compile(r"[^\w.,()%-]"), re.compile(r"\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Numbers of the words of both readings that lie on one another."""

    ours: tuple[int, ...]
    theirs: tuple[int, ...]


def merged(first: Reading, second: Reading) -> Reading:
    """The readings, boxes in pixels of the same picture, as one; named after both engines,
    the one that reads the page better first."""
    ours, theirs = sorted((first, second), key=doubt.merit, reverse=True)
    if not 0 < len(theirs.words) * len(ours.words) <= MOST_PAIRS:
        return ours
    kept: dict[int, tuple[Word, ...]] = {}
    taken: set[int] = set()
    for place in _places(ours.words, theirs.words):
        here = [ours.words[n] for n in place.ours]
        there = [theirs.words[n] for n in place.theirs]
        kept.update(dict.fromkeys(place.ours, ()))
        taken.update(place.theirs)
        kept[place.ours[0]] = _better(ours.engine, here, theirs.engine, there)
    numbers = iter(range(len(ours.words)))
    lines = [[w for word in line for w in kept.get(next(numbers), (word,))] for line in ours.lines]
    lines_of_both = _with_lone(lines, theirs, taken)
    if ours.engine == theirs.engine:
        return replace(ours, lines=lines_of_both)
    return Reading(
        lines=lines_of_both,
        engine=f"{ours.engine}+{theirs.engine}",
        version=f"{ours.version}+{theirs.version}",
    )


def _places(ours: Sequence[Word], theirs: Sequence[Word]) -> Iterator[_Place]:
    """The places where both read something."""
    same = _overlapping(_boxes(ours), _boxes(theirs))
    left = set(np.flatnonzero(same.any(axis=1)).tolist())
    for start in sorted(left):
        if start not in left:
            continue
        mine, others = {start}, set[int]()
        edge = [start]
        while edge:
            number = edge.pop()
            for other in set(np.flatnonzero(same[number]).tolist()) - others:
                others.add(other)
                more = set(np.flatnonzero(same[:, other]).tolist()) - mine
                mine |= more
                edge.extend(more)
        left -= mine
        yield _Place(ours=tuple(sorted(mine)), theirs=tuple(sorted(others)))


def _overlapping(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes (left, top, right, bottom) of the one list lie on which of the other."""
    a, b = ours[:, None, :], theirs[None, :, :]
    shared = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    least = np.minimum(a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2])
    share = shared / np.maximum(least, 1)
    return np.asarray((share[..., 0] >= SAME_PLACE) & (share[..., 1] >= SAME_LINE_OVERLAP))


def _boxes(words: Sequence[Word]) -> NDArray[np.float32]:
    boxes = [(b.left, b.top, b.right, b.bottom) for b in map(_box, words)]
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


def _better(
    engine: str, ours: Sequence[Word], other: str, theirs: Sequence[Word]
) -> tuple[Word, ...]:
    """Which of two readings of a place; where both agree it is believed more."""
    if _said(ours) != _said(theirs):
        is_better = len(_said(theirs)) >= LEAST_LETTERS and (
            _belief(other, theirs) > _belief(engine, ours)
        )
        return tuple(theirs if is_better else ours)
    sure = max(_least(ours), _least(theirs))
    if engine != other:  # their mistakes are their own
        sure = 1 - (1 - _least(ours)) * (1 - _least(theirs))
    is_finer = len(theirs) > len(ours) and all(
        doubt.belief(other, word) >= SPLIT_BELIEF for word in theirs
    )
    kept = theirs if is_finer else ours
    return tuple(replace(word, confidence=max(word.confidence, sure)) for word in kept)


def _said(words: Sequence[Word]) -> str:
    """What two readings must have in common: letters and digits, and of numbers all that
    changes their value (1250.00 is not 12500.0, nor -100 100)."""
    text = "".join(word.text for word in words).casefold()
    return (_NUMERIC if _DIGIT.search(text) else _MARKS).sub("", text).rstrip(".,")


def _least(words: Sequence[Word]) -> float:
    return min(word.confidence for word in words)


def _belief(engine: str, words: Sequence[Word]) -> float:
    """The share of letters that are right, as far as can be told."""
    letters = sum(len(word.text) for word in words)
    return sum(len(w.text) * doubt.belief(engine, w) for w in words) / letters


def _with_lone(lines: list[list[Word]], theirs: Reading, taken: set[int]) -> tuple[Line, ...]:
    """`lines` with those words of `theirs` that have no counterpart, each in the line that it
    stands on, or as a line of its own behind the line that was read before it."""
    homes = _spans(lines)
    behind = -1
    new: dict[int, list[list[Word]]] = {}
    numbers = iter(range(len(theirs.words)))
    for line in theirs.lines:
        alone: list[Word] = []
        for word in line:
            home = _home(_box(word), homes)
            if home is not None:
                behind = home
            if next(numbers) in taken or not _is_believed_alone(theirs.engine, word):
                continue
            if home is None:
                alone.append(word)
            else:
                lines[home] = sorted([*lines[home], word], key=lambda w: _box(w).left)
        if alone:
            new.setdefault(behind, []).append(alone)
    ordered = list(new.get(-1, ()))
    for number, kept in enumerate(lines):
        ordered += [kept, *new.get(number, ())]
    return tuple(tuple(line) for line in ordered if line)


def _is_believed_alone(engine: str, word: Word) -> bool:
    return len(_said([word])) >= LEAST_LETTERS and doubt.belief(engine, word) >= LONE_BELIEF


def _spans(lines: Sequence[Sequence[Word]]) -> NDArray[np.float32]:
    """The box of every line, without extent where it has no words."""
    spans = np.zeros((len(lines), 4), dtype=np.float32)
    for number, line in enumerate(lines):
        if line:
            boxes = _boxes(line)
            spans[number] = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    return spans


def _home(box: Box, spans: NDArray[np.float32]) -> int | None:
    """The number of the line at this height that a word stands in or next to."""
    height = np.minimum(spans[:, 3], box.bottom) - np.maximum(spans[:, 1], box.top)
    least = np.maximum(np.minimum(spans[:, 3] - spans[:, 1], box.bottom - box.top), 1)
    gap = np.maximum(np.maximum(spans[:, 0] - box.right, box.left - spans[:, 2]), 0)
    gap[height / least < SAME_LINE_OVERLAP] = np.inf
    nearest = int(np.argmin(gap))
    return nearest if np.isfinite(gap[nearest]) else None


def _box(word: Word) -> Box:
    if word.box is None:
        raise ValueError("only words with boxes have a place")
    return word.box
