"""What a model answered, as values: normalised as the rules normalise what they read. Pure.

A value that does not normalise, or that the type's schema does not take, stays a proposal with
a note and without a value: a person may look at it, nobody takes it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from documents.fields import (
    CURRENCY_CODES,
    detect_currencies,
    parse_amount,
    parse_date,
    parse_timestamp,
)
from ingestion.engines.rules.locale import Locale
from ingestion.llm.shape import Field, Kind, Shape

LONGEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A value as a model gives it. said: its words; value: normalised, None where they are no
    value of the field, which `note` then says."""

    pointer: str
    kind: Kind
    said: str
    value: str | int | None
    note: str = ""


def joined(answers: Sequence[Mapping[str, Any]], shape: Shape) -> dict[str, Any]:
    """The answers of a document's parts as one: of a field the first that is not empty, of a
    list the rows of all."""
    made: dict[str, Any] = {}
    for field in shape.fields:
        said = (answer.get(field.name) for answer in answers)
        made[field.name] = next((one for one in said if _clean(one)), None)
    for rows in shape.lists:
        found = [row for answer in answers for row in answer.get(rows.name) or ()]
        made[rows.name] = found[: rows.most]
    return made


def proposals(answer: Mapping[str, Any], shape: Shape, locale: Locale) -> tuple[Proposal, ...]:
    """Every value of an answer that is not empty; rows without any value are left out."""
    found = list(_of_fields("", shape.fields, answer, locale))
    for rows in shape.lists:
        number = 0
        for row in answer.get(rows.name) or ():
            of_row = list(_of_fields(f"/{rows.name}/{number}", rows.columns, row, locale))
            found += of_row
            number += bool(of_row)
    return tuple(found)


def _of_fields(
    base: str, fields: Sequence[Field], said: Mapping[str, Any], locale: Locale
) -> Iterator[Proposal]:
    for field in fields:
        text = _clean(said.get(field.name))
        if not text:
            continue
        value = normalised(text, field, locale)
        note = "" if value is not None else f"the language model's answer is no {field.kind.value}"
        yield Proposal(
            pointer=f"{base}/{field.name}", kind=field.kind, said=text, value=value, note=note
        )


def _clean(said: Any) -> str:
    """A text without what cannot be kept or seen; "" for what is no text, or says nothing."""
    if not isinstance(said, str | int | float) or isinstance(said, bool):
        return ""
    visible = "".join(char if char.isprintable() else " " for char in str(said)[: 2 * LONGEST])
    text = " ".join(visible.split())[:LONGEST]
    return "" if text.casefold() in ("", "null", "none", "n/a", "-") else text


def normalised(text: str, field: Field, locale: Locale) -> str | int | None:
    """The value that a text is for a field; None where it is none that the schema takes."""
    value: str | int | None
    match field.kind:
        case Kind.DATE:
            day = parse_date(text, month_first=locale.month_first)
            value = day.value if day else None
        case Kind.MOMENT:
            value = parse_timestamp(text, month_first=locale.month_first)
        case Kind.AMOUNT:
            value = parse_amount(text, decimal_comma=locale.decimal_comma)
        case Kind.WHOLE:
            value = _whole(parse_amount(text, decimal_comma=locale.decimal_comma))
        case Kind.CURRENCY:
            value = _currency(text, locale)
        case Kind.CODE:
            value = _code(text, field)
        case Kind.TEXT:
            value = text
    valid = Draft202012Validator(dict(field.spec)).is_valid(value)
    return value if valid and value not in (None, "") else None


def _whole(amount: str) -> int | None:
    whole, _, rest = amount.partition(".")
    return int(whole) if re.fullmatch(r"-?\d{1,15}", whole) and not rest.strip("0") else None


def _currency(text: str, locale: Locale) -> str | None:
    code = text.strip().upper()
    if code in CURRENCY_CODES:
        return code
    found = [name for name, _ in detect_currencies(text)]
    return locale.currency if locale.currency in found else next(iter(found), None)


def _code(text: str, field: Field) -> str | None:
    """As the schema's pattern asks for it: as said, in capitals, without what parts it."""
    bare = re.sub(r"[\s.-]", "", text)
    asked = Draft202012Validator(dict(field.spec))
    spelt = (text, text.upper(), bare, bare.upper(), bare.lower())
    return next((one for one in spelt if asked.is_valid(one)), None)
