"""A hit as JSON: the same object for the API and the command line."""

from typing import Any

from search.queries import Hit


def as_json(hit: Hit) -> dict[str, Any]:
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
        "boxes": [list(box) for box in hit.boxes],
        "modes": list(hit.modes),
    }
