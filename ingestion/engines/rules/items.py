"""Item rows of a table as readings of `/line_items/n/...` or `/items/n/...`."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from documents.fields import find_amounts
from ingestion.engines.base import FieldReading, TextSource, ValueSource
from ingestion.engines.rules.entries import Entry
from ingestion.engines.rules.tables import Row, Table, hsn_of

_RATES = frozenset(
    Decimal(rate)
    for rate in ("0", "0.1", "0.25", "1", "1.5", "2.5", "3", "5", "5.5", "6", "7", "7.5", "8", "9",
                 "10", "12", "14", "16", "18", "19", "20", "21", "22", "23", "24", "25", "28", "40")
)  # fmt: skip
_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,3})?)\s?%?")


def line_sums(table: Table, *, decimal_comma: bool | None) -> tuple[Decimal, ...]:
    """Sums of the rows' amounts by column: what the foot of the bill may repeat."""
    sums = []
    for kind in ("taxable_amount", "total_amount"):
        values = [_amount(row.entries.get(kind), decimal_comma) for row in table.rows]
        if values and None not in values:
            sums.append(sum((Decimal(value) for value in values if value), Decimal(0)))
    return tuple(sums)


def with_net_column(
    table: Table, *, decimal_comma: bool | None, taxable: Decimal | None, total: Decimal | None
) -> Table:
    """The table with its one column of amounts named for what it holds.

    Where rows name a tax rate, "Amount" is the taxable amount if the rows add up to the bill's
    amount before tax, or if quantity times price is the amount.
    """
    if table.kinds & {"taxable_amount", "tax_amount"} or not table.rows:
        return table
    sums = line_sums(table, decimal_comma=decimal_comma)
    before = taxable is not None and any(abs(made - taxable) <= 1 for made in sums)
    after = total is not None and any(abs(made - total) <= 1 for made in sums)
    if not any(_tax_rate(row.entries) for row in table.rows):
        indian = any("hsn_code" in row.entries for row in table.rows)
        if not (indian and before and not after):
            return table
    net = before
    if not before and not after:
        net = sum(_is_net(row, decimal_comma) for row in table.rows) * 2 > len(table.rows)
    if not net:
        return table
    rows = []
    for row in table.rows:
        entries = {
            "taxable_amount" if kind == "total_amount" else kind: entry
            for kind, entry in row.entries.items()
        }
        rows.append(replace(row, entries=entries))
    return replace(table, rows=tuple(rows))


def _is_net(row: Row, decimal_comma: bool | None) -> bool:
    values = [
        _amount(row.entries.get(kind), decimal_comma)
        for kind in ("quantity", "unit_price", "total_amount")
    ]
    if None in values:
        return False
    quantity, price, amount = (Decimal(value or 0) for value in values)
    return abs(quantity * price - amount) <= Decimal("0.05")


def item_readings(
    table: Table, *, decimal_comma: bool | None, pointer: str = "/line_items"
) -> Iterator[FieldReading]:
    """The readings of all rows, in order; values that do not parse are left out."""
    for index, row in enumerate(table.rows):
        for name, value, entry in _values(row, table, decimal_comma):
            yield _reading(f"{pointer}/{index}/{name}", value, entry)


def _values(row: Row, table: Table, decimal_comma: bool | None) -> Iterator[tuple[str, str, Entry]]:
    entries = row.entries
    description = entries.get("description")
    if description is not None and (text := _description(description.text, table)):
        yield "description", text, description
    hsn = entries.get("hsn_code")
    if hsn is not None and (code := hsn_of(hsn)):
        yield "hsn_code", code, hsn
    yield from _quantity(entries, decimal_comma)
    for kind in ("unit_price", "discount", "taxable_amount", "total_amount"):
        entry = entries.get(kind)
        value = _amount(entry, decimal_comma)
        if entry is not None and value and not (kind == "discount" and "%" in entry.text):
            yield kind, value, entry
    rate = _tax_rate(entries)
    if rate is not None:
        yield "tax_rate", rate[0], rate[1]


def _description(text: str, table: Table) -> str:
    """The description without a serial number in front that has no column of its own."""
    text = text.strip(" |:")
    if "serial" not in table.kinds:
        text = re.sub(r"^\d{1,3}[.)]?\s+(?=\D)", "", text)
    return text[:400] if any(char.isalpha() for char in text) else ""


def _quantity(
    entries: dict[str, Entry], decimal_comma: bool | None
) -> Iterator[tuple[str, str, Entry]]:
    entry = entries.get("quantity")
    found = find_amounts(entry.text, decimal_comma=decimal_comma) if entry else ()
    if entry is not None and found:
        yield "quantity", found[0].value, entry
    unit = entries.get("unit")
    text = _unit(unit.text) if unit else ""
    if unit is not None and entry is None and (count := find_amounts(text)):
        yield "quantity", count[0].value, unit
        return
    if unit is not None and re.search(r"[A-Za-z]", text):
        yield "unit", text[:40], unit
    elif entry is not None and found:
        tail = entry.text[found[0].end :].strip(" .,")
        if re.fullmatch(r"[^\W\d_][\w./()²³]{0,14}", tail):
            yield "unit", tail, entry


def _unit(text: str) -> str:
    """A unit once, though two columns print it, and without a rate beside it."""
    words = [word for word in text.split() if "%" not in word]
    return " ".join(dict.fromkeys(words)).strip(" .,")


def _tax_rate(entries: dict[str, Entry]) -> tuple[str, Entry] | None:
    """The rate of a row: of its own column, else CGST plus SGST, else IGST."""
    own = entries.get("tax_rate")
    if own is not None and (rate := _rate(own.text)) is not None:
        return rate, own
    igst = _part(entries, "igst")
    if igst is not None and Decimal(igst[0]) != 0:
        return igst
    cgst, sgst = _part(entries, "cgst"), _part(entries, "sgst")
    if cgst is not None and sgst is not None:
        return format(Decimal(cgst[0]) + Decimal(sgst[0]), "f"), cgst[1]
    return igst


def _part(entries: dict[str, Entry], tax: str) -> tuple[str, Entry] | None:
    for kind in (f"{tax}_rate", tax):
        entry = entries.get(kind)
        if entry is None or (kind == tax and "%" not in entry.text):
            continue
        percent = re.search(r"(\d{1,2}(?:[.,]\d{1,3})?)\s?%", entry.text)
        text = percent[1] if percent else entry.text
        rate = _rate(text)
        if rate is not None:
            return rate, entry
    return None


def _rate(text: str) -> str | None:
    percent = re.search(r"(\d{1,2}(?:[.,]\d{1,3})?)\s?%", text)
    match = percent or _RATE.fullmatch(text.strip())
    if not match:
        return None
    value = Decimal(match[1].replace(",", "."))
    return format(value, "f") if percent or value in _RATES else None


def _amount(entry: Entry | None, decimal_comma: bool | None) -> str | None:
    if entry is None:
        return None
    found = find_amounts(entry.text.replace("/-", "  "), decimal_comma=decimal_comma)
    return found[-1].value if found else None


def _reading(pointer: str, value: str, entry: Entry) -> FieldReading:
    layer = entry.source != TextSource.OCR
    return FieldReading(
        pointer=pointer,
        value=value,
        raw=entry.text[:500],
        page=entry.page,
        box=entry.box,
        source=ValueSource.LAYER if layer else ValueSource.OCR,
        confidence=round(0.88 if layer else 0.8 * entry.confidence, 3),
    )
