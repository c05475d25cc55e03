"""What examples and descriptions change in the engine's word for a page.

Nothing is asked, and no vector made, where the operator has taught no type or the engine is
sure; then a page costs what the engine costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from documents import schemas
from documents.models import DocumentType, Page
from ingestion.engines.base import PageType
from ingestion.stages import embed
from ingestion.stages.base import Call
from search import embedders, neighbours, teaching
from search.indexing import PageText
from search.models import Embedder
from search.neighbours import Vector
from search.teaching import Decision, Said, Signs

# A page with the title of its type begins a paper, as the rules hold of bills.
TITLED_STARTS = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The pages that became something else, and the vectors that were made (by page id) and
    by whom, where any were."""

    types: dict[Page, PageType] = field(default_factory=dict)
    vectors: dict[int, tuple[float, ...]] = field(default_factory=dict)
    embedder: Embedder | None = None


def apply(
    said: Mapping[Page, PageType], types: Sequence[DocumentType], *, project_id: int, call: Call
) -> Learned:
    """Weigh the engine's word against the examples of the project. Outside any transaction;
    raises what the embedder raises."""
    open_to = [page for page, kind in said.items() if not _is_final(kind) and page.text.strip()]
    if not open_to or all(kind.slug in schemas.SHIPPED for kind in types):
        return Learned()

    embedder = embedders.active()

    def made(texts: tuple[str, ...]) -> Sequence[Vector]:
        return embed.embedded(texts, call, embedder)

    lesson = neighbours.lesson(project_id, types, made)
    neighbours.vectors_of([one.page for one in lesson.examples])
    known = neighbours.vectors_of([page.pk for page in open_to])
    new = _vectors([page for page in open_to if page.pk not in known], call, embedder)
    changed: dict[Page, PageType] = {}
    before: PageType | None = None
    for page, kind in said.items():
        now = kind
        if page in open_to:
            vector = known.get(page.pk) or new[page.pk]
            signs = lesson.signs(page.text, vector)
            near = neighbours.nearest(project_id, vector)
            decided = teaching.decide(_said(kind), near, signs, schemas.SHIPPED)
            now = _typed(kind, decided, signs.get(decided.type))
            if not now.type and before is not None and before.type in signs:
                now = _continued(now, before)
        if (now.type, now.confidence) != (kind.type, kind.confidence):
            changed[page] = now
        before = now
    return Learned(types=changed, vectors=new, embedder=embedder)


def _continued(kind: PageType, before: PageType) -> PageType:
    """A page that says that it is the next one of the same paper is of its type."""
    follows = kind.page_label == before.page_label + 1 > 1 and kind.page_count == before.page_count
    return replace(kind, type=before.type, confidence=before.confidence) if follows else kind


def _is_final(kind: PageType) -> bool:
    return teaching.is_final(_said(kind), schemas.SHIPPED)


def _said(kind: PageType) -> Said:
    return Said(
        type=kind.type,
        confidence=kind.confidence,
        runner_up=kind.runner_up,
        runner_up_confidence=kind.runner_up_confidence,
    )


def _vectors(pages: Sequence[Page], call: Call, embedder: Embedder) -> dict[int, tuple[float, ...]]:
    """The vectors of pages that have no chunks yet; each has text, so each has a chunk."""
    drafts = embed.cut([PageText(number=page.pk, text=page.text) for page in pages], call, embedder)
    of_page: dict[int, list[Vector]] = {page.pk: [] for page in pages}
    for draft, vector in zip(
        drafts, embed.embedded([draft.text for draft in drafts], call, embedder), strict=True
    ):
        of_page[draft.page].append(vector)
    return {page_id: neighbours.mean(vectors) for page_id, vectors in of_page.items()}


def vector(page: Page, call: Call) -> tuple[float, ...]:
    """The vector of a page with text that has no chunks yet. Raises what the embedder raises."""
    return _vectors([page], call, embedders.active())[page.pk]


def _typed(kind: PageType, decided: Decision, signs: Signs | None) -> PageType:
    is_titled = signs is not None and signs.is_titled and kind.page_label <= 1
    return replace(
        kind,
        type=decided.type,
        confidence=decided.confidence,
        runner_up=decided.runner_up,
        runner_up_confidence=decided.runner_up_confidence,
        starts=max(kind.starts, TITLED_STARTS) if is_titled else kind.starts,
        engine=f"{kind.engine}+examples",
    )
