"""A draft as it leaves the house: as an object for JSON, as cells for a table. Pure.

Values keep the form that the payload has them in: amounts as decimal strings, days as ISO
dates. What a spreadsheet makes of them is said by the kind of their column.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from documents import schemas
from documents.models import Document, SchemaVersion
from documents.presentation import in_order, is_table, shown_value

# A cell that begins so is a formula to Excel, LibreOffice or Google Sheets; OWASP, "CSV
# Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class CellKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """name: as the payload has it; title: as a person reads it."""

    name: str
    title: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Of a table of drafts and of the table of their lines, which may be of several types."""

    values: tuple[Column, ...]
    lines: tuple[Column, ...]


ABOUT = (
    Column(name="document", title="Document"),
    Column(name="type", title="Type"),
    Column(name="project", title="Project"),
    Column(name="file", title="File"),
    Column(name="first_page", title="First page", kind=CellKind.NUMBER),
    Column(name="confirmed_by", title="Confirmed by"),
    Column(name="confirmed_at", title="Confirmed at"),
)
LINE_ABOUT = (
    Column(name="document", title="Document"),
    Column(name="file", title="File"),
    Column(name="table", title="Table"),
    Column(name="line", title="Line", kind=CellKind.NUMBER),
)


def as_draft(document: Document) -> dict[str, Any]:
    """The whole draft; from rows with type, project, upload, schema version and reviewer.

    confirmed_by is null where nobody had to look: all of it was proven."""
    version = document.schema_version
    slug = document.type.slug if document.type else ""
    names = in_order(slug, version.schema) if version else {}
    return {
        "document": str(document.pk),
        "version": document.version,
        "type": slug,
        "schema_version": version.number if version else None,
        "project": document.project.slug,
        "file": document.upload.filename,
        "first_page": document.first_page,
        "confirmed_by": document.reviewer.get_username() if document.reviewer else None,
        "confirmed_at": document.reviewed_at.isoformat() if document.reviewed_at else None,
        "values": {name: document.payload.get(name) for name in names},
    }


def columns_of(versions: Iterable[SchemaVersion]) -> Columns:
    """The columns of drafts of these schema versions, each name once, in reading order."""
    values: dict[str, Column] = {}
    lines: dict[str, Column] = {}
    for version in sorted(versions, key=lambda one: (one.type.slug, -one.number)):
        for name, spec in in_order(version.type.slug, version.schema).items():
            if is_table(spec):
                for inner, inner_spec in spec["items"]["properties"].items():
                    lines.setdefault(inner, _column(inner, inner_spec))
            else:
                values.setdefault(name, _column(name, spec))
    return Columns(values=tuple(values.values()), lines=tuple(lines.values()))


def value_cells(draft: Mapping[str, Any], columns: Columns) -> list[Any]:
    """One row: ABOUT, then the values."""
    return [
        *(draft[column.name] for column in ABOUT),
        *(draft["values"].get(column.name) for column in columns.values),
    ]


def line_cells(draft: Mapping[str, Any], columns: Columns) -> Iterator[list[Any]]:
    """A row for each line of each table: LINE_ABOUT, then its values."""
    for name, rows in draft["values"].items():
        for number, line in enumerate(_lines(rows), start=1):
            about = [draft["document"], draft["file"], name, number]
            yield [*about, *(line.get(column.name) for column in columns.lines)]


def headings(columns: Sequence[Column]) -> list[str]:
    """Titles; where two columns have the same one, with the name beside it."""
    titles = [column.title for column in columns]
    return [
        column.title if titles.count(column.title) == 1 else f"{column.title} ({column.name})"
        for column in columns
    ]


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would take this text for a formula. A plain number is none."""
    return text.startswith(_FORMULA) and not re.fullmatch(schemas.AMOUNT_PATTERN, text)


def plain(value: Any) -> str:
    """A cell of a CSV file: empty for null, text that would be a formula behind an apostrophe."""
    text = shown_value(value)
    return f"'{text}" if is_formula(text) else text


def _lines(rows: Any) -> list[Mapping[str, Any]]:
    """The lines of a table; nothing for a value that is none."""
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, Mapping)]


def _column(name: str, spec: Mapping[str, Any]) -> Column:
    title = str(spec.get("title") or name.replace("_", " ").capitalize())
    kinds = spec.get("type")
    kinds = {kinds} if isinstance(kinds, str) else set(kinds or ())
    if spec.get("pattern") == schemas.AMOUNT_PATTERN or kinds & {"integer", "number"}:
        kind = CellKind.NUMBER
    else:
        kind = CellKind.DAY if spec.get("format") == "date" else CellKind.TEXT
    return Column(name=name, title=title, kind=kind)
