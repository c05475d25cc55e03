"""Where a paper comes from: its country, currency, decimal mark and order of day and month."""

import re
from dataclasses import dataclass

from documents.fields import detect_currencies, find_dates, fold

_COUNTRIES: tuple[tuple[str, str, str], ...] = (
    # country, currency, words that only its papers print
    ("IN", "INR", r"gstin|cgst|sgst|igst|hsn|rupees|lakh|place of supply|\bindia\b|pvt\.? ?ltd"),
    (
        "MY",
        "MYR",
        r"sdn\.? ?bhd|\bs/b\b|\brm ?\d|\(rm\)|malaysia|selangor|johor|kuala lumpur|jalan",
    ),
    ("SG", "SGD", r"singapore|pte\.? ?ltd|\bs\$"),
    ("GB", "GBP", r"united kingdom|\blondon\b|£|vat reg|\bgb ?\d{9}|\bcompany reg"),
    ("DE", "EUR", r"rechnung|mwst|\bust\b|gmbh|umsatzsteuer|deutschland|steuer"),
    ("FR", "EUR", r"facture|\btva\b|\bttc\b|siret|\bsarl\b|france|echeance"),
    ("ES", "EUR", r"factura|\bnif\b|\bcif\b|base imponible|espana"),
    ("IT", "EUR", r"fattura|partita iva|imponibile|p\. ?iva|\bs\.?r\.?l\b|italia"),
    ("PT", "EUR", r"fatura|contribuinte|portugal|\bnif\b.*\biva\b"),
    ("NL", "EUR", r"factuur|\bbtw\b|\bkvk\b|nederland|totaal"),
    ("AU", "AUD", r"australia|\babn\b"),
    ("CA", "CAD", r"canada|\bhst\b|\bontario\b|\bqst\b"),
    (
        "US",
        "USD",
        r"\busa\b|united states|\b[a-z]{2},? \d{5}(?:-\d{4})?\b|sales tax|\bein\b|\bus\$",
    ),
)
# Runs of digits are bounded and never parted in two ways: a barcode's number is no amount.
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])\d{1,15}(?:[. ]\d{3}){0,6},\d{2}(?![\d,.]|\s?%)")
_POINT_DECIMAL = re.compile(r"(?<![\d.,])\d{1,15}(?:[, ]\d{2,3}){0,6}\.\d{2}(?![\d,.]|\s?%)")
_CONTINENTAL = frozenset({"DE", "FR", "ES", "IT", "PT", "NL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """How a paper writes. `country` and `currency` are "" where nothing tells.

    `is_currency_printed`: a sign or code of the currency stands on the page, it is not
    only inferred from the country's words.
    """

    country: str
    currency: str
    is_currency_printed: bool
    decimal_comma: bool | None
    month_first: bool


def locale_of(text: str) -> Locale:
    """The locale of a document from its whole text (at most 60,000 characters of it)."""
    text = text[:60_000]
    folded = fold(text)
    scores = {country: len(re.findall(words, folded)) for country, _, words in _COUNTRIES}
    country = max(scores, key=lambda key: scores[key]) if any(scores.values()) else ""
    home = {name: currency for name, currency, _ in _COUNTRIES}.get(country, "")
    seen = dict(detect_currencies(text))
    currency, printed = _currency(home, seen)
    commas, points = len(_COMMA_DECIMAL.findall(text)), len(_POINT_DECIMAL.findall(text))
    comma = None if commas == points else commas > points
    if comma is None and country in _CONTINENTAL:
        comma = True
    american = country == "US" or (currency == "USD" and country == "")
    month_first = _month_first(text, default=american)
    return Locale(
        country=country,
        currency=currency,
        is_currency_printed=printed,
        decimal_comma=comma,
        month_first=month_first,
    )


def _currency(home: str, seen: dict[str, int]) -> tuple[str, bool]:
    """The printed currency; a bare $ is the home currency of countries that write it so."""
    if home in ("SGD", "AUD", "CAD", "MYR") and "USD" in seen and home not in seen:
        return home, False
    if home in seen and seen[home] * 3 >= max(seen.values()):
        return home, True
    if seen:
        return max(seen, key=lambda code: seen[code]), True
    return home, False


def _month_first(text: str, *, default: bool) -> bool:
    """Whether 03/04 is March: a date that reads only one way settles the others."""
    american = british = 0
    for match in re.finditer(r"(?<!\d)(\d{1,2})[/-](\d{1,2})[/-](?:\d{4}|\d{2})(?!\d)", text):
        if int(match[2]) > 12 and find_dates(match[0]):
            american += 1
        elif int(match[1]) > 12:
            british += 1
    return american > british if american != british else default
