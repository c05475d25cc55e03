"""The text of a page, cut into chunks that the embedder sees whole. Pure.

A chunk is a stretch of the page as it stands: nothing is dropped but white space at its ends,
nothing is repeated, and it never crosses the page, since a hit points at a page. A cut falls
between paragraphs where it can, else between sentences or lines, else between words; a word
of more tokens than the limit is cut into pieces.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

CountTokens = Callable[[tuple[str, ...]], tuple[int, ...]]

# What counts as nothing; search/indexing.py asks the database the same question.
BLANK = " \t\r\n\v\f\u00a0"
# Chunks of a page are of about equal size; the cut may come this much later than due.
SLACK = 1.15

_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+|\s*\n\s*")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """text[start:end], which is not cut further; starts_paragraph after a blank line."""

    start: int
    end: int
    tokens: int
    starts_paragraph: bool


def cut(text: str, *, max_tokens: int, count_tokens: CountTokens) -> tuple[str, ...]:
    """The chunks of a page of text, each of at most `max_tokens`; none for a blank page.

    count_tokens takes many texts at once and is called at most four times. The tokens of a
    text must not exceed the sum over its parts cut at white space, as is true of WordPiece."""
    if not text.strip(BLANK):
        return ()
    whole = text.strip(BLANK)
    (total,) = count_tokens((whole,))
    if total <= max_tokens:
        return (whole,)
    pieces = _pieces(text, max_tokens=max_tokens, count_tokens=count_tokens)
    return tuple(text[run[0].start : run[-1].end] for run in _pack(pieces, max_tokens=max_tokens))


def _pieces(text: str, *, max_tokens: int, count_tokens: CountTokens) -> list[Piece]:
    """Sentences and lines; those that are too long as words, and words as stretches."""
    spans = _split(text, 0, len(text), _SENTENCE)
    for smaller in (_words, _stretches):
        counts = _count(text, spans, count_tokens)
        if max(counts) <= max_tokens:
            break
        spans = [
            part
            for span, tokens in zip(spans, counts, strict=True)
            for part in ([span] if tokens <= max_tokens else smaller(text, *span, max_tokens))
        ]
    else:
        counts = _count(text, spans, count_tokens)
    return [
        Piece(start, end, tokens, _is_after_blank_line(text, start))
        for (start, end), tokens in zip(spans, counts, strict=True)
    ]


def _split(text: str, start: int, end: int, at: re.Pattern[str]) -> list[tuple[int, int]]:
    spans = []
    for gap in at.finditer(text, start, end):
        spans.append((start, gap.start()))
        start = gap.end()
    spans.append((start, end))
    return [(first, last) for first, last in spans if text[first:last].strip()]


def _words(text: str, start: int, end: int, max_tokens: int) -> list[tuple[int, int]]:
    return _split(text, start, end, _SPACE)


def _stretches(text: str, start: int, end: int, max_tokens: int) -> list[tuple[int, int]]:
    """A token has at least one character; half of that leaves room for what folding adds."""
    size = max(1, max_tokens // 2)
    return [(at, min(at + size, end)) for at in range(start, end, size)]


def _count(
    text: str, spans: Sequence[tuple[int, int]], count_tokens: CountTokens
) -> tuple[int, ...]:
    return count_tokens(tuple(text[start:end] for start, end in spans))


def _is_after_blank_line(text: str, start: int) -> bool:
    before = text[max(0, start - 40) : start]
    return before[len(before.rstrip()) :].count("\n") > 1


def _pack(pieces: Sequence[Piece], *, max_tokens: int) -> list[list[Piece]]:
    """Runs of pieces within the limit, about equal, cut before a paragraph where one is near."""
    total = sum(piece.tokens for piece in pieces)
    due = total / ceil(total / max_tokens)
    runs: list[list[Piece]] = []
    held = 0
    for piece in pieces:
        room = min(max_tokens, due * SLACK)
        is_due = held + piece.tokens > room or (piece.starts_paragraph and held > 0.75 * due)
        if not runs or is_due:
            runs.append([])
            held = 0
        runs[-1].append(piece)
        held += piece.tokens
    return runs
