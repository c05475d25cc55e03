"""What words mean days: a day, a month, a quarter, a year of the calendar or of Indian accounts
(April to March), a stretch relative to today. Pure."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from documents import fields

_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTHS = {name: n for n, name in enumerate(_NAMES, start=1)} | {
    name[:3]: n for n, name in enumerate(_NAMES, start=1)
}
_MONTHS["sept"] = 9
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: n for n, word in enumerate(_NUMBERS, start=1)}
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4}
_ORDINALS |= {"4th": 4}

_M = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\b"
_Y = r"(?P<year>(?:19|20)\d{2}\b(?![-/]\d)|['’]\d{2}\b)"
_WHICH = r"(?P<which>this|current|last|previous|past|next|coming)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of days, or a part of one that what stands beside it makes whole."""

    first: date | None = None
    last: date | None = None
    day: int = 0
    month: int = 0
    year: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Today, and whether a day without a year lies ahead of it, as days of payment do."""

    today: date
    is_ahead: bool


Match = re.Match[str]
Reader = Callable[[Match, Asked], Part | None]


def month_span(year: int, month: int) -> Part:
    last = monthrange(year, month)[1]
    return Part(first=date(year, month, 1), last=date(year, month, last))


def _months_on(day: date, months: int) -> date:
    """The first of the month so many months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _months(begin: date, months: int) -> Part:
    return Part(first=begin, last=_months_on(begin, months) - timedelta(days=1))


def _year(text: str | None) -> int:
    if not text:
        return 0
    return 2000 + int(text[1:]) if text[0] in "'’" else int(text)


def _full_year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _step(which: str) -> int:
    return {"this": 0, "current": 0, "next": 1, "coming": 1}.get(which, -1)


def _named_day(match: Match, asked: Asked) -> Part | None:
    return Part(day=int(match["day"]), month=_MONTHS[match["month"]], year=_year(match["year"]))


def _printed(match: Match, asked: Asked) -> Part | None:
    found = fields.parse_date(match[0])
    day = date.fromisoformat(found.value) if found else None
    return Part(first=day, last=day) if day else None


def month_alone(match: Match, asked: Asked) -> Part | None:
    return Part(month=_MONTHS[match["month"]], year=_year(match["year"]))


def _month_number(match: Match, asked: Asked) -> Part | None:
    month = int(match["month"])
    return month_span(int(match["year"]), month) if 1 <= month <= 12 else None


def _that_month(match: Match, asked: Asked) -> Part | None:
    month, today, step = _MONTHS[match["month"]], asked.today, _step(match["which"])
    if step > 0:
        return month_span(today.year + (month <= today.month), month)
    return month_span(today.year - (step < 0 and month >= today.month), month)


def _accounts(start: int) -> Part:
    return _months(date(start, 4, 1), 12)


def _account_start(day: date) -> int:
    return day.year - (day.month < 4)


def _account_years(match: Match, asked: Asked) -> Part | None:
    start = _full_year(match["from"])
    if match["to"] is None:
        return _accounts(start - 1)
    return _accounts(start) if (start + 1) % 100 == int(match["to"]) % 100 else None


def _that_account_year(match: Match, asked: Asked) -> Part | None:
    return _accounts(_account_start(asked.today) + _step(match["which"]))


def _quarter(match: Match, asked: Asked) -> Part | None:
    n = int(match["n"]) if match["n"] else _ORDINALS[match["nth"]]
    if match["account"]:
        start = _full_year(match["account"]) - (match["to"] is None)
        return _months(_months_on(date(start, 4, 1), 3 * (n - 1)), 3)
    year = _year(match["year"]) or asked.today.year
    if not match["year"] and date(year, 3 * n - 2, 1) > asked.today and not asked.is_ahead:
        year -= 1
    return _months(date(year, 3 * n - 2, 1), 3)


def _that_span(match: Match, asked: Asked) -> Part | None:
    today, step, unit = asked.today, _step(match["which"]), match["unit"]
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return Part(first=monday, last=monday + timedelta(days=6))
    if unit == "month":
        return _months(_months_on(today, step), 1)
    if unit == "quarter":
        begin = date(today.year, today.month - (today.month - 1) % 3, 1)
        return _months(_months_on(begin, 3 * step), 3)
    return _months(date(today.year + step, 1, 1), 12)


def _stretch(match: Match, asked: Asked) -> Part | None:
    """The last 30 days end today, the last 3 months began so many months before today."""
    n = int(match["n"]) if match["n"].isdigit() else _COUNTS[match["n"]]
    today, step, unit = asked.today, _step(match["which"]) or -1, match["unit"]
    if n > 1_000:
        return None
    if unit in ("day", "week"):
        days = n * (7 if unit == "week" else 1)
        other = today + step * timedelta(days=days - (unit == "day"))
    else:
        begin = _months_on(today, step * n * (12 if unit == "year" else 1))
        other = begin.replace(day=min(today.day, monthrange(begin.year, begin.month)[1]))
    return Part(first=min(today, other), last=max(today, other))


def _near(match: Match, asked: Asked) -> Part | None:
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}[match[0]]
    day = asked.today + timedelta(days=days)
    return Part(first=day, last=day)


def whole_year(match: Match, asked: Asked) -> Part | None:
    return _months(date(_year(match["year"]), 1, 1), 12)


_ACCOUNT = r"(?:fy|f\.y\.|financial year|fiscal year|fiscal)\s*['’]?"
# 2025-26 is a year of accounts where the second number follows the first, else a month.
READERS: tuple[tuple["re.Pattern[str]", Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"\d{4}-\d{1,2}-\d{1,2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b", _printed),
        (rf"{DAY}\s*(?:of\s+)?{_M},?(?:\s*{_Y})?", _named_day),
        (rf"{_M}\s*{DAY}(?:,?\s*{_Y})?", _named_day),
        (r"(?P<year>20\d{2})-(?P<month>\d{2})\b(?!-)(?<!-\d\d-\d\d)(?=\D|$)", _month_number),
        (r"(?P<month>\d{1,2})/(?P<year>20\d{2})\b", _month_number),
        (rf"{_WHICH}\s+{_M}", _that_month),
        (rf"{_M},?(?:\s*(?:of\s+)?{_Y})?", month_alone),
        (rf"{_WHICH}\s+(?:fy|financial year|fiscal year)\b", _that_account_year),
        (
            rf"{_ACCOUNT}(?P<from>\d{{4}}|\d{{2}})(?:\s*[-/–]\s*(?P<to>\d{{4}}|\d{{2}}))?\b",
            _account_years,
        ),
        (r"(?P<from>20\d{2})\s*[-/–]\s*(?P<to>\d{2})\b", _account_years),
        (
            rf"(?:q(?P<n>[1-4])|(?P<nth>{'|'.join(_ORDINALS)})\s+quarter)\b\s*(?:of\s+)?"
            rf"(?:{_ACCOUNT}(?P<account>\d{{4}}|\d{{2}})(?:\s*[-/–]\s*(?P<to>\d{{2,4}}))?\b"
            rf"|{_Y})?",
            _quarter,
        ),
        (rf"{_WHICH}\s+(?P<unit>week|month|quarter|year)\b", _that_span),
        (
            rf"{_WHICH}\s+(?P<n>\d{{1,4}}|{'|'.join(_COUNTS)})\s+"
            r"(?P<unit>day|week|month|year)s?\b",
            _stretch,
        ),
        (r"(?:yesterday|today|tomorrow)\b", _near),
        (_Y, whole_year),
    )
)
