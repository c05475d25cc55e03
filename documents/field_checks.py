"""Checks that an operator chooses for fields of a type, beside those of the shipped types. Pure.

A field names its checks in `x-checks`; "not_before:sent_on" and "sum_of:goods/amount" name
what they compare with, too. A check whose values are missing is left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from documents import checks, fields
from documents.checks import Check, Payload
from documents.type_fields import FieldKind, FieldRow

_GRACE = Decimal(1)
"""What a sum of printed amounts may differ by, each of them rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A check that may be chosen. name: as `x-checks` holds it; kinds: of fields that it fits;
    of: the field that it compares with, "" for none."""

    name: str
    told: str
    kinds: tuple[FieldKind, ...]
    of: str = ""


_ALONE = (
    Offer(name="gstin", told="A GSTIN with the right check character", kinds=(FieldKind.TEXT,)),
    Offer(name="vehicle", told="The number of a vehicle", kinds=(FieldKind.TEXT,)),
    Offer(name="not_in_future", told="Not in the future", kinds=(FieldKind.DATE, FieldKind.MOMENT)),
    Offer(name="not_negative", told="Not below zero", kinds=(FieldKind.AMOUNT, FieldKind.WHOLE)),
)


def offers(rows: Sequence[FieldRow]) -> list[Offer]:
    """What may be chosen for fields of a type that has these rows."""
    found = list(_ALONE)
    for row in rows:
        if row.kind in (FieldKind.DATE, FieldKind.MOMENT):
            found.append(
                Offer(
                    name=f"not_before:{row.name}",
                    told=f"Not before: {row.title}",
                    kinds=(FieldKind.DATE, FieldKind.MOMENT),
                    of=row.name,
                )
            )
        found += [
            Offer(
                name=f"sum_of:{row.name}/{column.name}",
                told=f"The sum of {row.title}: {column.title}",
                kinds=(FieldKind.AMOUNT,),
            )
            for column in row.columns
            if column.kind == FieldKind.AMOUNT
        ]
    return found


def run(type_slug: str, schema: Mapping[str, Any], payload: Payload) -> tuple[Check, ...]:
    """The checks of a type's own rules and those that its schema names."""
    return (*checks.run_checks(type_slug, payload), *_chosen(schema, payload))


def _chosen(schema: Mapping[str, Any], payload: Payload) -> Iterator[Check]:
    for name, spec in (schema.get("properties") or {}).items():
        value = payload.get(name) if isinstance(spec, Mapping) else None
        if value in (None, ""):
            continue
        for chosen in spec.get("x-checks") or ():
            what, _, of = str(chosen).partition(":")
            maker = _MAKERS.get(what)
            if maker is not None:
                title = str(spec.get("title") or name)
                yield from maker(_About(name=name, title=title, of=of), value, schema, payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """A field whose check is made; of: what it is compared with."""

    name: str
    title: str
    of: str

    def check(self, code: str, passed: bool, *others: str, ok: str, bad: str) -> Check:
        return Check(
            code=code,
            fields=tuple(f"/{name}" for name in (self.name, *others)),
            passed=passed,
            severity="error",
            message=f"{self.title} {ok if passed else bad}",
        )


def _gstin(about: _About, value: Any, _: Any, __: Payload) -> Iterator[Check]:
    is_right = fields.is_gstin(str(value).replace(" ", "").upper())
    ok, bad = "has the check character of a GSTIN.", "is no valid GSTIN."
    yield about.check("gstin_checksum", is_right, ok=ok, bad=bad)


def _vehicle(about: _About, value: Any, _: Any, __: Payload) -> Iterator[Check]:
    is_right = fields.is_vehicle(str(value).replace(" ", "").upper())
    ok, bad = "has a form that vehicle numbers have.", "has no form that vehicle numbers have."
    yield about.check("vehicle_format", is_right, ok=ok, bad=bad)


def _not_in_future(about: _About, value: Any, _: Any, __: Payload) -> Iterator[Check]:
    day = _day(value)
    if day is not None:
        is_past = day <= date.today() + timedelta(days=1)
        ok, bad = "is not in the future.", "lies in the future."
        yield about.check("not_in_future", is_past, ok=ok, bad=bad)


def _not_negative(about: _About, value: Any, _: Any, __: Payload) -> Iterator[Check]:
    amount = fields.normalise_amount(str(value))
    if amount is not None:
        ok, bad = "is not below zero.", "is below zero."
        yield about.check("not_negative", amount >= 0, ok=ok, bad=bad)


def _not_before(
    about: _About, value: Any, schema: Mapping[str, Any], payload: Payload
) -> Iterator[Check]:
    day, other = _day(value), _day(payload.get(about.of))
    if day is not None and other is not None:
        title = _title(schema, about.of)
        ok, bad = f"is not before {title}.", f"is before {title}."
        yield about.check("date_order", day >= other, about.of, ok=ok, bad=bad)


def _sum_of(about: _About, value: Any, _: Any, payload: Payload) -> Iterator[Check]:
    name, _, column = about.of.partition("/")
    found = payload.get(name)
    rows = [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
    parts = [fields.normalise_amount(str(row.get(column) or "")) for row in rows]
    total = fields.normalise_amount(str(value))
    if not parts or total is None or None in parts:
        return
    made = sum((part for part in parts if part is not None), Decimal(0))
    grace = max(_GRACE, Decimal(len(parts)) / 2)
    cells = (f"{name}/{at}/{column}" for at in range(len(parts)))
    yield about.check(
        "lines_add_up",
        abs(made - total) <= grace,
        *cells,
        ok="is the sum of its rows.",
        bad=f"says {total}, its rows add up to {made}.",
    )


def _title(schema: Mapping[str, Any], name: str) -> str:
    spec = (schema.get("properties") or {}).get(name)
    return str((spec or {}).get("title") or name)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value or "")[:10])
    except ValueError:
        return None


_MAKERS: Mapping[
    str, Callable[[_About, Any, Mapping[str, Any], Payload], Iterator[Check]]
] = {
    "gstin": _gstin,
    "vehicle": _vehicle,
    "not_in_future": _not_in_future,
    "not_negative": _not_negative,
    "not_before": _not_before,
    "sum_of": _sum_of,
}  # fmt: skip
