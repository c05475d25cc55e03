"""The fields of a type as rows, as an operator writes them, and the schema that rows make. Pure.

Of a shipped type the properties that come with Docket stay as they are, since the rules fill
them: rows may hide them, require them, or give them another hint and sample. Properties that
no row can say (patterns of their own) stay as they are, too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import models

from documents import schemas
from documents.errors import SenderError
from documents.fields import fold
from documents.presentation import is_table

LONGEST_TEXT = 1_000
MOST_ROWS = 2_000
"""Of a list field."""
_NULLABLE_TEXT = ["string", "null"]


class FieldKind(models.TextChoices):
    TEXT = "text", "Text or number"
    DATE = "date", "Date"
    MOMENT = "moment", "Date and time"
    AMOUNT = "amount", "Amount"
    WHOLE = "whole", "Whole number"
    LIST = "list", "List of rows"
    OTHER = "other", "Of a form of its own"


SPECS: Mapping[FieldKind, Mapping[str, Any]] = {
    FieldKind.TEXT: {"type": _NULLABLE_TEXT, "maxLength": LONGEST_TEXT},
    FieldKind.DATE: {"type": _NULLABLE_TEXT, "format": "date"},
    FieldKind.MOMENT: {"type": _NULLABLE_TEXT, "pattern": schemas.MOMENT_PATTERN},
    FieldKind.AMOUNT: {"type": _NULLABLE_TEXT, "pattern": schemas.AMOUNT_PATTERN},
    FieldKind.WHOLE: {"type": ["integer", "null"]},
}
# What rows say beside the kind of a value.
_SAID = ("title", "x-labels", "x-hint", "examples", "x-checks", "x-hidden")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A field as an operator writes it. name: its key in the payload, "" for a new one;
    labels: what else may stand on the paper beside its value; hint: for a language model and
    for a person; sample: a value that it may have, as it is stored; checks: names of
    `documents.field_checks`; columns: of a list; is_hidden: folded away and asked of no model;
    is_shipped: it comes with Docket."""

    title: str
    kind: FieldKind
    labels: tuple[str, ...] = ()
    is_required: bool = False
    name: str = ""
    hint: str = ""
    sample: str = ""
    checks: tuple[str, ...] = ()
    is_hidden: bool = False
    columns: "tuple[FieldRow, ...]" = ()
    is_shipped: bool = False


def shipped_properties(type_slug: str) -> Mapping[str, Any]:
    """The properties that come with Docket, in their order; {} for a type of one's own."""
    if type_slug not in schemas.SHIPPED:
        return {}
    found: Mapping[str, Any] = schemas.shipped_schema(type_slug)["properties"]
    return found


def rows_of(schema: Mapping[str, Any], shipped: Mapping[str, Any] | None = None) -> list[FieldRow]:
    """The fields of a schema that can be said as rows, in their order. shipped: the properties
    that come with Docket, all of which are rows."""
    fixed = shipped or {}
    properties: Mapping[str, Any] = schema.get("properties") or {}
    first = [name for name in (*(schema.get("x-order") or ()), *fixed) if name in properties]
    required = schemas.required_fields(schema)
    rows = []
    for name in dict.fromkeys([*first, *properties]):
        kind = _kind_of(properties[name])
        if kind is None and name not in fixed:
            continue
        row = _row(name, properties[name], kind or FieldKind.OTHER)
        rows.append(replace(row, is_required=name in required, is_shipped=name in fixed))
    return rows


