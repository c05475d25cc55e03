"""How a model is made to answer in JSON, and how its answer is read. No database.

    schema -> tool -> object -> plain    a step down where the server says that it does not
                                         know the way that it was asked

An answer ends in one of these ways:

    a value          valid against the question's schema, at once or after one repair
    model_refused    the model will not, or its server's filter
    model_truncated  the limit of tokens came before the end
    model_empty      nothing but thoughts, or nothing at all
    model_invalid    no JSON, or not what the schema asks for, also after the repair
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from config.engines import EngineError
from documents.language import JsonMode
from ingestion.llm.base import Message
from ingestion.llm.client import Rejected, Said
from ingestion.llm.fence import harmless
from ingestion.llm.spoken import Unfit, read, without_thoughts

STEPS = (JsonMode.SCHEMA, JsonMode.TOOL, JsonMode.OBJECT, JsonMode.PLAIN)
TOOL_NAME = "answer"

# What OpenAI's strict mode knows of JSON Schema; servers with grammars know at least these.
_KEYWORDS = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "enum", "const"),
        *("anyOf", "$ref", "$defs", "title", "description", "pattern", "format", "multipleOf"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"),
    }
)
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_SAYS_NO: Mapping[JsonMode, re.Pattern[str]] = {
    JsonMode.SCHEMA: re.compile(
        r"response.?format|json.?schema|schema|structured|grammar|guided", re.I
    ),
    JsonMode.TOOL: re.compile(r"tool|function", re.I),
    JsonMode.OBJECT: re.compile(r"response.?format|json", re.I),
}

Ask = Callable[[tuple[Message, ...], Mapping[str, Any]], Said]
"""Sends messages with a form of asking for JSON and gives back what was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A value, and how it was asked for; is_lasting: this way is worth remembering."""

    value: Mapping[str, Any]
    mode: JsonMode
    is_lasting: bool = True


def obtain(
    messages: tuple[Message, ...],
    schema: Mapping[str, Any],
    *,
    first: JsonMode,
    may_step: bool,
    ask: Ask,
    valid: Mapping[str, Any] | None = None,
) -> Got:
    """A value that is valid against `schema`, or only against `valid` where that is given.
    first: how it is asked for at first; may_step: whether other ways may be tried.

    Raises EngineError with a code of the module's table, and what `ask` raises."""
    said, mode, is_lasting = _first_answer(messages, schema, first, may_step, ask)
    least = schema if valid is None else valid
    try:
        value = read(said, least)
    except Unfit as fault:
        again = (*_asked(messages, schema, mode), *_repair(said, fault, schema, mode))
        try:
            value = read(ask(again, _form(schema, mode)), least)
        except Unfit as second:
            raise EngineError(
                f"The language model did not answer as asked, also after a repair: {second.brief}.",
                "model_invalid",
            ) from second
    return Got(value=value, mode=mode, is_lasting=is_lasting)


def asked(
    messages: tuple[Message, ...], schema: Mapping[str, Any], mode: JsonMode
) -> tuple[tuple[Message, ...], dict[str, Any]]:
    """The messages and further parts of the body by which an answer in JSON is asked for."""
    return _asked(messages, schema, mode), _form(schema, mode)


def _first_answer(
    messages: tuple[Message, ...],
    schema: Mapping[str, Any],
    first: JsonMode,
    may_step: bool,
    ask: Ask,
) -> tuple[Said, JsonMode, bool]:
    is_lasting = True
    for mode in STEPS[STEPS.index(first) :]:
        try:
            return ask(_asked(messages, schema, mode), _form(schema, mode)), mode, is_lasting
        except Rejected as fault:
            if not may_step or not _is_ignorant(fault, mode):
                raise
            # A server that knows schemas, but not this one, is asked better next time.
            is_lasting = is_lasting and not _is_about_this_schema(fault)
    raise AssertionError("a plain question cannot be stepped down from")


