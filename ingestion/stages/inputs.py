"""Rows as engines see them, and back."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q

from documents.drafts import Reading
from documents.models import Document, DocumentQuerySet, Page, Upload, UploadQuerySet
from ingestion.engines.base import (
    Box,
    FieldReading,
    Limits,
    Mark,
    MarkKind,
    PageInput,
    TextSource,
    Word,
)
from ingestion.models import OF_DOCUMENTS, OPEN_STEP, Job, Kind, Step, StepStatus
from search import indexing


def documents_of(job: Job) -> DocumentQuerySet:
    """The documents that a job works on: those of its upload, or those it was given."""
    if job.kind in OF_DOCUMENTS:
        return Document.objects.filter(process_jobs=job)
    return Document.objects.filter(upload=job.upload_id)


def packet_of(document_id: UUID) -> UploadQuerySet:
    """The uploads that came in one batch with a document's own."""
    batches = Job.objects.filter(upload__documents=document_id, parent__isnull=False)
    return Upload.objects.filter(jobs__parent__in=batches.values("parent"))


def wants(job: Job, stage: str) -> bool:
    """Whether the job goes through this stage; some are asked for a part only."""
    return stage in job.options.get("stages", (stage,))


def count_processed(step: Step) -> None:
    """Count the chunks of a job's documents; of a process job, the documents gone through."""
    job = step.job
    counts = {"chunks_made": indexing.count_chunks(documents_of(job))}
    if job.kind == Kind.PROCESS:
        of_document = (
            Step.objects.filter(job=job, document__isnull=False)
            .values("document")
            .annotate(
                at_work=Count("pk", filter=Q(status__in=OPEN_STEP)),
                failed=Count("pk", filter=Q(status=StepStatus.FAILED)),
                indexed=Count("pk", filter=Q(stage=step.stage)),
            )
        )
        ended = of_document.filter(at_work=0, indexed__gt=0)
        counts |= {"processed": ended.count(), "errors": of_document.filter(failed__gt=0).count()}
    Job.objects.filter(pk=job.pk).update(**counts)


def limits() -> Limits:
    return Limits(
        max_pages=settings.MAX_PAGES,
        max_pixels=settings.MAX_PIXELS,
        max_side_px=settings.PAGE_IMAGE_SIDE_PX,
        ocr_dpi=settings.OCR_DPI,
    )


def word_row(word: Word) -> list[Any]:
    """[text, left, top, right, bottom, confidence], whole pixels, as `Page.words` holds it."""
    box = word.box
    sides = [round(s) for s in (box.left, box.top, box.right, box.bottom)] if box else [None] * 4
    return [word.text, *sides, round(word.confidence, 2)]


def mark_row(mark: Mark) -> dict[str, Any]:
    box = mark.box
    return {
        "kind": mark.kind.value,
        "payload": mark.payload,
        "box": [box.left, box.top, box.right, box.bottom] if box else None,
    }


def page_input(page: Page, *, with_attachments: bool) -> PageInput:
    """A read page; `with_attachments` adds the marks of the whole file."""
    rows = [*page.marks, *(page.upload.marks if with_attachments else ())]
    return PageInput(
        number=page.number,
        text=page.text,
        words=tuple(
            Word(text=text, box=_box(sides), confidence=confidence)
            for text, *sides, confidence in page.words
        ),
        width_px=page.width_px or 0,
        height_px=page.height_px or 0,
        source=TextSource(page.text_source or TextSource.OCR),
        marks=tuple(
            Mark(kind=MarkKind(row["kind"]), payload=row["payload"], box=_box(row["box"]))
            for row in rows
        ),
    )


def _box(sides: list[float | None] | None) -> Box | None:
    if not sides or None in sides:
        return None
    left, top, right, bottom = (float(side or 0) for side in sides)
    return Box(left=left, top=top, right=right, bottom=bottom)


def as_reading(found: FieldReading, *, engine: str = "") -> Reading:
    """A value as an engine gives it, as `documents.drafts` weighs it."""
    box = found.box
    return Reading(
        pointer=found.pointer,
        value=found.value,
        raw=found.raw,
        page=found.page,
        box=(box.left, box.top, box.right, box.bottom) if box else None,
        source=found.source.value,
        confidence=found.confidence,
        note=found.note,
        alternatives=found.alternatives,
        engine=engine,
    )
