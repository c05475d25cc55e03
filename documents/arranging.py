"""Which pages are one document, as a person says: split, merge, move, reorder, turn.

Every page of an upload belongs to exactly one document before and after. Documents that a
person arranged are left as they are by every later run (`assembly.py`); those whose pages
changed lose their values, which are read anew (`ingestion/rework.py`), and keep the history
of what people changed. Each verb belongs into the caller's transaction and locks all documents
of the upload, by id, as assembly does. A document that was settled is never touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from documents import turns
from documents.errors import Conflict, SenderError
from documents.models import (
    AnyUser,
    Correction,
    Document,
    DocumentReading,
    DocumentStatus,
    Page,
    record,
)

OPEN = (DocumentStatus.DRAFT_PENDING, DocumentStatus.UNKNOWN)
# Added to the first pages of documents while they change places, which are taken once each; more
# than any file has.
_ASIDE = 1_000_000_000


class Settled(Conflict):
    """The document was confirmed or rejected; reopen it first."""

    code = "document_settled"


class PagesRefused(SenderError):
    """These pages cannot be arranged like that."""

    code = "pages_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What became of it. document: the one that the person goes on with; changed: all whose
    values are to be read anew; reordered: those of which only the order changed."""

    document: Document
    changed: Sequence[Document] = ()
    reordered: Sequence[Document] = ()


def split(document_id: UUID, actor: AnyUser, *, version: int, at: int) -> Arranged:
    """The pages from number `at` on become a document of their own.

    Raises Conflict, Settled, Held, PagesRefused (no such page, or the first one)."""
    document = _take(document_id, actor, version)
    numbers = _pages(document)
    if at not in numbers[1:]:
        raise PagesRefused("Split before a page of this document that is not its first.")
    cut = numbers.index(at)
    other = _new(document, numbers[cut:])
    _write({document: numbers[:cut], other: numbers[cut:]})
    _empty(document)
    _record("document.split", document, actor, at=at, other=str(other.pk))
    return Arranged(document=document, changed=(document, other))


def merge(document_id: UUID, actor: AnyUser, *, version: int, others: Sequence[UUID]) -> Arranged:
    """Put the pages of other documents of the same upload into this one, in the order of the
    file; what people changed in them goes into its history.

    Raises Conflict, Settled, Held, PagesRefused (none, or not of this upload)."""
    document = _take(document_id, actor, version)
    merged = [_partner(document, other, actor) for other in dict.fromkeys(others)]
    if not merged or document in merged:
        raise PagesRefused("Choose other documents of the same file to merge with.")
    parts = sorted([document, *merged], key=lambda part: part.first_page)
    numbers = [number for part in parts for number in _pages(part)]
    typed = next((part for part in (document, *parts) if part.type), document)
    gone = [part.pk for part in merged]
    Correction.objects.filter(document__in=gone).update(document=document)
    Page.objects.filter(document__in=gone).update(document=None, position=None)
    Document.objects.filter(pk__in=gone).delete()
    _write({document: numbers})
    document.type, document.type_confidence = typed.type, typed.type_confidence
    _empty(document)
    _record("document.merged", document, actor, merged=[str(pk) for pk in gone])
    return Arranged(document=document, changed=(document,))


def move(
    document_id: UUID,
    actor: AnyUser,
    *,
    version: int,
    pages: Sequence[int],
    into: UUID | None,
) -> Arranged:
    """Move pages to another document of the same upload, None for a new one of their own; they
    come to stand where the file has them. A document that has lost all its pages is gone.

    Raises Conflict, Settled, Held, PagesRefused."""
    document = _take(document_id, actor, version)
    numbers = _pages(document)
    moved = [number for number in numbers if number in set(pages)]
    left = [number for number in numbers if number not in set(pages)]
    if not moved or len(moved) < len(set(pages)):
        raise PagesRefused("Choose pages of this document.")
    if into is None:
        if not left:
            raise PagesRefused("These are all pages of the document; it is one of its own.")
        target = _new(document, moved)
        after = moved
    else:
        if not left:
            partner = _partner(document, into, actor)
            return merge(partner.pk, actor, version=partner.version, others=[document.pk])
        target = _partner(document, into, actor)
        after = _inserted(_pages(target), moved)
    _write({document: left, target: after})
    _empty(document)
    _empty(target)
    _record("document.pages_moved", document, actor, pages=moved, into=str(target.pk))
    return Arranged(document=document, changed=(document, target))


def reorder(document_id: UUID, actor: AnyUser, *, version: int, pages: Sequence[int]) -> Arranged:
    """Give the pages of a document this order; its values stay.

    Raises Conflict, Settled, Held, PagesRefused (not the same pages)."""
    document = _take(document_id, actor, version)
    numbers = _pages(document)
    if sorted(pages) != sorted(numbers):
        raise PagesRefused("Name each page of the document once.")
    if list(pages) == numbers:
        return Arranged(document=document)
    _write({document: list(pages)})
    _record("document.reordered", document, actor, pages=list(pages))
    return Arranged(document=document, reordered=(document,))


