"""What a stretch of print beside a label may hold: parsers for numbers, dates, codes, texts."""

import re
from dataclasses import replace

from documents.fields import (
    CURRENCY_CODES,
    find_dates,
    find_gstins,
    fold,
    normalise_ewb_number,
    normalise_vehicle,
    parse_date,
    parse_timestamp,
)
from ingestion.engines.rules.meaning import is_of_a_thing
from ingestion.engines.rules.near import Parsed, Parser

_LEAD = re.compile(
    r"[\s:.#=°º)\]–-]*(?:\(\d{1,4}\)\s?)?(?:(?:no|nr|num|number|numero|n[°ºo]|id)\b[\s:.#°º=-]*)?",
    re.I,
)
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9/\\._#()-]{0,39}")
# "Rechnung des Versicherers Nr. 01.234": the number stands behind words.
_LATER_KEY = re.compile(r"^[A-Za-zÀ-ÿ ()\d]{3,40}\s(?:nr|no|n[°º]|num|number)\b[\s.:#]{1,3}", re.I)
_GROUPS = re.compile(r"\d{2,}(?: \d{2,}){1,5}(?![\w/.,-])")
_LEAST_GROUPED = 8  # digits; fewer may be a number and a year
_KEY_WORD = re.compile(r"\b\w{1,6}[\W_]*$")
_AMOUNT_LIKE = re.compile(r"\d{1,3}(?:[.,]\d{3})*[.,]\d{2}")
_TAX_ID = re.compile(r"(?<![A-Za-z0-9])[A-Z]{0,4}[\s-]?\d[\dA-Z .\-/]{4,22}")


def document_number(text: str) -> Parsed | None:
    """The number of a paper: the first word with a digit, that is no date and no amount.

    A short word before it belongs to it ("RE 2019/5"), as does what hangs on by - or /.
    """
    text = text[:80]
    lead = _LEAD.match(text)
    found = _number_from(text, lead.end() if lead else 0)
    key = _LATER_KEY.search(text) if found is None else None
    if key is not None and not is_of_a_thing(fold(_KEY_WORD.sub("", key[0]))):
        later = _number_from(text, key.end())
        return replace(later, certainty=0.9 * later.certainty) if later else None
    return found


def _number_from(text: str, offset: int) -> Parsed | None:
    first = _TOKEN.match(text, offset)
    if first is None:
        return None
    start, end = first.span()
    if not any(char.isdigit() for char in first[0]):
        following = re.compile(r"[\s:./#-]{1,3}").match(text, end)
        second = _TOKEN.match(text, following.end()) if following else None
        if second is None or len(first[0]) > 5 or not any(c.isdigit() for c in second[0]):
            return None
        end = second.end()
    end = _grouped(text, start, end)
    hanging = re.compile(r"\s?[/-]\s?[A-Za-z0-9/-]*\d[A-Za-z0-9/-]*").match(text, end)
    if hanging and not find_dates(hanging[0]):
        end = hanging.end()
    value = text[start:end].rstrip(".,-/_#(")
    if value.count("(") != value.count(")"):
        value = re.split(r"[()]", value)[0]
    dates = find_dates(value)
    if dates and dates[0].end - dates[0].start >= len(value) - 1:
        return None
    if _AMOUNT_LIKE.fullmatch(value) or not any(char.isdigit() for char in value):
        return None
    certainty = 1.0 if len(value) >= 4 else 0.9 if len(value) >= 2 else 0.8
    return Parsed(value=value, start=start, end=start + len(value), certainty=certainty)


def _grouped(text: str, start: int, end: int) -> int:
    """The end of a number that is printed in groups of digits and followed by nothing else:
    "55 0012 7781"."""
    groups = _GROUPS.match(text, start)
    if groups is None or text[groups.end() :].strip(" .:"):
        return end
    long = sum(char.isdigit() for char in groups[0]) >= _LEAST_GROUPED
    return groups.end() if long and not find_dates(groups[0]) else end


def lone_number(text: str) -> Parsed | None:
    """A document number with nothing after it: for labels as vague as "No"."""
    parsed = document_number(text)
    if parsed is None or len(parsed.value) < 4 or text[parsed.end :].strip(" .:"):
        return None
    return parsed


