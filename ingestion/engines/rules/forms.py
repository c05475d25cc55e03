"""Filled fields of a PDF form as evidence: a field whose name is a known label.

The name that the form's maker gave is the label, so nothing is near or far. Only what can be
read in one way counts; the rest stands among the words of the page, for the rules of print.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from documents.fields import (
    CURRENCY_CODES,
    fold,
    is_gstin,
    normalise_ewb_number,
    normalise_gstin,
    normalise_irn,
    normalise_vehicle,
    parse_amount,
    parse_date,
    parse_timestamp,
)
from ingestion.engines.base import FieldReading, Mark, MarkKind, PageInput, ValueSource
from ingestion.engines.rules.labels import lexicon

_LEXICONS = {"bill": ("bill", "amounts", "parties"), "eway_bill": ("eway",)}
_PARTIES = {"supplier": "supplier_name", "recipient": "recipient_name"}
_LEAST_WEIGHT = 0.8
_LEAST_SHARE = 0.75  # of a field's name that its label must be: "total" is not "total hours"
_CONFIDENCE = 0.95
_PREFIX = re.compile(r"^(?:txt|fld|field|tf|tb|text|edt|cbo|frm|input)\s", re.IGNORECASE)


def form_readings(page: PageInput, *, type_slug: str) -> tuple[FieldReading, ...]:
    """What the form on a page says for a document of a type; nothing for a field that is
    there several times with different values."""
    found: dict[str, list[FieldReading]] = {}
    for mark in page.marks:
        if mark.kind == MarkKind.FORM_FIELD and type_slug in _LEXICONS:
            for reading in _readings(mark, page=page.number, type_slug=type_slug):
                found.setdefault(reading.pointer, []).append(reading)
    return tuple(
        readings[0] for readings in found.values() if len({one.value for one in readings}) == 1
    )


def _readings(mark: Mark, *, page: int, type_slug: str) -> Iterator[FieldReading]:
    try:
        told = json.loads(mark.payload)
    except (ValueError, RecursionError):
        return
    if not isinstance(told, dict) or told.get("kind") not in ("text", "choice"):
        return
    printed = str(told.get("value", "")).strip()
    field = _meant(told, type_slug)
    value = _parsed(field, printed) if field and len(printed) <= 300 else ""
    if value != "":
        yield FieldReading(
            pointer=f"/{field}",
            value=value,
            raw=printed,
            page=page,
            box=mark.box,
            source=ValueSource.EMBEDDED,
            confidence=_CONFIDENCE,
            note=f"form field {str(told.get('name', ''))[:60]}",
        )


def _meant(told: dict[str, Any], type_slug: str) -> str:
    """The field of the schema that a form field's tooltip or name is the label of."""
    known = lexicon(*_LEXICONS[type_slug])
    for label in (str(told.get("label", "")), _plain(str(told.get("name", "")))):
        folded = fold(label)[:120]
        for match in known.expression.finditer(folded):
            field, weight, _ = known.meanings[(match.lastindex or 1) - 1]
            share = _letters(match[0]) / max(1, _letters(folded))
            if weight >= _LEAST_WEIGHT and share >= _LEAST_SHARE:
                return _PARTIES.get(field, field)
    return ""


def _plain(name: str) -> str:
    """ "form1[0].page[0].txtInvoiceNo[0]" as "Invoice No"."""
    last = re.sub(r"\[\d*\]", "", name).rpartition(".")[2]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+", " ", last)
    return _PREFIX.sub("", words.strip())


def _letters(text: str) -> int:
    return sum(char.isalnum() for char in text)


def _parsed(field: str, text: str) -> str | int:
    if field.startswith(("other_", "vague_")):
        return ""
    for ending, parse in _PARSERS:
        if field.endswith(ending):
            return parse(text)
    return ""


def _amount(text: str) -> str:
    first, second = (parse_amount(text, decimal_comma=comma) for comma in (True, False))
    return first if first == second else ""


def _day(text: str) -> str:
    day = parse_date(text)
    return day.value if day is not None and not day.other else ""


def _gstin(text: str) -> str:
    value = normalise_gstin(text)
    return value if is_gstin(value) or value == "URP" else ""


def _number(text: str) -> str:
    return text if re.fullmatch(r"(?=.*\d)[\w./\\# -]{1,40}", text) else ""


def _line(text: str) -> str:
    return text if "\n" not in text and "\r" not in text and len(text) <= 200 else ""


def _currency(text: str) -> str:
    return text.upper() if text.upper() in CURRENCY_CODES else ""


def _kilometres(text: str) -> int | str:
    match = re.fullmatch(r"(\d{1,4})\s?(?:km)?", text.lower())
    return int(match[1]) if match else ""


_PARSERS: tuple[tuple[str, Callable[[str], str | int]], ...] = (
    ("_amount", _amount),
    ("_value", _amount),
    ("round_off", _amount),
    ("_date", _day),
    ("valid_until", _day),
    ("_at", parse_timestamp),
    ("_gstin", _gstin),
    ("ewb_number", normalise_ewb_number),
    ("vehicle_number", normalise_vehicle),
    ("_number", _number),
    ("irn", normalise_irn),
    ("currency", _currency),
    ("distance_km", _kilometres),
    ("_name", _line),
    ("place_of_supply", _line),
    ("supplier_tax_id", _number),
)
