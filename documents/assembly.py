"""Pages become documents: which pages belong together (pure), and the rows that say so.

A document that a person has confirmed, rejected, corrected or arranged is that person's word: its
pages are left out, and a second run finds the other rows again by the document's first page.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from documents.models import (
    BY_PERSON,
    Document,
    DocumentStatus,
    DocumentType,
    Grouping,
    Page,
    Upload,
)

# A page whose classifier is at least this sure that it begins a paper does begin one.
STARTS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSignal:
    """What assembly knows of a page. type: slug or "" for unknown; starts: 0..1;
    document_number: normalised, "" where none was seen; label: n of "page n of m", 0 if none;
    error: why the page could not be read, "" where it was; is_named: a person said its type."""

    number: int
    type: str
    confidence: float
    starts: float
    document_number: str = ""
    label: int = 0
    error: str = ""
    is_named: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The pages of one document, in order."""

    type: str
    confidence: float
    pages: tuple[int, ...]
    error: str = ""


def group(pages: Sequence[PageSignal], grouping: str) -> tuple[Group, ...]:
    """Every page into exactly one group, in order; a page that failed stands alone."""
    groups: list[list[PageSignal]] = []
    for page in pages:
        if groups and grouping == Grouping.GROUPED and _continues(groups[-1], page):
            groups[-1].append(page)
        else:
            groups.append([page])
    return tuple(
        Group(
            type=members[0].type,
            confidence=max(0.0, min(p.confidence for p in members)),
            pages=tuple(p.number for p in members),
            error=members[0].error,
        )
        for members in groups
    )


def _continues(members: list[PageSignal], page: PageSignal) -> bool:
    """True when `page` belongs to the paper of the pages before it."""
    last = members[-1]
    if page.error or last.error or page.type != last.type or page.is_named != last.is_named:
        return False
    if page.number != last.number + 1:
        return False
    if page.label > 1 and page.label == last.label + 1:
        return True
    if page.label == 1:
        return False
    known = next((p.document_number for p in reversed(members) if p.document_number), "")
    if known and page.document_number:
        return known == page.document_number
    return page.starts < STARTS


def assemble(upload: Upload) -> int:
    """Make the documents of an upload from its classified pages; returns how many there are.

    Belongs into a transaction. Documents are matched by their first page, so that a repeat
    keeps its rows; those that no longer fit and that nobody worked on are removed."""
    # Locked first: a person who confirms meanwhile comes before or after, never in between. By
    # id, as everybody does who locks several.
    locked = Document.objects.select_for_update(of=("self",)).filter(upload=upload)
    list(locked.order_by("pk").values_list("pk"))
    free = (
        Page.objects.filter(upload=upload)
        .exclude(document__reviewer__isnull=False)
        .exclude(document__arranged_at__isnull=False)
        .defer("words", "marks", "text")
        .select_related("type")
        .order_by("number")
    )
    groups = group([_signal(page) for page in free], upload.project.grouping)
    kept = _write(upload, groups)
    others = Document.objects.filter(upload=upload, reviewer__isnull=True, arranged_at__isnull=True)
    others.exclude(pk__in=kept).delete()
    return Document.objects.filter(upload=upload).count()


def _signal(page: Page) -> PageSignal:
    signals: dict[str, Any] = page.signals
    return PageSignal(
        number=page.number,
        type=page.type.slug if page.type else "",
        confidence=page.type_confidence,
        starts=signals.get("starts", 1.0),
        document_number=signals.get("document_number", ""),
        label=signals.get("label", 0),
        error=page.error_message or page.error_code,
        is_named=page.type_engine == BY_PERSON,
    )


def _write(upload: Upload, groups: Iterable[Group]) -> list[Any]:
    types = {kind.slug: kind for kind in DocumentType.objects.all()}
    before = dict(
        Page.objects.filter(upload=upload, document__isnull=False).values_list(
            "number", "document_id"
        )
    )
    kept = []
    for found in groups:
        kind = types.get(found.type)
        document, is_new = Document.objects.update_or_create(
            upload=upload,
            first_page=found.pages[0],
            defaults={
                "project": upload.project,
                "type": kind,
                "type_confidence": found.confidence,
                **_state(kind, found),
            },
        )
        Document.objects.filter(pk=document.pk).update(version=F("version") + 1)
        members = {number for number, owner in before.items() if owner == document.pk}
        if members != set(found.pages):
            _give_pages(document, found.pages)
            if not is_new:
                newer = F("text_version") + 1
                Document.objects.filter(pk=document.pk).update(text_version=newer)
        kept.append(document.pk)
    return kept


def _give_pages(document: Document, numbers: tuple[int, ...]) -> None:
    """Take the pages away from whoever has them first: a position is taken once."""
    pages = Page.objects.filter(upload_id=document.upload_id)
    pages.filter(Q(number__in=numbers) | Q(document=document)).update(document=None, position=None)
    position = F("number") - numbers[0] + 1
    pages.filter(number__in=numbers).update(document=document, position=position)


def _state(kind: DocumentType | None, found: Group) -> dict[str, Any]:
    if kind is not None:
        return {"status": DocumentStatus.DRAFT_PENDING, "reasons": []}
    if found.error:
        message = f"The page could not be read: {found.error}"
        reason = {"code": "page_failed", "field": "", "message": message}
    else:
        reason = {
            "code": "type_unknown",
            "field": "",
            "message": "The page looks like no document type that is set up.",
        }
    return {
        "status": DocumentStatus.UNKNOWN,
        "reasons": [reason],
        "payload": {},
        "evidence": {},
        "confidence": 0.0,
        "schema_version": None,
    }
