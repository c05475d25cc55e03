"""Pages are classified in slices, beside their neighbours."""

from ingestion.stages.classify import runs


def spans(numbers: list[int]) -> list[tuple[int | None, int | None]]:
    return [(target.first, target.last) for target in runs(numbers)]


def test_pages_are_cut_into_slices_of_twenty() -> None:
    assert spans(list(range(1, 46))) == [(1, 20), (21, 40), (41, 45)]


def test_a_single_page_left_over_joins_the_slice_before() -> None:
    assert spans(list(range(1, 22))) == [(1, 21)]
    assert spans([1]) == [(1, 1)]


def test_a_gap_parts_a_slice() -> None:
    assert spans([1, 2, 4]) == [(1, 2), (4, 4)]


def test_no_pages_make_no_slices() -> None:
    assert spans([]) == []
