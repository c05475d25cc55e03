"""Pages that a person has named, as examples for pages that nobody has: rows to `teaching`.

An example is a page of a document that a person confirmed, or that a person gave its type,
`unknown` included. Examples teach within their project only: neither the page nor its vector
is asked about a page of another project, since even a vote would tell what lies in there.
What is known of a type everywhere is its name and its description.

Vectors of examples are made of the vectors of their chunks by the database, without a model;
they fall behind when a text changes and are made again when they are next asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Left
from pgvector import HalfVector
from pgvector.django import CosineDistance

from config.engines import EngineBusy
from documents import schemas
from documents.models import BY_PERSON, Document, DocumentStatus, DocumentType, Page
from search import embedders, teaching
from search.indexing import active_embedder
from search.models import Embedder, EmbedderState, PageVector, TypeVector
from search.teaching import Neighbour, Signs

Vector = Sequence[float]
Embed = Callable[[tuple[str, ...]], Sequence[Vector]]

# The newest examples of a project that its headings are learnt from.
EXAMPLES = 500
# The newest pages of shipped types whose headings are no type's own: letterheads, mostly.
COMMON_PAGES = 200
HEAD_CHARS = 1_500

_CONFIRMED = Q(
    document__status=DocumentStatus.DRAFT_CREATED,
    document__reviewer__isnull=False,
    document__type__isnull=False,
)

FILL = """
INSERT INTO search_pagevector (project_id, page_id, embedder_id, dense, text_version)
SELECT document.project_id, page.id, {embedder},
    l2_normalize(avg(vector.dense::vector({dimension})))::halfvec({dimension}),
    document.text_version
FROM documents_page AS page
JOIN documents_document AS document ON document.id = page.document_id
JOIN search_chunk AS chunk ON chunk.document_id = document.id AND chunk.page = page.number
    AND chunk.text_version = document.text_version
JOIN search_chunkvector AS vector ON vector.chunk_id = chunk.id
    AND vector.embedder_id = {embedder}
LEFT JOIN search_pagevector AS known ON known.page_id = page.id
    AND known.embedder_id = {embedder}
WHERE page.id = ANY(%(pages)s::bigint[])
    AND known.text_version IS DISTINCT FROM document.text_version
GROUP BY document.project_id, page.id, document.text_version
ORDER BY page.id
ON CONFLICT (page_id, embedder_id) DO UPDATE
SET dense = excluded.dense, text_version = excluded.text_version, project_id = excluded.project_id
"""

# The same pages as `examples` finds, in the order of their index.
NEAREST = """
SELECT coalesce(kind.slug, ''),
    1 - (near.dense::halfvec({dimension}) <=> %(vector)s::halfvec({dimension}))
FROM search_pagevector AS near
JOIN documents_page AS page ON page.id = near.page_id
LEFT JOIN documents_document AS document ON document.id = page.document_id
CROSS JOIN LATERAL (SELECT document.status = 'draft_created'
    AND document.reviewer_id IS NOT NULL AND document.type_id IS NOT NULL) AS was (confirmed)
LEFT JOIN documents_documenttype AS kind
    ON kind.id = CASE WHEN was.confirmed THEN document.type_id ELSE page.type_id END
WHERE near.embedder_id = {embedder} AND near.project_id = %(project)s
    AND (was.confirmed OR page.type_engine = %(person)s)
