"""What an operator does to types of documents: give them fields, switch them on and off.

    draft  being taught, changes nothing   -> on     switch
    on     pages are given it              -> draft  switch; documents that have it keep it

Shipped types are always on and keep their schemas. Fields come as rows, one a field; each
change makes a new version of the schema. Properties that no row can say (lists, patterns of
their own) stay as they are.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from documents import schemas
from documents.errors import Conflict, SenderError
from documents.fields import fold
from documents.models import AnyUser, DocumentType, SchemaVersion, TypeState, record

LONGEST_TEXT = 1_000
_NULLABLE_TEXT = ["string", "null"]


class FieldKind(models.TextChoices):
    TEXT = "text", "Text or number"
    DATE = "date", "Date"
    AMOUNT = "amount", "Amount"
    WHOLE = "whole", "Whole number"


SPECS: Mapping[FieldKind, Mapping[str, Any]] = {
    FieldKind.TEXT: {"type": _NULLABLE_TEXT, "maxLength": LONGEST_TEXT},
    FieldKind.DATE: {"type": _NULLABLE_TEXT, "format": "date"},
    FieldKind.AMOUNT: {"type": _NULLABLE_TEXT, "pattern": schemas.AMOUNT_PATTERN},
    FieldKind.WHOLE: {"type": ["integer", "null"]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A field as an operator writes it. name: its key in the payload, "" for a new one;
    labels: what else may stand on the paper beside its value."""

    title: str
    kind: FieldKind
    labels: tuple[str, ...] = ()
    is_required: bool = False
    name: str = ""


def rows_of(schema: Mapping[str, Any]) -> list[FieldRow]:
    """The fields of a schema that can be said as rows, in their order."""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    ordered = [name for name in schema.get("x-order") or () if name in properties]
    rows = []
    for name in dict.fromkeys([*ordered, *properties]):
        kind = _kind_of(properties[name])
        if kind is not None:
            rows.append(
                FieldRow(
                    name=name,
                    title=str(properties[name].get("title") or name),
                    kind=kind,
                    labels=tuple(properties[name].get("x-labels") or ()),
                    is_required=name in schemas.required_fields(schema),
                )
            )
    return rows


def schema_of(rows: Sequence[FieldRow], before: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that these rows make of the one before. Raises SenderError, fields_alike,
    where two have the same title."""
    old: Mapping[str, Any] = before.get("properties") or {}
    properties = {name: spec for name, spec in old.items() if _kind_of(spec) is None}
    required = [name for name in schemas.required_fields(before) if name in properties]
    order = []
    for row in rows:
        name = row.name or _name_for(row.title)
        if name in properties:
            raise SenderError(f"Two fields are called {row.title}.", "fields_alike")
        labels = {"x-labels": list(row.labels)} if row.labels else {}
        properties[name] = {"title": row.title, **SPECS[row.kind], **labels}
        required += [name] * row.is_required
        order.append(name)
    return {
        **before,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "x-order": [*order, *(name for name in properties if name not in order)],
        "x-required": required,
    }


@transaction.atomic
def save_fields(kind: DocumentType, rows: Sequence[FieldRow], actor: AnyUser) -> SchemaVersion:
    """The newest version of the type's schema, made anew where the rows change it.

    Raises SenderError: shipped_type, fields_alike, or what the schema lacks."""
    _refuse_shipped(kind, "Its fields come with Docket.")
    DocumentType.objects.select_for_update().get(pk=kind.pk)
    newest = kind.schema_versions.order_by("-number").first()
    before = newest.schema if newest else {}
    schema = schema_of(rows, before)
    if newest is not None and schema == before:
        return newest
    if faults := schemas.schema_faults(schema):
        raise SenderError(" ".join(faults), "schema_fault")
    made = kind.schema_versions.create(number=newest.number + 1 if newest else 1, schema=schema)
    record("type.fields_changed", kind, actor=actor, project=None, version=made.number)
    return made


@transaction.atomic
def switch(kind: DocumentType, state: TypeState, actor: AnyUser) -> None:
    """Raises SenderError for a shipped type, Conflict where it is in that state already."""
    _refuse_shipped(kind, "It is always on.")
    others = DocumentType.objects.filter(pk=kind.pk).exclude(state=state)
    if not others.update(state=state):
        raise Conflict(f"{kind.name} is {state.label} already.", "type_state")
    kind.state = state
    record(f"type.switched_{state}", kind, actor=actor, project=None)


def _refuse_shipped(kind: DocumentType, why: str) -> None:
    if kind.slug in schemas.SHIPPED:
        raise SenderError(f"{kind.name} is a type that Docket ships. {why}", "shipped_type")


def _kind_of(spec: Mapping[str, Any]) -> FieldKind | None:
    """The kind of row that says this property; None where no row can."""
    plain = {key: value for key, value in spec.items() if key not in ("title", "x-labels")}
    return next((kind for kind, asked in SPECS.items() if plain == asked), None)


def _name_for(title: str) -> str:
    """ "Challan No." -> "challan_no"; letters of other scripts stay."""
    name = "_".join(re.findall(r"[^\W_]+", fold(title)))[:60]
    return name or "field"


def labels_in(text: str) -> tuple[str, ...]:
    """Labels written with commas or line breaks between them, none twice."""
    parts: Iterable[str] = (part.strip() for part in re.split(r"[,\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))
