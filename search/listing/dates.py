"""Periods in a question: days, months, quarters, years of the calendar and of Indian accounts
(April to March), ranges, and what is relative to today. Pure."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from documents import fields
from search.listing.filters import Period
from search.listing.sheet import Sheet

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
_D = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\b"
_Y = r"(?P<year>(?:19|20)\d{2}\b(?![-/]\d)|['’]\d{2}\b)"
_WHICH = r"(?P<which>this|current|last|previous|past|next|coming)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A stretch of days, or a part of one that what stands beside it makes whole."""

    first: date | None = None
    last: date | None = None
    day: int = 0
    month: int = 0
    year: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Today, and whether a day without a year lies ahead of it, as days of payment do."""

    today: date
    is_ahead: bool


_Match = re.Match[str]
_Reader = Callable[[_Match, _Asked], _Part | None]


def _month_span(year: int, month: int) -> _Part:
    last = monthrange(year, month)[1]
    return _Part(first=date(year, month, 1), last=date(year, month, last))


def _months_on(day: date, months: int) -> date:
    """The first of the month so many months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _months(begin: date, months: int) -> _Part:
    return _Part(first=begin, last=_months_on(begin, months) - timedelta(days=1))


def _year(text: str | None) -> int:
    if not text:
        return 0
    return 2000 + int(text[1:]) if text[0] in "'’" else int(text)


def _full_year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _step(which: str) -> int:
    return {"this": 0, "current": 0, "next": 1, "coming": 1}.get(which, -1)


def _named_day(match: _Match, asked: _Asked) -> _Part | None:
    return _Part(day=int(match["day"]), month=_MONTHS[match["month"]], year=_year(match["year"]))


def _printed(match: _Match, asked: _Asked) -> _Part | None:
    found = fields.parse_date(match[0])
    day = date.fromisoformat(found.value) if found else None
    return _Part(first=day, last=day) if day else None


def _month(match: _Match, asked: _Asked) -> _Part | None:
    return _Part(month=_MONTHS[match["month"]], year=_year(match["year"]))


def _month_number(match: _Match, asked: _Asked) -> _Part | None:
    month = int(match["month"])
    return _month_span(int(match["year"]), month) if 1 <= month <= 12 else None


def _that_month(match: _Match, asked: _Asked) -> _Part | None:
    month, today, step = _MONTHS[match["month"]], asked.today, _step(match["which"])
    if step > 0:
        return _month_span(today.year + (month <= today.month), month)
    return _month_span(today.year - (step < 0 and month >= today.month), month)


def _accounts(start: int) -> _Part:
    return _months(date(start, 4, 1), 12)


def _account_start(day: date) -> int:
    return day.year - (day.month < 4)


def _account_years(match: _Match, asked: _Asked) -> _Part | None:
    start = _full_year(match["from"])
    if match["to"] is None:
        return _accounts(start - 1)
    return _accounts(start) if (start + 1) % 100 == int(match["to"]) % 100 else None


def _that_account_year(match: _Match, asked: _Asked) -> _Part | None:
    return _accounts(_account_start(asked.today) + _step(match["which"]))


def _quarter(match: _Match, asked: _Asked) -> _Part | None:
    n = int(match["n"]) if match["n"] else _ORDINALS[match["nth"]]
    if match["account"]:
        start = _full_year(match["account"]) - (match["to"] is None)
        return _months(_months_on(date(start, 4, 1), 3 * (n - 1)), 3)
    year = _year(match["year"]) or asked.today.year
    if not match["year"] and date(year, 3 * n - 2, 1) > asked.today and not asked.is_ahead:
        year -= 1
    return _months(date(year, 3 * n - 2, 1), 3)


def _that_span(match: _Match, asked: _Asked) -> _Part | None:
    today, step, unit = asked.today, _step(match["which"]), match["unit"]
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return _Part(first=monday, last=monday + timedelta(days=6))
    if unit == "month":
        return _months(_months_on(today, step), 1)
    if unit == "quarter":
        begin = date(today.year, today.month - (today.month - 1) % 3, 1)
        return _months(_months_on(begin, 3 * step), 3)
    return _months(date(today.year + step, 1, 1), 12)


def _stretch(match: _Match, asked: _Asked) -> _Part | None:
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
    return _Part(first=min(today, other), last=max(today, other))


