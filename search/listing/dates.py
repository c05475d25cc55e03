"""Periods in a question: the field that is meant, ranges and what is open on one side. Pure."""

import re
from dataclasses import replace
from datetime import date, timedelta

from search.listing.days import (
    DAY,
    READERS,
    Asked,
    Match,
    Part,
    Reader,
    month_alone,
    month_span,
    whole_year,
)
from search.listing.filters import Period
from search.listing.sheet import Sheet

_DAY_ALONE = re.compile(DAY)
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
        asked = Asked(today=today, is_ahead=field in _AHEAD)
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


def _expression(text: str, at: int, asked: Asked) -> _Read | None:
    return _range(text, at, asked) or _one_sided(text, at, asked)


def _range(text: str, at: int, asked: Asked) -> _Read | None:
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


def _joined(begin: Part, end: Part, asked: Asked) -> tuple[date, date] | None:
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


def _one_sided(text: str, at: int, asked: Asked) -> _Read | None:
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
    text: str, at: int, asked: Asked, *, may_be_a_day: bool = False
) -> tuple[Part, int] | None:
    for pattern, reader in READERS:
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
    return (Part(day=int(alone["day"])), alone.end()) if alone else None


def _is_meant(text: str, match: Match, reader: Reader) -> bool:
    """Whether "may" is the month and "2000" the year, by what leads to it."""
    before = text[: match.start()]
    if reader is whole_year:
        return bool(_LEADS_TO_YEAR.search(before)) or not before.strip()
    if reader is month_alone and _AMBIGUOUS_MONTH.match(text, match.start()):
        return bool(_LEADS_TO_MONTH.search(before))
    return True


def _days(part: Part, asked: Asked) -> tuple[date, date] | None:
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
    span = month_span(year, part.month)
    return (span.first, span.last) if span.first and span.last else None


def _likely_year(part: Part, asked: Asked) -> int:
    today = asked.today
    place = (part.month, part.day or (1 if not asked.is_ahead else 31))
    here = (today.month, today.day)
    if asked.is_ahead:
        return today.year + (place < here)
    return today.year - (place > here)
