"""Where a value stands on the pages, in whatever way it is written there.

The other way round from reading: the value is known, and its print is looked for. Texts are
found by their letters and digits alone, but only as whole words; amounts by number; dates by
day.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from documents.fields import find_amounts, find_dates, fold, normalise_amount
from ingestion.engines.base import Box, FieldReading, PageInput, TextSource

AMOUNTS = ("_amount", "round_off", "_price", "quantity", "_value", "discount", "_rate")
DATES = ("_date", "_at", "valid_until")
AGREES = "the page prints the same"
_MOST_ROWS = 200
_MOST_WORDS = 6_000
_MOST_TEXT = 60_000
_MOST_PAGES = 60
_MOST_VALUE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value is printed, and how. `box` is None on pages without an image."""

    page: int
    box: Box | None
    raw: str


def placed(reading: FieldReading, place: Place) -> FieldReading:
    """A carried value with the place that prints it; a code's own place gives way."""
    note = f"{reading.note}; {AGREES}" if reading.note else AGREES
    box = place.box or reading.box
    return replace(reading, page=place.page, box=box, raw=place.raw, note=note)


class Print:
    """The print of a document's pages, indexed once for many questions."""

    def __init__(self, pages: Sequence[PageInput]) -> None:
        self._pages = [_PagePrint(page) for page in pages[:_MOST_PAGES]]
        self.is_exact = all(page.source != TextSource.OCR for page in pages)

    def place_of(self, reading: FieldReading) -> Place | None:
        """The first place that prints the value or one of its alternatives; of a total the
        last, since the same amount stands in the lines of a bill with one line."""
        values = (str(reading.value), *reading.alternatives)
        found = (place for page in self._pages for place in page.places(reading.pointer, values))
        if reading.pointer in ("/total_amount", "/total_invoice_value"):
            return next(iter(reversed(list(found))), None)
        return next(found, None)

    def prolongs(self, number: str) -> bool:
        """Whether `number` is printed somewhere as the beginning of a longer one."""
        pattern = _pattern(number, after=r"(?=[-/.]\w)")
        return pattern is not None and any(page.has(pattern) for page in self._pages)

    def located_rows(self, rows: Sequence[Sequence[FieldReading]]) -> Iterator[FieldReading]:
        """The readings of lines with their places: the description (first of its row) by its
        words, the numbers on its height. What is not found there comes back as it was."""
        for row in rows[:_MOST_ROWS]:
            anchor = self.place_of(row[0]) if row[0].pointer.endswith("/description") else None
            if anchor is None or anchor.box is None:
                continue
            yield placed(row[0], anchor)
            page = next(page for page in self._pages if page.number == anchor.page)
            for reading in row[1:]:
                beside = page.places(reading.pointer, (str(reading.value), *reading.alternatives))
                place = next((p for p in beside if _is_level(p.box, anchor.box)), None)
                if place is not None:
                    yield placed(reading, place)

    def count_amounts(self) -> int:
        """How many amounts with two decimals the pages print."""
        return sum(page.amounts_printed for page in self._pages)


class _PagePrint:
    def __init__(self, page: PageInput) -> None:
        self.number = page.number
        self._words = page.words[:_MOST_WORDS] if page.words else ()
        self._starts: list[int] = []
        parts, length = [], 0
        for word in self._words:
            self._starts.append(length)
            text = unicodedata.normalize("NFKC", word.text)[:_MOST_VALUE]
            parts.append(text)
            length += len(text) + 1
        whole = unicodedata.normalize("NFKC", page.text[:_MOST_TEXT])
        self._text = " ".join(parts) if parts else whole
        self._folded = fold(self._text)
        self._amounts: dict[Decimal, list[tuple[int, int]]] = {}
        self._dates: dict[str, list[tuple[int, int]]] = {}
        self.amounts_printed = 0
        self._index()

    def _index(self) -> None:
        for comma in (True, False):
            for amount in find_amounts(self._text, decimal_comma=comma):
                self._amounts.setdefault(amount.number, []).append((amount.start, amount.end))
                self.amounts_printed += comma and amount.decimals == 2
        # "5 100,00" is one number in a text and two in a table.
        for start, word in zip(self._starts, self._words, strict=True):
            if any(char.isdigit() for char in word.text):
                for comma in (True, False):
                    for amount in find_amounts(word.text, decimal_comma=comma):
                        span = (start + amount.start, start + amount.end)
                        self._amounts.setdefault(amount.number, []).append(span)
        for day in find_dates(self._text):
            for value in (day.value, day.other):
                self._dates.setdefault(value, []).append((day.start, day.end))

    def has(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self._folded) is not None

    def places(self, pointer: str, values: Sequence[str]) -> Iterator[Place]:
        for value in values:
            for start, end in sorted(self._spans(pointer, value)):
                yield self._place(start, end)

    def _spans(self, pointer: str, value: str) -> Sequence[tuple[int, int]]:
        if pointer.endswith(AMOUNTS):
            number = normalise_amount(value)
            return self._amounts.get(number, ()) if number is not None else ()
        if pointer.endswith(DATES):
            return self._dates.get(value[:10], ())
        pattern = _pattern(value)
        return [match.span() for match in pattern.finditer(self._folded)] if pattern else ()

    def _place(self, start: int, end: int) -> Place:
        first = max(0, bisect_right(self._starts, start) - 1)
        last = max(first, bisect_right(self._starts, max(start, end - 1)) - 1)
        boxes = [word.box for word in self._words[first : last + 1] if word.box is not None]
        return Place(page=self.number, box=_around(boxes), raw=self._text[start:end])


def _pattern(value: str, after: str = r"(?![^\W_])") -> re.Pattern[str] | None:
    """`value`'s letters and digits with at most three other signs between any two, and
    `after` them."""
    folded = fold(unicodedata.normalize("NFKC", value))[:_MOST_VALUE]
    signs = [re.escape(char) for char in folded if char.isalnum()]
    if not signs:
        return None
    return re.compile(r"(?<![^\W_])" + r"[\W_]{0,3}".join(signs) + after)


def _is_level(box: Box | None, anchor: Box) -> bool:
    """Whether the middle of `box` is at the height of `anchor`."""
    return box is not None and anchor.top <= (box.top + box.bottom) / 2 <= anchor.bottom


def _around(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    return Box(
        left=min(box.left for box in boxes),
        top=min(box.top for box in boxes),
        right=max(box.right for box in boxes),
        bottom=max(box.bottom for box in boxes),
    )
