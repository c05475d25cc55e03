"""Confirmed documents as examples for a model: which ones, and how much of them is shown.

Only documents of the same project and type that a person confirmed teach; never the one at
hand, nor another copy of it, which would hand the model the answer. First those of the same
supplier, then by how near their first page lies in meaning. What they show is text of
documents, untrusted like any other: `ingestion/llm/fence.py` fences it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from config.engines import EngineError
from documents.identity import Identity, is_same_supplier
from documents.language import Prompt
from documents.models import Document, DocumentStatus, Page, Relation, RelationKind
from ingestion.stages import learned
from ingestion.stages.base import Call
from search import neighbours

# The newest confirmed documents that are looked through.
POOL = 500
# Of the tokens that a prompt may take, the share that all examples together may.
SHARE = 0.4
# The least that is worth showing of a page, and the most.
LEAST_CHARS, MOST_CHARS = 300, 4_000
ROWS = 3
GAP = "\n[...]\n"
# Fewer characters a token than English has: rather too few examples than too long a prompt.
CHARS_A_TOKEN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A confirmed document: an excerpt of its text, not fenced yet, and the values that a
    person confirmed, without those that are empty and with the first rows of its tables."""

    document: UUID
    text: str
    values: Mapping[str, Any]

    @property
    def chars(self) -> int:
        return len(self.text) + len(json.dumps(self.values, ensure_ascii=False))


def of(
    document: Document,
    prompt: Prompt,
    *,
    call: Call,
    schema: Mapping[str, Any],
    read: Mapping[str, Any] | None = None,
) -> tuple[Example, ...]:
    """At most `prompt.examples` confirmed documents like this one, the most alike first.

    schema: values of fields that it does not have are left out; read: what rules have read so
    far, by field name, which tells the supplier of a document that is new. Outside any
    transaction; no query and no vector where the prompt wants none. Raises EngineUnavailable
    of the embedder."""
    if not prompt.examples or document.type is None:
        return ()
    pool = _pool(document)
    if not pool:
        return ()
    known = Identity.of(document.type.slug, read) if read else Identity.from_json(document.identity)
    ranked = _ranked(document, pool, known, call)
    chosen = Document.objects.in_bulk(ranked[: prompt.examples])
    room = int(prompt.max_input_tokens * SHARE * CHARS_A_TOKEN)
    return _within(room, [chosen[pk] for pk in ranked if pk in chosen], schema)


def _pool(document: Document) -> dict[UUID, Identity]:
    """Confirmed documents that may teach about this one, the newest first."""
    copies = (RelationKind.DUPLICATE, RelationKind.NEAR)
    pairs = Relation.objects.filter(Q(document=document) | Q(other=document), kind__in=copies)
    same = {pk for pair in pairs.values_list("document_id", "other_id") for pk in pair}
    found = Document.objects.filter(
        project=document.project_id,
        type=document.type_id,
        status=DocumentStatus.DRAFT_CREATED,
        reviewer__isnull=False,
    ).exclude(pk__in=same | {document.pk})
    newest = found.order_by("-created_at").values_list("pk", "identity")[:POOL]
    return {pk: Identity.from_json(known) for pk, known in newest}


def _ranked(
    document: Document, pool: Mapping[UUID, Identity], known: Identity, call: Call
) -> list[UUID]:
    """The pool by supplier and likeness; of equal ones the newest first."""
    near = {pk: place for place, pk in enumerate(_by_likeness(document, pool, call))}
    return sorted(
        pool, key=lambda pk: (not is_same_supplier(pool[pk], known), near.get(pk, len(pool)))
    )


def _by_likeness(document: Document, pool: Mapping[UUID, Identity], call: Call) -> list[UUID]:
    """Those of the pool whose first page has a vector, the nearest to this one's first page
    first; none where this page has no text to make a vector of."""
    page = Page.objects.filter(document=document, position=1).exclude(text="").first()
    firsts = dict(Page.objects.filter(document__in=pool, position=1).values_list("pk", "document"))
    if page is None or not firsts:
        return []
    try:
        vector = neighbours.vectors_of([page.pk]).get(page.pk) or learned.vector(page, call)
    except EngineError:
        return []
    return [firsts[pk] for pk in neighbours.in_order(list(firsts), vector)]


def _within(
    room: int, documents: Sequence[Document], schema: Mapping[str, Any]
) -> tuple[Example, ...]:
    """The first of these that fit into `room` characters, each with an equal part of it."""
    for count in range(len(documents), 0, -1):
        made = [_example(document, room // count, schema) for document in documents[:count]]
        if all(one.text and one.chars <= room // count for one in made):
            return tuple(made)
    return ()


def _example(document: Document, part: int, schema: Mapping[str, Any]) -> Example:
    names = schema.get("properties") or {}
    values = {
        name: value[:ROWS] if isinstance(value, list) else value
        for name, value in document.payload.items()
        if name in names and value not in (None, "", [])
    }
    room = part - len(json.dumps(values, ensure_ascii=False))
    texts = Page.objects.filter(document=document).order_by("position")
    text = "\n".join(texts.values_list("text", flat=True))
    return Example(document=document.pk, text=excerpt(text, room), values=values)


def excerpt(text: str, room: int) -> str:
    """The head and the foot of a text, where most values stand, in at most `room` characters;
    "" where that is too little to be worth showing."""
    most = min(room, MOST_CHARS)
    if len(text) <= most:
        return text
    if most < LEAST_CHARS:
        return ""
    foot = most // 3
    return f"{text[: most - foot - len(GAP)]}{GAP}{text[-foot:]}"
