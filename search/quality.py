"""How good a type would be, told before it is switched on: by its own examples and on the
pages that came last.

Each document that a person has named is left out in turn and its pages are asked of the rest,
as the classifier would ask (`teaching.decide`); what it says is compared with the person's
word. A page counts once its chunks have their vectors; the model is asked only for a
description that is new, and where it is not there, descriptions are known by their words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet

from config.engines import EngineFault
from documents import schemas
from documents.models import BY_PERSON, AnyUser, DocumentType, Page, Project
from search import indexing, neighbours, teaching
from search.neighbours import Lesson
from search.teaching import Decision, Neighbour, Said

# Below this many examples a share is no figure.
LEAST_EXAMPLES = 5
RECENT_PAGES = 200
# The newest named pages of a project that are left out in turn.
LEFT_OUT = 200
PROJECTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A recent page that the type would take, or one that it has and would not."""

    page: Page
    before: str
    after: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """examples: pages of the type that a person named; asked: all named pages that were left
    out in turn; right, missed, wrong: of the type and found so, of it and not found, found and
    not of it. confusions: (a person's word, what was found, how often), only what differs."""

    examples: int
    asked: int
    right: int
    missed: int
    wrong: int
    confusions: tuple[tuple[str, str, int], ...]
    changes: tuple[Change, ...] = ()
    recent: int = 0

    @property
    def is_enough(self) -> bool:
        return self.examples >= LEAST_EXAMPLES

    @property
    def precision(self) -> float | None:
        """Of the pages that were found to be of the type, the share that is."""
        found = self.right + self.wrong
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """Of the pages of the type, the share that was found."""
        return self.right / self.examples if self.examples else None


def score(slug: str, pairs: Iterable[tuple[str, str]]) -> Quality:
    """From pairs of a person's word and what was found, "" for unknown. Pure."""
    counts = Counter(pairs)
    own = {pair: count for pair, count in counts.items() if slug in pair}
    right = own.get((slug, slug), 0)
    examples = sum(count for (named, _), count in own.items() if named == slug)
    confusions = sorted(
        ((named, found, count) for (named, found), count in own.items() if named != found),
        key=lambda one: (-one[2], one[0], one[1]),
    )
    return Quality(
        examples=examples,
        asked=counts.total(),
        right=right,
        missed=examples - right,
        wrong=sum(count for _, found, count in confusions if found == slug),
        confusions=tuple(confusions),
    )


def sentences(told: Quality) -> tuple[str, ...]:
    """What the counts mean, and what they do not tell. Pure."""
    n = told.examples
    if not told.is_enough:
        count = f"{n} example{'' if n == 1 else 's'}"
        return (f"{count}: too few to say, at least {LEAST_EXAMPLES}.",)
    found = told.right + told.wrong
    lines = [
        f"Of {n} pages that are of it, {told.right} would be found (recall {told.recall:.2f})."
    ]
    if told.precision is None:
        lines.append("Nothing would be found to be of it.")
    else:
        lines.append(
            f"Of {found} pages that would be found to be of it, {told.right} are "
            f"(precision {told.precision:.2f})."
        )
    others = told.asked - n
    if not others:
        lines.append(
            "No page of anything else was named: how often other papers would be taken for it "
            "is not known. Name some that are not, unknown ones too."
        )
    elif others < LEAST_EXAMPLES:
        lines.append(f"Only {others} pages of anything else were named: that says little.")
    return tuple(lines)


def of(kind: DocumentType, viewer: AnyUser) -> Quality:
    """How good `kind` would be, from what `viewer` may see; each project by its own examples.

    Of many projects the PROJECTS with the newest examples of the type, or else pages."""
    types = [*DocumentType.objects.on().exclude(pk=kind.pk), kind]
    _describe(types)
    pairs: list[tuple[str, str]] = []
    changes: list[Change] = []
    recent = 0
    for project_id in _projects(kind, viewer):
        room = _Room(project_id, types)
        pairs += room.left_out()
        pages = room.newest()
        recent += len(pages)
        changes += room.changes(pages, kind)
    told = score(kind.slug, pairs)
    return Quality(
        examples=told.examples,
        asked=told.asked,
        right=told.right,
        missed=told.missed,
        wrong=told.wrong,
        confusions=told.confusions,
        changes=tuple(changes),
        recent=recent,
    )


def examples_of(kind: DocumentType, viewer: AnyUser) -> QuerySet[Page]:
    """The pages that persons named as of this type, newest first, as far as `viewer` may see."""
    named = neighbours.examples(Page.objects.visible_to(viewer)).filter(named=kind.slug)
    found: QuerySet[Page] = named
    return found.select_related("upload__project", "document").defer("words", "marks", "text")


