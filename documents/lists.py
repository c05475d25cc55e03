"""How the list of documents is narrowed; the same says what a download of it takes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from documents.derived import FileWords, ValueWords, Words
from documents.models import Document, DocumentQuerySet, Upload

UNKNOWN = "unknown"
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All of it holds together; what is empty narrows nothing.

    type: a slug, or UNKNOWN for the absence of one; project: a slug; supplier: beginnings of
    words of its name; text: beginnings of words in values or in the file's name; first, last:
    days printed on the paper; least, most: its total."""

    status: str = ""
    type: str = ""
    project: str = ""
    supplier: str = ""
    text: str = ""
    first: date | None = None
    last: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


def narrowed(documents: DocumentQuerySet, by: Filter) -> DocumentQuerySet:
    """Those of `documents` that `by` lets through."""
    conditions = {
        "status": by.status,
        "type__slug": "" if by.type == UNKNOWN else by.type,
        "project__slug": by.project,
        "day__gte": by.first.isoformat() if by.first else "",
        # Days are text: anything on that day sorts before the next.
        "day__lte": by.last.isoformat() if by.last else "",
        "total__gte": by.least,
        "total__lte": by.most,
    }
    found = documents.filter(
        **{name: value for name, value in conditions.items() if value not in ("", None)}
    )
    if by.type == UNKNOWN:
        found = found.filter(type=None)
    if (asked := beginnings(by.supplier)) is not None:
        found = found.alias(named=Words("supplier")).filter(named=asked)
    if (asked := beginnings(by.text)) is not None:
        found = found.filter(Q(pk__in=_with_text(asked)))
    return found


def of_files(asked: SearchQuery) -> "QuerySet[Upload, Upload]":
    """Uploads whose file name has words that begin so."""
    return Upload.objects.alias(named=FileWords("filename")).filter(named=asked)


def beginnings(text: str) -> SearchQuery | None:
    """Asks for words that begin as those of `text` do, all of them; None where it has none."""
    words = [word for word in text.split() if any(c.isalnum() for c in word)][:_MOST_WORDS]
    if not words:
        return None
    quoted = [word.replace("\\", "\\\\").replace("'", "''") for word in words]
    asked = " & ".join(f"'{word}':*" for word in quoted)
    return SearchQuery(asked, config="simple", search_type="raw")


def _with_text(asked: SearchQuery) -> Any:
    """A union: an OR over two tables would be answered by reading both."""
    by_value = Document.objects.alias(valued=ValueWords("payload")).filter(valued=asked)
    by_file = Document.objects.filter(upload__in=of_files(asked))
    return by_value.order_by().values("pk").union(by_file.order_by().values("pk"))
