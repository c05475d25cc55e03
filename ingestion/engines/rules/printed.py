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
from enum import StrEnum

from rapidfuzz import fuzz

from documents.fields import (
    find_amounts,
    find_dates,
    fold,
    normalise_amount,
    parse_timestamp,
    squeeze,
)
from ingestion.engines.base import Box, FieldReading, PageInput, TextSource

AMOUNTS = ("_amount", "round_off", "_price", "quantity", "_value", "discount", "_rate")
DATES = ("_date", "_at", "valid_until")
AGREES = "the page prints the same"
_MOST_ROWS = 200
_MOST_WORDS = 6_000
_MOST_TEXT = 60_000
_MOST_PAGES = 60
_MOST_VALUE = 200
_CLOCK_CHARS = 24
_LOOKALIKES = str.maketrans("oqilzsgb", "00112568")


class Sort(StrEnum):
    """How a value is compared with print: by number, by day, by day and time, by its letters."""

    AMOUNT = "amount"
    DATE = "date"
    MOMENT = "moment"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value is printed, and how. `box` is None on pages without an image; confidence:
    of the word that was read worst, 0..1."""

    page: int
    box: Box | None
    raw: str
    confidence: float = 1.0


def likened(text: str) -> str:
    """Letters and digits, those that OCR takes for one another made the same."""
    return squeeze(text).translate(_LOOKALIKES)


def sort_of(pointer: str) -> Sort:
    """How values of a field of the shipped types are compared, by its name."""
    if pointer.endswith(AMOUNTS):
        return Sort.AMOUNT
    return Sort.DATE if pointer.endswith(DATES) else Sort.TEXT


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
        found = self.places(sort_of(reading.pointer), values)
        if reading.pointer in ("/total_amount", "/total_invoice_value"):
            return next(iter(reversed(list(found))), None)
        return next(found, None)

    def places(self, sort: Sort, values: Sequence[str]) -> Iterator[Place]:
        """All places that print one of the values, page after page."""
        return (place for page in self._pages for place in page.places(sort, values))

    def places_likened(self, value: str) -> Iterator[Place]:
        """All places that print the value but for signs that OCR takes for one another."""
        return (place for page in self._pages for place in page.places_likened(value))

    def nearest(self, value: str, *, least: float) -> tuple[Place, float] | None:
        """The place that is most like a text, and how much (`least`..1); None without one."""
        found = [one for page in self._pages if (one := page.nearest(value, least)) is not None]
        return max(found, key=lambda one: one[1], default=None)

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
                values = (str(reading.value), *reading.alternatives)
                beside = page.places(sort_of(reading.pointer), values)
                place = next((p for p in beside if is_level(p.box, anchor.box)), None)
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

    def places(self, sort: Sort, values: Sequence[str]) -> Iterator[Place]:
        for value in values:
            for start, end in sorted(self._spans(sort, value)):
                yield self._place(start, end)

    def places_likened(self, value: str) -> Iterator[Place]:
        pattern = _pattern(fold(value).translate(_LOOKALIKES))
        if pattern is not None:
            for match in pattern.finditer(self._folded.translate(_LOOKALIKES)):
                yield self._place(*match.span())

    def nearest(self, value: str, least: float) -> tuple[Place, float] | None:
        """Whole words that are as like as that, and have the same digits."""
        asked = fold(unicodedata.normalize("NFKC", value))[:_MOST_VALUE]
        found = fuzz.partial_ratio_alignment(asked, self._folded, score_cutoff=100 * least)
        if found is None or not asked or len(self._folded) < len(asked):
            return None
        start, end = found.dest_start, found.dest_end
        while start > 0 and not self._folded[start - 1].isspace():
            start -= 1
        while end < len(self._folded) and not self._folded[end].isspace():
            end += 1
        printed = self._folded[start:end]
        likeness = fuzz.ratio(likened(asked), likened(printed)) / 100
        if likeness < least or _digits(asked) != _digits(printed):
            return None
        return self._place(start, end), likeness

    def _spans(self, sort: Sort, value: str) -> Sequence[tuple[int, int]]:
        match sort:
            case Sort.AMOUNT:
                number = normalise_amount(value)
                return self._amounts.get(number, ()) if number is not None else ()
            case Sort.DATE:
                return self._dates.get(value[:10], ())
            case Sort.MOMENT:
                days = self._dates.get(value[:10], ())
                return [span for span in days if self._has_clock(*span, moment=value)]
            case Sort.TEXT:
                pattern = _pattern(value)
                found = pattern.finditer(self._folded) if pattern else ()
                return [match.span() for match in found]

    def _has_clock(self, start: int, end: int, *, moment: str) -> bool:
        printed = self._text[start : end + _CLOCK_CHARS]
        return moment in {parse_timestamp(printed, month_first=order) for order in (True, False)}

    def _place(self, start: int, end: int) -> Place:
        first = max(0, bisect_right(self._starts, start) - 1)
        last = max(first, bisect_right(self._starts, max(start, end - 1)) - 1)
        words = self._words[first : last + 1]
        return Place(
            page=self.number,
            box=around([word.box for word in words if word.box is not None]),
            raw=self._text[start:end],
            confidence=min((word.confidence for word in words), default=1.0),
        )


def _pattern(value: str, after: str = r"(?![^\W_])") -> re.Pattern[str] | None:
    """`value`'s letters and digits with at most three other signs between any two, and
    `after` them."""
    folded = fold(unicodedata.normalize("NFKC", value))[:_MOST_VALUE]
    signs = [re.escape(char) for char in folded if char.isalnum()]
    if not signs:
        return None
    return re.compile(r"(?<![^\W_])" + r"[\W_]{0,3}".join(signs) + after)


def is_level(box: Box | None, anchor: Box) -> bool:
    """Whether the middle of `box` is at the height of `anchor`."""
    return box is not None and anchor.top <= (box.top + box.bottom) / 2 <= anchor.bottom


def around(boxes: Sequence[Box]) -> Box | None:
    """The rectangle around all of these, None for none."""
    if not boxes:
        return None
    return Box(
        left=min(box.left for box in boxes),
        top=min(box.top for box in boxes),
        right=max(box.right for box in boxes),
        bottom=max(box.bottom for box in boxes),
    )


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
