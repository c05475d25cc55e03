"""Conditions on amounts in a question: "above 50,000", "between 1 and 2 lakh", "under 20 EUR".
Pure."""

import re
from decimal import Decimal, InvalidOperation

from documents import fields
from search.listing.filters import Amount, Op
from search.listing.sheet import Sheet

_TIMES = {
    "k": 1_000, "thousand": 1_000, "lakh": 100_000, "lakhs": 100_000, "lac": 100_000,
    "lacs": 100_000, "l": 100_000, "crore": 10_000_000, "crores": 10_000_000, "cr": 10_000_000,
    "million": 1_000_000, "mn": 1_000_000, "m": 1_000_000, "billion": 1_000_000_000,
    "bn": 1_000_000_000,
}  # fmt: skip
CURRENCIES = {
    "₹": "INR", "rs": "INR", "rs.": "INR", "inr": "INR", "rupee": "INR", "rupees": "INR",
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "usd": "USD",
    "dollar": "USD", "dollars": "USD", "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP",
    "rm": "MYR", "myr": "MYR", "ringgit": "MYR", "chf": "CHF", "francs": "CHF", "sgd": "SGD",
    "aed": "AED", "jpy": "JPY", "yen": "JPY", "aud": "AUD", "cad": "CAD",
}  # fmt: skip
_SIGN = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
_TIMES_OF = "|".join(sorted(_TIMES, key=len, reverse=True))


def _number(name: str) -> str:
    """A pattern of an amount; its groups end with `name`."""
    return (
        rf"(?:(?P<before{name}>{_SIGN})\s*)?"
        rf"(?P<number{name}>\d{{1,3}}(?:[ ]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d[\d,.'’]*\d|\d)"
        rf"(?![\w/-])?(?:\s*(?P<times{name}>{_TIMES_OF})(?![a-z]))?(?:/-)?"
        rf"(?:\s*(?P<after{name}>{_SIGN})(?![a-z]))?(?![\w%])"
    )


_FIELD = (
    r"(?:(?P<field>total|amount|value|grand total|taxable(?:\s+(?:value|amount))?|tax(?:es)?|gst|"
    r"igst|cgst|sgst|cess)\s+(?:(?:amount|value)\s+)?(?:(?:is|are|was|of|being)\s+)?)?"
)
_FIELDS = {
    "tax": "tax_amount", "taxes": "tax_amount", "gst": "tax_amount", "igst": "igst_amount",
    "cgst": "cgst_amount", "sgst": "sgst_amount", "cess": "cess_amount",
}  # fmt: skip
_OVER = r"above|over|more than|greater than|exceeding|exceeds?|bigger than|larger than|higher than"
_WORDS = (
    (Op.FROM, r"at least|minimum(?: of)?|min|not less than|no less than|>=|≥|from"),
    (Op.TO, r"at most|maximum(?: of)?|max|up\s*to|not more than|no more than|not over|<=|≤|within"),
    (Op.OVER, rf"{_OVER}|in excess of|>"),
    (Op.UNDER, r"below|under|less than|smaller than|lower than|cheaper than|<"),
    (Op.EXACTLY, r"exactly|equal to|equals|amounting to|totalling|totaling|worth|=|for|of"),
)
_BETWEEN = re.compile(
    rf"\b{_FIELD}(?:between|from|ranging from)\s+{_number('1')}\s*(?:and|to|-|–)\s*{_number('2')}"
)
_MORE = re.compile(rf"\b{_FIELD}{_number('1')}\s*(?:\+|(?:or|and)\s+(?:more|above|over|higher|up))")
_LESS = re.compile(rf"\b{_FIELD}{_number('1')}\s*(?:or|and)\s+(?:less|below|under|lower)")
_ONE = tuple(
    (op, re.compile(rf"(?<![\w]){_FIELD}(?:{words})\s*{_number('1')}")) for op, words in _WORDS
)
_BARE = re.compile(rf"\b(?P<field>total|amount|value|tax|gst)\s+{_number('1')}")
# What only names an amount where a currency stands with it: "for 300" may be anything.
_WEAK = re.compile(r"(?:for|of|from|within)\s*$")


def read(sheet: Sheet) -> tuple[tuple[Amount, ...], str]:
    """The conditions, blanked, and the currency that was named with one of them, else ""."""
    found: list[Amount] = []
    currencies: list[str] = []
    patterns = [(Op.BETWEEN, _BETWEEN), (Op.FROM, _MORE), (Op.TO, _LESS), *_ONE]
    for op, pattern in [*patterns, (Op.EXACTLY, _BARE)]:
        at = 0
        while match := pattern.search(sheet.text, at):
            at = match.end()
            amount, currency = _amount(match, op)
            if amount is None or (_is_weak(match) and not currency and not match["times1"]):
                continue
            found.append(amount)
            currencies.append(currency)
            sheet.blank(match.start(), match.end())
    return tuple(found), next((code for code in currencies if code), "")


def _is_weak(match: "re.Match[str]") -> bool:
    if "number2" in match.re.groupindex or match["field"]:
        return False
    lead = match.string[match.start() : match.start("number1")]
    sign = match["before1"] or ""
    return bool(_WEAK.search(lead.removesuffix(sign) if sign else lead))


def _amount(match: "re.Match[str]", op: Op) -> tuple[Amount | None, str]:
    names = match.re.groupindex
    value = _value(match["number1"], match["times1"])
    upper, currency = None, match["before1"] or match["after1"]
    if "number2" in names:
        upper = _value(match["number2"], match["times2"])
        currency = currency or match["before2"] or match["after2"]
        if not match["times1"] and match["times2"] and value is not None and value < 1_000:
            # "between 1 and 2 lakh"; between 10,000 and 2 lakh says what it means.
            value = _value(match["number1"], match["times2"])
    if value is None or (op == Op.BETWEEN and upper is None):
        return None, ""
    if upper is not None and upper < value:
        value, upper = upper, value
    named = (match["field"] or "").split()
    is_taxable = bool(named) and named[0] == "taxable"
    field = "taxable_amount" if is_taxable else _FIELDS.get(" ".join(named[:1]), "total_amount")
    code = CURRENCIES.get(currency or "", "")
    return Amount(op=op, value=value, upper=upper, field=field), code


def _value(number: str, times: str | None) -> Decimal | None:
    plain = fields.parse_amount(number)
    try:
        return Decimal(plain) * _TIMES[times] if times else Decimal(plain)
    except InvalidOperation:
        return None
