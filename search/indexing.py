"""The write side: the chunks of documents, and whether they are still those of their text.

Nothing tells this module that a text has changed; whoever plans work asks `stale_documents`,
which compares versions. An embed step takes up to `SLICE_PAGES` pages of a document:

    pages = indexing.pages(document_id, first, last)
    drafts = indexing.cut(pages, embedder)              slow, pure: outside any transaction
    vectors = embedder.embed(texts=...)                 slower still
    indexing.save(...)                                  inside the step's transaction

Term counts are the database's business (migration 0002).
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, TextField, Value

from config import engines
from documents.models import Document, Page
from search import chunking, terms
from search.chunking import BLANK
from search.engines import base as engine_base
from search.models import Chunk, Embedder

SLICE_PAGES = 50
BATCH_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """The text of a page; `number` is its number in the upload."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDraft:
    """A chunk before it has a vector; `ordinal` counts from 0 on each page."""

    page: int
    ordinal: int
    text: str


class Counter(Protocol):
    """The part of an embedder that cutting needs (`search/engines/base.py`)."""

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]: ...


def engine() -> engine_base.Embedder:
    """The embedder that the settings name, kept for this process: models load slowly."""
    return _engine(json.dumps(settings.ENGINES["embed"], sort_keys=True))


@lru_cache(maxsize=2)
def _engine(config: str) -> engine_base.Embedder:
    loaded: engine_base.Embedder = engines.load(json.loads(config))
    return loaded


def active_embedder() -> Embedder:
    """The row of the embedder that the settings name.

    Makes it at the first call for a new embedder, with its indexes over the vectors to come;
    the shipped one's row is made by a migration. That first call must not follow a change of
    chunks in its transaction: Postgres makes no index then. Loads no model."""
    named = engine()
    known = Embedder.objects.filter(name=named.name).first()
    if known is not None:
        return known
    with transaction.atomic():
        embedder, _ = Embedder.objects.get_or_create(
            name=named.name, defaults={"dimension": named.dimension}
        )
        with connection.cursor() as cursor:
            for name, table in (("chunk", "search_chunk"), ("page", "search_pagevector")):
                cursor.execute(
                    f"CREATE INDEX IF NOT EXISTS {name}_dense_{embedder.pk:d} ON {table}"
                    f" USING hnsw ((dense::halfvec({embedder.dimension:d})) halfvec_cosine_ops)"
                    f" WHERE embedder_id = {embedder.pk:d}"
                )
    return embedder


def stale_documents() -> QuerySet[Document]:
    """Documents whose chunks are not those of their text by the active embedder.

    A page with text lacks its chunk, or a chunk is of an older text or another embedder."""
    chunks = Chunk.objects.filter(document=OuterRef("pk"))
    current = Q(embedder=active_embedder(), text_version=OuterRef("text_version"))
    pages = Page.objects.alias(written=_without_blanks("text")).filter(
        ~Exists(
            Chunk.objects.filter(
                document=OuterRef("document"),
                page=OuterRef("number"),
            )
        ),
        document=OuterRef("pk"),
        written__gt="",
    )
    return Document.objects.filter(Exists(pages) | Exists(chunks.filter(~current)))


def count_chunks(documents: QuerySet[Document]) -> int:
    return Chunk.objects.filter(document__in=documents).count()


def is_stale(document_id: UUID) -> bool:
    return stale_documents().filter(pk=document_id).exists()


def slices(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """First and last page of each embed step for a document with these page numbers."""
    ordered = sorted(numbers)
    parts = [ordered[at : at + SLICE_PAGES] for at in range(0, len(ordered), SLICE_PAGES)]
    return tuple((part[0], part[-1]) for part in parts)


def read_pages(document_id: UUID, *, first_page: int, last_page: int) -> tuple[PageText, ...]:
    """The texts of a document's pages with numbers from `first_page` to `last_page`."""
    rows = Page.objects.filter(
        document_id=document_id, number__gte=first_page, number__lte=last_page
    ).order_by("number")
    return tuple(
        PageText(number=number, text=text) for number, text in rows.values_list("number", "text")
    )


def cut(pages: Iterable[PageText], counter: Counter) -> tuple[ChunkDraft, ...]:
    """The chunks of some pages, none longer than the embedder can take. Touches no database."""

    def count_tokens(texts: tuple[str, ...]) -> tuple[int, ...]:
        return counter.count_tokens(texts=texts)

    return tuple(
        ChunkDraft(page=page.number, ordinal=ordinal, text=text)
        for page in pages
        for ordinal, text in enumerate(
            chunking.cut(page.text, max_tokens=counter.max_tokens, count_tokens=count_tokens)
        )
    )


@transaction.atomic
def save(
    document_id: UUID,
    drafts: Sequence[ChunkDraft],
    *,
    vectors: Sequence[Sequence[float]] | None,
    embedder: Embedder | None,
    first_page: int,
    last_page: int,
    text_version: int,
) -> int:
    """Replace the chunks of these pages of a document; returns how many it has there now.

    Drops chunks of pages that the document has lost, wherever they are. Without vectors
    (None, and no embedder) the document is found by its words alone and stays stale. Saves
    nothing where the document is gone or chunks of a newer text are there already."""
    document = (
        Document.objects.select_for_update(no_key=True)
        .filter(pk=document_id)
        .only("project_id")
        .first()
    )
    if document is None:
        return 0
    there = Chunk.objects.filter(document=document)
    here = there.filter(page__gte=first_page, page__lte=last_page)
    if here.filter(text_version__gt=text_version).exists():
        return here.count()
    owned = Page.objects.filter(document=document, number=OuterRef("page"))
    there.filter(Q(pk__in=here.values("pk")) | ~Exists(owned)).delete()
    faces: Sequence[Sequence[float] | None] = vectors or [None] * len(drafts)
    rows = [
        _row(document, draft, vector, embedder, text_version)
        for draft, vector in zip(drafts, faces, strict=True)
    ]
    Chunk.objects.bulk_create(rows, batch_size=BATCH_ROWS)
    return len(rows)


@transaction.atomic
def forget(document_ids: Collection[UUID]) -> int:
    """Remove the chunks of these documents; returns how many there were."""
    locked = Document.objects.select_for_update(no_key=True).filter(pk__in=document_ids)
    list(locked.order_by("pk").values_list("pk"))
    removed, _ = Chunk.objects.filter(document_id__in=document_ids).delete()
    return removed


def _row(
    document: Document,
    draft: ChunkDraft,
    vector: Sequence[float] | None,
    embedder: Embedder | None,
    text_version: int,
) -> Chunk:
    counted = terms.count(draft.text)
    return Chunk(
        project_id=document.project_id,
        document_id=document.pk,
        page=draft.page,
        ordinal=draft.ordinal,
        text=draft.text,
        length=counted.length,
        terms=list(counted.terms),
        frequencies=list(counted.frequencies),
        dense=None if vector is None else list(vector),
        embedder=embedder,
        text_version=text_version,
    )


def _without_blanks(field: str) -> Func:
    """The database's answer to what `search/chunking.py` calls a blank page."""
    return Func(field, Value(BLANK), function="btrim", output_field=TextField())
