"""Questions that the pages about documents ask. Every one starts from the user."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce

from documents.models import (
    AnyUser,
    Document,
    DocumentQuerySet,
    DocumentStatus,
    Page,
    Project,
    Role,
)

PAGE_ROWS = 50
MAX_PAGE = 2_000
REVIEWERS = (Role.REVIEWER, Role.OPERATOR)
M = TypeVar("M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Generic[M]):
    """One page of a long list. It is not counted: on large tables that costs more than it
    tells."""

    rows: Sequence[M]
    number: int
    has_next: bool

    @property
    def next_number(self) -> int:
        return self.number + 1

    @property
    def previous_number(self) -> int:
        return self.number - 1


def leaf(rows: "QuerySet[Any, M]", number: str) -> Leaf[M]:
    """Rows PAGE_ROWS x (number - 1) and on; anything that is no number is page 1."""
    at = min(int(number), MAX_PAGE) if number.isdecimal() and number != "0" else 1
    found = list(rows[(at - 1) * PAGE_ROWS : at * PAGE_ROWS + 1])
    return Leaf(rows=found[:PAGE_ROWS], number=at, has_next=len(found) > PAGE_ROWS)


def listed(documents: DocumentQuerySet) -> DocumentQuerySet:
    """With what a row of a list shows, and without the evidence, which is large."""
    pages = Page.objects.filter(document=OuterRef("pk")).order_by().values("document")
    drawn = Page.objects.filter(
        upload=OuterRef("upload"), number=OuterRef("first_page"), image__gt=""
    )
    return (
        documents.select_related("type", "upload", "project")
        .prefetch_related("schema_version")
        .defer("evidence")
        .annotate(
            page_count=Coalesce(pages.annotate(n=Count("pk")).values("n"), 0),
            # With EXISTS the planner reads the pages of all documents once, into a hash.
            has_image=Coalesce(drawn.values(yes=Value(True))[:1], False),
            first_read_at=drawn.values("read_at")[:1],
            first_rotation=drawn.values("rotation")[:1],
        )
    )


def may_review(user: AnyUser, project: Project) -> bool:
    return Project.objects.open_to(user, *REVIEWERS).filter(pk=project.pk).exists()


def named_in_reasons(user: AnyUser, document: Document) -> dict[str, Document]:
    """The other documents that its reasons are about, by id; those that are there and that the
    user may see."""
    ids = {reason["document"] for reason in document.reasons if "document" in reason}
    if not ids:
        return {}
    seen = Document.objects.visible_to(user).filter(project=document.project_id, pk__in=ids)
    shown = seen.select_related("type", "upload").defer("payload", "evidence")
    return {str(other.pk): other for other in shown}


TEXT_PAGES = 20
"""So many pages without an image carry their text at once; the others are asked for one by one."""


def pages_shown(document: Document) -> list[Page]:
    """The pages of a document in their order, for its review: without words, and with the text
    of the first of those that have no image."""
    heavy = ("words", "marks", "signals", "text")
    pages = list(document.pages.defer(*heavy).order_by("position"))
    plain = [page.pk for page in pages if not page.image][:TEXT_PAGES]
    texts = dict(Page.objects.filter(pk__in=plain).values_list("pk", "text")) if plain else {}
    for page in pages:
        page.text = texts.get(page.pk, "")
    return pages


def waiting(user: AnyUser) -> DocumentQuerySet:
    """Documents that wait for this user's review."""
    return Document.objects.open_to(user, *REVIEWERS).filter(status=DocumentStatus.DRAFT_PENDING)


def next_waiting(user: AnyUser, after: Document) -> UUID | None:
    """The document to review after this one: the next older one, else the newest."""
    others = waiting(user).exclude(pk=after.pk).order_by("-created_at", "-pk")
    older = others.filter(created_at__lte=after.created_at).values_list("pk", flat=True).first()
    return older or others.values_list("pk", flat=True).first()