ORDER BY near.dense::halfvec({dimension}) <=> %(vector)s::halfvec({dimension})
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A page that a person has named; type "" for unknown."""

    page: int
    document: UUID | None
    type: str
    headings: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is known of a type in every project."""

    slug: str
    name: str
    words: frozenset[str]
    vector: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What the examples of one project and the descriptions of types say about its pages.

    kinds: the operator's own types; common: headings of pages that need no lesson."""

    kinds: tuple[Kind, ...]
    examples: tuple[Example, ...]
    common: frozenset[str]

    def without(self, document: UUID | None) -> "Lesson":
        """As if this document had never been named."""
        kept = tuple(one for one in self.examples if one.document != document)
        return replace(self, examples=kept)

    @cached_property
    def titles(self) -> Mapping[str, frozenset[str]]:
        """The headings of each type: those that its examples share and nothing else has."""
        papers: dict[tuple[str, UUID | None], frozenset[str]] = {}
        for one in self.examples:
            key = (one.type, one.document)
            papers[key] = papers.get(key, frozenset()) | one.headings
        return {
            kind.slug: teaching.shared_headings(
                [found for (slug, _), found in papers.items() if slug == kind.slug],
                [
                    self.common,
                    *(found for (slug, _), found in papers.items() if slug != kind.slug),
                ],
            )
            for kind in self.kinds
        }

    @cached_property
    def _of_type(self) -> Mapping[str, tuple[Example, ...]]:
        return {
            kind.slug: tuple(one for one in self.examples if one.type == kind.slug)
            for kind in self.kinds
        }

    def signs(self, text: str, vector: Vector) -> dict[str, Signs]:
        """What a page of this text and vector shows of each type."""
        headings, words = teaching.headings(text), teaching.telling_words(text)
        return {kind.slug: self._signs(kind, headings, words, vector) for kind in self.kinds}

    def _signs(
        self, kind: Kind, headings: frozenset[str], words: frozenset[str], vector: Vector
    ) -> Signs:
        titles = self.titles[kind.slug]
        own = self._of_type[kind.slug]
        is_named = bool(headings & {teaching.squeezed(kind.name), teaching.squeezed(kind.slug)})
        titled = sum(bool(one.headings & titles) for one in own)
        return Signs(
            examples=len(own),
            wording=teaching.wording(kind.words, words),
            likeness=float(np.dot(kind.vector, vector)) if kind.vector else 0.0,
            is_named=is_named,
            is_titled=is_named or bool(headings & titles),
            is_title_usual=bool(own) and titled >= teaching.USUAL * len(own),
        )


def taught() -> QuerySet[DocumentType]:
    """The operator's own types that are on."""
    return DocumentType.objects.on().exclude(slug__in=schemas.SHIPPED)


def examples(pages: QuerySet[Page]) -> QuerySet[Any]:
    """Those of `pages` that a person has named, newest first, with `named`: a slug or ""."""
    return (
        pages.filter(Q(type_engine=BY_PERSON) | _CONFIRMED)
        .exclude(text="")
        .annotate(
            named=Coalesce(
                Case(When(_CONFIRMED, then=F("document__type__slug")), default=F("type__slug")),
                Value(""),
                output_field=CharField(),
            )
        )
        .order_by("-pk")
    )


def lesson(project_id: int, types: Iterable[DocumentType], embed: Embed | None) -> Lesson:
    """What can be learnt about these types in one project. Without `embed` a description
    that has no vector yet is known by its words alone."""
    found = tuple(
        Example(page=page_id, document=document_id, type=named, headings=teaching.headings(head))
        for page_id, document_id, named, head in _newest_examples(project_id)
    )
    usual = Page.objects.filter(document__in=_newest_usual(project_id)).exclude(
        pk__in=[one.page for one in found if one.type not in schemas.SHIPPED]
    )
    heads = usual.annotate(head=Left("text", HEAD_CHARS)).values_list("head", flat=True)
    common = [teaching.headings(head) for head in heads[:COMMON_PAGES]]
    return Lesson(
        kinds=tuple(kinds(types, embed)), examples=found, common=frozenset().union(*common)
    )


def _newest_examples(project_id: int) -> list[tuple[int, UUID | None, str, str]]:
    """Rows of Example, with the head of the text. Each half is found by an index of its own:
    a project may have a million pages of which nobody has named one."""
    confirmed = Document.objects.filter(
        project=project_id, status=DocumentStatus.DRAFT_CREATED, reviewer__isnull=False
    ).order_by("-created_at")
    ids = list(confirmed.values_list("pk", flat=True)[:EXAMPLES])
    named = Page.objects.filter(type_engine=BY_PERSON, upload__project=project_id)
    rows = {}
    for half in (named, Page.objects.filter(document__in=ids)):
        heads = examples(half).annotate(head=Left("text", HEAD_CHARS))
        for row in heads.values_list("pk", "document_id", "named", "head")[:EXAMPLES]:
            rows[row[0]] = row
    return sorted(rows.values(), key=lambda row: -row[0])[:EXAMPLES]