def _near(match: _Match, asked: _Asked) -> _Part | None:
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}[match[0]]
    day = asked.today + timedelta(days=days)
    return _Part(first=day, last=day)


def _whole_year(match: _Match, asked: _Asked) -> _Part | None:
    return _months(date(_year(match["year"]), 1, 1), 12)


_ACCOUNT = r"(?:fy|f\.y\.|financial year|fiscal year|fiscal)\s*['’]?"
_READERS: tuple[tuple["re.Pattern[str]", _Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"\d{4}-\d{1,2}-\d{1,2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b", _printed),
        (rf"{_D}\s*(?:of\s+)?{_M},?(?:\s*{_Y})?", _named_day),
        (rf"{_M}\s*{_D}(?:,?\s*{_Y})?", _named_day),
        (r"(?P<year>20\d{2})-(?P<month>\d{2})\b(?!-)(?<!-\d\d-\d\d)(?=\D|$)", _month_number),
        (r"(?P<month>\d{1,2})/(?P<year>20\d{2})\b", _month_number),
        (rf"{_WHICH}\s+{_M}", _that_month),
        (rf"{_M},?(?:\s*(?:of\s+)?{_Y})?", _month),
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
        (_Y, _whole_year),
    )
)
# 2025-26 is a year of accounts where the second number follows the first, else a month.
_DAY_ALONE = re.compile(_D)
_AMBIGUOUS_MONTH = re.compile(r"(?:may|march|mar)\b(?!\.?,?\s*(?:\d|['’]\d))")
_LEADS_TO_MONTH = re.compile(
    r"\b(?:in|of|for|from|since|before|after|until|till|by|to|and|during|between|through|"
    r"this|last|next|due|dated|month)\s+$|[-–]\s*$|\d\s*$"
)
_LEADS_TO_YEAR = re.compile(
    r"\b(?:in|of|from|since|before|after|until|till|by|during|year|for|through|between|and|to|"
    r"bills|invoices|receipts|documents|due|dated)\s+$"
)
_BETWEEN = re.compile(r"between\s+")
_FROM = re.compile(r"from\s+(?:the\s+)?")
_AND = re.compile(r"\s*(?:and|to|-|–)\s*")
_TO = re.compile(r"\s*(?:to|until|till|through|up to|-|–)\s*")
_ONE = re.compile(
    r"(?:(?P<on_or_after>on or after|starting|since|from)|(?P<after>after|later than)"
    r"|(?P<on_or_before>on or before|until|till|up to|not later than|by|to)"
    r"|(?P<before>before|earlier than|prior to)"
    r"|(?P<within>in|on|during|of|for|within|dated|as of))\s+(?:the\s+)?(?:month\s+of\s+|year\s+)?"
)
_ONWARDS = re.compile(r"\s*(?:onwards?|on\b(?!\s*\w))")
_WORD = re.compile(r"(?<![\w./-])[\w'’]")
_FIELDS = (
    (re.compile(r"\b(?:falling\s+|falls\s+|fall\s+)?(?:due|payable)\b(?:\s+date)?"), "due_date"),
    (re.compile(r"\b(?:valid|expir\w*)(?:\s+(?:until|till|up\s*to|to))?\b"), "valid_until"),
    (re.compile(r"\bgenerated\b"), "generated_at"),
    (re.compile(r"\b(?:uploaded|added|received|scanned|taken in|came in)\b"), "created_at"),
    (re.compile(r"\b(?:dated|issued)\b"), "document_date"),
)
_CUE_CHARS = 24
_AHEAD = {"due_date", "valid_until"}


def read(sheet: Sheet, today: date, *, usual: str) -> tuple[Period, ...]:
    """The periods that a question names, blanked. usual: the field that is meant where the
    question does not say."""
    found: list[Period] = []
    at = 0
    while start := _WORD.search(sheet.text, at):
        at = start.start() + 1
        field, cue = _field_before(sheet.text, start.start(), usual)
        asked = _Asked(today=today, is_ahead=field in _AHEAD)
        read_here = _expression(sheet.text, start.start(), asked)
        if read_here is None:
            continue
        first, last, end = read_here
        found.append(
            Period(
                field=field,
                first=first.isoformat() if first else "",
                last=last.isoformat() if last else "",
            )
        )
        sheet.blank(cue if cue >= 0 else start.start(), end)
        at = end
    return tuple(found)


