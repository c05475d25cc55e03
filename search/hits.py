"""What is shown of the documents that a question found: a passage, other pages, a few values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from documents import derived
from documents.models import Page, image_version
from search import ranking, snippets
from search.models import Chunk
from search.ranking import Fused
from search.scope import Scope
from search.snippets import Box, Snippet

# Of a document with many pages that answer.
LINES = 4
LINE_CHARS = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Another page of a document that answers; page is its number in the file."""

    page: int
    snippet: Snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A document that answers, with its best chunk.

    page is the page's number in the file. score orders hits of one answer and compares with
    nothing else: BM25, cosine or reciprocal ranks, as the mode has it; modes are the ways that
    found the document. lines: other pages that hold the words, at most LINES; more_pages: how
    many there are beyond these. supplier, number, day and currency are "" where unknown."""

    document_id: UUID
    upload_id: UUID
    page: int
    score: float
    text: str
    snippet: Snippet
    file: str
    project: str
    project_name: str
    type: str
    type_name: str
    status: str
    supplier: str
    number: str
    day: str
    total: Decimal | None
    currency: str
    has_image: bool
    image_version: str
    modes: tuple[str, ...]
    lines: tuple[Line, ...]
    more_pages: int


def of(scope: Scope, best: Sequence[Fused], wanted: Collection[int]) -> tuple[Hit, ...]:
    """Five queries at most, however many hits there are."""
    found = {entry.document_id: entry for entry in best}
    narrowed = Scope(project_ids=scope.project_ids, documents=tuple(found))
    pages = ranking.pages(narrowed, wanted, limit=LINES + 1) if found and wanted else {}
    ids = [entry.chunk_id for entry in best]
    ids += [chunk_id for chunks, _ in pages.values() for chunk_id in chunks]
    page = Page.objects.filter(upload=OuterRef("document__upload"), number=OuterRef("page"))
    chunks = (
        Chunk.objects.select_related("project", "document__upload", "document__type")
        .defer("terms", "frequencies", "document__payload", "document__evidence")
        .annotate(
            page_image=Subquery(page.values("image")),
            page_read_at=Subquery(page.values("read_at")),
            page_rotation=Subquery(page.values("rotation")),
            document_number=derived.text("document_number", "document__payload"),
            ewb_number=derived.text("ewb_number", "document__payload"),
            currency=derived.text("currency", "document__payload"),
        )
        .in_bulk(ids)
    )
    return tuple(
        _hit(entry, chunks, pages.get(entry.document_id, ((), 0)), wanted)
        for entry in best
        if entry.chunk_id in chunks
    )


def boxes(hits: Sequence[Hit], wanted: Collection[int]) -> dict[UUID, tuple[Box, ...]]:
    """By document the boxes of the words on the page of its hit, in pixels of the page image.
    One query."""
    places = {(hit.upload_id, hit.page): hit.document_id for hit in hits}
    rows = Page.objects.filter(upload__in={hit.upload_id for hit in hits}).values_list(
        "upload_id", "number", "words"
    )
    rows = rows.filter(number__in={hit.page for hit in hits})
    return {
        places[upload_id, number]: snippets.boxes(words, wanted)
        for upload_id, number, words in rows
        if (upload_id, number) in places
    }


def _hit(
    entry: Fused,
    chunks: Mapping[int, Any],
    pages: tuple[tuple[int, ...], int],
    wanted: Collection[int],
) -> Hit:
    chunk = chunks[entry.chunk_id]
    document = chunk.document
    others = [chunks[one] for one in pages[0] if one in chunks and chunks[one].page != chunk.page]
    lines = tuple(_line(other, wanted) for other in others[:LINES])
    is_counted = len(others) < len(pages[0])
    return Hit(
        document_id=document.pk,
        upload_id=document.upload_id,
        page=chunk.page,
        score=float(entry.score),
        text=chunk.text,
        snippet=snippets.snippet(chunk.text, wanted),
        file=document.upload.filename,
        project=chunk.project.slug,
        project_name=chunk.project.name,
        type=document.type.slug if document.type else "unknown",
        type_name=document.type.name if document.type else "Unknown type",
        status=document.status,
        supplier=document.supplier,
        number=chunk.document_number or chunk.ewb_number or "",
        day=document.day or "",
        total=document.total,
        currency=chunk.currency or ("INR" if chunk.ewb_number and document.total else ""),
        has_image=bool(chunk.page_image),
        image_version=image_version(chunk.page_read_at, chunk.page_rotation or 0),
        modes=tuple(str(way) for way in entry.ways),
        lines=lines,
        more_pages=max(0, pages[1] - len(lines) - is_counted),
    )


def _line(chunk: Any, wanted: Collection[int]) -> Line:
    return Line(page=chunk.page, snippet=snippets.snippet(chunk.text, wanted, chars=LINE_CHARS))
