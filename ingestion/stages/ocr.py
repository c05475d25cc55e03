"""ocr: draw each page, keep its picture, and read its words by the cheapest source believed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q
from django.utils import timezone

from documents import files
from documents.models import Document, DocumentStatus, Page, Upload
from ingestion.engines.base import PageReading
from ingestion.models import Job, Kind, Step
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import count_processed, documents_of, limits, mark_row, word_row

# Of `Job.options`: numbers of pages that are read again before the fields of their documents.
PAGES = "pages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A reading of which the picture is stored already; `image` is its address."""

    image: str
    reading: PageReading


def targets(job: Job) -> Iterable[Target]:
    """Every page, save those of a document that a person has worked on; of documents that are
    there already, the pages that are to be read again."""
    if job.kind == Kind.PROCESS:
        return _named(job)
    numbers = (
        Page.objects.filter(upload=job.upload_id)
        .exclude(document__reviewer__isnull=False)
        .order_by("number")
        .values_list("number", flat=True)
    )
    return [Target(first=number, last=number) for number in numbers]


def _named(job: Job) -> list[Target]:
    pages = Page.objects.filter(
        document__in=documents_of(job), number__in=job.options.get(PAGES, ())
    )
    return [
        Target(first=number, last=number, document=document)
        for number, document in pages.order_by("number").values_list("number", "document")
    ]


def work(step: Step, call: Call) -> Read:
    upload, options = _upload(step), step.job.options
    assert step.first is not None  # noqa: S101
    page = Page.objects.filter(upload=upload, number=step.first)
    turned = page.values_list("turned", flat=True).first()
    asked: dict[str, Any] = {} if turned is None else {"rotation": turned}
    reading: PageReading = call(
        "read",
        "read",
        path=files.local_path(upload, call.tick),
        media_type=upload.media_type,
        number=step.first,
        languages=tuple(options.get("languages") or settings.OCR_LANGUAGES),
        ignore_embedded=bool(options.get("ignore_embedded")),
        limits=limits(),
        **asked,
    )
    image = ""
    if reading.image:
        image = files.store_page(upload.pk, step.first, reading.image, reading.thumbnail)
    return Read(image=image, reading=reading)


def save(step: Step, result: Read) -> Iterable[Target]:
    reading = result.reading
    text = reading.text.replace("\x00", "")
    assert step.first is not None  # noqa: S101
    if not _is_open(step):
        return ()
    page = Page.objects.filter(upload=_upload(step), number=step.first)
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
    """A page that was read before keeps what was read of it then."""
    if step.document_id is not None:
        count_processed(step)
        return
    _update(step, error_code=step.error_code, error_message=step.error_message)


def _update(step: Step, **values: Any) -> None:
    assert step.first is not None  # noqa: S101
    pages = Page.objects.filter(upload=_upload(step))
    pages.filter(number=step.first).update(**values)
    if step.document_id is not None:
        return
    Job.objects.filter(pk=step.job_id).update(
        **pages.aggregate(
            pages_read=Count("pk", filter=Q(read_at__isnull=False, error_code="")),
            pages_failed=Count("pk", filter=~Q(error_code="")),
        )
    )


def _upload(step: Step) -> Upload:
    return step.document.upload if step.document is not None else step.job.file


def _is_open(step: Step) -> bool:
    """Whether the page may still be another: a person may have settled its document meanwhile.
    Locked, so that nobody does before this is saved."""
    if step.document_id is None:
        return True
    settled = (DocumentStatus.DRAFT_CREATED, DocumentStatus.REJECTED)
    row = Document.objects.select_for_update(of=("self",)).filter(pk=step.document_id)
    return not set(row.values_list("status", flat=True)) & set(settled)