def day(*, month_first: bool) -> Parser:
    """A parser of dates; an ambiguous one keeps its other reading and costs certainty."""

    def parse(text: str) -> Parsed | None:
        found = parse_date(text[:60], month_first=month_first)
        if found is None or found.start > 24:
            return None
        return Parsed(
            value=found.value,
            start=found.start,
            end=found.end,
            certainty=0.9 if found.other else 1.0,
            alternatives=(found.other,) if found.other else (),
            note="day and month could be swapped" if found.other else "",
        )

    return parse


def moment(text: str) -> Parsed | None:
    """Date and time of day, as on e-way bills."""
    value = parse_timestamp(text[:80])
    found = parse_date(text[:80])
    if not value or found is None:
        return None
    clock = re.compile(r"[\s,-]*\d{1,2}\s?:\s?\d{2}(?:\s?:\s?\d{2})?(?:\s*[APap]\.?\s?[Mm]\.?)?")
    tail = clock.match(text, found.end)
    return Parsed(value=value, start=found.start, end=tail.end() if tail else found.end)


def ewb_number(text: str) -> Parsed | None:
    value = normalise_ewb_number(text[:60])
    match = re.search(r"\d[\d\s-]{10,20}\d", text[:60])
    return Parsed(value=value, start=match.start(), end=match.end()) if value and match else None


def currency(text: str) -> Parsed | None:
    """An ISO 4217 code."""
    for match in re.finditer(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text[:30]):
        if match[0] in CURRENCY_CODES:
            return Parsed(value=match[0], start=match.start(), end=match.end())
    return None


def digits(*, least: int, most: int) -> Parser:
    """A parser of a plain number of `least` to `most` digits."""

    def parse(text: str) -> Parsed | None:
        match = re.search(rf"(?<!\d)\d{{{least},{most}}}(?!\d)", text[:80])
        return Parsed(value=match[0], start=match.start(), end=match.end()) if match else None

    return parse


def vehicle(text: str) -> Parsed | None:
    for match in re.finditer(
        r"[A-Za-z]{2,3}[\s-]?\d{1,3}[\s-]?[A-Za-z]{0,3}[\s-]?\d{3,4}", text[:80]
    ):
        value = normalise_vehicle(match[0])
        if value and not re.match(r"(?:RR|LR|GR|DC|PO|SO|INV|BL)\d+$", value):
            return Parsed(value=value, start=match.start(), end=match.end())
    special = re.search(r"(?<![A-Za-z0-9])(?:DF|TM|BP|NP)[A-Z0-9]{3,13}(?![A-Za-z0-9])", text[:80])
    if special and any(char.isdigit() for char in special[0]):
        return Parsed(value=special[0], start=special.start(), end=special.end())
    return None


def tax_id(text: str) -> Parsed | None:
    """A VAT, GST or SST number: at least five digits, perhaps behind a country's letters."""
    head = text[:48].lstrip(" :.#=-)")
    offset = len(text[:48]) - len(head)
    match = _TAX_ID.match(head.upper())
    if not match or sum(char.isdigit() for char in match[0]) < 5 or find_dates(match[0]):
        return None
    value = re.sub(r"\s{2,}.*", "", match[0]).strip(" .-/")
    value = re.sub(r"(?<=\d)\s+[A-Z]{2,}.*$", "", value).strip()
    if _AMOUNT_LIKE.fullmatch(value) or find_gstins(value):
        return None
    return Parsed(value=value, start=offset, end=offset + len(value))


def plain_text(text: str) -> Parsed | None:
    """Words as printed, without the signs around them."""
    value = text.strip(" :.-=|,")
    if sum(char.isalnum() for char in value) < 2:
        return None
    start = text.find(value)
    return Parsed(value=value[:200], start=start, end=start + len(value))


def kilometres(text: str) -> Parsed | None:
    match = re.search(
        r"(?<![\d.])(\d{1,4}|\d,\d{3})(?:\.0+)?(?![\d.])\s*(?:km|kms|k\.m)?", text[:40], re.I
    )
    if not match:
        return None
    return Parsed(value=match[1].replace(",", ""), start=match.start(1), end=match.end(1))
