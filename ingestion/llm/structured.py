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
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jsonschema import Draft202012Validator

from config.engines import EngineError
from documents.language import JsonMode
from ingestion.llm.base import Message
from ingestion.llm.client import Rejected, Said

STEPS = (JsonMode.SCHEMA, JsonMode.TOOL, JsonMode.OBJECT, JsonMode.PLAIN)
TOOL_NAME = "answer"
_LONGEST_ANSWER = 400_000
_FAULTS_TOLD = 8
_FAULTS_LENGTH = 1_200

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
_THOUGHTS = re.compile(r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_THOUGHTS_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)
# Braces that words stand in begin no object.
_BEGINS = re.compile(r"\{\s*[\"}]")
_CODE_BLOCK = re.compile(r"```[\w-]*[ \t]*\n(.*?)```", re.S)

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
) -> Got:
    """A value that is valid against `schema`. first: how it is asked for at first; may_step:
    whether other ways may be tried.

    Raises EngineError with a code of the module's table, and what `ask` raises."""
    said, mode, is_lasting = _first_answer(messages, schema, first, may_step, ask)
    try:
        value = read(said, schema)
    except _Unfit as fault:
        again = (*_asked(messages, schema, mode), *_repair(said, fault, schema, mode))
        try:
            value = read(ask(again, _form(schema, mode)), schema)
        except _Unfit as second:
            raise EngineError(
                f"The language model did not answer as asked, also after a repair: {second.brief}.",
                "model_invalid",
            ) from second
    return Got(value=value, mode=mode, is_lasting=is_lasting)


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
    said: Said, fault: "_Unfit", schema: Mapping[str, Any], mode: JsonMode
) -> tuple[Message, Message]:
    """The first answer and what is wrong with it. A server that let it pass does not hold its
    model to the schema, so the model is told of it in words."""
    order = in_words(schema) if mode in (JsonMode.SCHEMA, JsonMode.TOOL) else ""
    told = f"That is not what was asked for. {fault.told}\nGive the whole answer again. {order}"
    return Message(role="assistant", text=_spoken(said.text)), Message(
        role="user", text=told.strip()
    )


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


class _Unfit(Exception):
    """An answer that a repair may mend. told: to the model, it may quote the answer; brief: to
    a person, it does not."""

    def __init__(self, told: str, brief: str) -> None:
        super().__init__(brief)
        self.told = told
        self.brief = brief


def read(said: Said, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The value in an answer. Raises EngineError for one without, _Unfit for a wrong one."""
    if said.refusal:
        raise EngineError("The language model refused to answer.", "model_refused")
    fit = _candidates(said, schema)
    valid = [value for value in fit if Draft202012Validator(schema).is_valid(value)]
    if valid:
        return valid[-1]
    if said.is_cut:
        raise EngineError(
            "The language model's answer is longer than its prompt allows; raise the limit of "
            "tokens for the answer.",
            "model_truncated",
        )
    if not _spoken(said.text):
        raise EngineError("The language model answered with nothing.", "model_empty")
    if not fit:
        raise _Unfit("It is no JSON object.", "it is no JSON object")
    raise _unfit(max(fit, key=lambda value: len(json.dumps(value))), schema)


def _candidates(said: Said, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON objects that may be meant, without the nulls that only strict mode asked for."""
    try:
        whole = _parsed(said.text.strip())
        found = [whole] if whole is not None else list(_objects(_spoken(said.text)))
        return [_as_asked(value, schema) for value in found]
    except RecursionError:  # nested deeper than any schema asks
        return []


def _spoken(text: str) -> str:
    """An answer without the thoughts before it; a template may have opened them already."""
    rest = _THOUGHTS.sub("", text[:_LONGEST_ANSWER])
    ends = [found.end() for found in _THOUGHTS_END.finditer(rest)]
    return rest[ends[-1] if ends else 0 :].strip()


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in an answer: the whole of it, its code blocks, else those in its words."""
    whole = [text, *(block.strip() for block in _CODE_BLOCK.findall(text))]
    found = [value for value in map(_parsed, whole) if value is not None]
    yield from found or _scattered(text)


def _scattered(text: str) -> Iterator[dict[str, Any]]:
    """Up to the first that is broken: what lies within it is no answer but a part of one."""
    end = 0
    for begin in _BEGINS.finditer(text):
        if begin.start() < end:
            continue
        try:
            value, end = _DECODER.raw_decode(text, begin.start())
        except ValueError:
            return
        yield _storable(value)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        value = _DECODER.decode(text)
    except ValueError:
        return None
    return _storable(value) if isinstance(value, dict) else None


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


# JSON knows neither NaN nor Infinity, and Postgres takes neither.
_DECODER = json.JSONDecoder(parse_constant=_refused, parse_float=_finite)


def _storable(value: Any) -> Any:
    """Without what Postgres does not take in a text: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(entry) for name, entry in value.items()}
    return value


def _as_asked(value: Any, schema: Any) -> Any:
    if not isinstance(schema, Mapping):  # true or false is a schema, too
        return value
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [_as_asked(entry, schema["items"]) for entry in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, Mapping):
        return value
    asked = set(schema.get("required") or ())
    return {
        name: _as_asked(entry, properties.get(name, True))
        for name, entry in value.items()
        if entry is not None or name in asked or _takes_null(properties.get(name, True))
    }


def _takes_null(spec: Any) -> bool:
    kinds = spec.get("type", "null") if isinstance(spec, Mapping) else "null"
    return kinds == "null" or "null" in kinds


def _unfit(value: Any, schema: Mapping[str, Any]) -> _Unfit:
    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda one: one.json_path)
    told = "; ".join(f"{error.json_path}: {error.message}" for error in errors[:_FAULTS_TOLD])
    brief = _kinds_of(errors[0].json_path, errors[0].validator)
    return _Unfit(f"{told[:_FAULTS_LENGTH]}.", brief)


def _kinds_of(path: str, keyword: Any) -> str:
    """Where it fails and by which keyword, without a word of the answer: names that the model
    made up could be any text."""
    known: Sequence[str] = re.findall(r"\.\w+|\[\d+\]", path)
    return f"{'$' + ''.join(known)[:80]} fails by {keyword}"
