"""Documents that are read the way the extract stage reads them, without an engine."""

from typing import Any

from django.db import transaction

from documents import relations
from documents.drafts import Reading
from documents.models import Document, Page, Project, Upload
from documents.relations import Read
from tests import factories

BILL = {
    "document_number": "INV/25-26/0042",
    "document_date": "2025-06-12",
    "supplier_name": "Ada Steel Ltd",
    "supplier_gstin": "27AAPFU0939F1ZV",
    "recipient_gstin": "24AAACJ3770E2ZV",
    "total_amount": "118000.00",
}
EWAY = {
    "ewb_number": "123456789012",
    "generated_at": "2025-06-12T10:00",
    "valid_until": "2025-06-13",
    "document_number": "INV/25-26/0042",
    "document_date": "2025-06-12",
    "supplier_gstin": "27AAPFU0939F1ZV",
    "recipient_gstin": "24AAACJ3770E2ZV",
    "total_invoice_value": "118000.00",
}
NONE = Upload.objects.none()


def paper(
    project: Project | None = None,
    kind: str = "bill",
    *,
    of: Upload | None = None,
    first_page: int = 1,
    text: str = "",
) -> Document:
    """A document as assembly leaves it: typed, its page read, its values not."""
    made = factories.document(
        of or factories.upload(project), kind, first_page=first_page, type_confidence=1.0
    )
    Page.objects.create(upload=made.upload, number=first_page, document=made, position=1, text=text)
    return made


def read(document: Document, values: dict[str, Any], *, packet: Any = NONE, **sure: float) -> None:
    """Save these values as read with confidence 0.99, or as `sure` says by field."""
    assert document.type is not None
    readings = [
        Reading(
            pointer=f"/{name}",
            value=value,
            raw=str(value),
            page=1,
            box=None,
            source="layer",
            confidence=sure.get(name, 0.99),
        )
        for name, value in values.items()
    ]
    schema = document.type.schema_versions.latest("number")
    with transaction.atomic():
        relations.save_reading(document.pk, Read(schema=schema, readings=readings), packet=packet)
    document.refresh_from_db()


def codes(document: Document) -> set[tuple[str, str]]:
    """Why a person should look, with the field; `document` says of which other paper."""
    document.refresh_from_db()
    return {(reason["code"], reason["field"]) for reason in document.reasons}


def other_of(document: Document, code: str) -> str:
    """The id of the other document that a reason names."""
    document.refresh_from_db()
    return str(next(r["document"] for r in document.reasons if r["code"] == code))


def told(document: Document) -> dict[str, Any]:
    """All that reading it came to."""
    document.refresh_from_db()
    names = ("payload", "evidence", "confidence", "status", "reasons", "identity", "keys")
    return {name: getattr(document, name) for name in names}
