"""A question in words as filters, by rules of our own: no model is asked. Pure.

"all bills of supplier X above 50,000 in May 2026", "e-way bills of vehicle KA01AB1234 between 3
and 9 March", "how many receipts under 20 from last year". What no rule knows is named in
`left_out`: whoever asked sees that it was not heeded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from documents import fields
from search import terms
from search.listing import amounts, dates, names
from search.listing.filters import MAX_ROWS, Filters, Order, Period, Understood, Wanted
from search.listing.names import Known, Named
from search.listing.sheet import Sheet

EWAY_BILL, BILL = "eway_bill", "bill"
_EWAY = r"e\W{0,3}way\s*bills?|e\W?way\s*bills?|eway|ewbs?|way\s*bills?"
_BILL = r"tax invoices?|invoices?|bills?|receipts?|credit memos?|vouchers?"
_ANY = re.compile(r"\b(?:documents?|papers?|files?|everything|anything|records?)\b")
_TYPES = ((EWAY_BILL, re.compile(rf"\b(?:{_EWAY})\b")), (BILL, re.compile(rf"\b(?:{_BILL})\b")))
_GSTIN = re.compile(
    r"(?:\bgstin\s*(?:no\.?|number)?\s*[:#]?\s*)?\b(\d{2}[a-z]{5}\d{4}[a-z][1-9a-z]z[0-9a-z])\b"
)
# Called a vehicle, it may have any of the shapes of rule 138; alone only the usual one.
_VEHICLE = re.compile(
    r"(?:\b(?:of|for|with|by)\s+)?\b(?:vehicle|truck|lorry|tempo)s?\s*(?:no\.?|number)?\s*[:#]?\s*"
    r"\b(?P<named>(?!(?:of|in|on|to|by|at)\b)(?=[a-z]{2,3}[\s-]?\d)[a-z]{2,3}(?:[\s-]?\d{1,3}[\s-]?[a-z]{0,3})?[\s-]?\d{4})\b"
    r"|\b(?P<alone>[a-z]{2}-?\d{1,2}-?[a-z]{1,3}-?\d{4})\b"
)
_EWB_NUMBER = re.compile(
    r"(?:\b(?:no\.?|number|#)\s*[:#]?\s*)?(?<![\d.,])(\d{4}[ -]?\d{4}[ -]?\d{4})(?![\d.,]\d|\d)"
)
_NUMBER = re.compile(
    r"\b(?:number|no\.|nr\.?|num\.?|no(?=\s*[:#]?\s*\S*\d))"
    r"\s*[:#]?\s*(?P<number>[\w./-]*\d[\w./-]*)|#\s*(?P<hash>[\w./-]*\d[\w./-]*)"
)
# Letters and digits with a slash or dash in them, as numbers of papers have and words have not.
_LOOKS_LIKE_A_NUMBER = re.compile(
    r"(?<![\w/-])(?!fy|q[1-4]\b|\d+(?:st|nd|rd|th)\b)(?=[\w/-]*[a-z])(?=[\w/-]*\d)(?=[\w/-]*[/-]|[a-z]+\d{3,})"
    r"[a-z0-9]+(?:[/-][a-z0-9]+)*(?![\w/-])"
)
_STATUSES = (
    (
        "draft_pending",
        r"needs? (?:a )?review|needing (?:a )?review|to (?:be )?review(?:ed)?|in review|"
        r"under review|unreviewed|unconfirmed|not (?:yet )?confirmed|waiting for review|pending",
    ),
    ("draft_created", r"confirmed|approved|accepted|settled"),
    ("rejected", r"rejected|refused"),
)
_STATUS = tuple(
    (name, re.compile(rf"\b(?:that\s+(?:are|were)\s+|which\s+are\s+)?(?:{words})\b"))
    for name, words in _STATUSES
)
_PAID = re.compile(r"\b(?:unpaid|not paid|paid|outstanding|unsettled|open)\b")
_OVERDUE = re.compile(r"\b(?:overdue|past due)\b")
_EXPIRED = re.compile(r"\b(?:expired|lapsed|no longer valid)\b")
_COUNT = re.compile(r"\b(?:how many|number of|count(?: of)?)\b")
_SUM = re.compile(
    r"\b(?:how much(?: (?:did|do|have) (?:we|i) (?:spend|spent|pay|paid|buy|bought))?|sum(?: of)?|"
    r"total(?:\s+(?:value|amount|spend))?(?:\s+of)?|spend(?:ing)?|spent|add up|altogether)\b"
)
_TIMES = r"(?:\s+(?P<n>\d{1,4}))?"
_ONE = r"(?:\s+(?P<one>bill|invoice|receipt|document|e-?way bill)\b)?"
_ORDERS = tuple(
    (order, re.compile(rf"\b(?:{lead}){_TIMES}{_ONE}|(?P<m>\d{{1,4}})\s+(?:{lead})\b"))
    for order, lead in (
        (Order.LARGEST, r"largest|biggest|highest|most expensive|top"),
        (Order.SMALLEST, r"smallest|lowest|cheapest"),
        (Order.NEWEST, r"latest|newest|most recent"),
        (Order.OLDEST, r"oldest|earliest"),
    )
)
_SORTED = re.compile(
    r"\b(?:sorted|sort|ordered|order)\s+by\s+(date|day|amount|total|value|supplier|name)\b"
)
_SORTS = {
    "date": Order.NEWEST,
    "day": Order.NEWEST,
    "supplier": Order.SUPPLIER,
    "name": Order.SUPPLIER,
}
_CURRENCY = re.compile(
    r"\b(?:in\s+)?(inr|rupees|eur|euros?|usd|dollars?|gbp|pounds?|myr|ringgit|chf|sgd|aed)\b"
)
_SAID_WITHOUT_MEANING = """
    all any every each list show give find get me us the a an of and or with from to for in on at
    by that which who whose what where when were was is are be been have has had do does did we
    our my i you please supplier suppliers vendor vendors seller recipient customer buyer client
    vehicle truck number no gstin dated date day issued amount amounts total totals value worth
    than there this these those it its them their only just also more made out sent bought
    search look up documents project rs inr most recent between over under above below status
    generated valid until due expiring
