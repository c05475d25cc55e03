"""Drafts taken out of the house: what was confirmed, as a file, for one document or many.

Pages, the API and whoever else hands drafts out call `export`. Which documents go out is
decided once, at the start, and written down; their rows are then read a few hundred at a time,
so that a hundred thousand drafts need little more memory than one.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from documents import draft_files
from documents.draft_rows import Columns, as_draft, columns_of
from documents.errors import SenderError
from documents.models import (
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentStatus,
    Project,
    SchemaVersion,
    record,
)

MOST = 100_000
MOST_IN_A_WORKBOOK = 20_000
NAMED = 500
"""So many documents of an export are named in its audit event; all are counted."""
_AT_ONCE = 200


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    CSV_LINES = "lines.csv"
    XLSX = "xlsx"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.CSV_LINES: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TOLD = {
    Format.XLSX: "Excel, with a sheet of lines",
    Format.CSV: "CSV, a row for each document",
    Format.CSV_LINES: "CSV, a row for each line",
    Format.JSON: "JSON",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file that is made while it is sent. content can be gone through once."""

    filename: str
    media_type: str
    count: int
    content: Iterator[bytes]


def export(documents: DocumentQuerySet, form: Format, *, actor: AnyUser | None) -> Export:
    """The drafts among `documents`, newest first, which the caller has narrowed to what `actor`
    may see. Writes one AuditEvent a project; opens its own transaction.

    Raises SenderError: nothing_to_export where none of them is confirmed, too_many."""
    drafts = documents.filter(status=DocumentStatus.DRAFT_CREATED).order_by("-pk")
    most = MOST_IN_A_WORKBOOK if form == Format.XLSX else MOST
    chosen = list(drafts.values_list("pk", "project_id", "schema_version_id")[: most + 1])
    if not chosen:
        raise SenderError(
            "None of these documents is confirmed; only those can be downloaded.",
            "nothing_to_export",
        )
    if len(chosen) > most:
        raise SenderError(
            f"These are more than {most:,} documents; narrow them, by date for instance.",
            "too_many",
        )
    _record(chosen, form, actor)
    found = _drafts([pk for pk, _, _ in chosen])
    columns = _columns({version for _, _, version in chosen if version})
    return Export(
        filename=f"documents-{timezone.localdate():%Y-%m-%d}.{form}",
        media_type=MEDIA_TYPES[form],
        count=len(chosen),
        content=_content(found, columns, form),
    )


def _content(drafts: Iterator[dict[str, Any]], columns: Columns, form: Format) -> Iterator[bytes]:
    match form:
        case Format.JSON:
            return draft_files.json_of(drafts)
        case Format.CSV:
            return draft_files.csv_of(drafts, columns)
        case Format.CSV_LINES:
            return draft_files.csv_of_lines(drafts, columns)
        case Format.XLSX:
            return draft_files.blocks(draft_files.xlsx_of(drafts, columns))


def _drafts(ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """In the order of `ids`; what was deleted meanwhile is left out."""
    rows = (
        Document.objects.select_related("type", "project", "upload", "reviewer")
        .prefetch_related("schema_version")
        .defer("evidence", "reasons", "identity")
    )
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        found = rows.in_bulk(part)
        yield from (as_draft(found[pk]) for pk in part if pk in found)


def _columns(versions: set[int]) -> Columns:
    return columns_of(SchemaVersion.objects.filter(pk__in=versions).select_related("type"))


def _record(
    chosen: Sequence[tuple[UUID, int, int | None]], form: Format, actor: AnyUser | None
) -> None:
    by_project: dict[int, list[str]] = defaultdict(list)
    for pk, project_id, _ in chosen:
        by_project[project_id].append(str(pk))
    with transaction.atomic():
        for project in Project.objects.filter(pk__in=by_project):
            ids = by_project[project.pk]
            record(
                "drafts.exported",
                project,
                actor=actor,
                project=project,
                format=form.value,
                count=len(ids),
                documents=ids[:NAMED],
            )
