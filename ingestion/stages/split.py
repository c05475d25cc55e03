"""split: open the file, count its pages, and enter them into the books in slices.

The first step has no slice: it opens the file and plans the slices."""

from collections.abc import Iterable

from documents import files
from documents.models import Page, Upload
from ingestion.engines.base import FileFacts, PageFacts
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import limits, mark_row

SLICE_PAGES = 50


def targets(job: Job) -> Iterable[Target]:
    return [Target()]


def slices(pages: int) -> list[Target]:
    """1..pages cut into slices of at most SLICE_PAGES."""
    return [
        Target(first=first, last=min(first + SLICE_PAGES - 1, pages))
        for first in range(1, pages + 1, SLICE_PAGES)
    ]


def work(step: Step, call: Call) -> FileFacts | tuple[PageFacts, ...]:
    upload = step.job.file
    path = files.local_path(upload, call.tick)
    if step.first is None:
        facts: FileFacts = call(
            "read",
            "open",
            path=path,
            media_type=upload.media_type,
            password="",
            limits=limits(),
        )
        return facts
    pages: tuple[PageFacts, ...] = call(
        "read",
        "split",
        path=path,
        media_type=upload.media_type,
        first=step.first,
        last=step.last,
        limits=limits(),
    )
    return pages


def save(step: Step, result: FileFacts | tuple[PageFacts, ...]) -> Iterable[Target]:
    if isinstance(result, FileFacts):
        wants_marks = not step.job.options.get("ignore_embedded")
        Upload.objects.filter(pk=step.job.file.pk).update(
            page_count=result.pages,
            marks=[mark_row(mark) for mark in result.marks] if wants_marks else [],
        )
        Job.objects.filter(pk=step.job_id).update(
            pages_total=result.pages, pages_read=0, pages_failed=0
        )
        return slices(result.pages)
    _enter(step, [facts.number for facts in result])
    return ()


def failed(step: Step) -> None:
    if step.first is not None and step.last is not None:
        _enter(step, list(range(step.first, step.last + 1)))


def _enter(step: Step, numbers: list[int]) -> None:
    Page.objects.bulk_create(
        [Page(upload=step.job.file, number=number) for number in numbers],
        ignore_conflicts=True,
    )