def schema_of(
    rows: Sequence[FieldRow],
    before: Mapping[str, Any],
    shipped: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The schema that these rows make of the one before. Raises SenderError, fields_alike,
    where two have the same title."""
    fixed = shipped or {}
    old: Mapping[str, Any] = before.get("properties") or {}
    kept = {n: spec for n, spec in old.items() if n in fixed or _kind_of(spec) is None}
    properties: dict[str, Any] = dict(kept)
    order: list[str] = []
    for row in rows:
        name = row.name or _name_for(row.title)
        if name in order or (name in properties and name not in fixed):
            raise SenderError(f"Two fields are called {row.title}.", "fields_alike")
        own = {key: value for key, value in fixed.get(name, {}).items() if key not in _MAY_SAY}
        properties[name] = {**own, **_said(row, _MAY_SAY)} if name in fixed else _spec_of(row)
        order.append(name)
    made = {
        **before,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "x-required": _required(rows, order, before, untouched=set(kept) - set(order)),
    }
    if not fixed or len(properties) > len(fixed):
        made["x-order"] = [*order, *(name for name in properties if name not in order)]
    if labelled := schemas.required_if_labelled(before):
        hidden = {name for name, row in zip(order, rows, strict=True) if row.is_hidden}
        made["x-required-if-labelled"] = [name for name in labelled if name not in hidden]
    return made


# What an operator may say of a field that comes with Docket.
_MAY_SAY = ("x-hint", "examples", "x-hidden")


def _required(
    rows: Sequence[FieldRow], order: Sequence[str], before: Mapping[str, Any], untouched: set[str]
) -> list[str]:
    """In the order in which they came to be required."""
    wanted = {name for name, row in zip(order, rows, strict=True) if row.is_required}
    was = [name for name in schemas.required_fields(before) if name in wanted | untouched]
    return [*was, *(name for name in order if name in wanted and name not in was)]


def _row(name: str, spec: Mapping[str, Any], kind: FieldKind) -> FieldRow:
    return FieldRow(
        name=name,
        title=str(spec.get("title") or name),
        kind=kind,
        labels=tuple(spec.get("x-labels") or ()),
        hint=str(spec.get("x-hint") or ""),
        sample=str(next(iter(spec.get("examples") or ()), "")),
        checks=tuple(spec.get("x-checks") or ()),
        is_hidden=bool(spec.get("x-hidden")),
        columns=_columns(spec) if kind == FieldKind.LIST else (),
    )


def _columns(spec: Mapping[str, Any]) -> tuple[FieldRow, ...]:
    inner: Mapping[str, Any] = spec["items"]
    properties: Mapping[str, Any] = inner["properties"]
    order = [name for name in inner.get("x-order") or () if name in properties]
    kinds = {name: _kind_of(properties[name]) for name in dict.fromkeys([*order, *properties])}
    return tuple(_row(name, properties[name], kind) for name, kind in kinds.items() if kind)


def _spec_of(row: FieldRow) -> dict[str, Any]:
    plain = _list_of(row.columns) if row.kind == FieldKind.LIST else SPECS[row.kind]
    return {"title": row.title, **plain, **_said(row, _SAID)}


def _said(row: FieldRow, may: Sequence[str]) -> dict[str, Any]:
    sample: Any = row.sample
    if sample and row.kind == FieldKind.WHOLE:
        sample = int(sample)
    said = {
        "x-labels": list(row.labels),
        "x-hint": row.hint,
        "examples": [sample] if row.sample else [],
        "x-checks": list(row.checks),
        "x-hidden": row.is_hidden,
    }
    return {key: value for key, value in said.items() if value and key in may}


def _list_of(columns: Iterable[FieldRow]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for column in columns:
        name = column.name or _name_for(column.title)
        if name in properties:
            raise SenderError(f"Two columns are called {column.title}.", "fields_alike")
        properties[name] = _spec_of(column)
    return {
        "type": ["array", "null"],
        "maxItems": MOST_ROWS,
        "items": {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "x-order": list(properties),
        },
    }


def _kind_of(spec: Mapping[str, Any]) -> FieldKind | None:
    """The kind of row that says this property; None where no row can."""
    plain = {key: value for key, value in spec.items() if key not in _SAID}
    if is_table(spec):
        return FieldKind.LIST if _is_plain_list(plain) else None
    return next((kind for kind, asked in SPECS.items() if plain == asked), None)


def _is_plain_list(spec: Mapping[str, Any]) -> bool:
    """Whether rows and columns can say all of it."""
    inner = spec["items"]
    bounds = {"type": ["array", "null"], "maxItems": MOST_ROWS, "items": inner}
    is_closed = set(inner) <= {"type", "properties", "additionalProperties", "x-order"}
    kinds = [_kind_of(column) for column in inner["properties"].values()]
    return spec == bounds and is_closed and FieldKind.LIST not in kinds and None not in kinds


def _name_for(title: str) -> str:
    """ "Challan No." -> "challan_no"; letters of other scripts stay."""
    name = "_".join(re.findall(r"[^\W_]+", fold(title)))[:60]
    return name or "field"


def labels_in(text: str) -> tuple[str, ...]:
    """Labels written with commas or line breaks between them, none twice."""
    parts: Iterable[str] = (part.strip() for part in re.split(r"[,\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def told(schema: Mapping[str, Any], shipped: Mapping[str, Any] | None = None) -> str:
    """A schema in words, to be compared with another: a field a line, what is said of it
    below."""
    rows = rows_of(schema, shipped)
    lines = [line for row in rows for line in _told(row, "")]
    others = sorted(set(schema.get("properties") or ()) - {row.name for row in rows})
    return "\n".join([*lines, *(f"{name}: {FieldKind.OTHER.label.lower()}" for name in others)])


def _told(row: FieldRow, indent: str) -> list[str]:
    marks = [row.kind.label.lower()]
    marks += ["must be filled"] * row.is_required + ["hidden"] * row.is_hidden
    lines = [f"{indent}{row.title} ({row.name}): {', '.join(marks)}"]
    for what, said in (
        ("also printed as", ", ".join(row.labels)),
        ("hint", row.hint),
        ("sample", row.sample),
        ("checks", ", ".join(row.checks)),
    ):
        lines += [f"{indent}    {what}: {said}"] * bool(said)
    return lines + [line for column in row.columns for line in _told(column, indent + "    ")]
