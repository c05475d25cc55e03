"""The write side: the chunks of documents, and whether they are still those of their text.

Nothing tells this module that a text has changed; whoever plans work asks `stale_documents`,
which compares versions. An embed step takes up to `SLICE_PAGES` pages of a document:

    pages = indexing.pages(document_id, first, last)
    drafts = indexing.cut(pages, embedder)              slow, pure: outside any transaction
    vectors = embedder.embed(texts=...)                 slower still
    indexing.save(...)                                  inside the step's transaction

Term counts are the database's business (migration 0002).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, TextField, Value

from documents.models import Document, Page
from search import chunking, embedders, terms
from search.chunking import BLANK
from search.engines import base as engine_base
from search.models import Chunk, ChunkVector, Embedder, EmbedderState

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectors:
    """Unit vectors of some texts, in their order, and who made them."""

    embedder: Embedder
    vectors: Sequence[Sequence[float]]


class EmbedderChanged(Exception):
    """Another embedder became the active one while vectors were made; they are of no use."""


class Counter(Protocol):
    """The part of an embedder that cutting needs (`search/engines/base.py`)."""

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]: ...


def engine() -> engine_base.Embedder:
    """The engine of the active embedder, kept for this process."""
    return embedders.engine(embedders.active())


def active_embedder() -> Embedder:
    """The embedder that search asks by (`search/embedders.py`)."""
    return embedders.active()


def stale_documents() -> QuerySet[Document]:
    """Documents whose chunks are not those of their text with vectors of the active embedder.

    A page with text lacks its chunk, or a chunk is of an older text or lacks its vector."""
    chunks = Chunk.objects.filter(document=OuterRef("pk"))
    vector = ChunkVector.objects.filter(chunk=OuterRef("pk"), embedder=active_embedder())
    current = Q(Exists(vector), text_version=OuterRef("text_version"))
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


def fitting(texts: Sequence[str], counter: Counter) -> list[tuple[str, ...]]:
    """Each text in parts that `counter` can take, one part where it fits. Touches no database.

    The mean of the parts' vectors stands for a text that was cut for another embedder."""
    counts = counter.count_tokens(texts=tuple(texts))

    def count_tokens(parts: tuple[str, ...]) -> tuple[int, ...]:
        return counter.count_tokens(texts=parts)

    return [
        (text,)
        if count <= counter.max_tokens
        else tuple(chunking.cut(text, max_tokens=counter.max_tokens, count_tokens=count_tokens))
        for text, count in zip(texts, counts, strict=True)
    ]


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
    coming: Vectors | None = None,
) -> int:
    """Replace the chunks of these pages of a document; returns how many it has there now.

    Drops chunks of pages that the document has lost, wherever they are. `coming`: a vector of
    each draft by the embedder that is coming, too. Without vectors (None, and no embedder) the
    document is found by its words alone and stays stale. Saves nothing where the document is
    gone or chunks of a newer text are there already. Raises EmbedderChanged."""
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
    made = _still_wanted(vectors, embedder, coming)
    owned = Page.objects.filter(document=document, number=OuterRef("page"))
    there.filter(Q(pk__in=here.values("pk")) | ~Exists(owned)).delete()
    rows = [_row(document, draft, text_version) for draft in drafts]
    chunks = Chunk.objects.bulk_create(rows, batch_size=BATCH_ROWS)
    for one in made:
        _add(one.embedder, zip(chunks, one.vectors, strict=True))
    return len(rows)


def _still_wanted(
    vectors: Sequence[Sequence[float]] | None, embedder: Embedder | None, coming: Vectors | None
) -> list[Vectors]:
    """The vectors that may be saved; their embedders stay what they are until we commit."""
    ids = [one.pk for one in (embedder, coming and coming.embedder) if one]
    states = embedders.states(ids)
    made = []
    if vectors is not None and embedder is not None:
        if states.get(embedder.pk) != EmbedderState.ACTIVE:
            raise EmbedderChanged
        made.append(Vectors(embedder=embedder, vectors=vectors))
    state = states.get(coming.embedder.pk) if coming else None
    if coming and state == EmbedderState.COMING:
        made.append(coming)
    elif state == EmbedderState.ACTIVE:
        # No vector of the one before: the chunks would be left with none at all.
        raise EmbedderChanged
    return made


def chunks_lacking(
    document_id: UUID, embedder: Embedder, *, first_page: int, last_page: int
) -> tuple[Chunk, ...]:
    """The chunks of these pages that have no vector of `embedder`, with nothing but their text."""
    own = embedders.lacking(embedder).filter(document=document_id)
    here = own.filter(page__gte=first_page, page__lte=last_page)
    return tuple(here.only("text").order_by("page", "ordinal"))


@transaction.atomic
def add(chunk_ids: Sequence[int], made: Vectors) -> int:
    """Give chunks the vectors of an embedder that is coming; returns how many got one.

    Chunks that are gone by now are left out, and all of them where it is coming no more."""
    if embedders.states([made.embedder.pk]).get(made.embedder.pk) != EmbedderState.COMING:
        return 0
    of_chunk = dict(zip(chunk_ids, made.vectors, strict=True))
    locked = Chunk.objects.select_for_update(no_key=True).filter(pk__in=of_chunk).order_by("pk")
    there = list(locked.only("project_id", "document_id"))
    _add(made.embedder, ((chunk, of_chunk[chunk.pk]) for chunk in there))
    return len(there)


def _add(embedder: Embedder, made: Iterable[tuple[Chunk, Sequence[float]]]) -> None:
    ChunkVector.objects.bulk_create(
        [
            ChunkVector(
                project_id=chunk.project_id,
                document_id=chunk.document_id,
                chunk_id=chunk.pk,
                embedder=embedder,
                dense=list(vector),
            )
            for chunk, vector in made
        ],
        batch_size=BATCH_ROWS,
        ignore_conflicts=True,
    )


@transaction.atomic
def forget(document_ids: Collection[UUID]) -> int:
    """Remove the chunks of these documents; returns how many there were."""
    locked = Document.objects.select_for_update(no_key=True).filter(pk__in=document_ids)
    list(locked.order_by("pk").values_list("pk"))
    removed, _ = Chunk.objects.filter(document_id__in=document_ids).delete()
    return removed


def _row(document: Document, draft: ChunkDraft, text_version: int) -> Chunk:
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
        text_version=text_version,
    )


def _without_blanks(field: str) -> Func:
    """The database's answer to what `search/chunking.py` calls a blank page."""
    return Func(field, Value(BLANK), function="btrim", output_field=TextField())
