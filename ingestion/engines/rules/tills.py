"""Items of till receipts without a table's head: "2 x 3.80   7.60" under or beside a name."""

import re
from collections.abc import Sequence
from decimal import Decimal

from documents.fields import find_amounts
from ingestion.engines.rules.entries import Entry
from ingestion.engines.rules.labels import Lexicon
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.tables import Row, Table

_TIMES = re.compile(
    r"(?<![\w.,])(\d{1,5}(?:[.,]\d{1,3})?)\s{0,2}[xX×@*]\s{0,2}(?:RM|Rs\.?|[$€£₹])?\s?(\d{1,7}(?:[.,]\d{2,3}))"
)
_GRACE = Decimal("0.02")


def read_till_rows(lines: Sequence[Line], *, amounts: Lexicon, decimal_comma: bool | None) -> Table:
    """Rows where quantity times price is the amount at the end of the line."""
    rows = []
    taken: set[int] = set()
    for line in lines:
        row = _row(line, decimal_comma=decimal_comma)
        if row is None:
            continue
        if "description" not in row.entries and line.number:
            above = lines[line.number - 1]
            if above.page == line.page and above.number not in taken and _is_name(above, amounts):
                row.entries["description"] = _entry("description", above, above.cells)
                row.lines.append(above.number)
        taken.update(row.lines)
        rows.append(row)
    return Table(rows=tuple(rows), lines=frozenset(taken), sums={}, kinds=frozenset({"quantity"}))


def _row(line: Line, *, decimal_comma: bool | None) -> Row | None:
    for cell in line.cells:
        match = _TIMES.search(cell.text)
        if match is None:
            continue
        later = [other for other in line.cells if other.left >= cell.left]
        tail = [
            (other, amount)
            for other in later
            for amount in find_amounts(other.text, decimal_comma=decimal_comma)
            if other is not cell or amount.start >= match.end()
        ]
        quantity = find_amounts(match[1], decimal_comma=decimal_comma)
        price = find_amounts(match[2], decimal_comma=decimal_comma)
        if not (tail and quantity and price):
            return None
        place, amount = tail[-1]
        if abs(quantity[0].number * price[0].number - amount.number) > _GRACE:
            return None
        row = Row(page=line.page, lines=[line.number])
        for kind, part in (
            ("quantity", cell.part(*match.span(1))),
            ("unit_price", cell.part(*match.span(2))),
            ("total_amount", place.part(amount.start, amount.end)),
        ):
            if part is None:
                return None
            text = {"quantity": match[1], "unit_price": match[2]}.get(kind, part.text)
            row.entries[kind] = Entry(
                kind=kind, text=text, tokens=part.tokens, page=line.page, source=part.source
            )
        words = [other for other in line.cells if other.left < cell.left]
        name = cell.part(0, match.start()) if match.start() > 1 else None
        if name is not None and sum(char.isalpha() for char in name.text) >= 3:
            words.append(name)
        if sum(char.isalpha() for other in words for char in other.text) >= 3:
            row.entries["description"] = _entry("description", line, words)
        return row
    return None


def _is_name(line: Line, amounts: Lexicon) -> bool:
    letters = sum(char.isalpha() for char in line.text)
    has_price = any(amount.decimals == 2 for amount in find_amounts(line.text))
    labelled = any(label.start <= 1 for cell in line.cells for label in amounts.find(cell))
    return letters >= 3 and not has_price and not labelled


def _entry(kind: str, line: Line, cells: Sequence[Cell]) -> Entry:
    return Entry(
        kind=kind,
        text=" ".join(cell.text for cell in cells),
        tokens=tuple(token for cell in cells for token in cell.tokens),
        page=line.page,
        source=line.cells[0].source,
    )
