import math
import threading

import pytest

from config.engines import EngineError
from search.engines import minilm
from search.engines.minilm import MiniLM


@pytest.fixture(scope="module")
def engine() -> MiniLM:
    return MiniLM(threads=1)


def test_vectors_are_unit_length_and_close_where_the_meaning_is(engine: MiniLM) -> None:
    texts = ("a cat sat on the mat", "the kitten rests on a rug", "interest rates rose")
    vectors = engine.embed(texts=texts)
    assert [len(vector) for vector in vectors] == [engine.dimension] * 3
    assert all(math.isclose(math.hypot(*vector), 1, abs_tol=1e-5) for vector in vectors)
    cat, kitten, rates = vectors
    assert _dot(cat, kitten) > 0.5 > 0.2 > _dot(cat, rates)


def test_a_text_has_the_same_vector_alone_and_among_others(engine: MiniLM) -> None:
    alone = engine.embed(texts=("steel pipes",))
    among = engine.embed(texts=("cotton " * 100, "steel pipes", ""))
    assert among[1] == alone[0]


def test_tokens_are_counted_beyond_what_the_tokenizer_file_cuts(engine: MiniLM) -> None:
    assert engine.count_tokens(texts=("", "hello world", "word " * 1_000)) == (0, 2, 1_000)


def test_what_stands_within_the_limit_counts_to_the_last_token(engine: MiniLM) -> None:
    full = "flow " * (engine.max_tokens - 1)
    one, other, beyond = engine.embed(texts=(full + "air", full + "gas", full + "air gas"))
    assert _dot(one, other) < 1 - 1e-6
    assert _dot(one, beyond) > 1 - 1e-6


def test_several_threads_may_use_one_engine(engine: MiniLM) -> None:
    expected = engine.embed(texts=("steel pipes",))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(engine.embed(texts=("steel pipes",))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_a_model_of_another_checksum_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "SHA256", "0" * 64)
    with pytest.raises(EngineError) as fault:
        MiniLM(threads=1).embed(texts=("steel",))
    assert fault.value.code == "model_changed"


def _dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
