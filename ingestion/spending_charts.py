"""Charts of what language models did by day, drawn of the figures in `spending`."""

from collections.abc import Mapping, Sequence
from datetime import date

from documents.presentation import told_cost
from ingestion.charts import TONES, Chart, Series
from ingestion.charts_days import Measured, lines, stacked
from ingestion.spending import MICROCENTS, Asked, Line, by_day, failures


def charts(asked: Asked) -> list[Chart]:
    """By day: requests, tokens, cost, seconds, failures. Two queries."""
    days, found = asked.dates(), by_day(asked)
    return [
        _requests(days, found),
        _tokens(days, found),
        _costs(days, found),
        _seconds(days, found),
        _failures(days, failures(asked)),
    ]


def _each(
    days: Sequence[date], found: Mapping[date, Line], name: str, tone: str, column: str
) -> Series:
    values = [getattr(found[day], column) if day in found else 0 for day in days]
    return Series(name=name, tone=tone, values=values)


def _requests(days: Sequence[date], found: Mapping[date, Line]) -> Chart:
    series = [
        _each(days, found, "requests", "tone-1", "requests"),
        _each(days, found, "reused answers", "tone-5", "reused"),
    ]
    asked, reused = (sum(one.values) for one in series)
    told = f"{asked:,.0f} requests were sent, {reused:,.0f} answers were there already."
    return stacked("requests", "Requests and reused answers", days, series, told=told)


def _tokens(days: Sequence[date], found: Mapping[date, Line]) -> Chart:
    series = [
        _each(days, found, "tokens in", "tone-3", "input_tokens"),
        _each(days, found, "tokens out", "tone-4", "output_tokens"),
    ]
    into, out = (sum(one.values) for one in series)
    told = f"{into:,.0f} tokens went in, {out:,.0f} came out."
    return stacked("tokens", "Tokens", days, series, told=told)


def _costs(days: Sequence[date], found: Mapping[date, Line]) -> Chart:
    cents = [found[day].microcents / MICROCENTS if day in found else 0.0 for day in days]
    told = f"{told_cost(sum(line.microcents for line in found.values()))} were spent."
    series = [Series(name="cost", tone="tone-2", values=cents)]
    return stacked("cost", "Cost", days, series, told=told, unit="¢")


def _seconds(days: Sequence[date], found: Mapping[date, Line]) -> Chart:
    p50 = [found[day].p50_s if day in found else None for day in days]
    p95 = [found[day].p95_s if day in found else None for day in days]
    series = [
        Measured(name="half took at most (p50)", tone="tone-1", values=p50),
        Measured(name="19 of 20 took at most (p95)", tone="tone-2", values=p95),
    ]
    told = "Seconds until an answer was there, repairs counted."
    return lines("latency", "Seconds a call", days, series, told=told, unit="s")


def _failures(days: Sequence[date], found: Sequence[tuple[date, str, int]]) -> Chart:
    counts: dict[str, dict[date, int]] = {}
    for day, code, n in found:
        counts.setdefault(code, {})[day] = n
    codes = sorted(counts, key=lambda code: -sum(counts[code].values()))
    named = codes if len(codes) <= TONES else codes[: TONES - 1]
    series = [
        Series(name=code, tone=f"tone-{at + 1}", values=[counts[code].get(day, 0) for day in days])
        for at, code in enumerate(named)
    ]
    if rest := codes[len(named) :]:
        others = [sum(counts[code].get(day, 0) for code in rest) for day in days]
        series.append(Series(name="others", tone="tone-quiet", values=others))
    total = sum(sum(one.values) for one in series)
    told = f"{total:,.0f} calls ended without a good answer."
    return stacked("call-failures", "Failures by code", days, series, told=told)
