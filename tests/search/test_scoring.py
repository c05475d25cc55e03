from math import log2

import pytest

from search.scoring import ndcg


def test_a_perfect_ranking_scores_one() -> None:
    assert ndcg(["a", "b"], {"a": 3, "b": 1}) == 1.0


def test_gains_are_linear_and_discounted_by_rank() -> None:
    ideal = 3 + 2 / log2(3)
    assert ndcg(["b", "x", "a"], {"a": 3, "b": 2}) == pytest.approx((2 + 3 / log2(4)) / ideal)


def test_what_stands_below_k_does_not_count() -> None:
    assert ndcg(["x"] * 1 + [f"y{n}" for n in range(9)] + ["a"], {"a": 1}) == 0.0


def test_the_ideal_holds_relevant_documents_that_were_not_found() -> None:
    assert ndcg(["a"], {"a": 1, "b": 1}) == pytest.approx(1 / (1 + 1 / log2(3)))


def test_a_document_counts_once_and_a_negative_grade_not_at_all() -> None:
    assert ndcg(["a", "a", "b"], {"a": 1, "b": -1}) == 1.0


def test_without_relevant_documents_the_score_is_zero() -> None:
    assert ndcg(["a"], {}) == 0.0
