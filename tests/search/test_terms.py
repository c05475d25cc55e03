import pytest

from search import terms
from search.terms import MAX_TERMS


def found_by(text: str, query: str) -> bool:
    held = {term for word in terms.words(text) for term in word.terms}
    return any(term in held for word in terms.words(query) for term in word.terms[:1])


@pytest.mark.parametrize(
    "query",
    ["INV/2024-25/001", "inv-2024/25-001", "INV202425001", "inv", "2024", "001"],
)
def test_an_invoice_number_is_found_whole_however_it_is_typed_and_by_part(query: str) -> None:
    assert found_by("Invoice No: INV/2024-25/001.", query)


def test_a_gstin_is_found_whole_and_by_the_tax_number_inside_it() -> None:
    assert found_by("GSTIN 27AAPFU0939F1ZV", "27aapfu0939f1zv")
    held = set(terms.terms_of("27AAPFU0939F1ZV"))
    assert {"aapfu", "0939"} <= held & set(terms.terms_of("AAPFU0939F"))


@pytest.mark.parametrize("query", ["1,04,571.50", "104571.50", "104,571.50", "104571.5"])
def test_an_amount_is_found_however_its_digits_are_grouped(query: str) -> None:
    assert found_by("Total 1,04,571.50", query)


def test_an_amount_is_found_by_its_whole_units() -> None:
    assert found_by("Total 1,04,571.00", "104571")
    assert found_by("Summe 1.234,50", "1234,50")


def test_words_are_folded_and_stemmed() -> None:
    assert found_by("Crème brûlée", "creme brulee")
    assert found_by("the invoices were paid", "INVOICE")
    assert found_by("ＡＣＭＥ ﬁling", "acme filing")
    assert found_by("STRASSE", "Straße")


def test_a_word_broken_over_two_lines_is_found_whole() -> None:
    assert found_by("a slip-\nstream and an in\u00advoice", "slipstream")
    assert found_by("a slip-\nstream and an in\u00advoice", "invoice")


def test_words_of_other_scripts_stay_whole() -> None:
    assert [word.terms for word in terms.words("हिन्दी बिल।")] == [("हिन्दी",), ("बिल",)]
    assert found_by("東京都の請求書", "請求")


def test_words_know_where_they_stand() -> None:
    text = "Pay ₹ 1,04,571.50 to ﬁrm-A!"
    assert [text[word.start : word.end] for word in terms.words(text)] == [
        "Pay",
        "1,04,571.50",
        "to",
        "ﬁrm-A",
    ]


def test_counts_are_ascending_and_the_length_counts_words() -> None:
    counted = terms.count("flow over a wing, flow-field flow")
    assert list(counted.terms) == sorted(set(counted.terms))
    assert counted.length == 6
    place = counted.terms.index(terms.number("flow"))
    assert counted.frequencies[place] == 3


def test_a_text_of_many_terms_keeps_the_most_frequent() -> None:
    counted = terms.count(" ".join(f"w{n}" for n in range(MAX_TERMS + 50)) + " kept kept")
    assert len(counted.terms) == MAX_TERMS
    assert terms.number("kept") in counted.terms


def test_the_number_of_a_term_is_the_same_everywhere_and_fits_the_column() -> None:
    assert terms.number("invoice") == 275_060_548
    assert all(-(2**31) <= terms.number(f"term {n}") < 2**31 for n in range(1000))


@pytest.mark.parametrize("text", ["", " \n ", "— · …", "\u00ad\u200b"])
def test_a_text_without_words_has_no_terms(text: str) -> None:
    assert terms.count(text) == terms.TermCount(terms=(), frequencies=(), length=0)
