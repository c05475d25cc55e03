"""Normalises what a page prints: dates, times, amounts, GSTINs and the numbers of papers.

Pure functions on strings: no page, no schema, no database. Dates become ISO 8601, times
`YYYY-MM-DDTHH:MM`, amounts decimal strings with a point, identifiers upper case without
separators. A function returns "" or an empty tuple where the text holds no such value;
nothing here raises on hostile text, and every pattern is linear in the text's length.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import product

from stdnum.in_ import gstin as stdnum_gstin

_MONTH_NAMES = {
    1: "jan january januar janner janvier januari enero gennaio janeiro ene genn",
    2: "feb february februar feber fevrier februari febrero febbraio fevereiro fev febr",
    3: "mar march marz mars mac maart marzo marco mrt mrz",
    4: "apr april avril abril aprile avr abr",
    5: "may mai mei mayo maggio maio mag",
    6: "jun june juni juin junio giugno junho giu",
    7: "jul july juli juillet julai julio luglio julho juil lug",
    8: "aug august aout ogos augustus agosto ago og",
    9: "sep sept september septembre septiembre settembre setembro set sett",
    10: "oct october oktober octobre octubre ottobre outubro okt ott out",
    11: "nov november novembre noviembre novembro",
    12: "dec december dezember decembre disember diciembre dicembre dezembro dez dis dic",
}
MONTHS = {name: month for month, names in _MONTH_NAMES.items() for name in names.split()}

_NUMERIC_DATE = re.compile(
    r"(?<![\d.,/-])(\d{1,2})(?P<sep>\s?[./-]\s?)(\d{1,2})\s?[./-]\s?((?:19|20)\d{2}(?=\d{1,2}:\d{2})"
    r"|(?!19|20)\d{2}(?=[0-2]\d:\d{2})|\d{4}|\d{2})"
    r"(?!\d(?!\d?:\d{2})|[.,/-]\d)"
)
_ISO_DATE = re.compile(r"(?<![\d.,/-])(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DAY_MONTH_NAME = re.compile(
    r"(?<![\d.,])(\d{1,2})(?:st|nd|rd|th|er|\.|º)?[\s./-]{0,3}(?:de\s|of\s)?([^\W\d_]{3,10})"
    r"[.,]?[\s./'’-]{0,3}(?:de\s|del\s)?(\d{4}|\d{2})(?!\d)"
)
_MONTH_NAME_DAY = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,10})[.]?[\s./-]{0,3}(\d{1,2})(?:st|nd|rd|th)?[,.]?[\s./-]{1,3}"
    r"(\d{4})(?!\d)"
)
_COMPACT_STAMP = re.compile(r"(?<!\d)(\d{2})(\d{2})(20\d{2})(?=\s{1,2}\d{1,2}:\d{2})")
_COMPACT_DATE = re.compile(r"(?<!\d)(\d{8})(?!\d)")
_DIGIT = re.compile(r"\d")
_SHORT = 200  # characters; the amounts and dates of longer texts are not kept
_CLOCK = re.compile(r"(\d{1,2})\s?[:.h]\s?(\d{2})(?:\s?[:.]\s?\d{2})?\s*([AaPp])?\.?\s?([Mm])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFound:
    """A date in a text: ISO value, the span it was printed on, and the other reading of it.

    `other` is the ISO date with day and month swapped where both readings are dates and
    nothing in the text decides; "" where the date is certain.
    """

    value: str
    start: int
    end: int
    other: str = ""


def fold(text: str) -> str:
    """Lower case without accents, of the same length as `text`, so that spans carry over."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_char, text))


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if char.isascii():
        return char.lower()
    base = unicodedata.normalize("NFKD", char)[0].lower()
    return base[0] if base != "ß" else "s"


