from typing import Any

from search import snippets
from search.queries import wanted_terms


def marked(text: str, query: str, chars: int = 280) -> list[str]:
    shown = snippets.snippet(text, wanted_terms(query), chars=chars)
    return [shown.text[start:end] for start, end in shown.marks]


def test_words_that_were_asked_for_are_marked_in_any_form() -> None:
    text = "The Invoices of Acme, dated 1 May. Invoice INV/2024-25/001."
    assert marked(text, "invoice inv-2024-25-001") == ["Invoices", "Invoice", "INV/2024-25/001"]


def test_grammar_words_are_not_marked_unless_nothing_else_was_asked() -> None:
    assert marked("the flow of the air", "the flow") == ["flow"]
    assert marked("the flow of the air", "the") == ["the", "the"]


def test_a_snippet_of_a_long_text_stands_around_the_matches() -> None:
    text = "alpha " * 200 + "needle in the haystack " + "omega " * 200
    shown = snippets.snippet(text, wanted_terms("needle haystack"), chars=100)
    assert len(shown.text) <= 104
    assert shown.text.startswith("… ")
    assert shown.text.endswith(" …")
    assert [shown.text[s:e] for s, e in shown.marks] == ["needle", "haystack"]


def test_a_snippet_without_a_match_is_the_beginning() -> None:
    shown = snippets.snippet("first words " * 100, wanted_terms("zebra"), chars=50)
    assert shown.text.startswith("first words")
    assert shown.marks == ()


def test_a_snippet_of_one_endless_word_is_cut() -> None:
    assert len(snippets.snippet("x" * 5_000, wanted_terms("y")).text) < 300
    assert len(snippets.snippet("x" * 5_000, wanted_terms("x" * 5_000)).text) < 300


def test_parts_put_together_are_the_snippet() -> None:
    shown = snippets.snippet("a <b>bill</b> of sale", wanted_terms("bill sale"))
    assert "".join(part.text for part in shown.parts) == shown.text
    assert [part.text for part in shown.parts if part.is_match] == ["bill", "sale"]


def test_boxes_are_those_of_matched_words_that_have_one() -> None:
    words: list[list[Any]] = [
        ["Total", 10, 20, 60, 40, 0.9],
        ["1,04,571.50", 70, 20, 160, 40, 0.9],
        ["Total", None, None, None, None, 1.0],
    ]
    assert snippets.boxes(words, wanted_terms("total")) == ((10.0, 20.0, 60.0, 40.0),)
    assert snippets.boxes(words, wanted_terms("104571.50")) == ((70.0, 20.0, 160.0, 40.0),)
