"""Rows of items: the head of the table gives the columns, the arithmetic of a row its start."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from documents.fields import find_amounts, normalise_hsn
from ingestion.engines.rules.columns import MONEY, NUMERIC, Head, find_head
from ingestion.engines.rules.entries import Entry, entries_of
from ingestion.engines.rules.labels import Lexicon
from ingestion.engines.rules.layout import Line

MAX_ITEMS = 500
_COLUMN_WORDS = frozenset({"tax", "gst", "vat", "tva", "iva", "ust", "round", "base"})
_END = re.compile(
    r"amount in words|amount chargeable|carried (?:over|forward)|ubertrag|in words|continued"
    r"|report a nouveau|a reporter"
)
_LABELLED_SUM = re.compile(r"[^:]{3,40}:\s?(?:[$€£₹]|RM|Rs\.?|[A-Z]{3})?\s?[\d.,]+\s?[€$£]?")
_TAXES = frozenset(
    {"cgst_amount", "sgst_amount", "igst_amount", "cess_amount", "tax_amount", "taxable_amount",
     "round_off"}
)  # fmt: skip
_LETTER = re.compile(r"[^\W\d_]")
_BROUGHT = re.compile(
    r"brought (?:forward|over)|\bb/f\b|ubertrag|report (?:de|page)|riporto|vortrag"
)


@dataclass(slots=True, kw_only=True)
class Row:
    """An item under way: its entries by column; `lines` are those it takes."""

    page: int
    lines: list[int] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    bottom: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The items found, the lines that they and their heads take, and the row of sums."""

    rows: tuple[Row, ...]
    lines: frozenset[int]
    sums: dict[str, Entry]
    kinds: frozenset[str]


def read_table(lines: Sequence[Line], *, amounts: Lexicon, decimal_comma: bool | None) -> Table:
    """All item rows of a document; a head repeated on a later page goes on with the table."""
    reader = _Reader(lines=lines, amounts=amounts, decimal_comma=decimal_comma)
    return reader.read()


