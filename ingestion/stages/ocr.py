"""ocr: draw each page, keep its picture, and read its words by the cheapest source believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q
from django.utils import timezone

from documents import files
from documents.models import Document, Page
from ingestion.engines.base import PageReading
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import limits, mark_row, word_row


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A reading of which the picture is stored already; `image` is its address."""

    image: str
    reading: PageReading


def targets(job: Job) -> Iterable[Target]:
    """Every page, save those of a document that a person has worked on."""
    numbers = (
        Page.objects.filter(upload=job.upload_id)
        .exclude(document__reviewer__isnull=False)
        .order_by("number")
        .values_list("number", flat=True)
    )
    return [Target(first=number, last=number) for number in numbers]


def work(step: Step, call: Call) -> Read:
    upload, options = step.job.file, step.job.options
    assert step.first is not None  # noqa: S101
    reading: PageReading = call(
        "read",
        "read",
        path=files.local_path(upload, call.tick),
        media_type=upload.media_type,
        number=step.first,
        languages=tuple(options.get("languages") or settings.OCR_LANGUAGES),
        ignore_embedded=bool(options.get("ignore_embedded")),
        limits=limits(),
    )
    image = ""
    if reading.image:
        image = files.store_page(upload.pk, step.first, reading.image, reading.thumbnail)
    return Read(image=image, reading=reading)


def save(step: Step, result: Read) -> Iterable[Target]:
    reading = result.reading
    text = reading.text.replace("\x00", "")
    assert step.first is not None  # noqa: S101
    page = Page.objects.filter(upload=step.job.file, number=step.first)
    changed = page.exclude(text=text).values("document")
    Document.objects.filter(pk__in=changed).update(text_version=F("text_version") + 1)
    _update(
        step,
        image=result.image,
        width_px=reading.width_px or None,
        height_px=reading.height_px or None,
        dpi=reading.dpi or None,
        rotation=reading.rotation,
        text=text,
        text_source=reading.source.value,
        text_engine=reading.engine,
        text_engine_version=reading.engine_version,
        text_confidence=min(1.0, max(0.0, reading.confidence)),
        words=[word_row(word) for word in reading.words],
        marks=[mark_row(mark) for mark in reading.marks],
        error_code="",
        error_message="",
        read_at=timezone.now(),
    )
    return ()


def failed(step: Step) -> None:
    _update(step, error_code=step.error_code, error_message=step.error_message)


def _update(step: Step, **values: Any) -> None:
    assert step.first is not None  # noqa: S101
    pages = Page.objects.filter(upload=step.job.file)
    pages.filter(number=step.first).update(**values)
    Job.objects.filter(pk=step.job_id).update(
        **pages.aggregate(
            pages_read=Count("pk", filter=Q(read_at__isnull=False, error_code="")),
            pages_failed=Count("pk", filter=~Q(error_code="")),
        )
    )
