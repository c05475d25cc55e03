"""The JSON that a model's words hold, held against the schema that was asked for. Pure."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from config.engines import EngineError
from ingestion.llm.client import Said

_LONGEST_ANSWER = 400_000
_FAULTS_TOLD = 8
_FAULTS_LENGTH = 1_200
_RULE_LENGTH = 200
_THOUGHTS = re.compile(r"<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_THOUGHTS_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)
# Braces that words stand in begin no object.
_BEGINS = re.compile(r"\{\s*[\"}]")
_CODE_BLOCK = re.compile(r"```[\w-]*[ \t]*\n(.*?)```", re.S)


class Unfit(Exception):
    """An answer that a repair may mend. told: to the model; brief: to a person. Neither quotes
    the answer, whose words may be a document's."""

    def __init__(self, told: str, brief: str) -> None:
        super().__init__(brief)
        self.told = told
        self.brief = brief


def read(said: Said, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The value in an answer. Raises EngineError for one without, Unfit for a wrong one."""
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
    if not without_thoughts(said.text):
        raise EngineError("The language model answered with nothing.", "model_empty")
    if not fit:
        raise Unfit("It is no JSON object.", "it is no JSON object")
    raise _unfit(max(fit, key=lambda value: len(json.dumps(value))), schema)


def _candidates(said: Said, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The JSON objects that may be meant, without the nulls that only strict mode asked for."""
    try:
        whole = _parsed(said.text.strip())
        found = [whole] if whole is not None else list(_objects(without_thoughts(said.text)))
        return [_as_asked(value, schema) for value in found]
    except RecursionError:  # nested deeper than any schema asks
        return []


def without_thoughts(text: str) -> str:
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


def _unfit(value: Any, schema: Mapping[str, Any]) -> Unfit:
    errors = sorted(Draft202012Validator(schema).iter_errors(value), key=lambda one: one.json_path)
    told = "; ".join(map(_fault, errors[:_FAULTS_TOLD]))
    brief = _kinds_of(errors[0].json_path, errors[0].validator)
    return Unfit(f"{told[:_FAULTS_LENGTH]}.", brief)


def _fault(error: ValidationError) -> str:
    """What is wrong, in words of the schema alone."""
    brief = _kinds_of(error.json_path, error.validator)
    if error.validator == "required":
        return f"{brief}: {error.message}"
    return f"{brief} {json.dumps(error.validator_value, ensure_ascii=False)[:_RULE_LENGTH]}"


def _kinds_of(path: str, keyword: Any) -> str:
    """Where it fails and by which keyword, without a word of the answer: names that the model
    made up could be any text."""
    known: Sequence[str] = re.findall(r"\.\w+|\[\d+\]", path)
    return f"{'$' + ''.join(known)[:80]} fails by {keyword}"
