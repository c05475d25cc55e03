"""classify: say of each page that was read what kind of paper it is.

Pages are classified in slices, each with the page before it as context: whether a page goes
on with a paper shows beside its neighbour. The engine speaks first; where the operator has
types of their own, examples have a say (`learned.py`); of pages that are unsure still, a
language model is asked where there is one. What a person said is left alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.conf import settings

from documents import prompts
from documents.language import Purpose
from documents.models import BY_PERSON, DocumentType, Page
from ingestion import limits
from ingestion.engines.base import PageInput, PageType, TypeOption
from ingestion.llm import asking, classifying, lines, pictures
from ingestion.llm.asking import Failure
from ingestion.llm.base import About
from ingestion.llm.classifying import Slice, Verdict, Verdicts
from ingestion.models import Job, Step
from ingestion.stages import learned, ocr
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import page_input
from search import neighbours
from search.models import Embedder

SLICE_PAGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """By page number what a page is, and what the engine had said of those that examples
    changed; what a model said, and why it did not; by page id the vectors that were made on
    the way, and by whom."""

    types: dict[int, PageType]
    said: dict[int, PageType] = field(default_factory=dict)
    verdicts: Verdicts = field(default_factory=Verdicts)
    vectors: dict[int, tuple[float, ...]] = field(default_factory=dict)
    embedder: Embedder | None = None


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
    inputs = tuple(page_input(page, with_attachments=page.number == 1) for page in pages)
    found: tuple[PageType, ...] = call(
        "classify",
        "classify",
        pages=inputs,
        types=tuple(TypeOption(slug=kind.slug, description=kind.description) for kind in types),
    )
    said = {
        page: kind for page, kind in zip(pages, found, strict=True) if page.number >= step.first
    }
    lesson = learned.apply(said, types, project_id=step.job.project_id, call=call)
    now = {page.number: lesson.types.get(page, kind) for page, kind in said.items()}
    told = _second_opinion(step, inputs, now, types, call) if settings.HAS_MODEL else Verdicts()
    return Classified(
        types={number: _with(kind, told.said.get(number)) for number, kind in now.items()},
        said={page.number: said[page] for page in lesson.types},
        verdicts=told,
        vectors=lesson.vectors,
        embedder=lesson.embedder,
    )


def _with(kind: PageType, verdict: Verdict | None) -> PageType:
    return kind if verdict is None else classifying.merged(kind, verdict)


def _second_opinion(
    step: Step,
    pages: tuple[PageInput, ...],
    known: dict[int, PageType],
    types: Sequence[DocumentType],
    call: Call,
) -> Verdicts:
    """What the model says of the pages that are open to it.

    Raises EngineBusy, and EngineUnavailable where another run is left."""
    is_last = asking.is_last_run(step)
    part = Slice(
        about=About(project_id=step.job.project_id, job=step.job_id), pages=pages, known=known
    )
    if not (numbers := classifying.asked_about(part, types)):
        return Verdicts()
    ask = partial(prompts.active, Purpose.CLASSIFY, step.job.project_id)
    prompt = asking.tried(ask, is_last=is_last)
    if isinstance(prompt, Failure):
        return Verdicts(failed=dict.fromkeys(numbers, prompt))
    if prompt.sees_images:
        load = partial(pictures.of_pages, step.job.file.pk, tick=call.tick)
        part = replace(part, pictures=load)
    if limits.may_wait_for_batches(step.job) and part.pictures is None:
        lines.wait_for([one for _, one in classifying.questions(part, types, prompt, numbers)])
    return classifying.classify(part, types, prompt, call, numbers=numbers, is_last=is_last)


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
            signals=_signals(kind, result.said.get(number)) | _opinion(number, result.verdicts),
        )
    if result.embedder is not None:
        neighbours.save(result.vectors, result.embedder, project_id=step.job.project_id)
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


def _opinion(number: int, told: Verdicts) -> dict[str, Any]:
    """What a model said of a page, or why it said nothing."""
    if (verdict := told.said.get(number)) is not None:
        return {"model": [verdict.type, verdict.confidence, verdict.engine]}
    failure = told.failed.get(number)
    return {} if failure is None else {"model_failed": failure.code}


def failed(step: Step) -> None:
    """The page keeps its text and is found by search; without a type it is unknown."""
    pages = Page.objects.filter(upload=step.job.file).exclude(type_engine=BY_PERSON)
    pages.filter(number__gte=step.first, number__lte=step.last).update(
        type=None, type_confidence=0, signals={}
    )
