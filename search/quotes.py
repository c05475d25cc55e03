"""Whether words and numbers stand in a text, told word by word. Pure.

Words may differ by what OCR and hyphens do to them. Numbers may not: they count whole, an amount
by its value and a date by its day, since "500" is no part of "5,000.00"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz

from documents import fields

SAME_WORDS = 88.0
MIN_QUOTE_LETTERS = 8
# Numbers of so few digits may be counts.
_COUNT_DIGITS = 2
# How far from the edge of a word what OCR changed may begin or end, in letters.
_EDGE = 2
_INNER = r"(?<=\d)[.,:'’\u00a0\u2009\u202f](?=\d)|(?<=[^\W_])[-/–](?=\d)|(?<=\d)[-/–](?=[A-Z])"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|{_INNER})*")
_MARKED = re.compile(r"^(?:rs|inr|rm|eur|usd|gbp|chf|myr|sgd)(?=\d)", re.IGNORECASE)
_PLAIN = re.compile(r"\d[\d.,'’\u00a0\u2009\u202f]*")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w]+(?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """key: its letters and digits; of an amount its value. start, end: in the joined keys."""

    key: str
    printed: str
    start: int
    end: int
    is_number: bool


def stands_in(quote: str, text: str) -> bool:
    """Whether a quote stands in a text from word to word, its numbers whole and in their order.
    A quote of fewer than MIN_QUOTE_LETTERS letters that holds no number proves nothing."""
    asked, there = _words(quote), _words(text)
    letters, whole = _joined(asked), _joined(there)
    numbers = _numbers(asked)
    if not letters or (len(letters) < MIN_QUOTE_LETTERS and not numbers):
        return False
    at = whole.find(letters)
    while at >= 0:
        if _is_at_edges(there, at, at + len(letters), 0) and numbers == _numbers(
            _between(there, at, at + len(letters))
        ):
            return True
        at = whole.find(letters, at + 1)
    return len(letters) <= len(whole) and _nearly_stands(letters, numbers, there)


def _nearly_stands(letters: str, numbers: Sequence[str], there: Sequence[_Word]) -> bool:
    found = fuzz.partial_ratio_alignment(letters, _joined(there), score_cutoff=SAME_WORDS)
    if found is None:
        return False
    begin, end = found.dest_start, found.dest_end
    is_whole = _is_at_edges(there, begin, end, _EDGE)
    return is_whole and set(numbers) <= set(_numbers(_between(there, begin, end)))


def strange_numbers(told: str, text: str) -> tuple[str, ...]:
    """The dates and numbers of `told`, as printed and once each, that do not stand in `text`;
    without those of up to two digits, which may be counts."""
    days = {day for one in fields.find_dates(text) for day in (one.value, one.other) if day}
    there = {*_numbers(_words(text)), *(day[:4] for day in days)}
    strange: list[str] = []
    rest, at = "", 0
    for one in fields.find_dates(told):
        if not {one.value, one.other} & days:
            strange.append(told[one.start : one.end])
        rest, at = f"{rest}{told[at : one.start]} ", one.end
    for word in _words(rest + told[at:]):
        digits = sum(map(str.isdigit, word.printed))
        if word.is_number and digits > _COUNT_DIGITS and word.key not in there:
            strange.append(word.printed)
    return tuple(dict.fromkeys(strange))


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    at = 0
    for match in _WORD.finditer(text):
        is_number = any(map(str.isdigit, match[0]))
        key = _number(match[0]) if is_number else fields.squeeze(match[0])
        words.append(
            _Word(key=key, printed=match[0], start=at, end=at + len(key), is_number=is_number)
        )
        at += len(key)
    return words


def _number(printed: str) -> str:
    """An amount by its value; all else by its letters and digits, parted where digits are."""
    bare = _MARKED.sub("", printed)
    if _PLAIN.fullmatch(bare) and not (bare.isdigit() and bare.startswith("0")):
        amount = fields.parse_amount(bare)
        spans = fields.find_amounts(bare)
        if amount and spans[0].start == 0 and spans[0].end == len(bare):
            value = format(Decimal(amount), "f")
            return value.rstrip("0").rstrip(".") if "." in value else value
    return "-".join(fields.squeeze(part) for part in _BETWEEN_DIGITS.split(bare))


def _joined(words: Sequence[_Word]) -> str:
    return "".join(word.key for word in words)


def _numbers(words: Sequence[_Word]) -> list[str]:
    return [word.key for word in words if word.is_number]


def _between(words: Sequence[_Word], begin: int, end: int) -> list[_Word]:
    return [word for word in words if word.start < end and word.end > begin]


def _is_at_edges(words: Sequence[_Word], begin: int, end: int, edge: int) -> bool:
    starts = any(abs(word.start - begin) <= edge for word in words)
    return starts and any(abs(word.end - end) <= edge for word in words)
