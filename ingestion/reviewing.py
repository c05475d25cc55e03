"""What review costs as charts: confirmations, seconds, changes and straight-through by day."""

from collections.abc import Mapping, Sequence
from datetime import date

from documents.measures import Figures
from ingestion.charts import Chart, Series
from ingestion.charts_days import Measured, lines, stacked


def settled(days: Sequence[date], told: Mapping[date, Figures], *, key: str) -> Chart:
    """Documents a day: straight through, confirmed as they were, confirmed with changes."""
    of_day = [told.get(day, Figures()) for day in days]
    series = [
        Series(name="Needed nobody", tone="tone-3", values=[one.straight for one in of_day]),
        Series(name="Confirmed as read", tone="tone-1", values=[one.untouched for one in of_day]),
        Series(
            name="Confirmed with changes",
            tone="tone-2",
            values=[one.confirmed - one.untouched for one in of_day],
        ),
    ]
    total = sum(sum(one.values) for one in series)
    return stacked(
        f"{key}-settled",
        "Documents a day",
        days,
        series,
        told=f"{total:,.0f} documents in {len(days)} days.",
    )


def seconds(days: Sequence[date], told: Mapping[date, Figures], *, key: str) -> Chart:
    """The median of the seconds a document, by day."""
    values = [told[day].seconds if day in told else None for day in days]
    measured = [value for value in values if value is not None]
    return lines(
        f"{key}-seconds",
        "Seconds a document",
        days,
        [Measured(name="Median", tone="tone-1", values=values)],
        told="Half of a day's documents took no longer." if measured else "None was timed yet.",
        unit="s",
    )


def straight_through(days: Sequence[date], told: Mapping[date, Figures], *, key: str) -> Chart:
    """Of a day's documents, those that needed nobody, in percent."""
    shares = [told[day].straight_share if day in told else None for day in days]
    values = [None if share is None else 100 * share for share in shares]
    return lines(
        f"{key}-straight",
        "Straight through",
        days,
        [Measured(name="Needed nobody", tone="tone-3", values=values)],
        told="Of the documents that were settled on a day, those that needed nobody.",
        unit="%",
    )
