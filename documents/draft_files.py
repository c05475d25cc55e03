"""Drafts written as JSON, CSV or XLSX, one after the other; none is kept. Pure but for the
temporary file in which a workbook is made."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from tempfile import TemporaryFile
from typing import IO, Any

import xlsxwriter  # type: ignore[import-untyped]

from documents.draft_rows import (
    ABOUT,
    LINE_ABOUT,
    CellKind,
    Column,
    Columns,
    headings,
    is_formula,
    line_cells,
    plain,
    value_cells,
)
from documents.presentation import shown_value

Drafts = Iterable[Mapping[str, Any]]
_BLOCK_BYTES = 1 << 16
# What a cell of a workbook may hold, and digits that its numbers keep (IEEE 754 binary64).
_CELL_CHARS = 32_767
_ROWS = 1_048_576
_DIGITS = 15
_WIDTH_CHARS = 16


def json_of(drafts: Drafts) -> Iterator[bytes]:
    """One array."""
    lead = "[\n"
    for draft in drafts:
        yield f"{lead}{json.dumps(draft, ensure_ascii=False)}".encode()
        lead = ",\n"
    yield b"[]\n" if lead == "[\n" else b"\n]\n"


def csv_of(drafts: Drafts, columns: Columns) -> Iterator[bytes]:
    """A row for each draft, without its lines."""
    yield _csv_row([column.name for column in (*ABOUT, *columns.values)], first=True)
    for draft in drafts:
        yield _csv_row(value_cells(draft, columns))


def csv_of_lines(drafts: Drafts, columns: Columns) -> Iterator[bytes]:
    """A row for each line, the draft's own values before it on each; a draft without lines has
    one row. Totals stand on every row of a draft: they must not be added up."""
    line_names = [f"line_{column.name}" for column in columns.lines]
    about = [column.name for column in LINE_ABOUT[2:]]
    head = [column.name for column in (*ABOUT, *columns.values)]
    yield _csv_row([*head, *about, *line_names], first=True)
    for draft in drafts:
        own = value_cells(draft, columns)
        lines = list(line_cells(draft, columns)) or [[None] * (4 + len(columns.lines))]
        for line in lines:
            yield _csv_row([*own, *line[2:]])


def xlsx_of(drafts: Drafts, columns: Columns) -> IO[bytes]:
    """A workbook with the sheets "Documents" and "Lines", as an open temporary file at its
    start. Its rows go to the disk as they come."""
    target = TemporaryFile()  # noqa: SIM115  (closed by who reads it)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        papers = _Sheet(book, "Documents", (*ABOUT, *columns.values))
        lines = _Sheet(book, "Lines", (*LINE_ABOUT, *columns.lines))
        for draft in drafts:
            papers.add(value_cells(draft, columns))
            for cells in line_cells(draft, columns):
                lines.add(cells)
    target.seek(0)
    return target


def blocks(source: IO[bytes]) -> Iterator[bytes]:
    """The rest of a file block by block; closes it."""
    with source:
        while block := source.read(_BLOCK_BYTES):
            yield block


class _Sheet:
    """A sheet that grows by rows. The last that it can hold says that there are more."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, columns: tuple[Column, ...]) -> None:
        self._sheet = book.add_worksheet(name)
        self._columns = columns
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})
        # Shows what follows "=" as text and keeps it so when somebody edits the cell.
        self._quoted = book.add_format({"quote_prefix": True})
        self._sheet.set_column(0, len(columns) - 1, _WIDTH_CHARS)
        self._sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for at, title in enumerate(headings(columns)):
            self._sheet.write_string(0, at, title, bold)
        self._row = 1

    def add(self, cells: list[Any]) -> None:
        if self._row >= _ROWS - 1:
            self._sheet.write_string(_ROWS - 1, 0, "There are more; the CSV file has them all.")
            return
        for at, (column, value) in enumerate(zip(self._columns, cells, strict=True)):
            if value is not None and value != "":
                self._write(at, column.kind, value)
        self._row += 1

    def _write(self, at: int, kind: CellKind, value: Any) -> None:
        text = shown_value(value)
        if kind == CellKind.NUMBER and (number := _number(text)) is not None:
            self._sheet.write_number(self._row, at, number)
        elif kind == CellKind.DAY and (day := _day(text)) is not None:
            self._sheet.write_datetime(self._row, at, day, self._day)
        else:
            form = self._quoted if is_formula(text) else None
            self._sheet.write_string(self._row, at, text[:_CELL_CHARS], form)


def _number(text: str) -> float | None:
    """None where a workbook's number would not keep all digits."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or len(number.normalize().as_tuple().digits) > _DIGITS:
        return None
    return float(number)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Before that, a workbook's calendar is not the one of the world.
    return day if day >= date(1900, 3, 1) else None


def _csv_row(cells: list[Any], *, first: bool = False) -> bytes:
    """With the byte order mark first, by which Excel knows UTF-8."""
    line = io.StringIO()
    csv.writer(line).writerow([plain(cell) for cell in cells])
    return line.getvalue().encode("utf-8-sig" if first else "utf-8")
