"""What a hit shows: the passage around the words that were asked for, and their places. Pure.

Nothing here makes HTML; a template escapes each part by itself."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from search import terms

SNIPPET_CHARS = 280

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a snippet; is_match where it is a word that was asked for."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A passage, and the places (characters, end not included) of matched words in it."""

    text: str
    marks: tuple[tuple[int, int], ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The passage cut at its marks, for a template."""
        parts = []
        at = 0
        for start, end in self.marks:
            parts.append(Part(text=self.text[at:start], is_match=False))
            parts.append(Part(text=self.text[start:end], is_match=True))
            at = end
        parts.append(Part(text=self.text[at:], is_match=False))
        return tuple(part for part in parts if part.text)


def matches(text: str, wanted: Collection[int]) -> tuple[tuple[int, int], ...]:
    """Places of the words of `text` that have a term among `wanted`."""
    return tuple(
        (word.start, word.end)
        for word in terms.words(text)
        if any(terms.number(term) in wanted for term in word.terms)
    )


def snippet(text: str, wanted: Collection[int], *, chars: int = SNIPPET_CHARS) -> Snippet:
    """The stretch of `text` with the most matched words, at most about `chars` long.

    Without a match it is the beginning. White space is drawn together; an ellipsis stands
    where text was left out."""
    flat = re.sub(r"\s+", " ", text).strip()
    marks = matches(flat, wanted)
    start, end = _window(flat, marks, chars)
    head = "… " if start else ""
    tail = " …" if end < len(flat) else ""
    shift = len(head) - start
    return Snippet(
        text=f"{head}{flat[start:end]}{tail}",
        marks=tuple(
            (first + shift, last + shift) for first, last in marks if start <= first and last <= end
        ),
    )


def boxes(page_words: Sequence[Sequence[Any]], wanted: Collection[int]) -> tuple[Box, ...]:
    """Boxes (left, top, right, bottom, pixels of the page image) of matched words.

    page_words: as `Page.words` has them; words without a box are left out."""
    found = []
    for text, *box in page_words:
        left, top, right, bottom = box[:4]
        if None not in (left, top, right, bottom) and matches(text, wanted):
            found.append((float(left), float(top), float(right), float(bottom)))
    return tuple(found)


def _window(text: str, marks: Sequence[tuple[int, int]], chars: int) -> tuple[int, int]:
    if len(text) <= chars:
        return 0, len(text)
    held = [
        sum(1 for other, end in marks[at:] if end <= first + chars)
        for at, (first, _) in enumerate(marks)
    ]
    first = marks[held.index(max(held))][0] if marks else 0
    # A third of the room goes to what stands before the first match.
    start = max(0, min(first - chars // 3, len(text) - chars))
    end = min(len(text), start + chars)
    if start:
        start = text.find(" ", start, first) + 1 or start
    if end < len(text):
        end = max(text.rfind(" ", first + 1, end), 0) or end
    return start, end