def said_of(page: Page) -> Said:
    """What the engine had said of a page before examples or a person did."""
    said = page.signals.get("said")
    if said:
        return Said(type=said[0], confidence=said[1])
    if page.type_engine == BY_PERSON:
        return Said(type="", confidence=0.5)
    return Said(type=page.type.slug if page.type else "", confidence=page.type_confidence)


def _describe(types: Sequence[DocumentType]) -> None:
    def embed(texts: tuple[str, ...]) -> Sequence[Sequence[float]]:
        return indexing.engine().embed(texts=texts)

    with suppress(EngineFault):
        neighbours.kinds(types, embed)


def _projects(kind: DocumentType, viewer: AnyUser) -> list[int]:
    seen = Project.objects.visible_to(viewer)
    taught = examples_of(kind, viewer).values_list("upload__project", flat=True)
    ids = list(dict.fromkeys(taught[: neighbours.EXAMPLES]))
    newest = seen.exclude(pk__in=ids).order_by("-pk").values_list("pk", flat=True)
    return [*ids, *newest][:PROJECTS]


class _Room:
    """One project: its lesson, and the vectors of its examples in memory."""

    def __init__(self, project_id: int, types: Sequence[DocumentType]) -> None:
        self._project_id = project_id
        self._lesson = neighbours.lesson(project_id, types, None)
        vectors = neighbours.vectors_of([one.page for one in self._lesson.examples])
        self._examples = [one for one in self._lesson.examples if one.page in vectors]
        self._vectors = vectors
        rows = [vectors[one.page] for one in self._examples]
        self._matrix = np.array(rows) if rows else np.zeros((0, 1))

    def left_out(self) -> list[tuple[str, str]]:
        """Every named page beside what the others say it is."""
        asked = self._examples[:LEFT_OUT]
        pages = self._with_text([one.page for one in asked])
        lessons: dict[Any, Lesson] = {}
        pairs = []
        for one in asked:
            lesson = lessons.setdefault(one.document, self._lesson.without(one.document))
            decided = self._decide(pages[one.page], self._vectors[one.page], lesson, one.document)
            pairs.append((one.type, decided.type))
        return pairs

    def newest(self) -> list[Page]:
        """The pages that came last, that nobody has named and examples might change."""
        own = Page.objects.filter(upload__project=self._project_id).exclude(text="")
        free = own.exclude(pk__in=[one.page for one in self._lesson.examples])
        final = Q(type__slug__in=schemas.SHIPPED, type_confidence__gte=teaching.SURE)
        free = free.filter(document__reviewer__isnull=True, read_at__isnull=False).exclude(final)
        return list(
            free.select_related("type", "upload", "document")
            .defer("words", "marks")
            .order_by("-pk")[:RECENT_PAGES]
        )

    def changes(self, pages: Sequence[Page], kind: DocumentType) -> list[Change]:
        """Those of the pages that are, or would be, of this type and not both."""
        open_to = [page for page in pages if not teaching.is_final(said_of(page), schemas.SHIPPED)]
        vectors = neighbours.vectors_of([page.pk for page in open_to])
        found = []
        for page in open_to:
            if page.pk not in vectors:
                continue
            decided = self._decide(page, vectors[page.pk], self._lesson, None)
            before = page.type.slug if page.type else ""
            if (decided.type == kind.slug) != (before == kind.slug):
                found.append(Change(page=page, before=before, after=decided))
        return found

    def _decide(
        self, page: Page, vector: Sequence[float], lesson: Lesson, left_out: Any
    ) -> Decision:
        near = self._nearest(vector, left_out)
        return teaching.decide(
            said_of(page), near, lesson.signs(page.text, vector), schemas.SHIPPED
        )

    def _nearest(self, vector: Sequence[float], left_out: Any) -> list[Neighbour]:
        if not self._examples:
            return []
        similarities = self._matrix @ np.asarray(vector)
        ranked = (self._examples[at] for at in np.argsort(-similarities, kind="stable"))
        scores: Mapping[int, float] = {
            one.page: float(value) for one, value in zip(self._examples, similarities, strict=True)
        }
        kept = [one for one in ranked if left_out is None or one.document != left_out]
        return [
            Neighbour(type=one.type, similarity=scores[one.page])
            for one in kept[: teaching.NEIGHBOURS]
        ]

    def _with_text(self, ids: Sequence[int]) -> dict[int, Page]:
        pages = Page.objects.filter(pk__in=ids).select_related("type").defer("words", "marks")
        return {page.pk: page for page in pages}
