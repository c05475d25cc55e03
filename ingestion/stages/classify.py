"""classify: say of each page that was read what kind of paper it is.

Pages are classified in slices, each with the page before it as context: whether a page goes
on with a paper shows beside its neighbour. The engine speaks first; where the operator has
types of their own, examples have a say (`learned.py`). What a person said is left alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from documents.models import BY_PERSON, DocumentType, Page
from ingestion.engines.base import PageType, TypeOption
from ingestion.models import Job, Step
from ingestion.stages import learned, ocr
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import page_input
from search import neighbours

SLICE_PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """By page number what a page is, and what the engine had said of those that examples
    changed; by page id the vectors that were made on the way."""

    types: dict[int, PageType]
    said: dict[int, PageType] = field(default_factory=dict)
    vectors: dict[int, tuple[float, ...]] = field(default_factory=dict)


def targets(job: Job) -> Iterable[Target]:
    pages = Page.objects.filter(upload=job.upload_id)
    unread, named = pages.exclude(error_code=""), pages.filter(type_engine=BY_PERSON)
    left_out = set(unread.union(named).values_list("number", flat=True))
    numbers = [t.first for t in ocr.targets(job) if t.first is not None and t.first not in left_out]
    return runs(numbers)


def runs(numbers: list[int]) -> list[Target]:
    """Ascending page numbers as slices without gaps, of at most SLICE_PAGES pages.

    A single page left over at the end joins the slice before it."""
    slices: list[list[int]] = []
    for number in numbers:
        if slices and number == slices[-1][-1] + 1 and len(slices[-1]) < SLICE_PAGES:
            slices[-1].append(number)
        else:
            slices.append([number])
    if len(slices) > 1 and len(slices[-1]) == 1 and slices[-1][0] == slices[-2][-1] + 1:
        tail = slices.pop()
        slices[-1] += tail
    return [Target(first=part[0], last=part[-1]) for part in slices]


def work(step: Step, call: Call) -> Classified:
    assert step.first is not None  # noqa: S101
    # A page alone was parted from its neighbours because one of them cannot be classified.
    context = 0 if step.first == step.last else 1
    pages = list(
        Page.objects.filter(upload=step.job.file, error_code="")
        .filter(number__gte=step.first - context, number__lte=step.last)
        .select_related("upload")
        .order_by("number")
    )
    types = list(DocumentType.objects.on())
    found: tuple[PageType, ...] = call(
        "classify",
        "classify",
        pages=tuple(page_input(page, with_attachments=page.number == 1) for page in pages),
        types=tuple(TypeOption(slug=kind.slug, description=kind.description) for kind in types),
    )
    said = {
        page: kind for page, kind in zip(pages, found, strict=True) if page.number >= step.first
    }
    lesson = learned.apply(said, types, project_id=step.job.project_id, call=call)
    return Classified(
        types={page.number: lesson.types.get(page, kind) for page, kind in said.items()},
        said={page.number: said[page] for page in lesson.types},
        vectors=lesson.vectors,
    )


def save(step: Step, result: Classified) -> Iterable[Target]:
    types = {kind.slug: kind for kind in DocumentType.objects.all()}
    pages = Page.objects.filter(upload=step.job.file).exclude(type_engine=BY_PERSON)
    for number, kind in result.types.items():
        pages.filter(number=number).update(
            type=types.get(kind.type),
            type_confidence=min(1.0, max(0.0, kind.confidence)),
            runner_up=kind.runner_up,
            runner_up_confidence=kind.runner_up_confidence,
            type_engine=f"{kind.engine} {kind.engine_version}",
            signals=_signals(kind, result.said.get(number)),
        )
    neighbours.save(result.vectors, project_id=step.job.project_id)
    return ()


def _signals(kind: PageType, said: PageType | None) -> dict[str, Any]:
    """What assembly asks of a page, and the engine's own word where examples changed it."""
    told = {
        "starts": kind.starts,
        "document_number": kind.document_number,
        "label": kind.page_label,
        "count": kind.page_count,
    }
    return told if said is None else told | {"said": [said.type, said.confidence]}


def failed(step: Step) -> None:
    """The page keeps its text and is found by search; without a type it is unknown."""
    pages = Page.objects.filter(upload=step.job.file).exclude(type_engine=BY_PERSON)
    pages.filter(number__gte=step.first, number__lte=step.last).update(
        type=None, type_confidence=0, signals={}
    )
