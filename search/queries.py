"""The question side: words and vectors to hits, for someone who may see them.

A hit is a document with its best chunk; `limit` counts documents. What is defined:

    nothing but white space     no hits
    more than MAX_QUERY_CHARS   the rest is left out
    only stop words             they are looked for, since there is nothing else
    no engine for vectors       hybrid does without and says so; dense raises
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from config import metrics
from config.engines import EngineError, EngineFault
from documents.errors import OperatorError, SenderError, TryAgain
from documents.models import AnyUser, DocumentType, Page, Project
from search import embedders, ranking, snippets, terms
from search.models import Chunk
from search.ranking import Fused, Ranked, Scope
from search.snippets import Box, Snippet

MAX_QUERY_CHARS = 2_000
IDENTIFIER_CHARS = 4
MAX_QUERY_TERMS = 64
MAX_LIMIT = 100


class Mode(StrEnum):
    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Everyone:
    """The viewer at the command line: who may run it may read the database anyway."""


EVERYONE = Everyone()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A document that answers, with its best chunk.

    page is the page's number in the file. score orders hits of one answer and compares with
    nothing else: BM25, cosine or reciprocal ranks, as the mode has it. boxes are pixels of
    the page image; modes are the ways that found the document."""

    document_id: UUID
    upload_id: UUID
    page: int
    score: float
    text: str
    snippet: Snippet
    file: str
    project: str
    type: str
    has_image: bool
    boxes: tuple[Box, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, best first; `mode` is how they were found, `notice` why that is not as asked.

    Stands for its hits where only those matter: `for hit in find(...)`."""

    query: str
    mode: Mode
    hits: tuple[Hit, ...]
    notice: str = ""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


def find(
    viewer: AnyUser | Everyone,
    query: str,
    *,
    project_slug: str | None = None,
    type_slug: str | None = None,
    mode: str = Mode.HYBRID,
    limit: int = 10,
) -> Found:
    """What `viewer` may see that answers `query`. 1 <= limit <= MAX_LIMIT.

    Raises SenderError for an unknown mode, project or type or a limit out of range, TryAgain
    or OperatorError where mode is dense and there is no engine for it."""
    began = time.monotonic()
    asked = _mode(mode)
    if not 1 <= limit <= MAX_LIMIT:
        raise SenderError(f"limit must be from 1 to {MAX_LIMIT}.", code="invalid_limit")
    scope = _scope(viewer, project_slug=project_slug, type_slug=type_slug)
    question = clean(query)
    if not question or not scope.project_ids:
        return Found(query=query, mode=asked, hits=())
    wanted = wanted_terms(question)
    ways: dict[str, tuple[Ranked, ...]] = {}
    notice = ""
    depth = max(limit, ranking.DEPTH)
    if asked != Mode.DENSE:
        ways[Mode.LEXICAL] = ranking.lexical(scope, wanted, limit=depth)
    is_found_by_name = _is_identifier(question) and bool(ways.get(Mode.LEXICAL))
    if asked == Mode.DENSE or (asked == Mode.HYBRID and not is_found_by_name):
        try:
            ways[Mode.DENSE] = _dense(scope, question, depth)
        except EngineFault as fault:
            if asked == Mode.DENSE:
                raise _as_error(fault) from fault
            asked = Mode.LEXICAL
            notice = "Searched by words only: the engine for meanings is not available."
    best = ranking.fuse(ways) if len(ways) > 1 else _alone(ways)
    hits = _hits(best[:limit], wanted)
    metrics.searched(asked, time.monotonic() - began)
    return Found(query=query, mode=asked, hits=hits, notice=notice)


def clean(query: str) -> str:
    """The query on one line, without what no text holds, at most MAX_QUERY_CHARS long."""
    printable = query.encode("utf-8", "ignore").decode().replace("\0", " ")
    return " ".join(printable[: 2 * MAX_QUERY_CHARS].split())[:MAX_QUERY_CHARS]


def wanted_terms(question: str) -> frozenset[int]:
    """The terms to look for: those of its words but stop words, unless it has no others."""
    words = list(terms.words(question))
    telling = [word for word in words if not terms.is_stop_word(question[word.start : word.end])]
    found = dict.fromkeys(term for word in telling or words for term in word.terms)
    return frozenset(terms.number(term) for term in list(found)[:MAX_QUERY_TERMS])


def _is_identifier(question: str) -> bool:
    """True for one word with a digit in it, such as INV/2024-25/001.

    A model of meanings knows nothing of such names: where the word itself is found, its
    neighbours in meaning would only be put between the right answers."""
    return (
        len(question) >= IDENTIFIER_CHARS
        and " " not in question
        and any(map(str.isdigit, question))
    )


def _mode(mode: str) -> Mode:
    try:
        return Mode(mode)
    except ValueError:
        known = ", ".join(Mode)
        raise SenderError(f"mode must be one of {known}.", code="invalid_mode") from None


def _scope(viewer: AnyUser | Everyone, *, project_slug: str | None, type_slug: str | None) -> Scope:
    projects = Project.objects.all()
    if not isinstance(viewer, Everyone):
        projects = projects.visible_to(viewer)
    if project_slug:
        projects = projects.filter(slug=project_slug)
    ids = tuple(projects.order_by("pk").values_list("pk", flat=True))
    if project_slug and not ids:
        raise SenderError("You have no project of that name.", code="unknown_project")
    if not type_slug:
        return Scope(project_ids=ids)
    type_id = DocumentType.objects.filter(slug=type_slug).values_list("pk", flat=True).first()
    if type_id is None:
        raise SenderError("There is no such type of document.", code="unknown_type")
    return Scope(project_ids=ids, type_id=type_id)


def _dense(scope: Scope, question: str, depth: int) -> tuple[Ranked, ...]:
    embedder = embedders.active()
    (vector,) = embedders.engine(embedder).embed(texts=(question,))
    return ranking.dense(scope, embedder, vector, limit=depth)


def _as_error(fault: EngineFault) -> OperatorError | TryAgain:
    if isinstance(fault, EngineError):
        return OperatorError(fault.message, code=fault.code)
    return TryAgain(fault.message, code=fault.code)


def _alone(ways: dict[str, tuple[Ranked, ...]]) -> tuple[Fused, ...]:
    return tuple(
        Fused(
            document_id=entry.document_id,
            chunk_id=entry.chunk_id,
            score=entry.score,
            ways=(way,),
        )
        for way, entries in ways.items()
        for entry in entries
    )


def _hits(best: tuple[Fused, ...], wanted: frozenset[int]) -> tuple[Hit, ...]:
    """One query, however many hits there are."""
    page = Page.objects.filter(upload=OuterRef("document__upload"), number=OuterRef("page"))
    chunks = (
        Chunk.objects.select_related("project", "document__upload", "document__type")
        .defer("terms", "frequencies", "document__payload", "document__evidence")
        .annotate(
            page_words=Subquery(page.values("words")), page_image=Subquery(page.values("image"))
        )
        .in_bulk([entry.chunk_id for entry in best])
    )
    return tuple(
        _hit(entry, chunks[entry.chunk_id], wanted) for entry in best if entry.chunk_id in chunks
    )


def _hit(entry: Fused, chunk: Any, wanted: frozenset[int]) -> Hit:
    document = chunk.document
    return Hit(
        document_id=document.pk,
        upload_id=document.upload_id,
        page=chunk.page,
        score=float(entry.score),
        text=chunk.text,
        snippet=snippets.snippet(chunk.text, wanted),
        file=document.upload.filename,
        project=chunk.project.slug,
        type=document.type.slug if document.type else "unknown",
        has_image=bool(chunk.page_image),
        boxes=snippets.boxes(chunk.page_words or (), wanted),
        modes=tuple(str(way) for way in entry.ways),
    )
