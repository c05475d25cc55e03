"""What became of the values of a document that a person has confirmed: right as read, or not; and
of a sample that a person has refused.

Written once a confirmation, without content, so that accuracy can be told over time and
confidences be fitted (`calibration`) even after the document is gone.
"""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.utils import timezone

from documents import drafts, trust
from documents.models import Document, Outcome

WHOLE = ""
"""The pointer of a document as a whole."""


def keep(document: Document, *, was_sample: bool) -> None:
    """Replace the outcomes of a document by those of the values that it holds now.

    Belongs into the transaction of the confirmation."""
    Outcome.objects.filter(document=document).delete()
    Outcome.objects.bulk_create(_outcomes(document, was_sample=was_sample))


def refuse(document: Document, *, was_sample: bool) -> None:
    """A rejected document has no values that could be right or wrong. One that nothing but the
    draw sent to a person would have become a record, so it counts as one accepted in error: by
    a row of its own, whose pointer names the whole document (RFC 6901).

    Belongs into the transaction of the rejection."""
    earlier = Outcome.objects.filter(document=document)
    was_sample = was_sample or earlier.filter(is_sample=True).exists()
    earlier.delete()
    if was_sample:
        Outcome.objects.create(
            project_id=document.project_id,
            document=document,
            pointer=WHOLE,
            type_slug=document.type.slug if document.type else "",
            schema_number=document.schema_version.number if document.schema_version else 0,
            field="",
            score=0.0,
            confidence=document.confidence,
            is_right=False,
            is_settled=True,
            is_sample=True,
            at=timezone.now(),
        )


def is_drawn(document_id: UUID, share: float) -> bool:
    """Whether a document belongs to the sample of a `share` (0..1) of all; always the same
    answer for the same document."""
    digest = hashlib.sha256(document_id.bytes).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32


def _outcomes(document: Document, *, was_sample: bool) -> Iterator[Outcome]:
    schema = document.schema_version
    slug = document.type.slug if document.type else ""
    thresholds = trust.thresholds_of(document.project, slug)
    engines = {found.get("engine") for found in document.evidence.values()} - {None, ""}
    engine = min(engines) if engines else ""
    for pointer, found in document.evidence.items():
        now = drafts.get(document.payload, pointer)
        read = (found.get("read") or {}) if found["source"] == "person" else found
        was = read.get("value", now)
        if now is None and was is None:
            continue  # left empty by both
        yield Outcome(
            project_id=document.project_id,
            document=document,
            pointer=pointer,
            type_slug=slug,
            schema_number=schema.number if schema else 0,
            field=trust.field_of(pointer),
            source=read.get("source", ""),
            engine=read.get("engine") or engine,
            basis=read.get("basis", ""),
            score=read.get("score", 0.0),
            confidence=read.get("confidence", 0.0),
            is_right=bool(read) and was == now,
            is_settled=bool(read) and trust.is_settled(read, thresholds.of(pointer)),
            is_sample=was_sample,
            at=timezone.now(),
        )


def samples(type_slug: str) -> Iterator[dict[str, Any]]:
    """Reviewed readings of a type as the arguments of `calibration.Sample`."""
    rows = Outcome.objects.filter(type_slug=type_slug).exclude(source__in=("", *trust.CARRIED))
    names = ("field", "source", "basis", "score", "is_right")
    yield from rows.values(*names).iterator()
