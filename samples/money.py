"""Rounding, the four ways of writing an amount, and amounts in Indian English words."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

Grouping = Callable[[Decimal], str]

_ONES_LISTED = (
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen "
    "Fifteen Sixteen Seventeen Eighteen Nineteen"
)
_ONES = tuple(_ONES_LISTED.split())
_TENS_LISTED = "- - Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety"
_TENS = tuple(_TENS_LISTED.split())


def to_cents(amount: Decimal) -> Decimal:
    """The amount with two decimals, halves away from zero as tax offices round."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def to_units(amount: Decimal) -> Decimal:
    """The amount rounded to whole currency units, still written with two decimals."""
    return amount.quantize(Decimal(1), ROUND_HALF_UP).quantize(CENT)


def plain(number: Decimal) -> str:
    """A quantity or rate without needless zeros: 18, 2.5, 0.25."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def indian(amount: Decimal) -> str:
    """1,04,571.50: the last three digits, then pairs."""
    whole, _, cents = f"{abs(amount):.2f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ("-" if amount < 0 else "") + ",".join([*groups, tail]) + "." + cents


def english(amount: Decimal) -> str:
    """1,234.50"""
    return f"{amount:,.2f}"


def german(amount: Decimal) -> str:
    """1.234,50"""
    return english(amount).translate(str.maketrans(",.", ".,"))


def french(amount: Decimal) -> str:
    """1 234,50"""
    return english(amount).translate(str.maketrans(",.", " ,"))


def in_rupee_words(amount: Decimal) -> str:
    """Rupees One Lakh Four Thousand Five Hundred Seventy One and Fifty Paise Only."""
    rupees, paise = divmod(int(to_cents(amount) * 100), 100)
    words = f"Rupees {_words(rupees)}"
    if paise:
        words += f" and {_words(paise)} Paise"
    return f"{words} Only"


def _words(number: int) -> str:
    for size, name in (
        (10_000_000, "Crore"),
        (100_000, "Lakh"),
        (1_000, "Thousand"),
        (100, "Hundred"),
    ):
        if number >= size:
            count, rest = divmod(number, size)
            return f"{_words(count)} {name}" + (f" {_words(rest)}" if rest else "")
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")