def _newest_usual(project_id: int) -> list[UUID]:
    """The newest documents of shipped types that are in review or confirmed."""
    ids: list[UUID] = []
    for status in (DocumentStatus.DRAFT_PENDING, DocumentStatus.DRAFT_CREATED):
        newest = Document.objects.filter(project=project_id, status=status).order_by("-created_at")
        shipped = newest.filter(type__slug__in=schemas.SHIPPED)
        ids += shipped.values_list("pk", flat=True)[: COMMON_PAGES // 2]
    return ids


def kinds(types: Iterable[DocumentType], embed: Embed | None) -> list[Kind]:
    """The operator's own of these types, with their words and the vectors of their
    descriptions, which are kept. The rules know the shipped ones."""
    chosen = [kind for kind in types if kind.slug not in schemas.SHIPPED]
    embedder = active_embedder()
    known = {row.type_id: row for row in TypeVector.objects.filter(embedder=embedder)}
    behind = [
        kind for kind in chosen if kind.pk not in known or known[kind.pk].text != kind.description
    ]
    if embed is not None and behind:
        made = embed(tuple(kind.description for kind in behind))
        if active_embedder() != embedder:
            raise EngineBusy("The embedder has just changed; it is asked again.")
        for kind, vector in zip(behind, made, strict=True):
            known[kind.pk], _ = TypeVector.objects.update_or_create(
                type=kind,
                embedder=embedder,
                defaults={"text": kind.description, "dense": list(vector)},
            )
    return [
        Kind(
            slug=kind.slug,
            name=kind.name,
            words=teaching.telling_words(f"{kind.name} {kind.description}"),
            vector=_numbers(known[kind.pk].dense) if kind.pk in known else (),
        )
        for kind in chosen
    ]


def vectors_of(page_ids: Sequence[int]) -> dict[int, tuple[float, ...]]:
    """The vectors of those of these pages whose chunks, or vector, are those of their text."""
    embedder = active_embedder()
    _fill(page_ids, embedder)
    rows = PageVector.objects.filter(
        page__in=page_ids, embedder=embedder, text_version=F("page__document__text_version")
    )
    return {row.page_id: _numbers(row.dense) for row in rows}


def in_order(page_ids: Sequence[int], vector: Vector) -> list[int]:
    """Those of these pages that have a vector, the nearest to `vector` first."""
    embedder = active_embedder()
    _fill(page_ids, embedder)
    rows = PageVector.objects.filter(page__in=page_ids, embedder=embedder)
    near = rows.order_by(CosineDistance("dense", HalfVector(list(vector))), "page")
    return list(near.values_list("page_id", flat=True))


def mean(vectors: Sequence[Vector]) -> tuple[float, ...]:
    """The direction of the sum of unit vectors, as the database makes it of chunks."""
    whole = np.asarray(vectors, dtype=float).sum(axis=0)
    length = float(np.linalg.norm(whole))
    return tuple((whole / length if length else whole).tolist())


@transaction.atomic
def save(vectors: Mapping[int, Vector], embedder: Embedder, *, project_id: int) -> None:
    """Keep the vectors of pages that have just been cut and embedded (page id -> vector) by
    this embedder.

    Not where another has taken its place: those of pages are made of chunks again when they
    are asked for."""
    if embedders.states([embedder.pk]).get(embedder.pk) != EmbedderState.ACTIVE:
        return
    versions = dict(
        Page.objects.filter(pk__in=vectors).values_list(
            "pk", Coalesce("document__text_version", Value(1))
        )
    )
    PageVector.objects.bulk_create(
        [
            PageVector(
                project_id=project_id,
                page_id=page_id,
                embedder=embedder,
                dense=list(vector),
                text_version=versions[page_id],
            )
            for page_id, vector in vectors.items()
            if page_id in versions
        ],
        update_conflicts=True,
        unique_fields=["page", "embedder"],
        update_fields=["project", "dense", "text_version"],
    )


def nearest(
    project_id: int, vector: Vector, *, limit: int = teaching.NEIGHBOURS
) -> tuple[Neighbour, ...]:
    """The examples of a project that are nearest to a page, best first."""
    embedder = active_embedder()
    query = NEAREST.format(dimension=int(embedder.dimension), embedder=int(embedder.pk))
    asked: dict[str, str | int] = {
        "vector": str(list(vector)),
        "project": project_id,
        "person": BY_PERSON,
        "limit": limit,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(query, asked)
        rows = cursor.fetchall()
    return tuple(Neighbour(type=named, similarity=float(near)) for named, near in rows)


def _fill(page_ids: Sequence[int], embedder: Embedder) -> None:
    query = FILL.format(dimension=int(embedder.dimension), embedder=int(embedder.pk))
    with connection.cursor() as cursor:
        cursor.execute(query, {"pages": list(page_ids)})


def _numbers(vector: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(number) for number in vector)
