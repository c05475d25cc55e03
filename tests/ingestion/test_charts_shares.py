"""Charts of shares."""

from datetime import date

import pytest

from documents.reliability import binned
from ingestion.charts_shares import Shares, over_time, said_and_true, spark

DAYS = [date(2026, 1, day) for day in (1, 2, 3, 4)]


def shares(*values: tuple[int, int]) -> Shares:
    return Shares(name="rules", tone="tone-1", values=values)


def test_a_line_runs_over_the_days_that_have_values() -> None:
    chart = over_time("k", "T", DAYS, [shares((9, 10), (0, 0), (5, 5), (0, 0))], told="")
    assert [(point.x, point.y, point.is_thin) for point in chart.points] == [
        (21.25, 100.0, False),
        (66.25, 0.0, True),
    ]
    assert [(stroke.x1, stroke.x2) for stroke in chart.strokes] == [(21.25, 66.25)]
    assert chart.rows == [["03 Jan 2026", "100.0 % (5 of 5)"], ["01 Jan 2026", "90.0 % (9 of 10)"]]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (((19, 20), (20, 20)), ["100 %", "95 %", "90 %"]),
        (((11, 20),), ["100 %", "75 %", "50 %"]),
        (((1, 100),), ["2 %", "1 %"]),
        (((1, 20), (1, 2)), ["60 %", "30 %"]),
        (((0, 20),), ["2 %", "1 %"]),
        (((0, 20), (20, 20)), ["100 %", "50 %"]),
    ],
)
def test_the_axis_shows_the_part_in_which_the_shares_lie(
    values: tuple[tuple[int, int], ...], labels: list[str]
) -> None:
    chart = over_time("k", "T", DAYS[: len(values)], [shares(*values)], told="")
    assert [line.text for line in chart.lines] == labels
    assert all(0 <= point.y <= 100 for point in chart.points)


def test_without_values_a_chart_has_nothing_to_draw() -> None:
    chart = over_time("k", "T", DAYS, [shares(*[(0, 0)] * 4)], told="None yet.")
    assert not chart.points
    assert not chart.rows


def test_a_bar_is_what_came_true_and_the_stroke_across_it_what_was_said() -> None:
    chart = said_and_true("k", "T", binned([(0.8, True), (0.8, False), (1.0, True)]), told="")
    assert [(bar.y, bar.height) for bar in chart.bars] == [(50.0, 50.0), (0.0, 100.0)]
    assert [round(stroke.y1) for stroke in chart.strokes] == [20, 0]
    assert chart.rows[0] == ["0.80 to 0.90", "2", "80.0 %", "50.0 %"]


def test_a_small_line_stays_within_its_picture() -> None:
    strokes = spark([(0, 0), (1, 2), (0, 0), (4, 4)])
    assert [(s.x1, s.y1, s.x2, s.y2) for s in strokes] == [(33.33, 50.0, 100.0, 10.0)]
    assert len(spark([(1, 2)])) == 1
    assert not spark([(0, 0)])
