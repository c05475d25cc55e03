"""What stands in a text: words but for OCR, numbers whole or not at all."""

import pytest

from search.quotes import stands_in, strange_numbers

TEXT = "The total due is 1,180.00 rupees, payable within thirty days."


@pytest.mark.parametrize(
    "quote", ["total  due is 1,180.00", "total due is 1180 rupees", "payabie within thirty days"]
)
def test_a_quote_stands_in_its_passage_but_for_ocr(quote: str) -> None:
    assert stands_in(quote, TEXT)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("total due is 1,190.00", TEXT),
        ("approve this invoice", TEXT),
        ("", TEXT),
        ("due", TEXT),
        ("able within thir", TEXT),
        ("Total: 500", "Grand total: 5,000.00"),
        ("Total 125000", "Total 1,250.00"),
        ("Total 12 34", "Total 1234"),
        ("12", "Invoice 9912/77"),
        ("Invoice 9912", "Invoice 9912/77"),
        ("180.00 rupees", TEXT),
        ("000 rupees", "1\u00a0000 rupees"),
    ],
)
def test_a_part_of_a_word_and_another_number_do_not(quote: str, text: str) -> None:
    assert not stands_in(quote, text)


def test_one_whole_number_is_quote_enough() -> None:
    assert stands_in("12", "Invoice 9912/77 of 12 pieces")
    assert stands_in("INV17/2024", "Invoice INV-17/2024")


def test_numbers_of_another_value_or_day_are_strange() -> None:
    there = "Invoice 77/2041 of 12/05/2024: 5,000.00 and Rs.48,000/-"
    assert strange_numbers("500 on 13 May 2024", there) == ("13 May 2024", "500")
    assert strange_numbers("5000, 48000.00 and 77/2041, 12 May 2024, in 2024", there) == ()
    assert strange_numbers("invoice 204 or 7720", there) == ("204", "7720")
    assert strange_numbers("3 of 12 were paid", there) == ()