def _field_before(text: str, at: int, usual: str) -> tuple[str, int]:
    """The field of which a day is named at `at`, and where its word stands; -1 for nowhere."""
    before = text[max(0, at - _CUE_CHARS) : at]
    for pattern, field in _FIELDS:
        for match in pattern.finditer(before):
            if not before[match.end() :].strip(" :") or before[match.end() :].strip() == "date":
                return field, max(0, at - _CUE_CHARS) + match.start()
    return usual, -1


_Read = tuple[date | None, date | None, int]


def _expression(text: str, at: int, asked: _Asked) -> _Read | None:
    return _range(text, at, asked) or _one_sided(text, at, asked)


def _range(text: str, at: int, asked: _Asked) -> _Read | None:
    for opening, joint in ((_BETWEEN, _AND), (_FROM, _TO), (None, _TO)):
        start = opening.match(text, at) if opening else None
        if opening and not start:
            continue
        begin = _part(text, start.end() if start else at, asked, may_be_a_day=True)
        middle = joint.match(text, begin[1]) if begin else None
        end = _part(text, middle.end(), asked) if middle else None
        if begin is None or end is None:
            continue
        days = _joined(begin[0], end[0], asked)
        if days:
            return (*days, end[1])
    return None


def _joined(begin: _Part, end: _Part, asked: _Asked) -> tuple[date, date] | None:
    """Days from the first of one part to the last of another, which lends what one lacks."""
    last = _days(end, asked)
    if last is None or (begin.day and not begin.month and not end.month and not end.first):
        return None
    if begin.first is None:
        month = begin.month or (last[1].month if begin.day else 0)
        year = begin.year or last[1].year
        if not month:
            return None
        if not begin.year and (month, begin.day or 1) > (last[1].month, last[1].day):
            year -= 1
        begin = replace(begin, month=month, year=year)
    first = _days(begin, asked)
    return (first[0], last[1]) if first and first[0] <= last[1] else None


def _one_sided(text: str, at: int, asked: _Asked) -> _Read | None:
    lead = _ONE.match(text, at)
    found = _part(text, lead.end() if lead else at, asked)
    days = _days(found[0], asked) if found else None
    if found is None or days is None:
        return None
    (first, last), end = days, found[1]
    onwards = _ONWARDS.match(text, end)
    if onwards:
        return first, None, onwards.end()
    side = lead.lastgroup if lead else None
    if side == "on_or_after" and lead and not lead[0].startswith("from"):
        return first, None, end
    if side == "after":
        return last + timedelta(days=1), None, end
    if side == "on_or_before":
        return None, last, end
    if side == "before":
        return None, first - timedelta(days=1), end
    return first, last, end


def _part(
    text: str, at: int, asked: _Asked, *, may_be_a_day: bool = False
) -> tuple[_Part, int] | None:
    for pattern, reader in _READERS:
        match = pattern.match(text, at)
        if match is None or not _is_meant(text, match, reader):
            continue
        try:
            found = reader(match, asked)
        except ValueError:
            continue
        if found is not None:
            return found, match.end()
    alone = _DAY_ALONE.match(text, at) if may_be_a_day else None
    return (_Part(day=int(alone["day"])), alone.end()) if alone else None


def _is_meant(text: str, match: _Match, reader: _Reader) -> bool:
    """Whether "may" is the month and "2000" the year, by what leads to it."""
    before = text[: match.start()]
    if reader is _whole_year:
        return bool(_LEADS_TO_YEAR.search(before)) or not before.strip()
    if reader is _month and _AMBIGUOUS_MONTH.match(text, match.start()):
        return bool(_LEADS_TO_MONTH.search(before))
    return True


def _days(part: _Part, asked: _Asked) -> tuple[date, date] | None:
    """The days of a part; without a year those that are nearest, behind us or ahead."""
    if part.first and part.last:
        return part.first, part.last
    if not part.month:
        return None
    year = part.year or _likely_year(part, asked)
    try:
        if part.day:
            day = date(year, part.month, part.day)
            return day, day
    except ValueError:
        return None
    span = _month_span(year, part.month)
    return (span.first, span.last) if span.first and span.last else None


def _likely_year(part: _Part, asked: _Asked) -> int:
    today = asked.today
    place = (part.month, part.day or (1 if not asked.is_ahead else 31))
    here = (today.month, today.day)
    if asked.is_ahead:
        return today.year + (place < here)
    return today.year - (place > here)