"""
_FILLERS = frozenset(_SAID_WITHOUT_MEANING.split())
_IDLE = _FILLERS | names.LEGAL_FORMS
_OTHER_MEANINGS = """
    bill bills invoice invoices receipt receipts eway way ewb tax may march paid unpaid last next
    new sum many much largest smallest top first confirmed review rejected goods services
    april june july august october november december january february september
"""
_COMMON = _FILLERS | frozenset(_OTHER_MEANINGS.split())
_NOTE_RECEIPT = "Receipts are kept as bills, so bills of all kinds are listed."
_NOTE_PAID = "What was paid is not known here, so that part of the question was left out."
_NOTE_DUE = "Overdue means a day of payment before today; what was paid is not known."


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    sheet: Sheet
    today: date
    named: Named = field(default_factory=Named)
    notes: list[str] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)


def read(question: str, *, known: Known, types: Mapping[str, str], today: date) -> Understood:
    """types: slug -> name of the project's types of documents, the shipped ones included."""
    reading = _Reading(sheet=Sheet(question), today=today)
    sheet = reading.sheet
    names.read_long(sheet, known, reading.named, common=_COMMON)
    identifiers = _identifiers(sheet)
    order, limit = _order(sheet)
    type_slug = _type(reading, types)
    usual = "generated_at" if type_slug == EWAY_BILL else "document_date"
    _special_days(reading)
    reading.periods += dates.read(sheet, today, usual=usual)
    conditions, currency = amounts.read(sheet)
    status = next((name for name, words in _STATUS if sheet.take(words)), "")
    if sheet.take(_PAID):
        reading.notes.append(_NOTE_PAID)
    named_currency = sheet.take(_CURRENCY)
    wanted = Wanted.COUNT if sheet.take(_COUNT) else Wanted.SUM if sheet.take(_SUM) else Wanted.ROWS
    if wanted == Wanted.SUM and not type_slug:
        # An e-way bill repeats the value of its bill: it would be counted twice.
        type_slug = BILL
    names.read_parts(sheet, known, reading.named, common=_COMMON)
    filters = Filters(
        type=type_slug,
        suppliers=tuple(reading.named.suppliers),
        supplier_text=reading.named.supplier_text,
        recipients=tuple(reading.named.recipients),
        recipient_text=reading.named.recipient_text,
        currency=currency or (amounts.CURRENCIES[named_currency[1]] if named_currency else ""),
        amounts=conditions,
        periods=tuple(reading.periods),
        status=status,
        order=order,
        limit=limit,
        **identifiers,
    )
    notes = (*reading.notes, *reading.named.notes)
    return Understood(filters=filters, wanted=wanted, notes=notes, left_out=_left(sheet))