def turn(
    document_id: UUID, actor: AnyUser, *, version: int, pages: Sequence[int], degrees: int
) -> Arranged:
    """Turn pages clockwise from how they stand now; every later reading keeps it.

    Their image, text and words are another page's until they are read anew. Raises Conflict,
    Settled, Held, PagesRefused (none of this document, no quarter turn, or text without an
    image)."""
    document = _take(document_id, actor, version)
    if degrees not in (90, 180, 270):
        raise PagesRefused("A page is turned by 90, 180 or 270 degrees.")
    chosen = list(Page.objects.filter(document=document, number__in=set(pages), image__gt=""))
    if not chosen or len(chosen) < len(set(pages)):
        raise PagesRefused("Choose pages of this document that have an image.")
    for page in chosen:
        stands = page.rotation if page.turned is None else page.turned
        page.turned = (stands + degrees) % 360
    Page.objects.bulk_update(chosen, ["turned"])
    document.version += 1
    _empty(document)
    numbers = sorted(page.number for page in chosen)
    _record("document.pages_turned", document, actor, pages=numbers, degrees=degrees)
    return Arranged(document=document, changed=(document,))


def _take(document_id: UUID, actor: AnyUser, version: int) -> Document:
    """The document, with all of its upload locked."""
    upload_id = Document.objects.values_list("upload", flat=True).get(pk=document_id)
    locked = Document.objects.select_for_update(of=("self",)).filter(upload=upload_id)
    rows = {row.pk: row for row in locked.select_related("project", "type").order_by("pk")}
    document = rows.get(document_id)
    if document is None or document.version != version:
        raise Conflict("Somebody changed this document; reload it and decide again.")
    return _free(document, actor)


def _partner(document: Document, other_id: UUID, actor: AnyUser) -> Document:
    """Another document of the same upload; `_take` has locked it."""
    found = Document.objects.select_related("project", "type").filter(upload=document.upload_id)
    other = found.filter(pk=other_id).exclude(pk=document.pk).first()
    if other is None:
        raise PagesRefused("Choose another document of the same file.")
    return _free(other, actor)


def _free(document: Document, actor: AnyUser) -> Document:
    if document.status not in OPEN:
        raise Settled
    turns.refuse_if_held([document.pk], actor)
    return document


def _pages(document: Document) -> list[int]:
    rows = Page.objects.filter(document=document).order_by("position", "number")
    return list(rows.values_list("number", flat=True))


def _inserted(numbers: Sequence[int], moved: Sequence[int]) -> list[int]:
    """`moved` put each before the first page of a higher number, the others as they stand."""
    placed = list(numbers)
    for number in moved:
        at = next((at for at, other in enumerate(placed) if other > number), len(placed))
        placed.insert(at, number)
    return placed


def _new(document: Document, numbers: Sequence[int]) -> Document:
    """A document for pages of another one: of the type that its first page has, if any."""
    page = Page.objects.select_related("type").get(upload=document.upload_id, number=numbers[0])
    # The first page is that of the other one until pages are written.
    made = Document(
        project=document.project,
        upload_id=document.upload_id,
        first_page=numbers[0] + _ASIDE,
        status=DocumentStatus.UNKNOWN,
    )
    typed = page if page.type is not None else document
    made.type, made.type_confidence = typed.type, typed.type_confidence
    made.save(force_insert=True)
    _empty(made)
    return made


def _write(arranged: Mapping[Document, Sequence[int]]) -> None:
    """Give each document these pages, in this order, and its first page."""
    documents = list(arranged)
    upload_id = documents[0].upload_id
    pages = Page.objects.filter(upload=upload_id)
    pages.filter(document__in=documents).update(document=None, position=None)
    Document.objects.filter(pk__in=[one.pk for one in documents], first_page__lt=_ASIDE).update(
        first_page=F("first_page") + _ASIDE
    )
    places = {
        number: (document, position)
        for document, numbers in arranged.items()
        for position, number in enumerate(numbers, start=1)
    }
    rows = list(pages.filter(number__in=places).only("number", "document", "position"))
    for page in rows:
        page.document, page.position = places[page.number]
    Page.objects.bulk_update(rows, ["document", "position"], batch_size=500)
    for document, numbers in arranged.items():
        document.first_page, document.arranged_at = numbers[0], timezone.now()
        document.version += 1
        document.text_version += 1
        document.save(
            update_fields=["first_page", "arranged_at", "version", "text_version", "updated_at"]
        )


def _empty(document: Document) -> None:
    """No value of the document is known any more; it is free for whoever reads them."""
    kind = document.type
    told = "Its pages were changed; its fields have not been read yet."
    code, message = ("rearranged", told) if kind else ("type_unknown", _UNKNOWN)
    document.reasons = [{"code": code, "field": "", "message": message}]
    document.payload, document.evidence, document.confidence = {}, {}, 0.0
    document.identity, document.keys = {}, []
    document.schema_version = kind.schema_versions.order_by("-number").first() if kind else None
    document.status = DocumentStatus.DRAFT_PENDING if kind else DocumentStatus.UNKNOWN
    document.reviewer = document.reviewed_at = None
    document.save()
    DocumentReading.objects.filter(document=document).delete()


_UNKNOWN = "The page looks like no document type that is set up."


def _record(verb: str, document: Document, actor: AnyUser, **told: object) -> None:
    record(verb, document, actor=actor, project=document.project, **told)
