"""Charts as values for a template that draws them in SVG, without script or inline style. Pure.

Places are percentages, so that a chart fills any width while its text keeps its size. Colours
are classes (`tone-...`, see static/charts.css); every chart carries its numbers as a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, log10

TONES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle; places and sizes in percent of the drawing."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place in percent. is_thin: too few values stand behind it to say much."""

    x: float
    y: float
    tone: str
    title: str
    is_thin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A straight line between two places in percent."""

    x1: float
    y1: float
    x2: float
    y2: float
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text or a line at a place in percent."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    tone: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars, or points with strokes; what stands beside them, and the same as text. rows: a
    heading, then cells."""

    key: str
    title: str
    told: str
    bars: Sequence[Bar]
    lines: Sequence[Label]
    marks: Sequence[Label]
    legend: Sequence[Key]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    points: Sequence[Point] = ()
    strokes: Sequence[Stroke] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of a stacked chart: a number for each hour."""

    name: str
    tone: str
    values: Sequence[float]


def stack(
    series: Sequence[Series],
    top: float,
    count: int,
    title: Callable[[int, Series], str],
    *,
    left: float = 0,
) -> list[Bar]:
    """The bars of `count` columns, each with its values one on the other. top: what the full
    height stands for; title: of a bar, by the number of its column; left: free, of 100."""
    wide = (100 - left) / max(1, count)
    bars = []
    for at in range(count):
        y = 100.0
        for one in series:
            height = 100 * one.values[at] / top
            y -= height
            if height:
                bars.append(
                    Bar(
                        x=round(left + (at + 0.12) * wide, 3),
                        y=round(y, 3),
                        width=round(wide * 0.76, 3),
                        height=round(height, 3),
                        tone=one.tone,
                        title=title(at, one),
                    )
                )
    return bars


def _hourly(hour: datetime, one: Series, at: int) -> str:
    return f"{hour:%H:%M} {one.name}: {one.values[at]:,.0f}"


def by_hour(
    key: str, title: str, hours: Sequence[datetime], series: Sequence[Series], *, told: str
) -> Chart:
    """Stacked bars, one an hour, oldest first; series that are all zero are left out."""
    shown = [one for one in series if any(one.values)]
    sums = [sum(one.values[at] for one in shown) for at in range(len(hours))]
    top = round_up(max(sums, default=0))
    wide = 100 / max(1, len(hours))
    bars = stack(shown, top, len(hours), lambda at, one: _hourly(hours[at], one, at))
    filled = [at for at in range(len(hours)) if sums[at]]
    return Chart(
        key=key,
        title=title,
        told=told,
        bars=bars,
        lines=[Label(at=0, text=f"{top:,.0f}"), Label(at=50, text=f"{top / 2:,g}")],
        marks=[
            Label(at=round((at + 0.5) * wide, 3), text=f"{hour:%H:%M}")
            for at, hour in enumerate(hours)
            if hour.hour % 6 == 0
        ],
        legend=[Key(tone=one.tone, name=one.name) for one in shown],
        columns=["Hour", *(one.name for one in shown)],
        rows=[
            [f"{hours[at]:%d %b %H:%M}", *(f"{one.values[at]:,.0f}" for one in shown)]
            for at in reversed(filled)
        ],
    )


def lengths(
    key: str, title: str, values: Mapping[str, tuple[float, str, str]], *, told: str, unit: str
) -> Chart:
    """Lying bars: name -> (length, tone, its text)."""
    top = max((length for length, _, _ in values.values()), default=0) or 1
    tall = 100 / max(1, len(values))
    bars, marks = [], []
    for at, (name, (length, tone, text)) in enumerate(values.items()):
        bars.append(
            Bar(
                x=0,
                y=round(at * tall + tall * 0.5, 3),
                width=round(max(0.5, 100 * length / top), 3),
                height=round(tall * 0.32, 3),
                tone=tone,
                title=f"{name}: {text}",
            )
        )
        marks.append(Label(at=round(at * tall + tall * 0.4, 3), text=f"{name}: {text}"))
    rows = [[name, text] for name, (_, _, text) in values.items()]
    return Chart(
        key=key,
        title=title,
        told=told,
        bars=bars,
        lines=[],
        marks=marks,
        legend=[],
        columns=["", unit],
        rows=rows,
    )


def round_up(number: float) -> float:
    """The next of 2, 4, 6, 8, 10, 20, 40 ..., so that half of it is a round number, too."""
    if number <= 2:
        return 2
    size: float = 10 ** int(log10(number))
    return next(step * size for step in (1, 2, 4, 6, 8, 10) if step * size >= ceil(number))
