"""Charts of counts, sums and lengths of time by day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import floor, log10

from ingestion.charts import Chart, Key, Label, Point, Series, Stroke, stack
from ingestion.charts_shares import LEFT, MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One line: a number for each day, None where nothing was measured."""

    name: str
    tone: str
    values: Sequence[float | None]


def stacked(
    key: str,
    title: str,
    days: Sequence[date],
    series: Sequence[Series],
    *,
    told: str,
    unit: str = "",
) -> Chart:
    """Stacked bars, one a day, oldest first; series that are all zero are left out."""
    shown = [one for one in series if any(one.values)]
    sums = [sum(one.values[at] for one in shown) for at in range(len(days))]
    top = _round_up(max(sums, default=0))

    def title_of(at: int, one: Series) -> str:
        return f"{_day(days[at])}, {one.name}: {_number(one.values[at], unit)}"

    return Chart(
        key=key,
        title=title,
        told=told,
        bars=stack(shown, top, len(days), title_of, left=LEFT),
        lines=_axis(top, unit),
        marks=_marks(days),
        legend=_legend(shown),
        columns=["Day (UTC)", *(one.name for one in shown)],
        rows=[
            [_date(days[at]), *(_number(one.values[at], unit) for one in shown)]
            for at in reversed(range(len(days)))
            if sums[at]
        ],
    )


def lines(
    key: str,
    title: str,
    days: Sequence[date],
    series: Sequence[Measured],
    *,
    told: str,
    unit: str,
) -> Chart:
    """A line for each series, from zero; days on which nothing was measured are passed over."""
    measured = [value for one in series for value in one.values if value is not None]
    top = _round_up(max(measured, default=0))
    wide = (100 - LEFT) / max(1, len(days))
    points: list[Point] = []
    strokes: list[Stroke] = []
    for one in series:
        of_one = [
            Point(
                x=round(LEFT + (at + 0.5) * wide, 3),
                y=round(100 - 100 * value / top, 3),
                tone=one.tone,
                title=f"{_day(days[at])}, {one.name}: {_number(value, unit)}",
            )
            for at, value in enumerate(one.values)
            if value is not None
        ]
        points += of_one
        strokes += [
            Stroke(x1=a.x, y1=a.y, x2=b.x, y2=b.y, tone=one.tone) for a, b in pairwise(of_one)
        ]
    return Chart(
        key=key,
        title=title,
        told=told,
        bars=[],
        points=points,
        strokes=strokes,
        lines=_axis(top, unit),
        marks=_marks(days),
        legend=_legend(series),
        columns=["Day (UTC)", *(one.name for one in series)],
        rows=[
            [_date(days[at]), *(_measured(one.values[at], unit) for one in series)]
            for at in reversed(range(len(days)))
            if any(one.values[at] is not None for one in series)
        ],
    )


def _round_up(number: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten, small ones too; 1 for nothing."""
    if number <= 0:
        return 1.0
    size = 10.0 ** floor(log10(number))
    return next(step * size for step in (1, 2, 4, 6, 8, 10) if step * size >= number * 0.999999)


def _axis(top: float, unit: str) -> list[Label]:
    return [Label(at=0, text=_number(top, unit)), Label(at=50, text=_number(top / 2, unit))]


def _marks(days: Sequence[date]) -> list[Label]:
    wide = (100 - LEFT) / max(1, len(days))
    every = max(1, -(-len(days) // MARKS))
    return [
        Label(at=round(LEFT + (at + 0.5) * wide, 3), text=_day(days[at]))
        for at in range(every // 2, len(days), every)
    ]


def _legend(series: Sequence[Series] | Sequence[Measured]) -> list[Key]:
    return [Key(tone=one.tone, name=one.name) for one in series]


def _number(value: float, unit: str) -> str:
    """Whole numbers with commas, others with two digits that count: "12,000", "0.031 ¢"."""
    text = f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:,.2g}"
    return f"{text} {unit}".strip()


def _measured(value: float | None, unit: str) -> str:
    return "–" if value is None else _number(value, unit)


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _date(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
