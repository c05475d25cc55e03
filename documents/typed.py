"""What a form about a document sends back: values, their places, rows that go. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from django.http import QueryDict

from documents import drafts, fields
from documents.edits import Marks, Place
from documents.presentation import shown_value

LONG_CHARS = 24
AT = "at:"
"""Begins the name of a field that holds a place, "page,left,top,right,bottom"."""
YOURS = "yours:"
"""Begins the name of a field that holds what was typed where somebody else's value stands."""


def parse_typed(schema: Mapping[str, Any], posted: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form (named by JSON Pointer) as values that the schema may take.

    What cannot be understood stays as it was typed, so that validation can say why."""
    return {
        pointer: _parse(spec_at(schema, pointer), text.replace("\r\n", "\n").strip())
        for pointer, text in posted.items()
        if pointer.startswith("/")
    }


def changed(payload: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Those of `values` that differ from what the document holds, as text."""
    return {
        pointer: shown_value(value)
        for pointer, value in values.items()
        if shown_value(value) != shown_value(drafts.get(payload, pointer))
    }


def spec_at(schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    node: Any = schema
    for part in pointer.split("/")[1:]:
        node = node.get("items") if part.isdigit() else (node.get("properties") or {}).get(part)
        if not isinstance(node, Mapping):
            return {}
    return node if isinstance(node, Mapping) else {}


def _parse(spec: Mapping[str, Any], text: str) -> Any:
    match kind_of(spec, text):
        case "integer" if re.fullmatch(r"-?\d{1,15}", text):
            return int(text)
        case "date" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            found = fields.parse_date(text)
            return found.value if found else text
        case "time" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text):
            return fields.parse_timestamp(text) or text
        case "amount" if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            return fields.parse_amount(text) or text
        case "text" if "A-Z]{15}" in str(spec.get("pattern")):
            return fields.normalise_gstin(text) or text
        case _:
            return text


def label_of(name: str, spec: Mapping[str, Any]) -> str:
    return str(spec.get("title") or name.replace("_", " ").capitalize())


def kind_of(spec: Mapping[str, Any], text: str) -> str:
    types = spec.get("type") or ()
    kinds = {types} if isinstance(types, str) else set(types)
    pattern = str(spec.get("pattern") or "")
    if spec.get("enum"):
        return "choice"
    if "integer" in kinds:
        return "integer"
    if kinds & {"array", "object", "number", "boolean"}:
        return "fixed"
    if spec.get("format") == "date":
        return "date"
    if pattern.startswith("^-?[0-9]"):
        return "amount"
    if "T[0-9]" in pattern:
        return "time"
    return "long" if "\n" in text or len(text) > LONG_CHARS else "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a form about a document holds. texts: JSON Pointer -> as typed; values: the same as
    the schema may take them; touched: pointers of what was changed in the form, None where the
    browser did not say; beside: JSON Pointer -> what was typed before somebody else's value took
    its place."""

    texts: Mapping[str, str]
    values: Mapping[str, Any]
    marks: Marks
    touched: frozenset[str] | None
    beside: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, schema: Mapping[str, Any], posted: QueryDict) -> Self:
        """Places and rows that have another shape are left out."""
        told = posted.dict()
        rows = (row for row in posted.getlist("remove") if re.fullmatch(r"/[^/]+/\d{1,5}", row))
        return cls(
            texts={
                name: str(text).replace("\r\n", "\n").strip()
                for name, text in told.items()
                if name.startswith("/")
            },
            values=parse_typed(schema, {name: str(text) for name, text in told.items()}),
            marks=Marks(
                places=dict(_places(told)),
                accepted=frozenset(posted.getlist("accepted")),
                removed=frozenset(rows),
            ),
            touched=frozenset(str(told["touched"]).split()) if "touched" in told else None,
            beside={
                name.removeprefix(YOURS): str(text)
                for name, text in told.items()
                if name.startswith(YOURS)
            },
        )


def _places(posted: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    for name, text in posted.items():
        if name.startswith(AT) and re.fullmatch(r"\d{1,5}(,\d{1,5}){4}", str(text)):
            page, left, top, right, bottom = map(int, str(text).split(","))
            yield name.removeprefix(AT), Place(page=page, box=(left, top, right, bottom))
