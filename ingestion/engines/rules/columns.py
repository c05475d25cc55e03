"""The head of a table of items: which column holds what, on one to three lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from documents.fields import find_amounts, fold
from ingestion.engines.rules.labels import Label, column_lexicon
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.phrases import COLUMNS

MONEY = frozenset(
    {"total_amount", "taxable_amount", "unit_price", "cgst", "sgst", "igst", "tax_amount"}
)
NUMERIC = MONEY | frozenset(
    {"quantity", "discount", "tax_rate", "hsn_code", "cgst_rate", "sgst_rate", "igst_rate", "cess",
     "serial", "other"}
)  # fmt: skip

_LONG_WORD, _ALIKE = 7, 85  # letters; per cent of them that are right
_LONG_WORDS = {
    phrase: field
    for field, weighed in COLUMNS.items()
    for phrases in weighed.values()
    for phrase in phrases.split("|")
    if phrase.isalpha() and len(phrase) >= _LONG_WORD
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table by the range that its heading takes."""

    kind: str
    left: float
    right: float

    def distance(self, left: float, right: float) -> float:
        """0 where the ranges overlap, else the gap between them."""
        return max(0.0, left - self.right, self.left - right)

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The columns of a table and the first and last line of its heading."""

    columns: tuple[Column, ...]
    first: int
    last: int


def find_head(lines: Sequence[Line], start: int) -> Head | None:
    """The next table head at or after line `start`: three kinds of column, money among them."""
    for index in range(start, len(lines)):
        columns = _columns_of(lines[index])
        kinds = {column.kind for column in columns}
        if len(columns) > 14 or len(kinds - {"serial", "other"}) < 2:
            continue
        if _has_money(lines[index]):
            continue
        first, last, columns = _band(lines, index, columns)
        kinds = {column.kind for column in columns}
        useful = kinds - {"serial", "other"}
        if len(useful) >= 3 and kinds & MONEY and kinds & {"description", "quantity", "hsn_code"}:
            return Head(columns=_settled(columns), first=first, last=last)
        cells = lines[index].cells
        narrow = ({"description", "total_amount"}, {"quantity", "total_amount"})
        if useful in narrow and 1 < len(cells) <= 4:
            return Head(columns=_settled(columns), first=first, last=last)
    return None


def _has_money(line: Line) -> bool:
    return any(amount.decimals == 2 for amount in find_amounts(line.text))


def _columns_of(line: Line) -> list[Column]:
    columns: list[Column] = []
    labelled = [(cell, column_lexicon().find(cell)) for cell in line.cells]
    if not any(labels for _, labels in labelled):
        return []
    for cell, labels in labelled:
        if not labels:
            misread = list(_misread(cell, ()))
            columns += misread
            if len(cell.text) <= 14 and not misread:
                columns.append(Column(kind="other", left=cell.left, right=cell.right))
            continue
        if len(cell.text) - sum(label.end - label.start for label in labels) > 24:
            return []  # a sentence that holds a column's word
        for label in labels:
            part = cell.part(label.start, label.end) or cell
            columns.append(Column(kind=label.field, left=part.left, right=part.right))
        columns += _misread(cell, labels)
    return columns


def _misread(cell: Cell, labels: Sequence[Label]) -> Iterator[Column]:
    """Columns of the long words of a heading that OCR misread: "S.No Deseription"."""
    taken = {token for one in labels for token in cell.tokens_in(one.start, one.end)}
    for token in cell.tokens:
        if token in taken or len(token.text) < _LONG_WORD:
            continue
        if kind := _kind_alike(fold(token.text)):
            yield Column(kind=kind, left=token.left, right=token.right)


@lru_cache(maxsize=4096)
def _kind_alike(word: str) -> str:
    """The kind of column whose heading a word is but for a letter or two, "" for none."""
    found = process.extractOne(word, _LONG_WORDS.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return _LONG_WORDS[found[0]] if found is not None else ""


def _band(
    lines: Sequence[Line], index: int, columns: list[Column]
) -> tuple[int, int, list[Column]]:
    """Merge a head's second and third line, above and below, into its columns."""
    first = last = index
    for step in (-1, 1, 1):
        other = first - 1 if step < 0 else last + 1
        if not 0 <= other < len(lines) or lines[other].page != lines[index].page:
            continue
        line = lines[other]
        gap = line.top - lines[last].bottom if step > 0 else lines[first].top - line.bottom
        if gap > 0.9 * max(line.height, lines[index].height) or re.search(r"\d", line.text):
            continue
        found = _columns_of(line)
        if not [column for column in found if column.kind != "other"]:
            continue
        columns = _merged(columns, found, is_above=step < 0)
        first, last = min(first, other), max(last, other)
    return first, last, columns


