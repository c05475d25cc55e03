"""Where a question is asked: projects, and the filters that narrow it. Raw SQL of filters.

Few documents (FEW at most) that pass the filters are looked up first, by the indexes over
`documents_document`; what is asked then starts from these. Where more pass, the question starts
from the words or from the nearest vectors, and each of what it finds is held against the filters:
then so many pass that enough are found soon."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.db import connection

# A sixteenth of 100,000 documents: there comparing all of them and walking the index until enough
# have passed cost the same, about 0.1 s of a processor.
FEW = 6_000
UNKNOWN = "unknown"
MAX_SUPPLIER_WORDS = 8

# Of the row `document`, by the name of the filter.
_CONDITIONS = {
    "type": "document.type_id = %(type)s",
    "untyped": "document.type_id IS NULL",
    "status": "document.status = %(status)s",
    "supplier": "to_tsvector('simple', document.supplier) @@ to_tsquery('simple', %(supplier)s)",
    "first": "document.day >= %(first)s",
    "last": "document.day <= %(last)s",
    "least": "document.total >= %(least)s",
    "most": "document.total <= %(most)s",
}
_FEW_DOCUMENTS = """
SELECT document.id FROM documents_document AS document
WHERE document.project_id = ANY(%(projects)s::bigint[]) AND {conditions} LIMIT %(few)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """What documents must be like; all of it holds together, and what is empty narrows nothing.

    type: a slug, or UNKNOWN for documents without one. supplier: words, each of which begins a
    word of the supplier's name. first, last: days of the paper, both included; least, most: of
    its total, both included."""

    type: str = ""
    status: str = ""
    supplier: str = ""
    first: date | None = None
    last: date | None = None
    least: Decimal | None = None
    most: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where to search. filters: values by the names of _CONDITIONS; documents: these alone, None
    for all that pass the filters; without: but for this one."""

    project_ids: tuple[int, ...]
    filters: tuple[tuple[str, Any], ...] = ()
    documents: tuple[UUID, ...] | None = None
    without: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not self.project_ids or self.documents == ()

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of `condition` and of the statement around it."""
        return {
            "projects": list(self.project_ids),
            "documents": None if self.documents is None else list(self.documents),
            "without": self.without,
            **dict(self.filters),
        }

    @property
    def condition(self) -> str:
        """SQL beginning with AND, about the column `chunk.document_id`; or nothing."""
        parts = [""]
        if self.documents is not None:
            parts.append("chunk.document_id = ANY(%(documents)s::uuid[])")
        elif self.filters:
            parts.append(
                "EXISTS (SELECT FROM documents_document AS document"
                f" WHERE document.id = chunk.document_id AND {self._passed})"
            )
        if self.without is not None:
            parts.append("chunk.document_id <> %(without)s")
        return " AND ".join(parts)

    @property
    def of_documents(self) -> str:
        """The same about the row `document`."""
        parts = [""]
        if self.documents is not None:
            parts.append("document.id = ANY(%(documents)s::uuid[])")
        elif self.filters:
            parts.append(self._passed)
        return " AND ".join(parts)

    @property
    def _passed(self) -> str:
        return " AND ".join(_CONDITIONS[name] for name, _ in self.filters)

    def settled(self) -> Self:
        """With the documents that pass the filters where these are few. One query at most."""
        if not self.filters or not self.project_ids or self.documents is not None:
            return self
        query = _FEW_DOCUMENTS.format(conditions=self._passed)
        with connection.cursor() as cursor:
            cursor.execute(query, {**self.values, "few": FEW + 1})
            found = tuple(row[0] for row in cursor.fetchall())
        return self if len(found) > FEW else replace(self, documents=found)


def filters(narrow: Narrow, *, type_id: int | None) -> tuple[tuple[str, Any], ...]:
    """Of a Scope; type_id is that of the type that `narrow` names."""
    told: Mapping[str, Any] = {
        "type": type_id,
        "untyped": narrow.type == UNKNOWN or None,
        "status": narrow.status or None,
        "supplier": beginnings(narrow.supplier) or None,
        "first": narrow.first and narrow.first.isoformat(),
        "last": narrow.last and narrow.last.isoformat(),
        "least": narrow.least,
        "most": narrow.most,
    }
    return tuple((name, value) for name, value in told.items() if value is not None)


def beginnings(text: str) -> str:
    """A tsquery of words each of which begins a word of the name, in any order."""
    words = re.sub(r"[\\'&|!():*<>\0]", " ", text).split()[:MAX_SUPPLIER_WORDS]
    return " & ".join(f"'{word}':*" for word in words)