def squeeze(text: str) -> str:
    """NFKC, case-folded letters and digits only: how two texts are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def _iso(year: int, month: int, day: int) -> str:
    if year < 100:
        year += 2000 if year < 80 else 1900
    if not 1950 <= year <= 2100:
        return ""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def find_dates(text: str, *, month_first: bool = False) -> tuple[DateFound, ...]:
    """All dates in `text`, in order of appearance.

    `month_first` decides between 03/04/2018's two readings (True on American papers).
    Shapes: dd/mm/yyyy, dd-mm-yy, dd.mm.yyyy, yyyy-mm-dd, dd MMM yyyy, MMM dd, yyyy with month
    names in English, German, French, Spanish, Italian, Portuguese, Dutch and Malay.
    """
    if not _DIGIT.search(text):
        return ()
    if len(text) <= _SHORT:
        return _short_dates(text, month_first)
    return _all_dates(text, month_first)


def _all_dates(text: str, month_first: bool) -> tuple[DateFound, ...]:
    found: list[DateFound] = []
    for hit in _dates(text, month_first=month_first):
        if all(hit.end <= other.start or hit.start >= other.end for other in found):
            found.append(hit)
    return tuple(sorted(found, key=lambda hit: hit.start))


# The rules ask the same cells again and again, for every field that may stand there.
_short_dates = lru_cache(maxsize=8192)(_all_dates)


def _dates(text: str, *, month_first: bool) -> Iterator[DateFound]:
    folded = fold(text)
    for match in _ISO_DATE.finditer(folded):
        value = _iso(int(match[1]), int(match[2]), int(match[3]))
        if value:
            yield DateFound(value=value, start=match.start(), end=match.end())
    for match in _COMPACT_STAMP.finditer(folded):
        value = _iso(int(match[3]), int(match[2]), int(match[1]))
        if value:
            yield DateFound(value=value, start=match.start(), end=match.end())
    for match in _NUMERIC_DATE.finditer(folded):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        dotted = "." in match["sep"]
        by_day, by_month = _iso(year, second, first), _iso(year, first, second)
        if dotted:
            by_month = by_month if not by_day else ""
        value, other = (by_month, by_day) if month_first and by_month else (by_day, by_month)
        value, other = (value, other) if value else (other, "")
        if value:
            other = "" if other == value else other
            yield DateFound(value=value, start=match.start(), end=match.end(), other=other)
    for match in _DAY_MONTH_NAME.finditer(folded):
        value = _named(int(match[1]), match[2], int(match[3]))
        if value:
            yield DateFound(value=value, start=match.start(), end=match.end())
    for match in _MONTH_NAME_DAY.finditer(folded):
        value = _named(int(match[2]), match[1], int(match[3]))
        if value:
            yield DateFound(value=value, start=match.start(), end=match.end())


def _named(day: int, name: str, year: int) -> str:
    month = MONTHS.get(name.strip("."))
    return _iso(year, month, day) if month else ""


def parse_date(text: str, *, month_first: bool = False) -> DateFound | None:
    """The first date in `text`; also ddmmyyyy and yyyymmdd without separators."""
    dates = find_dates(text, month_first=month_first)
    if dates:
        return dates[0]
    for match in _COMPACT_DATE.finditer(text):
        digits = match[1]
        value = _iso(int(digits[:4]), int(digits[4:6]), int(digits[6:])) or _iso(
            int(digits[4:]), int(digits[2:4]), int(digits[:2])
        )
        if value:
            return DateFound(value=value, start=match.start(), end=match.end())
    return None


def parse_timestamp(text: str, *, month_first: bool = False) -> str:
    """`YYYY-MM-DDTHH:MM` of "21/03/2024 10:52 AM", or "" where date or time is missing."""
    day = parse_date(text, month_first=month_first)
    if day is None:
        return ""
    clock = _CLOCK.search(text, day.end)
    if clock is None:
        return ""
    hour, minute = int(clock[1]), int(clock[2])
    half = (clock[3] or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{day.value}T{hour:02d}:{minute:02d}" if hour < 24 and minute < 60 else ""


_SPACES = "\u0020\u00a0\u2009\u202f"
_NUMBER = re.compile(
    r"(?=[\d.])(?:(?<!\w)(?<!\d[.,])|(?<=RM)|(?<=RM\.)|(?<=[Rr][Ss])|(?<=[Rr][Ss]\.)|(?<=EUR)|(?<=USD)"
    r"|(?<=INR)|(?<=GBP)|(?<=CHF)|(?<=MYR)|(?<=SGD))"
    rf"(?:(?:\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\d)|\d{{1,3}}(?:[.,'’]\d{{2,3}})+(?!\d)|\d{{1,15}})"
    r"(?:[.,]\d{1,6}(?!\d))?|(?<![\w.,])\.\d{2}(?![\d.,]))"
)
_CURRENCY_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "¥": "JPY", "RM": "MYR", "Rs": "INR", "INR": "INR",
    "Rs.": "INR", "₨": "INR", "CHF": "CHF", "S$": "SGD", "US$": "USD", "A$": "AUD", "C$": "CAD",
    "R$": "BRL", "$": "USD",
}  # fmt: skip
_CODES = (
    "EUR GBP INR USD MYR SGD CHF AUD CAD BRL JPY CNY HKD NZD SEK NOK DKK PLN CZK HUF RON BGN AED "
    "SAR QAR KWD OMR BHD THB IDR PHP VND KRW TWD ZAR NGN KES EGP TRY ILS MXN CLP COP ARS PEN LKR "
    "BDT NPR PKR"
)
CURRENCY_CODES = frozenset(_CODES.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountFound:
    """An amount in a text: its decimal string and the span it was printed on."""

    value: str
    start: int
    end: int

    @property
    def number(self) -> Decimal:
        return Decimal(self.value)

    @property
    def decimals(self) -> int:
        """Digits after the point, as printed."""
        return len(self.value.partition(".")[2])


_PREFIX = re.compile(
    r"(?:\(|-|−|–)\s?(?:[$€£₹]|RM|Rs\.?|[A-Z]{3})?\s?$|(?:[$€£₹]|RM|Rs\.?)\s?-\s?$"
)
_SUFFIX = re.compile(r"\s?(?:-(?![\d-])|−|\))")


def find_amounts(text: str, *, decimal_comma: bool | None = None) -> tuple[AmountFound, ...]:
    """All numbers in `text` that can be amounts, in order.

    `decimal_comma` settles "1.234" and "1,234": True on continental papers, False on British,
    American and Indian ones, None where it is not known (then three digits after a comma are
    a group, after a point decimals). Groupings: 1,04,571.50; 1.234,56; 1 234,56; 1'234.50.
    Negative: leading or trailing minus, or parentheses around the number.
    """
    if not _DIGIT.search(text):
        return ()
    if len(text) <= _SHORT:
        return _short_amounts(text, decimal_comma)
    return _all_amounts(text, decimal_comma)


def _all_amounts(text: str, decimal_comma: bool | None) -> tuple[AmountFound, ...]:
    found: list[AmountFound] = []
    for match in _NUMBER.finditer(text):
        value = _decimal(match[0], decimal_comma=decimal_comma)
        if value is None:
            continue
        before, after = text[max(0, match.start() - 7) : match.start()], text[match.end() :][:3]
        prefix, suffix = _PREFIX.search(before), _SUFFIX.match(after)
        bracketed = "(" in before and ")" in after[:2]
        minus = bool(prefix and "(" not in prefix[0]) or bool(suffix and ")" not in suffix[0])
        if (bracketed or minus) and value != 0:
            value = -abs(value)
        found.append(AmountFound(value=format(value, "f"), start=match.start(), end=match.end()))
    return tuple(found)


_short_amounts = lru_cache(maxsize=8192)(_all_amounts)


def parse_amount(text: str, *, decimal_comma: bool | None = None) -> str:
    """The one amount in `text` as a decimal string, or "" where there is none or several.

    Currency signs, codes and the Indian "/-" may stand around it.
    """
    found = find_amounts(text.replace("/-", "  "), decimal_comma=decimal_comma)
    return found[0].value if len(found) == 1 else ""


def _decimal(printed: str, *, decimal_comma: bool | None) -> Decimal | None:
    text = re.sub(rf"[{_SPACES}'’]", "", printed)
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        mark, other = text[last], "," if text[last] == "." else "."
        tail = len(text) - last - 1
        grouping = text.count(mark) > 1 or (
            tail == 3
            and other not in text
            and len(text[:last]) <= 3
            and not text.startswith("0")
            and (decimal_comma is True if mark == "." else decimal_comma is not True)
        )
        if grouping and text.count(mark) > 1 and tail == 2 and other not in text:
            grouping = False  # 1.234.50: one mark for both, seen on Indian and Malay tills
        whole = text if grouping else text[:last]
        cents = "" if grouping else text[last + 1 :]
        text = re.sub(r"[.,]", "", whole) + ("." + cents if cents else "")
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def normalise_amount(value: str) -> Decimal | None:
    """A payload's decimal string as a number, None where it is no number."""
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


