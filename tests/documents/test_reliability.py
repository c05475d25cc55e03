"""Whether a confidence means what it says."""

import pytest

from documents.reliability import at_most, binned, calibration_error, sign_test


def test_values_are_binned_by_confidence_with_one_in_the_highest() -> None:
    bins = binned([(1.0, True), (0.99, True), (0.95, False), (0.49, True), (0.0, False)])
    assert [(one.low, one.high, one.n) for one in bins] == [
        (0.0, 0.5, 2),
        (0.95, 0.99, 1),
        (0.99, 1.0, 2),
    ]
    assert bins[0].mean_confidence == pytest.approx(0.245)
    assert bins[0].share_right == 0.5


def test_the_calibration_error_is_how_far_said_and_true_lie_apart() -> None:
    assert calibration_error(binned([(0.9, True)] * 9 + [(0.9, False)])) == pytest.approx(0)
    assert calibration_error(binned([(0.8, True), (0.6, False)])) == pytest.approx(0.4)
    assert calibration_error([]) == 0


@pytest.mark.parametrize(
    ("wrong", "n", "limit"),
    # R: binom.test(x, n, alternative = "less")$conf.int
    [(0, 10, 0.2589), (0, 300, 0.00994), (1, 20, 0.2161), (5, 5, 1.0), (0, 0, 1.0)],
)
def test_few_documents_prove_little(wrong: int, n: int, limit: float) -> None:
    assert at_most(wrong, n) == pytest.approx(limit, rel=1e-3)


def test_the_limit_holds_for_many_values() -> None:
    assert 0.0510 < at_most(5_000, 100_000) < 0.0513


def test_the_sign_test_asks_whether_a_split_is_chance() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(3, 3) == 1.0
    assert sign_test(5, 1) == sign_test(1, 5) == pytest.approx(0.21875)
    assert sign_test(12, 0) == pytest.approx(2 / 4096)
