"""A hit as JSON, the same object for the API and the command line, and as the page shows it."""

from typing import Any
from urllib.parse import urlencode

from documents import presentation
from documents.models import DocumentStatus
from search import queries
from search.hits import Hit
from search.listing.table import told_amount, told_day
from search.queries import Found
from search.snippets import Box


def all_as_json(found: Found) -> list[dict[str, Any]]:
    boxes = queries.boxes(found)
    return [as_json(hit, boxes.get(hit.document_id, ())) for hit in found.hits]


def as_json(hit: Hit, boxes: tuple[Box, ...]) -> dict[str, Any]:
    """marks are places in the snippet's text, boxes pixels of the page image."""
    return {
        "document": str(hit.document_id),
        "page": hit.page,
        "score": round(hit.score, 6),
        "text": hit.text,
        "snippet": {"text": hit.snippet.text, "marks": [list(mark) for mark in hit.snippet.marks]},
        "file": hit.file,
        "project": hit.project,
        "type": hit.type,
        "boxes": [list(box) for box in boxes],
        "modes": list(hit.modes),
    }


def shown(hit: Hit, asked: str) -> dict[str, Any]:
    """A hit with its values as a person reads them. `place` and those of its lines are for the
    address of the document: the page, and the words that are to be marked on it."""
    name = " · ".join(part for part in (hit.supplier, hit.number) if part)
    return {
        "hit": hit,
        "name": name or hit.file,
        "file": hit.file if name else "",
        "facts": [
            fact for fact in (told_day(hit.day), told_amount(hit.total, hit.currency)) if fact
        ],
        "is_by_meaning": bool(asked) and hit.modes == (queries.Mode.DENSE.value,),
        "badge": presentation.STATUS_BADGES[DocumentStatus(hit.status)],
        "place": place(hit.page, asked),
        "lines": [{"line": line, "place": place(line.page, asked)} for line in hit.lines],
    }


def place(page: int, asked: str) -> str:
    """`page=2&q=steel`, as static/highlight.js reads it."""
    return urlencode({"page": page} | ({"q": asked} if asked else {}))
