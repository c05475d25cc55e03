"""Numbers that name a firm, a paper or a lorry, with the check characters that the law gives them.

Nothing here belongs to anybody: the numbers are drawn at random and only obey their formats.
"""

import hashlib
import random
import string
from datetime import date

from stdnum import luhn
from stdnum.iso7064 import mod_11_10

_BASE36 = string.digits + string.ascii_uppercase
_IRN_UPPER_CASE_SINCE = date(2025, 6, 1)

STATES = {
    "03": ("PB", "Punjab"),
    "06": ("HR", "Haryana"),
    "07": ("DL", "Delhi"),
    "08": ("RJ", "Rajasthan"),
    "09": ("UP", "Uttar Pradesh"),
    "10": ("BR", "Bihar"),
    "19": ("WB", "West Bengal"),
    "21": ("OD", "Odisha"),
    "23": ("MP", "Madhya Pradesh"),
    "24": ("GJ", "Gujarat"),
    "27": ("MH", "Maharashtra"),
    "29": ("KA", "Karnataka"),
    "32": ("KL", "Kerala"),
    "33": ("TN", "Tamil Nadu"),
    "36": ("TS", "Telangana"),
    "37": ("AP", "Andhra Pradesh"),
}


def _letters(rng: random.Random, count: int, alphabet: str = string.ascii_uppercase) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def _digits(rng: random.Random, count: int) -> str:
    return _letters(rng, count, string.digits)


def pan(rng: random.Random, name: str) -> str:
    """Ten characters; the fourth says company, firm or person, the fifth is the name's initial."""
    holder = rng.choice("CCCFP")
    serial = rng.randrange(1, 10_000)
    return f"{_letters(rng, 3)}{holder}{name[0].upper()}{serial:04d}{_letters(rng, 1)}"


def gstin_check_character(first14: str) -> str:
    """The fifteenth character: weights 1, 2, 1, 2, ... in base 36, quotient plus remainder."""
    total = 0
    for position, character in enumerate(first14):
        product = _BASE36.index(character) * (1 + position % 2)
        total += product // 36 + product % 36
    return _BASE36[(36 - total % 36) % 36]


def gstin(rng: random.Random, *, state_code: str, pan_number: str) -> str:
    first14 = f"{state_code}{pan_number}{rng.choice('1111123')}Z"
    return first14 + gstin_check_character(first14)


def financial_year(day: date) -> str:
    """`2025-26`: April to March."""
    start = day.year if day.month >= 4 else day.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def irn(*, supplier_gstin: str, day: date, number: str) -> str:
    """SHA-256 that names an e-invoice; the number is upper-cased since June 2025 (DOMAIN 4)."""
    named = number.upper() if day >= _IRN_UPPER_CASE_SINCE else number
    seed = f"{supplier_gstin}{financial_year(day)}INV{named}"
    return hashlib.sha256(seed.encode()).hexdigest()


def ack_number(rng: random.Random, day: date) -> str:
    return f"1{rng.randrange(1, 3)}{day:%y}1{_digits(rng, 10)}"


def bill_number(rng: random.Random, day: date) -> str:
    """At most 16 of letters, digits, `-` and `/` (rule 46)."""
    year = financial_year(day)[2:]
    serial = rng.randrange(1, 9000)
    return rng.choice(
        (
            f"{_letters(rng, 2)}/{year}/{serial:04d}",
            f"{_letters(rng, 3)}/{serial:04d}/{year}",
            f"INV-{serial:05d}",
            f"{day:%Y%m}{serial:04d}",
            f"GST/{year}/{serial}",
            f"Tx-{serial:04d}/{year}",
            f"{_letters(rng, 1)}{serial:05d}",
        )
    )


def eway_number(rng: random.Random) -> str:
    return rng.choice("123456789") + _digits(rng, 11)


def in_fours(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def vehicle_number(rng: random.Random, state_code: str) -> str:
    """One of the legal shapes of DOMAIN 3; the old ones and army plates are rare."""
    state = STATES[state_code][0]
    district, serial = rng.randrange(1, 60), rng.randrange(1, 10_000)
    series = string.ascii_uppercase.replace("I", "").replace("O", "")
    shapes = (
        f"{state}{district:02d}{_letters(rng, 1, series)}{serial:04d}",
        f"{state}{district:02d}{_letters(rng, 2, series)}{serial:04d}",
        f"{state}{district:02d}{_letters(rng, 3, series)}{serial:04d}",
        f"{state}{district:02d}{serial:04d}",
        f"{state}{rng.randrange(1, 10)}{_letters(rng, 2, series)}{serial:04d}",
        f"{_letters(rng, 3, series)}{serial:04d}",
        f"TM{state}{district:02d}{serial:04d}",
    )
    return rng.choices(shapes, weights=(6, 9, 1, 2, 2, 1, 1))[0]


def uk_vat(rng: random.Random) -> str:
    """GB and nine digits; the last two make the weighted sum divisible by 97."""
    head = _digits(rng, 7)
    weighted = sum(int(digit) * weight for digit, weight in zip(head, range(8, 1, -1), strict=True))
    return f"GB{head}{97 - weighted % 97:02d}"


def german_vat(rng: random.Random) -> str:
    head = rng.choice("123456789") + _digits(rng, 7)
    return f"DE{head}{mod_11_10.calc_check_digit(head)}"


def french_vat(rng: random.Random) -> str:
    head = rng.choice("3458") + _digits(rng, 7)
    siren = head + str(luhn.calc_check_digit(head))
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def us_ein(rng: random.Random) -> str:
    return f"{rng.randrange(20, 77)}-{_digits(rng, 7)}"


def malaysian_gst_id(rng: random.Random) -> str:
    return f"00{rng.randrange(1, 20):02d}{_digits(rng, 8)}"


def malaysian_sst_number(rng: random.Random) -> str:
    return f"W10-{rng.randrange(18, 25)}{rng.randrange(1, 13):02d}-3{_digits(rng, 7)}"


def phone(rng: random.Random) -> str:
    return f"0{rng.randrange(20, 90)}-{_digits(rng, 4)} {_digits(rng, 4)}"