@dataclass(slots=True, kw_only=True)
class _Reader:
    lines: Sequence[Line]
    amounts: Lexicon
    decimal_comma: bool | None
    rows: list[Row] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    sums: dict[str, Entry] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)

    def read(self) -> Table:
        index = 0
        first_kinds: frozenset[str] | None = None
        while index < len(self.lines) and len(self.rows) < MAX_ITEMS:
            head = find_head(self.lines, index)
            if head is None:
                break
            kinds = frozenset(column.kind for column in head.columns)
            if self.rows and first_kinds is not None and len(kinds & first_kinds) < 3:
                index = head.last + 1
                continue  # a summary of taxes or payments below the items
            if self.rows and self.lines[head.first].page == self.rows[-1].page:
                break
            first_kinds = first_kinds or kinds
            self.taken.update(range(head.first, head.last + 1))
            self.kinds |= kinds
            index = self._body(head)
            if not self.rows:
                first_kinds = None
        return Table(
            rows=tuple(self.rows),
            lines=frozenset(self.taken),
            sums=self.sums,
            kinds=frozenset(self.kinds),
        )

    def _body(self, head: Head) -> int:
        """Read the rows under a head; the index of the first line after them."""
        page = self.lines[head.first].page
        pending: list[Line] = []
        for index in range(head.last + 1, len(self.lines)):
            line = self.lines[index]
            if line.page != page:
                return index
            begun = bool(self.rows) and self.rows[-1].page == page
            if not begun and _BROUGHT.search(line.folded):
                self.taken.add(line.number)
                continue
            if self._is_foot(line):
                self._keep_sums(line, head)
                return index + 1
            entries = entries_of(line, head.columns)
            if _BROUGHT.search(line.folded):
                self.taken.add(line.number)
            elif self._starts_item(entries):
                row = Row(page=line.page)
                self._add(row, line, entries)
                if "description" not in row.entries or not _words(row.entries["description"].text):
                    for above in pending:
                        self._add(row, above, entries_of(above, head.columns), is_above=True)
                pending = []
                self.rows.append(row)
            elif self.rows and self.rows[-1].page == page and self._continues(line):
                self._add(self.rows[-1], line, entries)
            elif _words(line.text):
                pending = [*pending[-1:], line]
        return len(self.lines)

    def _is_foot(self, line: Line) -> bool:
        for cell in line.cells[:3]:
            for label in self.amounts.find(cell):
                plain = label.start <= 2 and not re.match(r"\s?\w", cell.text[label.end :])
                if label.phrase.startswith(
                    ("total", "sub", "grand", "gesamt", "zwischen", "summe")
                ):
                    plain = label.start <= 2
                if label.field in _TAXES and not _LETTER.search(cell.text[label.end :]):
                    plain = label.start <= 2  # "Output CGST 9%"
                named = label.weight >= 0.75 and label.field != "other_amount"
                if plain and named and label.phrase not in _COLUMN_WORDS:
                    return True
        if len(line.cells) == 1 and _LABELLED_SUM.fullmatch(line.text):
            return bool(self.rows)
        return bool(_END.search(line.folded)) or self._has_sum_beside(line)

    def _has_sum_beside(self, line: Line) -> bool:
        """A sum right of another block: "Rate | Base | VAT | Total net | 218.48"."""
        for cell, after in pairwise(line.cells[2:]):
            for label in self.amounts.find(cell):
                alone = label.start <= 1 and not cell.text[label.end :].strip(" :")
                sure = label.weight == 1.0 and " " in label.phrase
                of_sum = label.field in ("total_amount", "taxable_amount")
                if alone and sure and of_sum and find_amounts(after.text):
                    return True
        return False

    def _starts_item(self, entries: dict[str, Entry]) -> bool:
        money = [
            kind
            for kind, entry in entries.items()
            if kind in MONEY and self._amount(entry) is not None
        ]
        return bool(money) and (
            len(money) > 1 or bool({"quantity", "description", "serial"} & set(entries))
        )

    def _amount(self, entry: Entry) -> str | None:
        found = find_amounts(entry.text, decimal_comma=self.decimal_comma)
        return found[-1].value if found else None

    def _continues(self, line: Line) -> bool:
        row = self.rows[-1]
        return line.top - row.bottom <= 1.5 * line.height and not any(
            label.weight == 1.0
            and label.start <= 1
            and label.field in ("round_off", "total_amount")
            for label in self.amounts.find(line.cells[0])
        )

    def _add(
        self, row: Row, line: Line, entries: dict[str, Entry], *, is_above: bool = False
    ) -> None:
        row.lines.append(line.number)
        row.bottom = max(row.bottom, line.bottom)
        self.taken.add(line.number)
        for kind, entry in entries.items():
            known = row.entries.get(kind)
            if known is None:
                if kind == "description" or not is_above:
                    row.entries[kind] = entry
            elif kind == "description":
                first, second = (entry, known) if is_above else (known, entry)
                row.entries[kind] = replace(
                    first,
                    text=f"{first.text} {second.text}",
                    tokens=(*first.tokens, *second.tokens),
                )

    def _keep_sums(self, line: Line, head: Head) -> None:
        label_end = 0.0
        for cell in line.cells[:3]:
            for label in self.amounts.find(cell)[:1]:
                part = cell.part(label.start, label.end)
                label_end = max(label_end, part.right if part else 0.0)
        for kind, entry in entries_of(line, head.columns).items():
            if kind in NUMERIC and entry.tokens[0].left >= label_end:
                self.sums.setdefault(kind, entry)


def _words(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= 3


def hsn_of(entry: Entry | None) -> str:
    """The HSN or SAC code of a row's entry, "" where it holds none."""
    return normalise_hsn(entry.text) if entry is not None else ""