def _identifiers(sheet: Sheet) -> dict[str, str]:
    """Numbers that name a paper, a party or a vehicle, as the question has them."""
    found: dict[str, str] = {}
    for name, pattern in (("gstin", _GSTIN), ("vehicle", _VEHICLE), ("ewb_number", _EWB_NUMBER)):
        if match := sheet.take(pattern):
            printed = next(group for group in match.groups() if group)
            found[name] = re.sub(r"[\s-]", "", printed).upper()
    for pattern in (_NUMBER, _LOOKS_LIKE_A_NUMBER):
        if match := sheet.take(pattern):
            groups = match.groupdict()
            place = "number" if groups.get("number") else "hash" if groups.get("hash") else 0
            found["number"] = sheet.question[match.start(place) : match.end(place)].rstrip(".-/")
            break
    return found


def _order(sheet: Sheet) -> tuple[Order, int]:
    if match := sheet.take(_SORTED):
        return _SORTS.get(match[1], Order.LARGEST), 0
    for order, pattern in _ORDERS:
        match = pattern.search(sheet.text)
        if match is None:
            continue
        one = match["one"]
        sheet.blank(match.start(), match.start("one") if one else match.end())
        number = match["n"] or match["m"]
        return order, min(MAX_ROWS, int(number)) if number else int(bool(one))
    return Order.NEWEST, 0


def _type(reading: _Reading, types: Mapping[str, str]) -> str:
    """The one type that is named; "" for several or none."""
    sheet, found = reading.sheet, []
    own = {slug: name for slug, name in types.items() if slug not in (BILL, EWAY_BILL)}
    for slug, name in sorted(own.items(), key=lambda item: -len(item[1])):
        words = {fields.fold(name), fields.fold(slug).replace("_", " ").replace("-", " ")}
        pattern = "|".join(rf"{re.escape(word)}(?:e?s)?" for word in words if word)
        if sheet.take(re.compile(rf"\b(?:{pattern})\b")):
            found.append(slug)
    for slug, shipped in _TYPES:
        while match := sheet.take(shipped):
            if slug not in found:
                found.append(slug)
            if match[0].startswith("receipt") and _NOTE_RECEIPT not in reading.notes:
                reading.notes.append(_NOTE_RECEIPT)
    sheet.take(_ANY)
    return found[0] if len(found) == 1 else ""


def _special_days(reading: _Reading) -> None:
    """What lies behind today though no day is named."""
    yesterday = (reading.today - timedelta(days=1)).isoformat()
    if reading.sheet.take(_OVERDUE):
        reading.periods.append(Period(field="due_date", last=yesterday))
        reading.notes.append(_NOTE_DUE)
    if reading.sheet.take(_EXPIRED):
        reading.periods.append(Period(field="valid_until", last=yesterday))


def _left(sheet: Sheet) -> tuple[str, ...]:
    words = re.finditer(r"[\w.,/&'’-]*\w", sheet.text)
    return tuple(
        sheet.question[match.start() : match.end()].strip(".,-'")
        for match in words
        if (word := match[0].strip(".,-'")) and word not in _IDLE and not terms.is_stop_word(word)
    )
