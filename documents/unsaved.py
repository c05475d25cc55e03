"""A document as it would be with what somebody typed, before anything is saved. Pure.

The same checks run here and in a save; nothing of it is written. Where somebody else saved
meanwhile, it says what of both can stand.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from documents import drafts, edits, field_checks, schemas, trust
from documents.checks import Check
from documents.models import Correction, Document
from documents.presentation import shown_value
from documents.sheet import Sheet
from documents.typed import Typed, changed


def sheet_of(document: Document, thresholds: trust.Thresholds, typed: Typed) -> Sheet:
    """The fields with what was typed and what the checks say of it. Rows that go stay in the
    form, and out of the checks. ValueError where a pointer names no field."""
    slug, schema = slug_of(document), schema_of(document)
    kept = replace(typed.marks, removed=frozenset())
    shown = edits.apply(document.payload, document.evidence, typed.values, kept)
    saved = edits.apply(document.payload, document.evidence, typed.values, typed.marks)
    back = {new: old for old, new in saved.moved.items()}
    made = [_at(check, back) for check in field_checks.run(slug, schema, saved.payload)]
    edited = {change.pointer for change in shown.changes}
    faults = schemas.validate(shown.payload, schema)
    return Sheet(
        type_slug=slug,
        schema=schema,
        payload=shown.payload,
        evidence=shown.evidence,
        thresholds=thresholds,
        typed={
            pointer: text
            for pointer, text in typed.texts.items()
            if pointer in edited or text != shown_value(drafts.get(shown.payload, pointer))
        },
        beside=typed.beside,
        marks=typed.marks,
        faults={pointer: told for pointer, told in faults if pointer in edited},
        made=made,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What two people did to one document at once. mine: typed by one and touched by nobody
    else; both: JSON Pointer -> typed by one, while the other saved another value; theirs: what
    was saved meanwhile, oldest first."""

    mine: Typed
    both: Mapping[str, str]
    theirs: tuple[Correction, ...]


def merged(document: Document, typed: Typed, theirs: Iterable[Correction]) -> Merged:
    """Put what was typed into a form beside what was saved since that form was made (`theirs`).

    Rows may have moved in a table that somebody else touched, so nothing typed there is put
    back by itself."""
    saved = tuple(theirs)
    before: dict[str, Any] = {}
    for correction in saved:
        before.setdefault(correction.pointer, correction.old)
    tables = {p.split("/")[1] for p in before if p.count("/") > 1}
    differs = changed(document.payload, typed.values)
    if typed.touched is not None:
        differs = {p: text for p, text in differs.items() if p in typed.touched}
    own = {
        pointer: text
        for pointer, text in differs.items()
        if pointer not in before or text != shown_value(before[pointer])
    }
    both = {p: t for p, t in own.items() if p in before or p.split("/")[1] in tables}
    marks = typed.marks
    mine = Typed(
        texts={p: typed.texts[p] for p in own.keys() - both.keys()},
        values={p: typed.values[p] for p in own.keys() - both.keys()},
        marks=replace(
            marks,
            places={p: place for p, place in marks.places.items() if p in own and p not in both},
            accepted=frozenset(p for p in marks.accepted if p not in before),
            removed=frozenset(r for r in marks.removed if r.split("/")[1] not in tables),
        ),
        touched=typed.touched,
        beside={**typed.beside, **both},
    )
    return Merged(mine=mine, both=both, theirs=saved)


def schema_of(document: Document) -> dict[str, Any]:
    schema: dict[str, Any] = document.schema_version.schema if document.schema_version else {}
    return schema


def slug_of(document: Document) -> str:
    return document.type.slug if document.type else ""


def _at(check: Check, rows: Mapping[str, str]) -> Check:
    return replace(check, fields=tuple(edits.moved_to(p, rows) for p in check.fields))
