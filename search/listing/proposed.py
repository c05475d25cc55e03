"""Filters that a language model proposes for the words of a question that no rule knows. Pure.

The model is told the question and which filters there are, and no document. Of what it says
only that counts which is a filter of ours, with a value that can be one: names and numbers must
stand in the question, and names are looked up among those that the project has. Where the rules
have read a filter, theirs stands."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from documents import fields
from documents.models import DocumentStatus
from search.listing import amounts, question
from search.listing.filters import (
    AMOUNT_NAMES,
    MAX_ROWS,
    OP_NAMES,
    PERIOD_NAMES,
    Amount,
    Filters,
    Op,
    Order,
    Period,
    Understood,
)
from search.listing.form import AMOUNTS, PERIODS
from search.listing.names import Known

_PARTIES = ("supplier", "recipient")
_NUMBERS = {
    "number": re.compile(r".{1,60}"),
    "ewb_number": re.compile(r"\d{12}"),
    "gstin": re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]{3}"),
    "vehicle": re.compile(r"[A-Z0-9]{5,12}"),
}
_AMOUNT = re.compile(r"\d{1,15}(?:\.\d{1,3})?")
_STATUSES = tuple(status.value for status in DocumentStatus)
MAX_WORDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a model makes of a question. notes: what of it was not followed."""

    filters: Filters
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "filters": self.filters.as_json(),
            "notes": list(self.notes),
            "left_out": list(self.left_out),
        }


def schema(types: Sequence[str]) -> dict[str, Any]:
    """What an answer must be. types: slugs."""
    text = {"type": ["string", "null"]}
    amount = {
        "field": {"type": "string", "enum": list(AMOUNT_NAMES)},
        "op": {"type": "string", "enum": [op.value for op in Op]},
        "value": {"type": "string"},
        "upper": text,
    }
    period = {
        "field": {"type": "string", "enum": list(PERIOD_NAMES)},
        "first": text,
        "last": text,
    }
    return _object(
        {
            "type": _one_of(types),
            **dict.fromkeys((*_PARTIES, *_NUMBERS), text),
            "currency": _one_of(sorted(set(amounts.CURRENCIES.values()))),
            "amounts": {"type": "array", "maxItems": AMOUNTS, "items": _object(amount)},
            "periods": {"type": "array", "maxItems": PERIODS, "items": _object(period)},
            "status": _one_of(_STATUSES),
            "order": _one_of([order.value for order in Order]),
            "limit": {"type": ["integer", "null"]},
            "left_out": {"type": "array", "maxItems": MAX_WORDS, "items": {"type": "string"}},
        }
    )


def _one_of(values: Sequence[str]) -> dict[str, Any]:
    return {"type": ["string", "null"], "enum": [*values, None]}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def told(types: Mapping[str, str]) -> str:
    """The filters in words. types: slug -> name."""

    def named(values: Mapping[Any, str]) -> str:
        return ", ".join(f"{value} ({name})" for value, name in values.items())

    return "\n".join(
        (
            f"- type: {named(types)}",
            "- supplier, recipient: the name of who issued the paper, and of whom it is for",
            "- number: of the paper; ewb_number: of an e-way bill, 12 digits",
            "- gstin: tax number of any party; vehicle: registration of a vehicle",
            "- currency: three letters",
            f"- amounts: field {named(AMOUNT_NAMES)}; op {named(OP_NAMES)}; upper for between",
            f"- periods: field {named(PERIOD_NAMES)}; first and last day, null where open",
            f"- status: {', '.join(_STATUSES)}",
            f"- order: {', '.join(order.value for order in Order)}",
            "- limit: how many documents at most, where the question names a number of them",
        )
    )


@dataclass(slots=True)
class _Reading:
    """An answer while it is gone through."""

    asked: str
    known: Known
    types: Mapping[str, str]
    today: date
    notes: list[str] = field(default_factory=list)

    def stands(self, text: str) -> bool:
        words = fields.squeeze(text)
        return bool(words) and words in fields.squeeze(self.asked)

    def drop(self, name: str, text: object, why: str) -> None:
        self.notes.append(f"The model's {name} “{str(text)[:60]}” was dropped: {why}.")


