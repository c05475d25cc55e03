"""How a reading is scored against the truth."""

import pytest

from ingestion.scoring import FieldScore, cer, normal, word_f1


def test_words_are_counted_as_a_multiset_in_lower_case() -> None:
    assert word_f1("Total 12.50", "total 12.50") == 1.0
    assert word_f1("a a b", "a b b") == pytest.approx(2 / 3)
    assert word_f1("a b", "") == 0.0
    assert word_f1("", "") == 1.0


def test_character_errors_are_counted_per_character_of_the_truth() -> None:
    assert cer("abcd", "abxd") == 0.25
    assert cer("a  b\nc", "a b c") == 0.0


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("document_date", "25/12/2018", "2018-12-25"),
        ("total_amount", "9.00", "9"),
        ("total_amount", "1,04,571.50", "104571.5"),
        ("supplier_name", "Ada & Co., Ltd", "ADA CO LTD"),
        ("distance_km", 42, "42"),
    ],
)
def test_values_are_compared_by_what_they_mean(name: str, one: object, other: object) -> None:
    assert normal(name, one) == normal(name, other) != ""


def test_a_document_is_exact_when_every_true_field_is() -> None:
    score = FieldScore()
    truth = {"supplier_name": "Ada", "total_amount": "9.00", "due_date": None}
    score.add("a", truth, {"supplier_name": "ada", "total_amount": "9"}, is_straight_through=True)
    score.add("b", truth, {"supplier_name": "Bob"}, is_straight_through=True)
    metrics = score.metrics()
    assert metrics["fields.supplier_name.exact"] == 0.5
    assert metrics["fields.total_amount.precision"] == 1.0
    assert metrics["mean_exact"] == 0.5
    assert metrics["documents_exact"] == 0.5
    assert metrics["straight_through_rate"] == 1.0
    assert metrics["straight_through_error_rate"] == 0.5
    assert "fields.due_date.exact" not in metrics


def test_line_items_are_matched_in_any_order_and_counted_by_cells() -> None:
    score = FieldScore()
    truth = [{"description": "nut", "quantity": "1"}, {"description": "bolt", "quantity": "2"}]
    found = [{"description": "bolt", "quantity": "2.0"}, {"description": "nut", "quantity": "7"}]
    score.add("a", {"line_items": truth}, {"line_items": found}, is_straight_through=False)
    assert score.metrics()["line_items_f1"] == pytest.approx(0.75)