_CODE = re.compile(r"(?<![A-Z])([A-Z]{3})(?![A-Z])")
_SIGN = re.compile(
    r"US\$|S\$|A\$|C\$|R\$|[€£₹₨$]|(?<![A-Za-z])RM(?![A-Za-z])|(?<![A-Za-z])Rs\.?(?![A-Za-z])"
)


def detect_currencies(text: str) -> tuple[tuple[str, int], ...]:
    """ISO 4217 codes seen in `text` as code or sign, with counts, most frequent first."""
    counts: dict[str, int] = {}
    for match in _CODE.finditer(text):
        if match[1] in CURRENCY_CODES:
            counts[match[1]] = counts.get(match[1], 0) + 1
    for match in _SIGN.finditer(text):
        code = _CURRENCY_SIGNS[match[0]]
        counts[code] = counts.get(code, 0) + 1
    return tuple(sorted(counts.items(), key=lambda item: -item[1]))


STATES = {
    "01": "Jammu and Kashmir", "02": "Himachal Pradesh", "03": "Punjab", "04": "Chandigarh",
    "05": "Uttarakhand", "06": "Haryana", "07": "Delhi", "08": "Rajasthan",
    "09": "Uttar Pradesh", "10": "Bihar", "11": "Sikkim", "12": "Arunachal Pradesh",
    "13": "Nagaland", "14": "Manipur", "15": "Mizoram", "16": "Tripura", "17": "Meghalaya",
    "18": "Assam", "19": "West Bengal", "20": "Jharkhand", "21": "Odisha", "22": "Chhattisgarh",
    "23": "Madhya Pradesh", "24": "Gujarat", "25": "Daman and Diu",
    "26": "Dadra and Nagar Haveli and Daman and Diu", "27": "Maharashtra",
    "28": "Andhra Pradesh", "29": "Karnataka", "30": "Goa", "31": "Lakshadweep",
    "32": "Kerala", "33": "Tamil Nadu", "34": "Puducherry", "35": "Andaman and Nicobar Islands",
    "36": "Telangana", "37": "Andhra Pradesh", "38": "Ladakh", "96": "Other Country",
    "97": "Other Territory", "99": "Centre Jurisdiction",
}  # fmt: skip
"""State codes of the first two characters of a GSTIN; 25 and 28 are the old ones."""

