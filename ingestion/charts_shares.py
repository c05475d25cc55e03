"""Charts of shares: over time, and what was said against what came true. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from documents.reliability import Bin
from ingestion.charts import Bar, Chart, Key, Label, Point, Stroke

THIN = 10
"""A share of fewer than this is drawn hollow."""
MARKS = 6
LEFT = 10
"""Percent of the width left free for the labels of the axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """One line: (how many, of how many) for each span of time, (0, 0) where there was none."""

    name: str
    tone: str
    values: Sequence[tuple[int, int]]


def over_time(
    key: str, title: str, spans: Sequence[date], series: Sequence[Shares], *, told: str
) -> Chart:
    """A line for each series with any values; the axis shows the part in which they lie."""
    shown = [one for one in series if any(n for _, n in one.values)]
    name = _day if any(span.day > 1 for span in spans) else _month
    low, high = _axis([part / n for one in shown for part, n in one.values if n])
    wide = (100 - LEFT) / max(1, len(spans))
    points: list[Point] = []
    strokes: list[Stroke] = []
    for one in shown:
        of_one = [
            Point(
                x=round(LEFT + (at + 0.5) * wide, 3),
                y=round(100 * (high - part / n) / (high - low), 3),
                tone=one.tone,
                title=f"{one.name}, {name(spans[at])}: {percent(part, n)} ({part:,} of {n:,})",
                is_thin=n < THIN,
            )
            for at, (part, n) in enumerate(one.values)
            if n
        ]
        points += of_one
        strokes += [
            Stroke(x1=a.x, y1=a.y, x2=b.x, y2=b.y, tone=one.tone) for a, b in pairwise(of_one)
        ]
    filled = [at for at in range(len(spans)) if any(one.values[at][1] for one in shown)]
    every = max(1, -(-len(spans) // MARKS))
    return Chart(
        key=key,
        title=title,
        told=told,
        bars=[],
        points=points,
        strokes=strokes,
        lines=[Label(at=at, text=f"{100 * (high - at / 100 * (high - low)):g} %") for at in (0, 50)]
        + [Label(at=100, text=f"{100 * low:g} %")] * bool(low),
        marks=[
            Label(at=round(LEFT + (at + 0.5) * wide, 3), text=name(spans[at]))
            for at in range(every // 2, len(spans), every)
        ],
        legend=[Key(tone=one.tone, name=one.name) for one in shown] if len(shown) > 1 else [],
        columns=["From", *(one.name for one in shown)],
        rows=[
            [f"{spans[at]:%d %b %Y}", *(_cell(*one.values[at]) for one in shown)]
            for at in reversed(filled)
        ],
    )


def said_and_true(key: str, title: str, bins: Sequence[Bin], *, told: str) -> Chart:
    """A bar for each bin of confidences: how many of its values were right; the stroke across
    it is what their confidences said."""
    wide = (100 - LEFT) / max(1, len(bins))
    bars: list[Bar] = []
    strokes: list[Stroke] = []
    for at, one in enumerate(bins):
        said, true = 100 * one.mean_confidence, 100 * one.share_right
        bars.append(
            Bar(
                x=round(LEFT + (at + 0.2) * wide, 3),
                y=round(100 - true, 3),
                width=round(wide * 0.6, 3),
                height=round(true, 3),
                tone="tone-5" if one.n >= THIN else "tone-quiet",
                title=f"{_range(one)}: said {said:.0f} %, right {true:.0f} % of {one.n:,}",
            )
        )
        left, right = (round(LEFT + (at + part) * wide, 3) for part in (0.1, 0.9))
        y = round(100 - said, 3)
        strokes.append(Stroke(x1=left, y1=y, x2=right, y2=y, tone="tone-2"))
    return Chart(
        key=key,
        title=title,
        told=told,
        bars=bars,
        strokes=strokes,
        lines=[Label(at=0, text="100 %"), Label(at=50, text="50 %")],
        marks=[
            Label(at=round(LEFT + (at + 0.5) * wide, 3), text=f"{one.low:.2f}")
            for at, one in enumerate(bins)
        ],
        legend=[Key(tone="tone-5", name="were right"), Key(tone="tone-2", name="confidence said")],
        columns=["Confidence", "Values", "Said", "Right"],
        rows=[
            [
                _range(one),
                f"{one.n:,}",
                f"{100 * one.mean_confidence:.1f} %",
                f"{100 * one.share_right:.1f} %",
            ]
            for one in bins
        ],
    )


def spark(values: Sequence[tuple[int, int]]) -> Sequence[Stroke]:
    """A share over time as one small line without an axis, from 0 to 1."""
    wide = 100 / max(1, len(values) - 1)
    places = [
        (round(at * wide, 2), round(90 - 80 * part / n, 2))
        for at, (part, n) in enumerate(values)
        if n
    ]
    if len(places) == 1:
        places = [(max(0, places[0][0] - 4), places[0][1]), places[0]]
    return [Stroke(x1=a[0], y1=a[1], x2=b[0], y2=b[1], tone="tone-1") for a, b in pairwise(places)]


def percent(part: int, of: int) -> str:
    """ "97.3 %"; a dash of nothing."""
    return f"{100 * part / of:.1f} %" if of else "–"


def _day(span: date) -> str:
    return f"{span:%d %b}"


def _month(span: date) -> str:
    return f"{span:%b %Y}"


def _cell(part: int, n: int) -> str:
    return f"{percent(part, n)} ({part:,} of {n:,})" if n else "–"


def _axis(shares: Sequence[float]) -> tuple[float, float]:
    """The part of 0..1 that holds all shares: up to 1 where they are high, else from 0."""
    if not shares or min(shares) >= 0.5:
        lowest = min(shares, default=0.0)
        return max(low for low in (0.0, 0.5, 0.6, 0.8, 0.9) if low <= lowest), 1.0
    return 0.0, min(high for high in (0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 1.0) if high >= max(shares))


def _range(one: Bin) -> str:
    return f"{one.low:.2f} to {one.high:.2f}"
