"""Whether four amounts close: taxable, tax and rounding make the total."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ingestion.engines.rules.foot import GRACE
from ingestion.engines.rules.near import Candidate

_CENT = Decimal("0.01")
_HALF = Decimal("0.5")
_CLOSED_FROM = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A choice of the amounts at a foot; None for one that the paper does not print."""

    total: Candidate | None = None
    taxable: Candidate | None = None
    tax: Candidate | None = None
    rounding: Candidate | None = None

    def by_field(self) -> dict[str, Candidate]:
        found = {
            "total_amount": self.total,
            "taxable_amount": self.taxable,
            "tax_amount": self.tax,
            "round_off": self.rounding,
        }
        return {field: one for field, one in found.items() if one is not None}


def is_closed(worth: float) -> bool:
    """Whether `closing` found a sum with a tax in it that makes the total."""
    return worth >= _CLOSED_FROM


def closing(sums: Sums, extras: Sequence[Decimal]) -> float:
    """What it is worth that taxable + tax + rounding is the total, -0.3..1; with a charge on
    top, one of `extras`, a little less. Negative where it is not."""
    if sums.total is None or sums.taxable is None:
        return 0.0
    taxes = Decimal(sums.tax.value) if sums.tax is not None else None
    rounded = Decimal(sums.rounding.value) if sums.rounding is not None else None
    left = Decimal(sums.total.value) - Decimal(sums.taxable.value)
    return max(
        _closes(left - extra, taxes=taxes, rounded=rounded) - (0.1 if extra else 0.0)
        for extra in extras
    )


def _closes(left: Decimal, *, taxes: Decimal | None, rounded: Decimal | None) -> float:
    """left: what the total is above the sum before tax."""
    rest = left - (rounded or 0)
    gap = abs(rest - (taxes or 0))
    if gap <= GRACE:
        return (1.0 if taxes else 0.35) - (0.1 if gap > _CENT else 0.0)
    if taxes is not None and abs(rest) <= GRACE:
        return 0.2  # prices with the tax in them: the subtotal is the total
    if rounded is None and taxes is not None and gap <= _HALF:
        return 0.5
    return -0.3 if taxes is not None else -0.15