GSTIN_SHAPE = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")
_GSTIN_TOKEN = re.compile(r"(?<![A-Za-z0-9])[0-9A-Za-z]{15}(?![A-Za-z0-9])")
_TO_DIGIT = str.maketrans("OQDILZSGBT", "0001125687")
_TO_LETTER = str.maketrans("012568", "OIZSGB")
_TWINS = dict(zip("0O1I2Z5S6G8B", "O0I1Z2S5G6B8", strict=True))


def normalise_gstin(text: str) -> str:
    """15 upper-case characters, or `URP`; "" where the text has another shape."""
    value = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    return value if len(value) == 15 or value == "URP" else ""


def is_gstin(value: str) -> bool:
    """Whether shape, state code and check character hold (DOMAIN section 2, CGST rule 10)."""
    return (
        bool(GSTIN_SHAPE.fullmatch(value))
        and value[:2] in STATES
        and bool(stdnum_gstin.is_valid(value))
    )


def has_gstin_checksum(value: str) -> bool:
    """Whether the 15th character is the check character of the first 14 (modulus 36)."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if len(value) != 15 or any(char not in alphabet for char in value):
        return False
    total = 0
    for index, char in enumerate(value[:14]):
        weighed = alphabet.index(char) * (1 + index % 2)
        total += weighed // 36 + weighed % 36
    return alphabet[(36 - total % 36) % 36] == value[14]


def repair_gstin(text: str) -> tuple[str, ...]:
    """Valid GSTINs that differ from `text` only by common OCR confusions, likeliest first.

    First each character is made a letter or a digit as its position demands; then, where the
    checksum still fails, up to two characters that are free to be either are swapped for
    their twins (0/O, 1/I, 2/Z, 5/S, 6/G, 8/B). A proposal, never a replacement.
    """
    raw = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    if len(raw) != 15:
        return ()
    by_place = (
        raw[:2].translate(_TO_DIGIT)
        + raw[2:7].translate(_TO_LETTER)
        + raw[7:11].translate(_TO_DIGIT)
        + raw[11].translate(_TO_LETTER)
    )
    free = [{raw[12], _TWINS.get(raw[12], raw[12])}, {"Z"}]
    last = {raw[14], _TWINS.get(raw[14], raw[14])}
    made = [
        by_place + "".join(tail) for tail in product(sorted(free[0]), sorted(free[1]), sorted(last))
    ]
    valid = {value for value in made if is_gstin(value)}
    return tuple(
        sorted(valid, key=lambda value: sum(a != b for a, b in zip(value, raw, strict=True)))
    )


def find_gstins(text: str) -> tuple[tuple[str, int, int], ...]:
    """15-character tokens that are GSTINs by shape or can be repaired to one: (raw, start, end)."""
    return tuple(
        (match[0].upper(), match.start(), match.end())
        for match in _GSTIN_TOKEN.finditer(text)
        if GSTIN_SHAPE.fullmatch(match[0].upper()) or repair_gstin(match[0])
    )


_EWB = re.compile(r"(?<!\d)\d{4}[\s-]{0,3}\d{4}[\s-]{0,3}\d{4}(?!\d)")
_VEHICLE = re.compile(
    r"[A-Z]{2}\d{1,2}[A-Z]{0,3}\d{4}|[A-Z]{2}\d{3}[A-Z]\d{4}|[A-Z]{3}\d{4}"
    r"|(?:DF|TM|BP|NP)[A-Z0-9]{3,13}"
)


def normalise_ewb_number(text: str) -> str:
    """The 12 digits of an e-way bill number, printed in groups of four; "" without them."""
    match = _EWB.search(text)
    return re.sub(r"\D", "", match[0]) if match else ""


def normalise_vehicle(text: str) -> str:
    """A registration as printed without separators, upper case; "" where the shape is wrong."""
    value = re.sub(r"[^0-9A-Za-z]", "", text).upper()
    return value if is_vehicle(value) else ""


def is_vehicle(value: str) -> bool:
    """The formats that the e-way bill portal takes (AB12AB1234 and its kin, DF/TM/BP/NP)."""
    return bool(_VEHICLE.fullmatch(value))


def same_vehicle(first: str, second: str) -> bool:
    """Equal after zero-padding the district: DL1AB123 and DL01AB0123 are one vehicle."""
    return _padded_vehicle(first) == _padded_vehicle(second)


def _padded_vehicle(value: str) -> str:
    text = re.sub(r"[^0-9A-Za-z]", "", value).upper()
    match = re.fullmatch(r"([A-Z]{2})(\d{1,2})([A-Z]{0,3})(\d{1,4})", text)
    return f"{match[1]}{match[2]:0>2}{match[3]}{match[4]:0>4}" if match else text


def normalise_hsn(text: str) -> str:
    """HSN or SAC: 2, 4, 6 or 8 digits; "" otherwise."""
    value = re.sub(r"[\s.]", "", text)
    return value if re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{8}", value) else ""


def normalise_irn(text: str) -> str:
    """64 lower-case hexadecimal digits, put together over line breaks; "" otherwise."""
    value = re.sub(r"[\s-]", "", text).lower()
    return value if re.fullmatch(r"[0-9a-f]{64}", value) else ""


def is_pin(text: str) -> bool:
    """An Indian PIN code: six digits, the first not 0."""
    return bool(re.fullmatch(r"[1-9]\d{2}\s?\d{3}", text.strip()))


def comparable_number(text: str) -> str:
    """A document number as compared between pages: upper case letters and digits only."""
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())


def financial_year(iso_date: str) -> str:
    """The Indian financial year of a date, April to March, as "2022-23"."""
    year, month = int(iso_date[:4]), int(iso_date[5:7])
    start = year if month >= 4 else year - 1
    return f"{start}-{(start + 1) % 100:02d}"
