"""The shape of a document: shipped JSON Schemas, what they ask for, and validation.

A schema (JSON Schema 2020-12) names the fields of a type in their order, each with a `title`
(the label for a person), an `x-hint` for who fills it, and no JSON Schema `required`: a draft
may lack any value, and any value may be null. What must be there before `draft_created` is in
`x-required`, and in `x-required-if-labelled` for fields that count only where the page
prints their label. Which version a document has is kept in `documents.models`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError

SHIPPED = {"bill": 1, "eway_bill": 1}
"""Slug of each shipped type and the number of its newest schema version."""

AMOUNT_PATTERN = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$"
"""By these patterns a schema says that a text is an amount, or a date with a time of day."""

_FOLDER = Path(__file__).parent / "schemas"
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date")
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


@cache
def shipped_text(slug: str, version: int | None = None) -> str:
    """The JSON text of a shipped schema; KeyError for a type that we do not ship."""
    number = version or SHIPPED[slug]
    return (_FOLDER / f"{slug}.v{number}.json").read_text(encoding="utf-8")


def shipped_schema(slug: str, version: int | None = None) -> dict[str, Any]:
    """A shipped schema as a new dict, that the caller may change."""
    schema: dict[str, Any] = json.loads(shipped_text(slug, version))
    return schema


def schema_faults(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """What keeps `schema` from being used for a document type, as sentences; empty if nothing."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return (f"This is no valid JSON Schema: {error.message}",)
    faults = []
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), dict):
        faults.append("The schema must describe an object with properties.")
    if "required" in schema:
        faults.append("Use x-required: a draft may lack values, so required is not allowed.")
    known = set(schema.get("properties") or ())
    for name in (*required_fields(schema), *required_if_labelled(schema)):
        if name not in known:
            faults.append(f"x-required names {name}, which is no property.")
    return tuple(faults)


def required_fields(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of fields that must be filled before a draft is created."""
    return tuple(schema.get("x-required") or ())


def required_if_labelled(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of fields that must be filled where the page prints their label."""
    return tuple(schema.get("x-required-if-labelled") or ())


def title_of(schema: Mapping[str, Any], pointer: str) -> str:
    """The label of the field at a JSON Pointer: "/line_items/0/hsn_code" -> "HSN/SAC"."""
    node: Any = schema
    title = ""
    for part in pointer.strip("/").split("/"):
        if not isinstance(node, Mapping):
            break
        node = node.get("items") if part.isdigit() else (node.get("properties") or {}).get(part)
        if isinstance(node, Mapping) and not part.isdigit():
            title = str(node.get("title") or part.replace("_", " "))
    return title


def validate(payload: object, schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Faults of `payload` as (JSON Pointer, sentence for a person), in order of the pointers."""
    validator = Draft202012Validator(schema, format_checker=_FORMATS)
    return sorted(
        (_pointer(error), _sentence(error, schema)) for error in _leaves(validator, payload)
    )


def _leaves(validator: Draft202012Validator, payload: object) -> Iterator[ValidationError]:
    for error in validator.iter_errors(payload):
        yield from error.context or (error,)


def _pointer(error: ValidationError) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in error.absolute_path)
    return "".join(f"/{part}" for part in parts)


_ASKED = {
    AMOUNT_PATTERN: "an amount such as 1234.50",
    r"^[A-Z]{3}$": "a currency code of three letters",
    r"^[0-9]{12}$": "a number of 12 digits",
    r"^[0-9A-Z]{15}$": "15 letters and digits",
    r"^([0-9A-Z]{15}|URP)$": "a GSTIN of 15 letters and digits, or URP",
    r"^[0-9a-f]{64}$": "64 hexadecimal digits",
    r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{8})$": "a code of 2, 4, 6 or 8 digits",
    MOMENT_PATTERN: "a time such as 2024-03-31T14:05",
}


def _sentence(error: ValidationError, schema: Mapping[str, Any]) -> str:
    label = title_of(schema, _pointer(error)) or "The document"
    asked: Any = error.validator_value
    match error.validator:
        case "pattern":
            return f"{label} must be {_ASKED.get(asked, 'of the pattern ' + str(asked))}."
        case "format":
            return f"{label} must be a date such as 2024-03-31."
        case "type":
            kinds = [asked] if isinstance(asked, str) else list(asked)
            return f"{label} must be {' or '.join('empty' if k == 'null' else k for k in kinds)}."
        case "additionalProperties":
            return f"{label} has a field that its type does not know."
        case _:
            return f"{label}: {error.message[:200]}"
