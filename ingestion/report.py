"""A job as the command line and the API tell of it; the keys are stable."""

from typing import Any

from documents.models import Document, Page
from ingestion.models import Job
from ingestion.stages import inputs

REFUSED: dict[str, Any] = {
    "job": None,
    "status": "failed",
    "pages": 0,
    "seconds": 0.0,
    "documents": [],
    "page_types": [],
}


def of_job(job: Job, *, with_text: bool = False) -> dict[str, Any]:
    """`{"file", "job", "status", "pages", "seconds", "error", "documents", "page_types"}` and,
    where asked for, `text`, one a page. Seconds are those since the first step was claimed."""
    pages = list(
        Page.objects.filter(upload=job.upload_id)
        .select_related("type")
        .defer("words", "marks")
        .order_by("number")
    )
    ended = job.completed_at or job.failed_at
    seconds = (ended - job.started_at).total_seconds() if ended and job.started_at else 0.0
    report: dict[str, Any] = {
        "file": str(job),
        "job": str(job.pk),
        "status": job.status,
        "pages": job.pages_total or len(pages),
        "seconds": round(seconds, 2),
        "error": error_of(job),
        "documents": [of_document(d) for d in documents_of(job)],
        "page_types": [page.type.slug if page.type else "unknown" for page in pages],
    }
    if with_text:
        report["text"] = [page.text for page in pages]
    return report


def error_of(job: Job) -> dict[str, str] | None:
    if not job.error_code:
        return None
    return {"code": job.error_code, "message": job.error_message}


def documents_of(job: Job) -> list[Document]:
    found = inputs.documents_of(job).with_pages()
    return list(found.order_by("upload", "first_page"))


def of_document(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.pk),
        "type": document.type.slug if document.type else "unknown",
        "type_confidence": round(document.type_confidence, 3),
        "pages": [page.number for page in document.pages.all()],
        "status": document.status,
        "fields": document.payload,
        "confidence": document.confidence,
        "reasons": document.reasons,
    }
