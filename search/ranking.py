"""Documents in order for a question: by words (BM25), by vector, and the two fused.

All raw SQL of a question stands here. A document ranks by its best chunk. Nothing here asks
who may see what: `search/queries.py` passes the projects.

BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) of a chunk:
    sum over the query's terms of  idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / average))
    idf = ln(1 + (N - n + 0.5) / (n + 0.5))
with n of the N chunks of the searched projects holding the term.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Sum

from search.models import Corpus, Embedder, Term
from search.scope import Scope

K1 = 1.5
B = 0.75
# Cormack, Clarke and Büttcher, SIGIR 2009.
FUSION_RANK = 60
# Documents that each way hands to the fusion.
DEPTH = 100
# Chunks that may be scored for a query before its commoner terms only score what its rarer
# terms have found.
CANDIDATES = 10_000
# Chunks asked of the vector index; the second time only where the first held too few
# documents, as when one long document fills it.
DENSE_DEPTHS = (200, 2_000)
# Of a long document, the chunks that say what it is about.
MEANT_CHUNKS = 400
# hnsw.ef_search is at most 1,000.
EF_SEARCH = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A document with its best chunk; the best has rank 1."""

    document_id: UUID
    chunk_id: int
    score: float
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """A document with the best chunk of the way that ranks it higher, and the ways."""

    document_id: UUID
    chunk_id: int
    score: float
    ways: tuple[str, ...]


# The scores are summed up outside of `held`, so that no sort carries the arrays along.
BM25 = """
WITH held AS MATERIALIZED (
    SELECT chunk.id, chunk.document_id, chunk.page, chunk.length, asked.idf,
        chunk.frequencies[found.place]::float8 AS f
    FROM search_chunk AS chunk
    CROSS JOIN unnest(%(terms)s::int[], %(idfs)s::float8[]) AS asked (term, idf)
    CROSS JOIN LATERAL (SELECT width_bucket(asked.term, chunk.terms)) AS found (place)
    WHERE chunk.terms && %(candidates)s::int[]
        AND chunk.project_id = ANY(%(projects)s::bigint[])
        AND chunk.terms[found.place] = asked.term
        {condition}
), scored AS (
    SELECT id, document_id, page,
        sum(idf * f * (%(k1)s + 1)
            / (f + %(k1)s * (1 - %(b)s + %(b)s * length / %(average)s))) AS score
    FROM held GROUP BY id, document_id, page
)
"""

OF_DOCUMENTS = """, best AS (
    SELECT DISTINCT ON (document_id) document_id, id, score
    FROM scored ORDER BY document_id, score DESC, id
)
SELECT document_id, id, score FROM best ORDER BY score DESC, document_id LIMIT %(limit)s
"""

# Of each document its best pages, each by its best passage, and how many hold a word.
OF_PAGES = """, paged AS (
    SELECT DISTINCT ON (document_id, page) document_id, page, id, score
    FROM scored ORDER BY document_id, page, score DESC, id
), placed AS (
    SELECT document_id, id, score, page,
        row_number() OVER (PARTITION BY document_id ORDER BY score DESC, page) AS place,
        count(*) OVER (PARTITION BY document_id) AS pages
    FROM paged
)
SELECT document_id, id, pages FROM placed WHERE place <= %(limit)s ORDER BY document_id, page
"""

OF_PASSAGES = "SELECT document_id, id, score FROM scored ORDER BY score DESC, id LIMIT %(limit)s"

NEAREST = """
SELECT chunk.document_id, chunk.chunk_id,
    1 - ((chunk.dense::halfvec({dimension})) <=> %(vector)s::halfvec({dimension})) AS score
FROM search_chunkvector AS chunk
WHERE chunk.embedder_id = {embedder} AND chunk.project_id = ANY(%(projects)s::bigint[])
    {condition}
ORDER BY (chunk.dense::halfvec({dimension})) <=> %(vector)s::halfvec({dimension})
LIMIT %(limit)s
"""

