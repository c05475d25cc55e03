"""The question side: words and vectors to hits, for someone who may see them.

A hit is a document with its best chunk; `limit` counts documents. What is defined:

    nothing but white space     no hits
    more than MAX_QUERY_CHARS   the rest is left out
    only stop words             they are looked for, since there is nothing else
    no engine for vectors       hybrid does without and says so; dense raises
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from config import metrics
from config.engines import EngineError, EngineFault
from documents.errors import OperatorError, SenderError, TryAgain
from documents.models import AnyUser, Document, DocumentType, Project
from search import embedders, ranking, terms
from search.hits import Hit, of
from search.hits import boxes as boxes_of
from search.ranking import Fused, Ranked
from search.scope import UNKNOWN, Narrow, Scope, filters
from search.snippets import Box

MAX_QUERY_CHARS = 2_000
IDENTIFIER_CHARS = 4
MAX_QUERY_TERMS = 64
MAX_LIMIT = 100
EVERYTHING = Narrow()
NOT_EMBEDDED = (
    "What this paper means is not known yet: its text is waiting to be indexed, or it has none."
)


class Mode(StrEnum):
    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True, slots=True)
class Everyone:
    """The viewer at the command line: who may run it may read the database anyway."""


EVERYONE = Everyone()


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
    narrow: Narrow = EVERYTHING,
    mode: str = Mode.HYBRID,
    limit: int = 10,
) -> Found:
    """What `viewer` may see that answers `query` and passes `narrow`. 1 <= limit <= MAX_LIMIT.

    Raises SenderError for an unknown mode, project or type or a limit out of range, TryAgain
    or OperatorError where mode is dense and there is no engine for it."""
    began = time.monotonic()
    asked = _mode(mode)
    scope = _scope(viewer, project_slug, narrow, limit)
    question = clean(query)
    if not question:
        return Found(query=query, mode=asked, hits=())
    scope = scope.settled()
    if scope.is_empty:
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
    hits = of(scope, best[:limit], wanted)
    metrics.searched(asked, time.monotonic() - began)
    return Found(query=query, mode=asked, hits=hits, notice=notice)


def newest(
    viewer: AnyUser | Everyone,
    *,
    project_slug: str | None = None,
    narrow: Narrow = EVERYTHING,
    limit: int = 10,
) -> Found:
    """The newest documents with text that pass `narrow`, each with its beginning: what is there
    to be found where nobody has asked for words yet. Raises SenderError as `find` does."""
    scope = _scope(viewer, project_slug, narrow, limit).settled()
    ranked = () if scope.is_empty else ranking.newest(scope, limit=limit)
    hits = of(scope, _alone({Mode.LEXICAL: ranked}), frozenset())
    return Found(query="", mode=Mode.LEXICAL, hits=hits)


def like(
    viewer: AnyUser | Everyone,
    document: Document,
    *,
    project_slug: str | None = None,
    narrow: Narrow = EVERYTHING,
    limit: int = 10,
) -> Found:
    """The documents nearest in meaning to one that the viewer may see, without itself. Raises
    SenderError as `find` does."""
    began = time.monotonic()
    scope = _scope(viewer, project_slug, narrow, limit).settled()
    embedder = embedders.active()
    vector = ranking.meaning(document.pk, embedder)
    if not vector:
        return Found(query="", mode=Mode.DENSE, hits=(), notice=NOT_EMBEDDED)
    if scope.is_empty:
        return Found(query="", mode=Mode.DENSE, hits=())
    scope = replace(scope, without=document.pk)
    ranked = ranking.dense(scope, embedder, vector, limit=limit)
    hits = of(scope, _alone({Mode.DENSE: ranked}), frozenset())
    metrics.searched(Mode.DENSE, time.monotonic() - began)
    return Found(query="", mode=Mode.DENSE, hits=hits)


def boxes(found: Found) -> dict[UUID, tuple[Box, ...]]:
    """Where the words of the question stand on the page of each hit, by document. One query."""
    return boxes_of(found.hits, wanted_terms(clean(found.query)))


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


def _scope(
    viewer: AnyUser | Everyone, project_slug: str | None, narrow: Narrow, limit: int
) -> Scope:
    if not 1 <= limit <= MAX_LIMIT:
        raise SenderError(f"limit must be from 1 to {MAX_LIMIT}.", code="invalid_limit")
    projects = Project.objects.all()
    if not isinstance(viewer, Everyone):
        projects = projects.visible_to(viewer)
    if project_slug:
        projects = projects.filter(slug=project_slug)
    ids = tuple(projects.order_by("pk").values_list("pk", flat=True))
    if project_slug and not ids:
        raise SenderError("You have no project of that name.", code="unknown_project")
    return Scope(project_ids=ids, filters=filters(narrow, type_id=_type_id(narrow.type)))


def _type_id(slug: str) -> int | None:
    if slug in ("", UNKNOWN):
        return None
    found = DocumentType.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise SenderError("There is no such type of document.", code="unknown_type")
    return found


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
