"""What a list asks for: conditions over the fields of documents. Values only, no queries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

MAX_ROWS = 1_000
"""The most rows that a list may be cut to by "the N largest"."""


class Op(StrEnum):
    OVER = "over"
    FROM = "from"
    UNDER = "under"
    TO = "to"
    EXACTLY = "exactly"
    BETWEEN = "between"


OP_NAMES = {
    Op.OVER: "above",
    Op.FROM: "at least",
    Op.UNDER: "below",
    Op.TO: "at most",
    Op.EXACTLY: "exactly",
    Op.BETWEEN: "between",
}


class Wanted(StrEnum):
    """What the question wants to hear first; the documents are shown all the same."""

    ROWS = "rows"
    COUNT = "count"
    SUM = "sum"


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"
    SUPPLIER = "supplier"


ORDER_NAMES = {
    Order.NEWEST: "newest first",
    Order.OLDEST: "oldest first",
    Order.LARGEST: "largest first",
    Order.SMALLEST: "smallest first",
    Order.SUPPLIER: "by supplier",
}
AMOUNT_NAMES = {
    "total_amount": "Total",
    "taxable_amount": "Taxable amount",
    "tax_amount": "Tax",
    "cgst_amount": "CGST",
    "sgst_amount": "SGST",
    "igst_amount": "IGST",
    "cess_amount": "Cess",
}
"""Fields by which amounts are asked for; of an e-way bill the total is the invoice's value."""
PERIOD_NAMES = {
    "document_date": "Dated",
    "due_date": "Due",
    "generated_at": "Generated",
    "valid_until": "Valid until",
    "created_at": "Taken in",
}
"""Fields by which dates are asked for; `created_at` is the day on which the file came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A condition on an amount; `upper` belongs to BETWEEN, both ends being part of it."""

    op: Op
    value: Decimal
    upper: Decimal | None = None
    field: str = "total_amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A condition on a day: from `first` to `last`, ISO 8601, both included; "" is open."""

    first: str = ""
    last: str = ""
    field: str = "document_date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All conditions hold together. type: a slug; suppliers, recipients: names as documents of
    the project have them, of which one must be; *_text: part of a name that none of them has.
    status "": any but rejected. limit 0: all."""

    type: str = ""
    suppliers: tuple[str, ...] = ()
    supplier_text: str = ""
    recipients: tuple[str, ...] = ()
    recipient_text: str = ""
    number: str = ""
    ewb_number: str = ""
    gstin: str = ""
    vehicle: str = ""
    currency: str = ""
    amounts: tuple[Amount, ...] = ()
    periods: tuple[Period, ...] = ()
    status: str = ""
    order: Order = Order.NEWEST
    limit: int = 0

    def as_json(self) -> dict[str, Any]:
        told = {name: value for name, value in asdict(self).items() if value}
        told["amounts"] = [
            {
                "op": one.op.value,
                "value": str(one.value),
                "upper": None if one.upper is None else str(one.upper),
                "field": one.field,
            }
            for one in self.amounts
        ]
        told["periods"] = [asdict(one) for one in self.periods]
        return told | {"order": self.order.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = dict(stored)
        for name in ("suppliers", "recipients"):
            values[name] = tuple(values.get(name, ()))
        values["amounts"] = tuple(
            Amount(
                op=Op(one["op"]),
                value=Decimal(one["value"]),
                upper=None if one["upper"] is None else Decimal(one["upper"]),
                field=one["field"],
            )
            for one in values.get("amounts", ())
        )
        values["periods"] = tuple(Period(**one) for one in values.get("periods", ()))
        values["order"] = Order(values.get("order", Order.NEWEST))
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A question as filters. notes: what a person should know about them; left_out: words of the
    question that none of the filters stands for."""

    filters: Filters
    wanted: Wanted = Wanted.ROWS
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "filters": self.filters.as_json(),
            "wanted": self.wanted.value,
            "notes": list(self.notes),
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            filters=Filters.from_json(stored["filters"]),
            wanted=Wanted(stored["wanted"]),
            notes=tuple(stored["notes"]),
            left_out=tuple(stored["left_out"]),
        )
