"""The filters of a list as a form that a person changes; what cannot be read changes nothing but
is said."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from documents import presentation
from documents.models import DocumentStatus
from search.listing.filters import (
    AMOUNT_NAMES,
    MAX_ROWS,
    OP_NAMES,
    ORDER_NAMES,
    PERIOD_NAMES,
    Amount,
    Filters,
    Op,
    Order,
    Period,
)
from search.listing.names import Known

AMOUNTS, PERIODS = 2, 2
# Of all names that a question meant, joined; what fits into an address is less.
MAX_NAMES_CHARS = 100_000
_STATUSES = [
    ("", "All but rejected"),
    *((s.value, presentation.STATUS_BADGES[s].label) for s in DocumentStatus),
]
_TEXTS = ("number", "ewb_number", "gstin", "vehicle", "currency")


class _Day(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class FilterForm(forms.Form):
    """Conditions on AMOUNTS amounts and PERIODS periods; those beyond are kept by `filters`."""

    type = forms.ChoiceField(required=False)
    supplier = forms.CharField(required=False, max_length=MAX_NAMES_CHARS)
    recipient = forms.CharField(required=False, max_length=MAX_NAMES_CHARS)
    number = forms.CharField(required=False, max_length=60)
    ewb_number = forms.CharField(label="E-way bill number", required=False, max_length=20)
    gstin = forms.CharField(label="GSTIN", required=False, max_length=15)
    vehicle = forms.CharField(required=False, max_length=20)
    currency = forms.CharField(required=False, max_length=3)
    status = forms.ChoiceField(choices=_STATUSES, required=False)
    order = forms.ChoiceField(choices=[(o.value, ORDER_NAMES[o]) for o in Order], required=False)
    limit = forms.IntegerField(
        label="Only the first", required=False, min_value=1, max_value=MAX_ROWS
    )

    def __init__(self, asked: Any = None, *, types: Mapping[str, str], before: Filters) -> None:
        super().__init__(asked, initial=_initial(before))
        self._before = before
        kinds: Any = self.fields["type"]
        kinds.choices = [("", "All types"), *types.items()]
        for at in range(AMOUNTS):
            self._add(f"amount_{at}", "field", forms.ChoiceField(choices=AMOUNT_NAMES.items()))
            operators = [("", "any"), *((op.value, OP_NAMES[op]) for op in Op)]
            self._add(f"amount_{at}", "op", forms.ChoiceField(choices=operators))
            for end in ("value", "upper"):
                number = forms.DecimalField(max_digits=18, decimal_places=3)
                self._add(f"amount_{at}", end, number)
        for at in range(PERIODS):
            self._add(f"period_{at}", "field", forms.ChoiceField(choices=PERIOD_NAMES.items()))
            self._add(f"period_{at}", "first", _Day())
            self._add(f"period_{at}", "last", _Day())

    def _add(self, name: str, part: str, field: forms.Field) -> None:
        field.required = False
        self.fields[f"{name}_{part}"] = field

    def clean(self) -> dict[str, Any]:
        """A condition that is half filled in is said, for left out it would let more through."""
        chosen: dict[str, Any] = self.cleaned_data
        for at in range(AMOUNTS):
            name = f"amount_{at}"
            op, value, upper = (chosen.get(f"{name}_{part}") for part in ("op", "value", "upper"))
            if op and value is None:
                self._miss(f"{name}_value", "Write an amount.")
            if op == Op.BETWEEN and upper is None:
                self._miss(f"{name}_upper", "Write the upper amount.")
            if not op and (value is not None or upper is not None):
                self._miss(f"{name}_op", "Choose how to compare the amount.")
        return chosen

    def _miss(self, name: str, message: str) -> None:
        """Say what is missing, but where a field's own fault is said already."""
        if name not in self.errors:
            self.add_error(name, message)

    @property
    def amount_rows(self) -> list[dict[str, Any]]:
        return [
            self._row(f"amount_{at}", ("field", "op", "value", "upper")) for at in range(AMOUNTS)
        ]

    @property
    def period_rows(self) -> list[dict[str, Any]]:
        return [self._row(f"period_{at}", ("field", "first", "last")) for at in range(PERIODS)]

    def _row(self, name: str, parts: Iterable[str]) -> dict[str, Any]:
        return {part: self[f"{name}_{part}"] for part in parts}

    def filters(self, known: Known) -> Filters:
        """What a valid form asks for; a name that no document has is looked for as a part."""
        chosen = self.cleaned_data
        suppliers, supplier_text = _names(chosen["supplier"], known.suppliers)
        recipients, recipient_text = _names(chosen["recipient"], known.recipients)
        amounts = [self._amount(at) for at in range(AMOUNTS)]
        periods = [self._period(at) for at in range(PERIODS)]
        return Filters(
            type=chosen["type"],
            suppliers=suppliers,
            supplier_text=supplier_text,
            recipients=recipients,
            recipient_text=recipient_text,
            **{name: chosen[name].strip() for name in _TEXTS[:1]},
            **{name: chosen[name].strip().upper() for name in _TEXTS[1:]},
            amounts=(*filter(None, amounts), *self._before.amounts[AMOUNTS:]),
            periods=(*filter(None, periods), *self._before.periods[PERIODS:]),
            status=chosen["status"],
            order=Order(chosen["order"] or Order.NEWEST),
            limit=chosen["limit"] or 0,
        )

    def _amount(self, at: int) -> Amount | None:
        op, value, upper = (self.cleaned_data[f"amount_{at}_{p}"] for p in ("op", "value", "upper"))
        if not op or value is None or (op == Op.BETWEEN and upper is None):
            return None
        is_range = op == Op.BETWEEN
        field = self.cleaned_data[f"amount_{at}_field"] or "total_amount"
        return Amount(op=Op(op), value=value, upper=upper if is_range else None, field=field)

    def _period(self, at: int) -> Period | None:
        first: date | None = self.cleaned_data[f"period_{at}_first"]
        last: date | None = self.cleaned_data[f"period_{at}_last"]
        if not first and not last:
            return None
        return Period(
            first=first.isoformat() if first else "",
            last=last.isoformat() if last else "",
            field=self.cleaned_data[f"period_{at}_field"] or "document_date",
        )


def _names(text: str, known: frozenset[str]) -> tuple[tuple[str, ...], str]:
    parts = tuple(part.strip() for part in text.split(";") if part.strip())
    return (parts, "") if parts and set(parts) <= known else ((), text.strip())


def _initial(before: Filters) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(before, name) for name in (*_TEXTS, "type", "status")}
    told |= {"order": before.order.value, "limit": before.limit or None}
    told["supplier"] = "; ".join(before.suppliers) or before.supplier_text
    told["recipient"] = "; ".join(before.recipients) or before.recipient_text
    for at, amount in enumerate(before.amounts[:AMOUNTS]):
        told |= {f"amount_{at}_field": amount.field, f"amount_{at}_op": amount.op.value}
        told |= {f"amount_{at}_value": _plain(amount.value)}
        told |= {f"amount_{at}_upper": None if amount.upper is None else _plain(amount.upper)}
    for at, period in enumerate(before.periods[:PERIODS]):
        told |= {f"period_{at}_{p}": getattr(period, p) for p in ("field", "first", "last")}
    return told


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


def as_query(filters: Filters) -> dict[str, str]:
    """The form's fields with what the filters say, for an address."""
    return {name: str(value) for name, value in _initial(filters).items() if value}