# All of few documents are compared: their index would be walked for long before it met them.
NEAREST_OF_FEW = """
WITH near AS MATERIALIZED (
    SELECT chunk.document_id, chunk.id,
        (vector.dense::halfvec({dimension})) <=> %(vector)s::halfvec({dimension}) AS distance
    FROM search_chunk AS chunk
    JOIN search_chunkvector AS vector
        ON vector.chunk_id = chunk.id AND vector.embedder_id = {embedder}
    WHERE chunk.project_id = ANY(%(projects)s::bigint[])
        {condition}
)
SELECT document_id, id, 1 - distance FROM near ORDER BY distance, id LIMIT %(limit)s
"""

# What a document is about: the mean of the vectors of its first chunks.
MEANING = """
SELECT avg(part.dense)::text FROM (
    SELECT vector.dense::halfvec({dimension}) AS dense
    FROM search_chunk AS chunk
    JOIN search_chunkvector AS vector
        ON vector.chunk_id = chunk.id AND vector.embedder_id = {embedder}
    WHERE chunk.document_id = %(document)s
    ORDER BY chunk.page, chunk.ordinal LIMIT %(limit)s
) AS part
"""

# The newest first: ids count up with time.
NEWEST = """
SELECT document.id, first.id, 0::float8
FROM documents_document AS document
CROSS JOIN LATERAL (
    SELECT chunk.id FROM search_chunk AS chunk WHERE chunk.document_id = document.id
    ORDER BY chunk.page, chunk.ordinal LIMIT 1
) AS first
WHERE document.project_id = ANY(%(projects)s::bigint[])
    {condition}
ORDER BY document.id DESC LIMIT %(limit)s
"""


def lexical(scope: Scope, terms: Collection[int], *, limit: int = DEPTH) -> tuple[Ranked, ...]:
    """The documents that hold one of `terms` at least, best first. Four queries at most."""
    return _ranked(_by_words(scope, terms, OF_DOCUMENTS, limit))


def lexical_passages(
    scope: Scope, terms: Collection[int], *, limit: int = DEPTH
) -> tuple[Ranked, ...]:
    """The same by passage: a document may come several times."""
    return _ranked(_by_words(scope, terms, OF_PASSAGES, limit))


def pages(
    scope: Scope, terms: Collection[int], *, limit: int
) -> dict[UUID, tuple[tuple[int, ...], int]]:
    """By document the best chunks of its `limit` best pages that hold one of `terms`, in the
    order of the pages, and how many pages do."""
    found: dict[UUID, tuple[tuple[int, ...], int]] = {}
    for document_id, chunk_id, count in _by_words(scope, terms, OF_PAGES, limit):
        chunks, _ = found.get(document_id, ((), 0))
        found[document_id] = ((*chunks, chunk_id), count)
    return found


def newest(scope: Scope, *, limit: int = DEPTH) -> tuple[Ranked, ...]:
    """Documents that have text, the newest first, each with its beginning."""
    query = NEWEST.format(condition=scope.of_documents)
    return _ranked(_select(query, scope, limit=limit))


def meaning(document_id: UUID, embedder: Embedder) -> tuple[float, ...]:
    """A vector for a whole document, () where none of its chunks has one."""
    query = MEANING.format(dimension=int(embedder.dimension), embedder=int(embedder.pk))
    with connection.cursor() as cursor:
        cursor.execute(query, {"document": document_id, "limit": MEANT_CHUNKS})
        (mean,) = cursor.fetchone()
    return tuple(json.loads(mean)) if mean else ()


def _by_words(scope: Scope, terms: Collection[int], choice: str, limit: int) -> list[Any]:
    corpus = Corpus.objects.filter(project__in=scope.project_ids).aggregate(
        chunks=Sum("chunks"), words=Sum("words")
    )
    known = _occurrences(scope, terms)
    if not known or not corpus["chunks"]:
        return []
    return _select(
        BM25.format(condition=scope.condition) + choice,
        scope,
        k1=K1,
        b=B,
        average=max(1.0, corpus["words"] / corpus["chunks"]),
        terms=list(known),
        idfs=[idf(chunks=corpus["chunks"], holding=n) for n in known.values()],
        candidates=rarest(known),
        limit=limit,
    )


