"""Amounts in a cell of a page, apart from the percentages, dates, clocks and counts beside them."""

import re
from dataclasses import dataclass
from decimal import Decimal

from documents.fields import AmountFound, find_amounts, find_dates
from ingestion.engines.rules.layout import Cell
from ingestion.engines.rules.near import (
    Candidate,
    Parsed,
    candidate_of,
)

_MAX_CELL = 400  # characters; a longer cell is running text


_MONEY_WORD = re.compile(r"\s?(?:rm|rs|inr|eur|euro|usd|gbp|chf|myr|sgd|cr|dr)\b")


_WHOLE_IN_PROSE = 40  # characters of a cell in which a number without cents is no amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount on a line, the cell it stands in and whether it has a cent part."""

    cell: Cell
    found: AmountFound

    @property
    def number(self) -> Decimal:
        return self.found.number

    def candidate(self, score: float, value: str = "", note: str = "") -> Candidate:
        parsed = Parsed(
            value=value or self.found.value, start=self.found.start, end=self.found.end, note=note
        )
        return candidate_of(self.cell, parsed, score=score)


def amounts_of(cell: Cell, *, decimal_comma: bool | None) -> list[Amount]:
    """Amounts in a cell that are no percentage, no date, no clock and no long number."""
    text = cell.text[:_MAX_CELL]
    taken = [(hit.start, hit.end) for hit in find_dates(text)]
    found = []
    for amount in find_amounts(text, decimal_comma=decimal_comma):
        after, before = text[amount.end :][:2].lstrip(), text[: amount.start]
        if after.startswith("%") or (after.startswith(":") and amount.decimals == 0):
            continue
        if any(start < amount.end and end > amount.start for start, end in taken):
            continue
        if amount.decimals == 0 and amount.end - amount.start > 7 and "," not in text:
            continue
        if amount.decimals == 0 and _counts_something(cell.folded[amount.end :]):
            continue
        if amount.decimals == 0 and len(text) > _WHOLE_IN_PROSE:
            continue
        if before.endswith(("#", ":")) and re.search(r"\d:$", before):
            continue
        found.append(Amount(cell=cell, found=amount))
    return found


def _counts_something(after: str) -> bool:
    """Whether a number is followed by what it counts: "30 days", "45 j"."""
    return bool(re.match(r"\s?[a-z]{1,2}[a-z.]", after) or re.match(r"\s[a-z]\b", after)) and (
        _MONEY_WORD.match(after) is None
    )
