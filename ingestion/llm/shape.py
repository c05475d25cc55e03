"""The fields of a type as a model is asked for them: their kinds, their words, the schema of the
answer. Pure.

A model is asked for every value as it is printed, as a text or null: what it means is for our
own normalisers to say. So the answer's schema has no patterns, and a value in another form
costs no second request.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from documents import presentation, schemas
from documents.schemas import AMOUNT_PATTERN, MOMENT_PATTERN

ROWS_A_PAGE = 60
CURRENCY_PATTERN = r"^[A-Z]{3}$"


class Kind(StrEnum):
    TEXT = "text"
    CODE = "code"  # a pattern of its own: GSTIN, HSN, number of a vehicle
    DATE = "date"
    MOMENT = "date and time"
    AMOUNT = "amount"
    WHOLE = "whole number"
    CURRENCY = "currency code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A property that holds one value. name: its key; spec: its part of the schema."""

    name: str
    kind: Kind
    spec: Mapping[str, Any]
    is_required: bool = False

    @property
    def title(self) -> str:
        return str(self.spec.get("title") or self.name.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A property that holds a list of rows."""

    name: str
    title: str
    columns: tuple[Field, ...]
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a type's documents hold, in the order in which a person reads it."""

    fields: tuple[Field, ...]
    lists: tuple[Rows, ...]

    def kind_of(self, pointer: str) -> Kind:
        """The kind of the value at a JSON Pointer; TEXT for one that is not of this shape."""
        head, *rest = pointer.strip("/").split("/")
        if not rest:
            return next((f.kind for f in self.fields if f.name == head), Kind.TEXT)
        columns = (f for rows in self.lists if rows.name == head for f in rows.columns)
        return next((f.kind for f in columns if f.name == rest[-1]), Kind.TEXT)


def shape_of(type_slug: str, schema: Mapping[str, Any]) -> Shape:
    """What is asked for of a schema: texts, whole numbers, and lists of rows of both."""
    required = {*schemas.required_fields(schema), *schemas.required_if_labelled(schema)}
    ordered = presentation.in_order(type_slug, schema)
    lists = [
        Rows(
            name=name,
            title=str(spec.get("title") or name.replace("_", " ")),
            columns=tuple(_fields(spec["items"]["properties"], set())),
            most=int(spec.get("maxItems") or 2_000),
        )
        for name, spec in ordered.items()
        if isinstance(spec, Mapping) and presentation.is_table(spec) and not spec.get("x-hidden")
    ]
    return Shape(fields=tuple(_fields(ordered, required)), lists=tuple(lists))


def _fields(properties: Mapping[str, Any], required: set[str]) -> Iterator[Field]:
    for name, spec in properties.items():
        kind = kind_of(spec) if isinstance(spec, Mapping) else None
        if kind is not None and not spec.get("x-hidden"):
            yield Field(name=name, kind=kind, spec=spec, is_required=name in required)


def kind_of(spec: Mapping[str, Any]) -> Kind | None:
    """The kind of value that a property asks for; None where it is none that can be read."""
    named = spec.get("type") or "string"
    types = {named} if isinstance(named, str) else set(named)
    pattern = spec.get("pattern")
    if "integer" in types:
        return Kind.WHOLE
    if "string" not in types:
        return None
    if spec.get("format") == "date":
        return Kind.DATE
    known = {
        AMOUNT_PATTERN: Kind.AMOUNT,
        MOMENT_PATTERN: Kind.MOMENT,
        CURRENCY_PATTERN: Kind.CURRENCY,
    }
    return known.get(str(pattern), Kind.CODE) if pattern else Kind.TEXT


def answer_schema(shape: Shape, *, pages: int) -> dict[str, Any]:
    """What the answer for so many pages must be: every field a text or null, as many rows as
    the pages can hold at most."""
    properties: dict[str, Any] = {field.name: _nullable(field) for field in shape.fields}
    for rows in shape.lists:
        properties[rows.name] = {
            "type": "array",
            "maxItems": min(rows.most, ROWS_A_PAGE * max(1, pages)),
            "items": _object({column.name: _nullable(column) for column in rows.columns}),
        }
    return _object(properties)


def _nullable(field: Field) -> dict[str, Any]:
    chosen = [str(one) for one in field.spec.get("enum") or () if one is not None]
    if chosen and field.kind in (Kind.TEXT, Kind.CODE):
        return {"type": ["string", "null"], "enum": [*chosen, None]}
    return {"type": ["string", "null"]}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def told(shape: Shape) -> str:
    """The fields in words, a line each, for the prompt."""
    lines = [_line(field) for field in shape.fields]
    for rows in shape.lists:
        lines.append(f"- {rows.name}: {rows.title}, a list with an entry for every printed row:")
        lines += [f"  {_line(column)}" for column in rows.columns]
    return "\n".join(lines)


def _line(field: Field) -> str:
    parts = [field.title]
    if field.kind not in (Kind.TEXT, Kind.CODE):
        parts.append(field.kind.value)
    if hint := field.spec.get("x-hint"):
        parts.append(str(hint))
    if samples := field.spec.get("examples"):
        parts.append(f'such as "{samples[0]}"')
    if labels := field.spec.get("x-labels"):
        parts.append("may be labelled " + ", ".join(f'"{label}"' for label in labels))
    return f"- {field.name}: {'; '.join(parts)}"
