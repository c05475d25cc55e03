"""What an operator does to types of documents: give them fields, switch them on and off.

    draft  being taught, changes nothing   -> on     switch
    on     pages are given it              -> draft  switch; documents that have it keep it

Shipped types are always on, and of their own fields the rules need what they are. Fields come
as rows (`documents/type_fields.py`); each change makes a new version of the schema, and a
version is never changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from documents import field_checks, schemas
from documents.errors import Conflict, SenderError
from documents.models import (
    AnyUser,
    Document,
    DocumentStatus,
    DocumentType,
    SchemaVersion,
    TypeState,
    record,
)
from documents.presentation import shown_value
from documents.type_fields import (
    SPECS,
    FieldKind,
    FieldRow,
    rows_of,
    schema_of,
    shipped_properties,
)
from documents.typed import parse_typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a change of the fields means for documents that are there.

    documents: of the type; settled: of them confirmed or rejected, which no run touches;
    added, required: titles of fields; dropped: titles, and in how many documents there is a
    value."""

    documents: int
    settled: int
    added: tuple[str, ...]
    required: tuple[str, ...]
    dropped: tuple[tuple[str, int], ...]


def newest(kind: DocumentType) -> Mapping[str, Any]:
    """The schema that documents are read by; {} before the first version."""
    found = kind.schema_versions.order_by("-number").first()
    schema: Mapping[str, Any] = found.schema if found else {}
    return schema


def row_faults(row: FieldRow, rows: Sequence[FieldRow]) -> dict[str, str]:
    """What is wrong with a row, by its attribute, as sentences. rows: of the type as it is."""
    faults = {}
    if row.is_hidden and row.is_required:
        faults["is_hidden"] = "A field that must be filled cannot be hidden."
    if row.kind == FieldKind.LIST and not row.columns and not row.is_shipped:
        faults["kind"] = "A list needs at least one column."
    fitting = {offer.name for offer in field_checks.offers(rows) if fits(offer, row)}
    if wrong := [name for name in row.checks if name not in fitting]:
        offered = {offer.name: offer.told for offer in field_checks.offers(rows)}
        faults["checks"] = f"“{offered.get(wrong[0], wrong[0])}” does not fit this field."
    if fault := _sample_fault(row):
        faults["sample"] = fault
    return faults


def fits(offer: field_checks.Offer, row: FieldRow) -> bool:
    """Whether a check may be chosen for a field."""
    return row.kind in offer.kinds and (not offer.of or offer.of != row.name)


def _sample_fault(row: FieldRow) -> str:
    if not row.sample or row.kind == FieldKind.OTHER:
        return ""
    if row.kind == FieldKind.LIST:
        return "A list has no sample; its columns say what is in it."
    schema = _of_sample(row.kind)
    value = parse_typed(schema, {"/sample": row.sample})["/sample"]
    return next((told for _, told in schemas.validate({"sample": value}, schema)), "")


def sample_of(kind: FieldKind, typed: str) -> str:
    """A sample as it would be stored: "31.3.2024" -> "2024-03-31"; what it is not, as typed."""
    if kind not in SPECS or not typed.strip():
        return typed.strip()
    return shown_value(parse_typed(_of_sample(kind), {"/sample": typed})["/sample"])


def _of_sample(kind: FieldKind) -> dict[str, Any]:
    return {"properties": {"sample": {"title": "A sample", **SPECS[kind]}}}


def schema_after(kind: DocumentType, rows: Sequence[FieldRow]) -> dict[str, Any]:
    """The schema that these rows would make. Raises SenderError: fields_alike, field_fault,
    schema_fault."""
    before = newest(kind)
    shipped = shipped_properties(kind.slug)
    known = rows_of(before, shipped)
    for row in rows:
        for fault in row_faults(row, known).values():
            raise SenderError(f"{row.title}: {fault}", "field_fault")
    schema = schema_of(rows, before, shipped)
    if faults := schemas.schema_faults(schema):
        raise SenderError(" ".join(faults), "schema_fault")
    return schema


@transaction.atomic
def save_fields(kind: DocumentType, rows: Sequence[FieldRow], actor: AnyUser) -> SchemaVersion:
    """The newest version of the type's schema, made anew where the rows change it.

    Raises what `schema_after` does."""
    DocumentType.objects.select_for_update().get(pk=kind.pk)
    last = kind.schema_versions.order_by("-number").first()
    schema = schema_after(kind, rows)
    if last is not None and schema == last.schema:
        return last
    made = kind.schema_versions.create(number=last.number + 1 if last else 1, schema=schema)
    record("type.fields_changed", kind, actor=actor, project=None, version=made.number)
    return made


def effects(kind: DocumentType, after: Mapping[str, Any]) -> Effects:
    """What it means for documents that are there if `after` follows. One query."""
    before = newest(kind)
    shipped = shipped_properties(kind.slug)
    old = {row.name: row.title for row in rows_of(before, shipped)}
    new = {row.name: row.title for row in rows_of(after, shipped)}
    dropped = [name for name in old if name not in new]
    required = set(schemas.required_fields(after)) - set(schemas.required_fields(before))
    settled = Q(reviewer__isnull=False) | Q(status=DocumentStatus.REJECTED)
    counts = Document.objects.filter(type=kind).aggregate(
        documents=Count("pk"),
        settled=Count("pk", filter=settled),
        **{f"dropped_{at}": Count("pk", filter=_filled(name)) for at, name in enumerate(dropped)},
    )
    return Effects(
        documents=counts["documents"],
        settled=counts["settled"],
        added=tuple(title for name, title in new.items() if name not in old),
        required=tuple(title for name, title in new.items() if name in required),
        dropped=tuple((old[name], counts[f"dropped_{at}"]) for at, name in enumerate(dropped)),
    )


def _filled(name: str) -> Q:
    return Q(payload__has_key=name) & ~Q(payload__contains={name: None})


@transaction.atomic
def switch(kind: DocumentType, state: TypeState, actor: AnyUser) -> None:
    """Raises SenderError for a shipped type, Conflict where it is in that state already."""
    if kind.slug in schemas.SHIPPED:
        told = f"{kind.name} is a type that Docket ships. It is always on."
        raise SenderError(told, "shipped_type")
    others = DocumentType.objects.filter(pk=kind.pk).exclude(state=state)
    if not others.update(state=state):
        raise Conflict(f"{kind.name} is {state.label} already.", "type_state")
    kind.state = state
    record(f"type.switched_{state}", kind, actor=actor, project=None)
