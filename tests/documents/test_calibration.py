"""What a score is worth, told from what became of readings like it."""

import random

import pytest

from documents import calibration, schemas
from documents.calibration import Curves, Sample, Step


def samples(*told: tuple[float, int, int], field: str = "total_amount", source: str = "ocr",
            basis: str = "bare") -> list[Sample]:  # fmt: skip
    """(score, right, of) as samples."""
    return [
        Sample(field=field, source=source, basis=basis, score=score, is_right=n < right)
        for score, right, of in told
        for n in range(of)
    ]


def worth(curves: Curves, score: float, **values: str) -> float:
    group = {"field": "total_amount", "source": "ocr", "basis": "bare"} | values
    return curves.worth(score=score, **group).confidence


def test_the_confidence_is_the_share_that_was_right_and_never_quite_one() -> None:
    curves = calibration.fit(samples((0.5, 40, 100), (0.9, 200, 200)))
    assert worth(curves, 0.55) == pytest.approx(41 / 102, abs=1e-3)
    assert worth(curves, 0.95) == pytest.approx(201 / 202, abs=1e-3)


def test_a_higher_score_is_never_worth_less() -> None:
    rng = random.Random(5)
    told = [(rng.random(), rng.randrange(41), 40) for _ in range(60)]
    curves = calibration.fit(samples(*told))
    worths = [worth(curves, score / 100) for score in range(101)]
    assert worths == sorted(worths)


def test_a_few_lucky_readings_make_no_certainty() -> None:
    curves = calibration.fit(samples((0.5, 50, 100), (0.99, 5, 5)))
    assert worth(curves, 0.99) < 0.6


def test_a_field_with_few_values_takes_the_curve_of_its_source() -> None:
    curves = calibration.fit(
        [*samples((0.9, 90, 100)), *samples((0.9, 2, 5), field="irn")],
    )
    assert worth(curves, 0.9, field="irn") == pytest.approx(93 / 107, abs=1e-3)


def test_a_score_below_all_that_were_judged_is_not_worth_what_they_are() -> None:
    curves = calibration.fit(samples((0.8, 200, 200)))
    assert worth(curves, 0.8) > 0.99
    found = curves.worth(field="total_amount", source="ocr", basis="bare", score=0.4)
    assert found.confidence == pytest.approx(worth(curves, 0.8) / 2, abs=1e-3)
    assert found.values == 0


def test_a_score_below_its_own_group_is_judged_by_a_wider_one() -> None:
    wider = samples((0.3, 20, 40), basis="around")
    curves = calibration.fit([*samples((0.8, 200, 200)), *wider])
    assert 0.4 < worth(curves, 0.5) < 0.6


def test_without_a_curve_the_score_stands() -> None:
    assert worth(calibration.NONE, 0.42) == 0.42


def test_scores_that_break_the_order_are_pooled() -> None:
    steps = calibration.pooled(
        [(0.2, n < 20) for n in range(40)]
        + [(0.5, n < 10) for n in range(40)]
        + [(0.8, n < 36) for n in range(40)]
    )
    assert steps == [Step(score=0.2, right=30, values=80), Step(score=0.8, right=36, values=40)]


def test_curves_survive_being_stored() -> None:
    curves = calibration.fit(samples((0.5, 40, 100), (0.9, 200, 200)))
    stored = Curves.from_json(curves.as_json())
    assert [worth(stored, s / 10) for s in range(11)] == [worth(curves, s / 10) for s in range(11)]
    with pytest.raises(ValueError, match="calibration"):
        Curves.from_json({"total_amount ocr bare": [["x"]]})


@pytest.mark.parametrize("slug", ["bill", "eway_bill"])
def test_the_shipped_curves_know_the_required_fields_of_their_type(slug: str) -> None:
    curves = calibration.shipped(slug)
    for field in schemas.required_fields(schemas.shipped_schema(slug)):
        known = curves.worth(field=field, source="layer", basis="read-many", score=0.95)
        assert known.values >= calibration.LEAST_VALUES, field


def test_a_type_of_the_operators_own_has_no_shipped_curves() -> None:
    assert calibration.shipped("my_type") is calibration.NONE