def proposal(
    said: Mapping[str, Any],
    asked: str,
    understood: Understood,
    *,
    known: Known,
    types: Mapping[str, str],
    today: date,
) -> Proposal | None:
    """What of a valid answer may be proposed; None where that is no more than the rules read."""
    reading = _Reading(asked=asked, known=known, types=types, today=today)
    found = _merged(understood.filters, _filters(said, reading))
    if found == understood.filters:
        return None
    left_out = tuple(word for word in said["left_out"] if reading.stands(word))
    return Proposal(filters=found, notes=tuple(reading.notes), left_out=left_out)


def _filters(said: Mapping[str, Any], reading: _Reading) -> Filters:
    parties: dict[str, Any] = {}
    for role in _PARTIES:
        parties |= _party(role, said[role], reading)
    numbers: dict[str, Any] = {name: _number(name, said[name], reading) for name in _NUMBERS}
    limit = said["limit"] or 0
    return Filters(
        type=said["type"] or "",
        **parties,
        **numbers,
        currency=said["currency"] or "",
        amounts=tuple(_amounts(said["amounts"], reading)),
        periods=tuple(_periods(said["periods"], reading)),
        status=said["status"] or "",
        order=Order(said["order"] or Order.NEWEST),
        limit=limit if 0 < limit <= MAX_ROWS else 0,
    )


def _party(role: str, text: str | None, reading: _Reading) -> dict[str, Any]:
    """By a name that documents have, else by part of one, as the rules find it."""
    if not text:
        return {}
    if not reading.stands(text):
        reading.drop(role, text, "the question does not name it")
        return {}
    found = question.read(
        f"{role} {text}", known=reading.known, types=reading.types, today=reading.today
    ).filters
    names = getattr(found, f"{role}s")
    return {f"{role}s": names} if names else {f"{role}_text": " ".join(text.split())}


def _number(name: str, text: str | None, reading: _Reading) -> str:
    if not text:
        return ""
    plain = text.strip() if name == "number" else fields.squeeze(text).upper()
    if not reading.stands(text) or not _NUMBERS[name].fullmatch(plain):
        reading.drop(name, text, "the question has no such number")
        return ""
    return plain


def _amounts(said: Sequence[Mapping[str, Any]], reading: _Reading) -> Iterator[Amount]:
    for one in said:
        op, is_range = Op(one["op"]), one["op"] == Op.BETWEEN
        value, upper = _decimal(one["value"]), _decimal(one["upper"] or "")
        if value is None or (is_range and (upper is None or upper < value)):
            reading.drop("amount", f"{one['value']} {one['upper'] or ''}".strip(), "it is none")
        else:
            end = upper if is_range else None
            yield Amount(op=op, value=value, upper=end, field=one["field"])


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if _AMOUNT.fullmatch(text) else None
    except InvalidOperation:
        return None


def _periods(said: Sequence[Mapping[str, Any]], reading: _Reading) -> Iterator[Period]:
    for one in said:
        first, last = one["first"] or "", one["last"] or ""
        if not all(_is_day(day) for day in (first, last)) or (first and last and last < first):
            reading.drop("period", f"{first} to {last}", "it is none")
        elif first or last:
            yield Period(first=first, last=last, field=one["field"])


def _is_day(text: str) -> bool:
    """Whether a text is a day as we write it, or empty."""
    try:
        return not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _merged(rules: Filters, said: Filters) -> Filters:
    """The rules' filters, and what the model says of those that they leave open."""
    open_to = {
        name: getattr(said, name)
        for name in ("type", *_NUMBERS, "currency", "amounts", "periods", "status")
        if not getattr(rules, name)
    }
    for role in _PARTIES:
        names, part = f"{role}s", f"{role}_text"
        is_known = bool(getattr(said, names))
        if not getattr(rules, names) and (is_known or not getattr(rules, part)):
            open_to |= {names: getattr(said, names), part: getattr(said, part)}
    if rules.order == Order.NEWEST and not rules.limit:
        open_to |= {"order": said.order, "limit": said.limit}
    return replace(rules, **open_to)
