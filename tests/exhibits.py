"""One row of everything that a page can show, to look at pages with: documents and jobs in all
their states, a question and a list, a replay, a call of a model, a worker.

    manage.py shell -c "from tests import exhibits; exhibits.make()"
"""

import io
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from documents import files, prompts
from documents.language import LlmCall, ModelTotal, Purpose
from documents.models import (
    AuditEvent,
    Calibration,
    Correction,
    Document,
    DocumentType,
    Membership,
    Outcome,
    Page,
    Project,
    Upload,
)
from ingestion.models import Control, Job, Limits, Step, WorkerBeat
from ingestion.replay_models import Replay
from search import terms
from search.investigation import Investigation
from search.models import Chunk
from search.saved import SavedSearch
from tests import factories

WIDTH_PX, HEIGHT_PX = 800, 1100
LINES = ("TAX INVOICE", "Zafirana Spice House", "Invoice No: ZS-77", "6 December 2024", "900.00")
PAYLOAD = {
    "document_number": "ZS-77",
    "document_date": "2024-12-06",
    "supplier_name": "Zafirana Spice House",
    "currency": "INR",
    "total_amount": "900.00",
    "line_items": [{"description": "Cardamom", "quantity": "2", "total_amount": "900.00"}],
}
REASONS = [
    {"code": "missing", "field": "supplier_gstin", "message": "Supplier GSTIN was not found."},
    {"code": "low_confidence", "field": "total_amount", "message": "Total: 0.81; 0.97 is asked."},
]


def make() -> dict[str, str]:
    """Everything, in a project of its own; gives the keys that pages are best looked at with,
    by parameter."""
    project, _ = Project.objects.get_or_create(slug="exhibits", defaults={"name": "Exhibits"})
    user = get_user_model().objects.order_by("pk").first()
    Membership.objects.get_or_create(project=project, user=user, defaults={"role": "operator"})
    Group.objects.get_or_create(name="exhibits")
    Limits.objects.get_or_create(project=project, defaults={"steps_at_once": 4})
    shown = _document(project, "draft_pending", reasons=REASONS)
    _document(project, "draft_created", reviewer=user, reviewed_at=timezone.now())
    _document(project, "rejected", reviewer=user, reviewed_at=timezone.now())
    _document(project, "unknown", kind="")
    job = _jobs(project, user, shown.upload)
    asked = _questions(project, user, shown)
    _of_models(project, user, shown, job)
    _history(project, user, shown)
    return {
        "document_id": str(shown.pk),
        "upload_id": str(shown.upload_id),
        "job_id": str(job.pk),
        "investigation_id": str(asked.pk),
        "ingestion.job": str(job.pk),
        "documents.document": str(shown.pk),
    }


def _document(project: Project, status: str, *, kind: str = "bill", **values: Any) -> Document:
    upload = factories.upload(project, sha256=f"{Upload.objects.count() + 1:064x}", page_count=1)
    files.store_bytes(upload.file, b"%PDF-1.7 an exhibit")
    made = factories.document(
        upload,
        kind,
        status=status,
        confidence=0.9,
        payload=PAYLOAD if kind else {},
        evidence=_evidence() if kind else {},
        **values,
    )
    text = "\n".join(LINES)
    Page.objects.create(
        **{"upload": upload, "number": 1},
        image=files.store_page(upload.pk, 1, _picture()),
        **{"width_px": WIDTH_PX, "height_px": HEIGHT_PX, "text": text, "text_source": "ocr"},
        **{"words": _words(), "type": made.type, "document": made, "position": 1},
        read_at=timezone.now(),
    )
    told = terms.count(text)
    Chunk.objects.create(
        **{"project": project, "document": made, "page": 1, "ordinal": 0, "text": text},
        **{"length": told.length, "terms": list(told.terms)},
        **{"frequencies": list(told.frequencies), "text_version": 1},
    )
    return made


def _picture() -> bytes:
    image = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size=28)
    for n, line in enumerate(LINES):
        pen.text((60, 60 + 60 * n), line, 0, font)
    out = io.BytesIO()
    image.save(out, "WEBP")
    return out.getvalue()


def _words() -> list[list[Any]]:
    return [
        [word, 60 + 150 * at, 60 + 60 * n, 190 + 150 * at, 90 + 60 * n, 0.95]
        for n, line in enumerate(LINES)
        for at, word in enumerate(line.split())
    ]


def _evidence() -> dict[str, Any]:
    return {
        f"/{name}": {
            "page": 1,
            "box": [60, 60 + 60 * n, 330, 90 + 60 * n],
            "source": "ocr",
            "confidence": 0.81 if name == "total_amount" else 0.99,
            "raw": value,
            "checks": [],
            "failed": [],
        }
        for n, (name, value) in enumerate(PAYLOAD.items())
        if isinstance(value, str)
    }


