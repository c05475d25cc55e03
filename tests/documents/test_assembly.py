"""Which pages belong together."""

import pytest

from documents.assembly import PageSignal, group
from documents.models import Grouping


def page(number: int, type: str = "bill", *, starts: float = 1.0, **signals: object) -> PageSignal:
    return PageSignal(number=number, type=type, confidence=0.9, starts=starts, **signals)  # type: ignore[arg-type]


def pages_of(*pages: PageSignal, grouping: str = Grouping.GROUPED) -> list[tuple[int, ...]]:
    return [found.pages for found in group(pages, grouping)]


def test_no_pages_make_no_documents() -> None:
    assert pages_of() == []


def test_two_bills_in_a_row_are_two_documents() -> None:
    assert pages_of(page(1), page(2)) == [(1,), (2,)]


def test_a_page_that_does_not_start_anything_belongs_to_the_one_before() -> None:
    assert pages_of(page(1), page(2, starts=0.1)) == [(1, 2)]


def test_a_page_that_says_page_two_belongs_to_page_one() -> None:
    assert pages_of(page(1, label=1), page(2, label=2)) == [(1, 2)]


def test_the_same_document_number_keeps_pages_together_and_another_parts_them() -> None:
    first = page(1, document_number="A1")
    assert pages_of(first, page(2, document_number="A1")) == [(1, 2)]
    assert pages_of(first, page(2, starts=0.1, document_number="A2")) == [(1,), (2,)]


def test_a_page_that_says_page_one_begins_a_document_whatever_else_it_says() -> None:
    assert pages_of(page(1), page(2, starts=0.1, label=1)) == [(1,), (2,)]


def test_another_type_begins_another_document() -> None:
    assert pages_of(page(1), page(2, "eway_bill", starts=0.0)) == [(1,), (2,)]


def test_a_failed_page_stands_alone() -> None:
    found = pages_of(page(1, ""), page(2, "", error="torn", starts=0), page(3, "", starts=0))
    assert found == [(1,), (2,), (3,)]


def test_a_gap_of_settled_pages_parts_what_is_left() -> None:
    assert pages_of(page(1), page(3, starts=0.0)) == [(1,), (3,)]


@pytest.mark.parametrize("starts", [0.0, 1.0])
def test_a_document_a_page_ignores_all_signals(starts: float) -> None:
    pages = [page(n, starts=starts, label=n) for n in range(1, 5)]
    assert pages_of(*pages, grouping=Grouping.PER_PAGE) == [(1,), (2,), (3,), (4,)]
