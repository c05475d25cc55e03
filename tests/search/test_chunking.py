import random
import re

import pytest

from search import chunking


def by_word(texts: tuple[str, ...]) -> tuple[int, ...]:
    """A token for every four characters of a word, as a real tokenizer might."""
    return tuple(sum(-(-len(word) // 4) for word in text.split()) for text in texts)


def cut(text: str, max_tokens: int = 40) -> tuple[str, ...]:
    return chunking.cut(text, max_tokens=max_tokens, count_tokens=by_word)


@pytest.mark.parametrize("text", ["", "   ", "\n\t\r\n", "\u00a0\u00a0"])
def test_a_blank_page_has_no_chunks(text: str) -> None:
    assert cut(text) == ()


def test_a_page_that_fits_is_one_chunk_as_it_stands() -> None:
    assert cut("\n Tax Invoice\n\nTotal  12.00 \n") == ("Tax Invoice\n\nTotal  12.00",)


def test_paragraphs_stay_whole_where_they_fit() -> None:
    paragraphs = [" ".join([letter * 4] * 15) for letter in "abcd"]
    assert cut("\n\n".join(paragraphs), 30) == (
        "\n\n".join(paragraphs[:2]),
        "\n\n".join(paragraphs[2:]),
    )


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [f"{' '.join(['word'] * 9)} end{n}." for n in range(8)]
    chunks = cut(" ".join(sentences))
    assert len(chunks) > 1
    assert all(chunk.endswith(".") for chunk in chunks)


def test_a_page_without_sentences_is_cut_between_words() -> None:
    chunks = cut(" ".join(f"word{n}" for n in range(200)))
    assert all(re.fullmatch(r"(word\d+ ?)+", chunk) for chunk in chunks)


def test_a_word_without_end_is_cut_into_pieces() -> None:
    chunks = cut("x" * 5_000)
    assert "".join(chunks) == "x" * 5_000


@pytest.mark.parametrize("seed", range(20))
def test_no_chunk_is_too_long_and_no_word_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(
        chance.choice(["word", "a", "supercalifragilistic" * chance.randint(1, 20), "27.50"])
        + chance.choice([" ", " ", ". ", "\n", "\n\n", "  \t"])
        for _ in range(400)
    )
    chunks = cut(text)
    assert all(0 < tokens <= 40 for tokens in by_word(chunks))
    assert "".join("".join(chunks).split()) == "".join(text.split())
    assert all(chunk in text for chunk in chunks)


def test_chunks_of_a_page_are_of_about_equal_size() -> None:
    sizes = by_word(cut(" ".join(["word"] * 90)))
    assert len(sizes) == 3
    assert min(sizes) > 20
