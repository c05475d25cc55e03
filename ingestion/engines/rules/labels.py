"""Where the labels of fields stand in a cell.

A phrase is matched on folded text, its words apart by at most three signs, so that OCR's
"InvoiceNo." and "Invoice  No:" are one; look-alikes of i, l and o are allowed in it. The
longest phrase wins. The phrases themselves are in `phrases.py`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby

from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.phrases import AMOUNTS, BILL, COLUMNS, EWAY, PARTIES

_TWINS = {"i": "[il1]", "l": "[li1]", "o": "[o0]"}
_TWINS_SORTED = {"i": "[1il]", "l": "[1il]", "1": "[1il]", "o": "[0o]", "0": "[0o]"}
_NO_DIGIT = r"(?!\d)"  # "DE123" is a number, no "de"
_AFTER = r"(?=$|[\W\d_]|(?:rm|rs|inr|eur|usd|gbp)(?![a-z]))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label found: its field, weight, and the characters of `cell.text` that it takes."""

    field: str
    weight: float
    phrase: str
    cell: Cell
    start: int
    end: int


_COMPOUND = frozenset({"rechnung", "rechnungsnummer", "rechnung nr"})  # German glues words


def pattern_of(phrase: str) -> str:
    words = [
        "".join(_TWINS.get(char, re.escape(char)) for char in word) if word != "&" else "(?:&|and)"
        for word in phrase.replace("&", " & ").split()
    ]
    prefix = r"[a-z]{0,20}" if phrase in _COMPOUND else ""
    # W and a stand so far apart that OCR takes the gap for a space: "eW ay Bill No".
    spaced = (word.replace("way", r"w[\W_]?ay") for word in words)
    return prefix + r"[\W_]{0,3}".join(spaced)


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Labels of some fields, compiled: one expression, longest phrase first."""

    expression: re.Pattern[str]
    meanings: tuple[tuple[str, float, str], ...]

    def find(self, cell: Cell) -> list[Label]:
        """The labels in a cell, left to right, no two on the same characters."""
        found = []
        for index, start, end in _hits(self, cell.folded[:400]):
            field, weight, phrase = self.meanings[index]
            found.append(
                Label(field=field, weight=weight, phrase=phrase, cell=cell, start=start, end=end)
            )
        return found

    def find_all(self, lines: Iterable[Line]) -> list[Label]:
        return [label for line in lines for cell in line.cells for label in self.find(cell)]


@lru_cache(maxsize=8192)
def _hits(lexicon: Lexicon, folded: str) -> tuple[tuple[int, int, int], ...]:
    """(meaning, start, end) of the labels in a text; a page's cells are asked several times."""
    return tuple(
        ((match.lastindex or 1) - 1, match.start(), match.end())
        for match in lexicon.expression.finditer(folded)
    )


@cache
def lexicon(*names: str) -> Lexicon:
    """The lexicon of the named groups: "bill", "amounts", "parties", "eway"."""
    groups = {
        "bill": BILL,
        "amounts": AMOUNTS,
        "parties": PARTIES,
        "eway": EWAY,
        "columns": COLUMNS,
    }
    meanings: dict[str, tuple[str, float, str]] = {}
    for name in names:
        for field, weighed in groups[name].items():
            for weight, phrases in weighed.items():
                for phrase in phrases.split("|"):
                    meanings.setdefault(phrase, (field, weight, phrase))
    return compiled(meanings.values())


def compiled(meanings: Iterable[tuple[str, float, str]]) -> Lexicon:
    """A lexicon of (field, weight, phrase), each phrase once, folded, its words by a space."""
    # Compounds last: they match anywhere, and would take "Rechnung an" for "Rechnung".
    ordered = sorted(
        meanings,
        key=lambda meaning: (meaning[2] in _COMPOUND, _opening(meaning[2]), -len(meaning[2])),
    )
    body = "|".join(
        rf"(?={opening})(?:{'|'.join(_alternative(phrase) for _, _, phrase in alike)})"
        for opening, alike in groupby(ordered, key=lambda meaning: _opening(meaning[2]))
    )
    return Lexicon(
        expression=re.compile(rf"(?<![^\W_])(?:{body}){_AFTER}"), meanings=tuple(ordered)
    )


def _opening(phrase: str) -> str:
    """A class of the characters that a phrase may begin with.

    Hundreds of alternatives are tried at every character of a page; asked by their first
    letter, all but a few are passed over at once."""
    if phrase in _COMPOUND:
        return "[a-z]"
    return _TWINS_SORTED.get(phrase[0], re.escape(phrase[0]))


def _alternative(phrase: str) -> str:
    return f"({pattern_of(phrase)}{_NO_DIGIT if len(phrase) < 4 else ''})"


def column_lexicon() -> Lexicon:
    """The headings of the columns of items."""
    return lexicon("columns")