def _is_ignorant(fault: Rejected, mode: JsonMode) -> bool:
    """Whether a refusal says that the server does not know this way of asking."""
    says_no = _SAYS_NO.get(mode)
    is_about = says_no is not None and says_no.search(fault.words) is not None
    return fault.code == "model_rejected" and fault.http_status in (400, 422) and is_about


def _is_about_this_schema(fault: Rejected) -> bool:
    return "invalid schema" in fault.words.lower()


def _form(schema: Mapping[str, Any], mode: JsonMode) -> dict[str, Any]:
    """The part of the request's body that asks for JSON."""
    if mode == JsonMode.SCHEMA:
        asked = {"name": TOOL_NAME, "strict": True, "schema": strict(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": asked}}
    if mode == JsonMode.TOOL:
        told = {"name": TOOL_NAME, "description": "Give the answer.", "parameters": strict(schema)}
        chosen = {"type": "function", "function": {"name": TOOL_NAME}}
        return {"tools": [{"type": "function", "function": told}], "tool_choice": chosen}
    if mode == JsonMode.OBJECT:
        return {"response_format": {"type": "json_object"}}
    return {}


def _asked(
    messages: tuple[Message, ...], schema: Mapping[str, Any], mode: JsonMode
) -> tuple[Message, ...]:
    """The messages, with the schema in words where the server is not given it otherwise."""
    if mode in (JsonMode.SCHEMA, JsonMode.TOOL):
        return messages
    last = max(at for at, message in enumerate(messages) if message.role == "user")
    told = replace(messages[last], text=f"{messages[last].text}\n\n{in_words(schema)}")
    return (*messages[:last], told, *messages[last + 1 :])


def in_words(schema: Mapping[str, Any]) -> str:
    """The order to answer in JSON."""
    text = json.dumps(strict(schema), ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else: no words around it, no code block. It "
        f"must be valid against this JSON Schema:\n{text}"
    )


def _repair(
    said: Said, fault: "Unfit", schema: Mapping[str, Any], mode: JsonMode
) -> tuple[Message, Message]:
    """The first answer and what is wrong with it. A server that let it pass does not hold its
    model to the schema, so the model is told of it in words."""
    order = in_words(schema) if mode in (JsonMode.SCHEMA, JsonMode.TOOL) else ""
    faults = harmless(fault.told)
    told = f"That is not what was asked for. {faults}\nGive the whole answer again. {order}"
    # A model may have copied a document's marks and orders into its answer.
    first = harmless(without_thoughts(said.text))
    return Message(role="assistant", text=first), Message(role="user", text=told.strip())


# -- the schema ------------------------------------------------------------------------------


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as strict mode wants it: every object names all its properties, requires them
    and takes no others; those that might be left out may be null instead. Bounds of arrays stay;
    keywords that only we know go, since servers refuse those that they do not know."""
    fit = {name: _fit(name, value) for name, value in schema.items() if name in _KEYWORDS}
    if fit.get("format") not in _FORMATS:
        fit.pop("format", None)
    properties = fit.get("properties")
    if isinstance(properties, dict):
        asked = set(schema.get("required") or ())
        fit["properties"] = {
            name: spec if name in asked else _nullable(spec) for name, spec in properties.items()
        }
        fit["required"] = list(properties)
        fit["additionalProperties"] = False
    return fit


def _fit(name: str, value: Any) -> Any:
    if name in ("properties", "$defs"):
        return {key: _fit("items", spec) for key, spec in value.items()}
    if name == "anyOf":
        return [_fit("items", spec) for spec in value]
    if name == "items" and isinstance(value, Mapping):  # true or false is a schema, too
        return strict(value)
    return value


def _nullable(spec: Any) -> Any:
    if not isinstance(spec, dict):
        return spec
    kinds = spec.get("type")
    if kinds is None:
        return {"anyOf": [spec, {"type": "null"}]}
    named = [kinds] if isinstance(kinds, str) else list(kinds)
    if "null" in named:
        return spec
    chosen = {"enum": [*spec["enum"], None]} if "enum" in spec else {}
    return {**spec, "type": [*named, "null"], **chosen}


# -- the answer ------------------------------------------------------------------------------
