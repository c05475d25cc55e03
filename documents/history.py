"""What people did to a document and to each of its values, the newest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from documents import schemas
from documents.models import AuditEvent, Correction, Document
from documents.presentation import shown_value

_TOLD = {
    "document.corrected": "saved",
    "document.confirmed": "confirmed",
    "document.rejected": "rejected",
    "document.reopened": "reopened",
    "document.reclassified": "changed the type",
    "document.postponed": "put it away until later",
    "document.recalled": "took it back into the queue",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One value as it was and as it became, "" for none."""

    html_id: str
    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What one person did at one time. told: goes after the name: "confirmed"."""

    who: str
    told: str
    at: datetime
    changes: tuple[ValueChange, ...]


def of(document: Document) -> list[Happening]:
    """All that people did; corrections stand with the save that they came with."""
    subject = f"{document._meta.label_lower}:{document.pk}"
    events = AuditEvent.objects.filter(subject=subject).select_related("actor").order_by("at")
    corrections = document.corrections.select_related("made_by").order_by("made_at", "pk")
    return list(_joined(document, events, list(corrections)))[::-1]


def _joined(
    document: Document, events: Iterable[AuditEvent], corrections: list[Correction]
) -> Iterator[Happening]:
    for event in events:
        own = [c for c in corrections if c.made_at <= event.at]
        corrections = corrections[len(own) :]
        yield Happening(
            who=event.actor.get_username() if event.actor else "Docket",
            told=_TOLD.get(event.verb, event.verb.partition(".")[2].replace("_", " ")),
            at=event.at,
            changes=tuple(_changes(document, own)),
        )
    # Events may be cleared away sooner than the history of the values.
    for left in corrections:
        yield Happening(
            who=left.made_by.get_username(),
            told="saved",
            at=left.made_at,
            changes=tuple(_changes(document, [left])),
        )


def _changes(document: Document, corrections: Iterable[Correction]) -> Iterator[ValueChange]:
    schema = document.schema_version.schema if document.schema_version else {}
    for correction in corrections:
        parts = correction.pointer.split("/")
        label = schemas.title_of(schema, correction.pointer) or correction.pointer
        row = f", row {int(parts[2]) + 1}" if len(parts) == 4 and parts[2].isdigit() else ""
        yield ValueChange(
            html_id=correction.pointer.strip("/").replace("/", "-"),
            label=f"{label}{row}",
            old=shown_value(correction.old),
            new=shown_value(correction.new),
        )
