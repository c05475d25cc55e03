"""classify: say of each page that was read what kind of paper it is.

Pages are classified in slices, each with the page before it as context: whether a page goes
on with a paper shows beside its neighbour."""

from collections.abc import Iterable

from documents.models import DocumentType, Page
from ingestion.engines.base import PageType, TypeOption
from ingestion.models import Job, Step
from ingestion.stages import ocr
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import page_input

SLICE_PAGES = 20


def targets(job: Job) -> Iterable[Target]:
    unread = set(
        Page.objects.filter(upload=job.upload_id)
        .exclude(error_code="")
        .values_list("number", flat=True)
    )
    numbers = [t.first for t in ocr.targets(job) if t.first is not None and t.first not in unread]
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


def work(step: Step, call: Call) -> dict[int, PageType]:
    assert step.first is not None  # noqa: S101
    # A page alone was parted from its neighbours because one of them cannot be classified.
    context = 0 if step.first == step.last else 1
    pages = (
        Page.objects.filter(upload=step.job.file, error_code="")
        .filter(number__gte=step.first - context, number__lte=step.last)
        .select_related("upload")
        .order_by("number")
    )
    inputs = tuple(page_input(page, with_attachments=page.number == 1) for page in pages)
    options = tuple(
        TypeOption(slug=kind.slug, description=kind.description)
        for kind in DocumentType.objects.all()
    )
    found: tuple[PageType, ...] = call("classify", "classify", pages=inputs, types=options)
    of_page = {page.number: kind for page, kind in zip(inputs, found, strict=True)}
    return {number: kind for number, kind in of_page.items() if number >= step.first}


def save(step: Step, result: dict[int, PageType]) -> Iterable[Target]:
    types = {kind.slug: kind for kind in DocumentType.objects.all()}
    pages = Page.objects.filter(upload=step.job.file)
    for number, kind in result.items():
        pages.filter(number=number).update(
            type=types.get(kind.type),
            type_confidence=min(1.0, max(0.0, kind.confidence)),
            runner_up=kind.runner_up,
            runner_up_confidence=kind.runner_up_confidence,
            type_engine=f"{kind.engine} {kind.engine_version}",
            signals={
                "starts": kind.starts,
                "document_number": kind.document_number,
                "label": kind.page_label,
                "count": kind.page_count,
            },
        )
    return ()


def failed(step: Step) -> None:
    """The page keeps its text and is found by search; without a type it is unknown."""
    Page.objects.filter(upload=step.job.file, number__gte=step.first, number__lte=step.last).update(
        type=None, type_confidence=0, signals={}
    )