_SUB = {"cgst": "cgst", "sgst": "sgst", "igst": "igst", "cess": "cess", "tax_rate": "tax"}


def _merged(columns: list[Column], found: list[Column], *, is_above: bool) -> list[Column]:
    merged = list(columns)
    for new in found:
        over = [one for one in merged if _share(one, new) > 0.25]
        if not over:
            parent = None if is_above else _tax_above(new, merged)
            merged.append(_sub_column(new, parent.kind) if parent else new)
        elif is_above and new.kind in _SUB:
            merged = [_sub_column(one, new.kind) if one in over else one for one in merged]
        elif not is_above and len(over) == 1 and over[0].kind in _SUB:
            merged.append(_sub_column(new, over[0].kind))
        elif len(over) == 1:
            old = over[0]
            kind = _combined(old.kind, new.kind)
            merged[merged.index(old)] = Column(
                kind=kind, left=min(old.left, new.left), right=max(old.right, new.right)
            )
    return merged


def _tax_above(new: Column, columns: Sequence[Column]) -> Column | None:
    """The tax whose heading stands centred over a "%" or "Amt" left and right of it."""
    if new.kind not in ("unit_price", "tax_rate", "total_amount"):
        return None
    taxes = [one for one in columns if one.kind in _SUB and one.kind != "tax_rate"]
    near = min(taxes, key=lambda one: one.distance(new.left, new.right), default=None)
    if near is None or near.distance(new.left, new.right) > near.right - near.left:
        return None
    return near


def _combined(one: str, other: str) -> str:
    """The kind of a column whose heading stands on two lines: "Taxable" over "Amount"."""
    if "other" in (one, other):
        return other if one == "other" else one
    vague = ("total_amount", "description", "serial", "unit")
    if one in vague and other not in vague:
        return other
    return one


def _sub_column(column: Column, tax: str) -> Column:
    """A "Rate" or "Amount" under the heading of a tax."""
    is_rate = column.kind in ("unit_price", "tax_rate", "rate")
    if tax == "tax_rate":
        kind = "tax_rate" if is_rate else "tax_amount"
    else:
        kind = f"{tax}_rate" if is_rate else tax
    return Column(kind=kind, left=column.left, right=column.right)


def _share(one: Column, other: Column) -> float:
    overlap = min(one.right, other.right) - max(one.left, other.left)
    return overlap / max(1e-6, min(one.right - one.left, other.right - other.left))


def _settled(columns: list[Column]) -> tuple[Column, ...]:
    """Left to right; a tax heading with sub-columns is dropped, doubled kinds are told apart."""
    with_parts = {
        column.kind.removesuffix("_rate") for column in columns if column.kind.endswith("_rate")
    }
    ordered = sorted(columns, key=lambda column: column.left)
    settled: list[Column] = []
    for column in ordered:
        covered = [
            one
            for one in ordered
            if one is not column
            and column.kind in with_parts
            and one.kind.startswith(column.kind)
            and _share(one, column) > 0.5
            and (one.right - one.left) < (column.right - column.left) + 1e-6
        ]
        if not covered or column.kind == "tax_rate":
            settled.append(column)
    settled = [one for one in settled if not _is_spanning(one, settled)]
    settled = _with_codes(settled)
    totals = [column for column in settled if column.kind == "total_amount"]
    if len(totals) > 1:
        first = totals[0]
        kinds = {column.kind for column in settled}
        renamed = "taxable_amount" if "taxable_amount" not in kinds else "other"
        settled[settled.index(first)] = replace(first, kind=renamed)
    return tuple(settled)


def _is_spanning(column: Column, columns: Sequence[Column]) -> bool:
    """Whether a tax's heading stands between its own "%" and "Amt"."""
    rate, own = f"{column.kind}_rate", column.kind
    return any(one.kind == rate and one.centre < column.centre for one in columns) and any(
        one.kind == own and one is not column and column.centre < one.centre for one in columns
    )


def _with_codes(columns: list[Column]) -> list[Column]:
    """Of two columns of words that name the goods the first holds their codes: "Item" before
    "Description"."""
    named = [column for column in columns if column.kind == "description"]
    codes = {id(column) for column in named[:-1]}
    return [replace(one, kind="other") if id(one) in codes else one for one in columns]
