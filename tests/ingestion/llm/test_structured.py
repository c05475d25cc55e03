"""The schema as strict mode wants it, and what is taken for the answer in what a model says."""

from typing import Any

import pytest

from config.engines import EngineError
from documents import schemas
from ingestion.llm.client import Said
from ingestion.llm.spoken import Unfit, read
from ingestion.llm.structured import strict

LOOSE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "x-required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 10, "x-hint": "as printed"},
        "kind": {"enum": ["a", "b"], "type": "string"},
        "any": True,
        "rows": {
            "type": "array",
            "maxItems": 5,
            "items": {"type": "object", "properties": {"n": {"type": "integer"}}},
        },
    },
    "required": ["name"],
}


def test_objects_name_and_require_all_properties_and_take_no_others() -> None:
    fit = strict(LOOSE)
    assert fit["required"] == ["name", "kind", "any", "rows"]
    assert fit["additionalProperties"] is False
    row = fit["properties"]["rows"]["items"]
    assert (row["required"], row["additionalProperties"]) == (["n"], False)


def test_what_may_be_left_out_may_be_null_instead() -> None:
    properties = strict(LOOSE)["properties"]
    assert properties["name"]["type"] == "string"
    assert properties["kind"] == {"type": ["string", "null"], "enum": ["a", "b", None]}
    assert properties["rows"]["type"] == ["array", "null"]


def test_arrays_stay_bounded_and_words_of_our_own_go() -> None:
    fit = strict(LOOSE)
    assert fit["properties"]["rows"]["maxItems"] == 5
    for shipped in schemas.SHIPPED:
        text = str(strict(schemas.shipped_schema(shipped)))
        for word in ("x-hint", "x-required", "maxLength", "$schema", "$id"):
            assert f"'{word}'" not in text
    assert "x-hint" not in str(fit)


def test_nulls_that_only_strict_mode_asked_for_are_left_out() -> None:
    said = Said(text='{"name": "n", "kind": null, "any": null, "rows": [{"n": null}]}')
    assert read(said, LOOSE) == {"name": "n", "any": None, "rows": [{}]}


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "n"}',
        'I see {braces} here: {"name": "n"}.',
        '{"name": 1}\nNo:\n{"name": "n"}',
        '```\n{"name": "n"}\n```',
        'Let me think.\n</think>\n{"name": "n"}',
        '<thinking>{"name": "wrong"}</thinking>{"name": "n"}',
    ],
)
def test_the_answer_is_found(text: str) -> None:
    assert read(Said(text=text), LOOSE) == {"name": "n"}


def test_words_about_thoughts_within_a_value_stay() -> None:
    assert read(Said(text='{"name": "a</think>b"}'), LOOSE) == {"name": "a</think>b"}


def test_a_part_of_a_broken_answer_is_no_answer() -> None:
    with pytest.raises(Unfit):
        read(Said(text='{"rows": [{"name": "n"}, {"name": "m"'), LOOSE)
    with pytest.raises(EngineError) as raised:
        read(Said(text='{"rows": [{"name": "n"}, {"name": "m"', is_cut=True), LOOSE)
    assert raised.value.code == "model_truncated"


def test_a_whole_answer_at_the_limit_of_tokens_is_an_answer() -> None:
    assert read(Said(text='{"name": "n"}', is_cut=True), LOOSE) == {"name": "n"}


@pytest.mark.parametrize("text", ['{"name": 1e999}', '{"name": NaN}', '["name"]', "12"])
def test_what_is_no_json_object_is_none(text: str) -> None:
    with pytest.raises(Unfit, match="no JSON object"):
        read(Said(text=text), LOOSE)


def test_text_that_no_database_takes_is_mended() -> None:
    assert read(Said(text='{"name": "a\\u0000b\\ud800"}'), LOOSE) == {"name": "ab?"}


def test_a_long_answer_of_braces_is_given_up_soon() -> None:
    for text in ("{" * 200_000, '{"a":' * 60_000, "<think>" * 50_000, "```\n" * 50_001):
        with pytest.raises((Unfit, EngineError)):
            read(Said(text=text), LOOSE)