def dense(
    scope: Scope, embedder: Embedder, vector: Sequence[float], *, limit: int = DEPTH
) -> tuple[Ranked, ...]:
    """The documents whose chunks are nearest by cosine, best first."""
    ranked: tuple[Ranked, ...] = ()
    for depth in DENSE_DEPTHS:
        rows = _nearest(scope, embedder, vector, depth)
        best: dict[UUID, tuple[UUID, int, float]] = {}
        for row in rows:
            best.setdefault(row[0], row)
        ranked = _ranked(best.values())[:limit]
        if len(ranked) >= limit or len(rows) < depth:
            break
    return ranked


def dense_passages(
    scope: Scope, embedder: Embedder, vector: Sequence[float], *, limit: int = DEPTH
) -> tuple[Ranked, ...]:
    """The same by passage: a document may come several times."""
    return _ranked(_nearest(scope, embedder, vector, limit))


def _nearest(
    scope: Scope, embedder: Embedder, vector: Sequence[float], depth: int
) -> list[tuple[UUID, int, float]]:
    asked = {"vector": str(list(vector)), "limit": depth}
    if scope.documents is not None:
        return _select(_about(NEAREST_OF_FEW, scope, embedder), scope, **asked)
    with transaction.atomic():
        _select(
            "SELECT set_config('hnsw.iterative_scan', 'strict_order', true),"
            " set_config('hnsw.ef_search', %(ef)s, true)",
            scope,
            ef=str(EF_SEARCH),
        )
        return _select(_about(NEAREST, scope, embedder), scope, **asked)


def _about(query: str, scope: Scope, embedder: Embedder) -> str:
    return query.format(
        dimension=int(embedder.dimension), embedder=int(embedder.pk), condition=scope.condition
    )


def fuse_passages(ways: Iterable[Sequence[Ranked]]) -> tuple[tuple[int, UUID], ...]:
    """Chunks with their documents, best first, fused as `fuse` does documents."""
    scores: dict[tuple[int, UUID], float] = {}
    for way in ways:
        for entry in way:
            place = (entry.chunk_id, entry.document_id)
            scores[place] = scores.get(place, 0.0) + 1 / (FUSION_RANK + entry.rank)
    return tuple(sorted(scores, key=lambda place: (-scores[place], place[0])))


def fuse(ways: Mapping[str, Sequence[Ranked]]) -> tuple[Fused, ...]:
    """Reciprocal rank fusion: the sum over the ways of 1 / (FUSION_RANK + rank)."""
    held: dict[UUID, list[tuple[int, str, int]]] = {}
    for way, ranking in ways.items():
        for entry in ranking:
            held.setdefault(entry.document_id, []).append((entry.rank, way, entry.chunk_id))
    fused = [
        Fused(
            document_id=document_id,
            chunk_id=min(places, key=lambda place: place[0])[2],
            score=sum(1 / (FUSION_RANK + rank) for rank, _, _ in places),
            ways=tuple(way for _, way, _ in places),
        )
        for document_id, places in held.items()
    ]
    return tuple(sorted(fused, key=lambda entry: (-entry.score, entry.document_id)))


def idf(*, chunks: int, holding: int) -> float:
    return log(1 + (chunks - holding + 0.5) / (holding + 0.5))


def rarest(occurrences: dict[int, int]) -> list[int]:
    """The terms by which chunks are found: rarest first while they stay within CANDIDATES."""
    kept: list[int] = []
    total = 0
    for term, holding in sorted(occurrences.items(), key=lambda entry: (entry[1], entry[0])):
        total += holding
        if kept and total > CANDIDATES:
            break
        kept.append(term)
    return kept


def _occurrences(scope: Scope, terms: Collection[int]) -> dict[int, int]:
    rows = (
        Term.objects.filter(project__in=scope.project_ids, term__in=terms, chunks__gt=0)
        .values("term")
        .annotate(holding=Sum("chunks"))
        .order_by("term")
    )
    return {row["term"]: row["holding"] for row in rows}


def _select(query: str, scope: Scope, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, {**scope.values, **values})
        return list(cursor.fetchall())


def _ranked(rows: Iterable[tuple[UUID, int, float]]) -> tuple[Ranked, ...]:
    return tuple(
        Ranked(document_id=document_id, chunk_id=chunk_id, score=score, rank=rank)
        for rank, (document_id, chunk_id, score) in enumerate(rows, start=1)
    )