def _jobs(project: Project, user: Any, upload: Upload) -> Job:
    """A batch, and a job in every state that one can be in; gives one that failed in part."""
    now = timezone.now()
    both = {"project": project, "created_by": user}
    batch = Job.objects.create(kind="batch", status="completed", **both)
    of_file = both | {"upload": upload, "pages_total": 1, "started_at": now}
    for status in ("queued", "cancelled"):
        Job.objects.create(status=status, **of_file)
    damaged = {"error_code": "file_damaged", "error_message": "It cannot be opened."}
    failed = Job.objects.create(status="failed", failed_at=now, parent=batch, **of_file, **damaged)
    _step(failed, "split", "failed", **damaged)
    job = Job.objects.create(
        status="completed", completed_at=now, pages_failed=1, pages_read=1, **of_file
    )
    for stage in ("split", "classify", "assemble", "extract", "embed"):
        _step(job, stage, "done")
    late = {"error_code": "time_limit", "error_message": "The step took longer than 120 s."}
    _step(job, "ocr", "failed", **late)
    return job


def _step(job: Job, stage: str, status: str, **values: Any) -> Step:
    at = timezone.now() - timedelta(seconds=20)
    return Step.objects.create(
        **{"project": job.project, "job": job, "stage": stage, "status": status},
        **{"worker": "host-1:7", "started_at": at, "finished_at": at + timedelta(seconds=3)},
        **{"elapsed_s": 3.0},
        **values,
    )


def _questions(project: Project, user: Any, document: Document) -> Investigation:
    both = {"project": project, "created_by": user, "finished_at": timezone.now()}
    Investigation.objects.create(
        form="list", question="all bills above 500", is_found=True, filters={"type": "bill"}, **both
    )
    citation = {
        **{"n": 1, "document": str(document.pk), "page": 1, "boxes": [[60, 180, 330, 210]]},
        "text": "Invoice No: ZS-77",
    }
    asked = Investigation.objects.create(
        form="answer",
        question="What is the number of the spice bill?",
        answer="It is ZS-77 [1].",
        is_found=True,
        citations=[citation],
        passages=[citation],
        **both,
    )
    SavedSearch.objects.get_or_create(
        name="Spices",
        owner=user,
        defaults={"parameters": {"q": "spice"}, "shared_with": project},
    )
    Job.objects.create(
        kind="investigation", investigation=asked, status="completed", project=project
    )
    return asked


def _of_models(project: Project, user: Any, document: Document, job: Job) -> None:
    prompt = prompts.active(Purpose.EXTRACT, project.pk)
    LlmCall.objects.create(
        project=project,
        prompt_id=prompt.pk,
        purpose=Purpose.EXTRACT,
        key=f"{document.pk.int:064x}"[:64],
        **{"endpoint": "http://127.0.0.1:1/v1", "model": "model-1", "job": job.pk},
        **{"document": document.pk, "pages": 1, "status": "done", "requests": 1},
        answer={"fields": {}},
        **{"input_tokens": 900, "output_tokens": 80, "cost_microcents": 12_000},
        latency_ms=700,
        lapses_at=timezone.now(),
    )
    ModelTotal.objects.get_or_create(
        project=project, day=timezone.localdate(), purpose=Purpose.EXTRACT, model="model-1"
    )
    kind = DocumentType.objects.get(slug="bill")
    again = Job.objects.create(kind="replay", project=project, status="completed")
    replay = Replay.objects.create(
        project=project,
        job=again,
        type=kind,
        schema_version=kind.schema_versions.latest("number"),
        created_by=user,
        asked="all",
    )
    replay.results.create(
        document=document, document_version=1, basis="0" * 64, draft_status="draft_pending"
    )
    Calibration.objects.create(type_slug="bill", curves={}, values=0, fitted_on="reviews")


def _history(project: Project, user: Any, document: Document) -> None:
    Correction.objects.create(
        document=document, pointer="/total_amount", old="90.00", new="900.00", made_by=user
    )
    AuditEvent.objects.create(
        project=project, actor=user, verb="document.corrected", subject=f"document:{document.pk}"
    )
    for n, name in enumerate(("total_amount", "document_date", "document_number")):
        Outcome.objects.create(
            **{"project": project, "document": document, "pointer": f"/{name}", "field": name},
            **{"type_slug": "bill", "schema_number": 1, "source": "ocr", "score": 0.9},
            **{"confidence": 0.9, "is_right": bool(n), "is_settled": False},
            at=timezone.now(),
        )
    WorkerBeat.objects.get_or_create(
        name="host-1:7",
        defaults={
            **{"host": "host-1", "pid": 7, "memory_bytes": 300_000_000},
            **{"started_at": timezone.now(), "seen_at": timezone.now()},
        },
    )
    Control.objects.get_or_create(host="host-2", defaults={"is_paused": True})
