"""The embedder that asks a server, against a scripted one over HTTP."""

import json
import math
import time
from collections.abc import Iterator

import pytest

from config.engines import EngineBusy, EngineError, EngineFault, EngineUnavailable
from search.engines.openai import MAX_TEXTS, OpenAI
from tests import llm_server
from tests.llm_server import LlmServer, Reply, fails


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server.running() as made:
        yield made


def embedder(server: LlmServer, **options: object) -> OpenAI:
    chosen = {"model": "m", "dimension": 16, "timeout_s": 2.0, "wait_s": 0.2, **options}
    return OpenAI(base_url=server.url, **chosen)  # type: ignore[arg-type]


def named(base_url: str, model: str = "m") -> str:
    return OpenAI(model=model, dimension=4, base_url=base_url, api_key="secret").name


def test_the_same_model_at_another_address_is_another_embedder() -> None:
    assert named("http://10.0.0.7:8080/v1") == "m-4@10.0.0.7:8080"
    assert named("http://10.0.0.8:8080/v1") != named("http://10.0.0.7:8080/v1")
    assert named("https://one.example/a/v1") != named("https://one.example/b/v1")
    assert named("") == named("https://API.openai.com/v1/") == "m-4@api.openai.com"


def test_an_embedders_name_holds_no_secret_and_keeps_long_ones_apart() -> None:
    assert named("http://user:word@one.example/v1?key=word") == "m-4@one.example"
    long = [named("http://one.example/v1", "m" * 200 + ending) for ending in "ab"]
    assert long[0] != long[1]
    assert {len(name) for name in long} == {100}


def vectors(*lists: list[float]) -> Reply:
    data = [{"object": "embedding", "index": at, "embedding": v} for at, v in enumerate(lists)]
    return Reply(raw=json.dumps({"object": "list", "model": "m", "data": data}).encode())


def code(server: LlmServer, kind: type[EngineFault], **options: object) -> str:
    with pytest.raises(kind) as caught:
        embedder(server, **options).embed(texts=("secret words",))
    assert "secret" not in caught.value.message
    return caught.value.code


def test_each_text_has_a_unit_vector_of_the_dimension_in_order(server: LlmServer) -> None:
    one, two = embedder(server).embed(texts=("heron", "kite"))
    assert len(one) == 16
    assert math.dist(one, (0.0,) * 16) == pytest.approx(1)
    assert embedder(server).embed(texts=("kite",)) == (two,)
    assert server.requests[0].body["dimensions"] == 16


def test_vectors_are_brought_to_length_one_and_into_order(server: LlmServer) -> None:
    swapped = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 4]}]
    server.embeds(Reply(raw=json.dumps({"object": "list", "data": swapped}).encode()))
    found = embedder(server, dimension=2).embed(texts=("a", "b"))
    assert found[0] == pytest.approx((0.6, 0.8))
    assert found[1] == (0.0, 1.0)


def test_many_texts_go_in_batches_by_number_and_by_tokens(server: LlmServer) -> None:
    engine = embedder(server)
    assert len(engine.embed(texts=("a",) * (MAX_TEXTS + 1))) == MAX_TEXTS + 1
    assert [len(asked.body["input"]) for asked in server.requests] == [MAX_TEXTS, 1]
    engine.embed(texts=("x" * 100_000, "y" * 100_000))
    assert [len(asked.body["input"]) for asked in server.requests[2:]] == [1, 1]
    assert engine.embed(texts=()) == ()


def test_a_blank_text_is_no_fault(server: LlmServer) -> None:
    embedder(server).embed(texts=(" ", "a"))
    assert all(text.strip() for text in server.requests[0].body["input"])


def test_a_server_that_knows_no_dimensions_is_not_asked_for_them_again(server: LlmServer) -> None:
    server.dimensions = 16
    server.embeds(fails(400, "Model does not support matryoshka: dimensions must be unset."))
    engine = embedder(server)
    engine.embed(texts=("a",))
    engine.embed(texts=("b",))
    assert ["dimensions" in asked.body for asked in server.requests] == [True, False, False]


def test_only_a_text_that_is_too_long_is_shortened_and_asked_for_once_more(
    server: LlmServer,
) -> None:
    too_long = fails(400, "This model's maximum context length is 8192 tokens.")
    whole = vectors([1.0] * 16)
    server.embeds(too_long, whole, too_long, whole)
    assert len(embedder(server).embed(texts=("short", "l" * 1_000))) == 2
    lengths = [[len(text) for text in asked.body["input"]] for asked in server.requests]
    assert lengths == [[5, 1_000], [5], [1_000], [600]]
    server.embeds(too_long, too_long)
    assert code(server, EngineError) == "embed_too_long"


def test_tokens_are_estimated_from_above() -> None:
    engine = OpenAI(model="m", dimension=4)
    numbers = "1,250.00 27AAPFU0939F1ZV INV/2024-25/001"
    assert engine.count_tokens(texts=("", "seven words of plain English make eight", numbers)) == (
        0,
        13,
        14,
    )


@pytest.mark.parametrize(
    ("reply", "kind", "expected"),
    [
        (fails(400), EngineError, "embed_rejected"),
        (fails(401), EngineError, "embed_rejected"),
        (fails(404), EngineError, "embed_rejected"),
        (fails(500), EngineUnavailable, "embed_unavailable"),
        (fails(503), EngineUnavailable, "embed_unavailable"),
        (fails(429, "Pay.", "insufficient_quota"), EngineUnavailable, "embed_quota"),
        (llm_server.too_many("30"), EngineBusy, "embed_rate_limited"),
        (llm_server.cut(), EngineUnavailable, "embed_unavailable"),
        (llm_server.hangs(), EngineUnavailable, "embed_unavailable"),
        (llm_server.broken(), EngineUnavailable, "embed_unavailable"),
        (Reply(raw=b'{"data": []}'), EngineError, "embed_garbage"),
        (Reply(raw=b'"hello"'), EngineError, "embed_garbage"),
        (vectors([1.0] * 16, [1.0] * 16), EngineError, "embed_garbage"),
        (vectors([1.0] * 15), EngineError, "embed_dimension"),
        (vectors([math.nan] * 16), EngineError, "embed_garbage"),
        (vectors([math.inf] * 16), EngineError, "embed_garbage"),
        (vectors([0.0] * 16), EngineError, "embed_garbage"),
    ],
)
def test_every_failure_has_its_kind_and_code(
    server: LlmServer, reply: Reply, kind: type[EngineFault], expected: str
) -> None:
    server.embeds(reply)
    assert code(server, kind, timeout_s=0.3) == expected


def test_a_server_that_asks_for_a_little_patience_gets_it(server: LlmServer) -> None:
    server.embeds(llm_server.too_many("0.1"))
    assert embedder(server).embed(texts=("a",))
    server.embeds(llm_server.too_many("0.1"), llm_server.too_many("0.1"))
    assert code(server, EngineBusy) == "embed_rate_limited"


def test_a_server_that_did_not_answer_is_left_alone_for_a_while(server: LlmServer) -> None:
    engine = embedder(server, rest_s=0.2)
    server.embeds(fails(503))
    for _ in range(2):
        with pytest.raises(EngineUnavailable):
            engine.embed(texts=("a",))
    assert len(server.requests) == 1
    time.sleep(0.25)
    assert engine.embed(texts=("a",))


def test_where_nobody_listens_the_server_is_unavailable() -> None:
    engine = OpenAI(model="m", dimension=4, base_url="http://127.0.0.1:9/v1", timeout_s=1)
    with pytest.raises(EngineUnavailable):
        engine.embed(texts=("a",))
