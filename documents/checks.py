"""Checks that prove or disprove the values of a document without a network.

Pure: a payload in, findings out. A passed check counts as proof of its fields, a failed one
says what a person should look at. A check whose values are missing is left out. The rules and
their sources stand in the docstrings; a rule that changed over time is judged by the
document's own date and only warns.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from documents import fields

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check that could be made: its JSON Pointers, its outcome and a sentence on it."""

    code: str
    fields: tuple[str, ...]
    passed: bool
    severity: Severity
    message: str


Payload = Mapping[str, Any]
Maker = Callable[[Payload], Iterator[Check]]

_CENT_GRACE = Decimal("0.05")
_LINE_GRACE = Decimal(1)  # CGST rule 46 as invoiced in practice: each value rounded to a rupee
_EWB_GRACE = Decimal(2)  # grace of the e-way bill portal for the sum of a bill


def run_checks(type_slug: str, payload: Payload) -> tuple[Check, ...]:
    """All checks of a type that `payload` has the values for; () for types without rules."""
    return tuple(check for maker in _MAKERS.get(type_slug, ()) for check in maker(payload))


def _text(payload: Payload, name: str) -> str:
    value = payload.get(name)
    return value.strip() if isinstance(value, str) else ""


def _amount(payload: Payload, name: str) -> Decimal | None:
    return fields.normalise_amount(_text(payload, name))


def _date(payload: Payload, name: str) -> date | None:
    try:
        return date.fromisoformat(_text(payload, name)[:10])
    except ValueError:
        return None


def _rows(payload: Payload, name: str) -> list[Payload]:
    rows = payload.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _check(
    code: str, passed: bool, *names: str, severity: Severity = "error", ok: str, bad: str
) -> Check:
    return Check(
        code=code,
        fields=tuple(f"/{name}" for name in names),
        passed=passed,
        severity=severity,
        message=ok if passed else bad,
    )


def _gstins(payload: Payload) -> Iterator[Check]:
    """Check character and state of both parties' GSTINs (CGST rule 10); URP is exempt."""
    for name, label in (("supplier_gstin", "supplier"), ("recipient_gstin", "recipient")):
        value = _text(payload, name)
        if value and value != "URP":
            yield _check(
                "gstin_checksum",
                fields.is_gstin(value),
                name,
                ok=f"The check character of the {label}'s GSTIN is right.",
                bad=f"The {label}'s GSTIN is not a valid one: shape, state or check character "
                "is wrong.",
            )


def _same_gstin(payload: Payload) -> Iterator[Check]:
    supplier, recipient = _text(payload, "supplier_gstin"), _text(payload, "recipient_gstin")
    if supplier and supplier == recipient != "URP":
        yield _check(
            "parties_differ",
            False,
            "supplier_gstin",
            "recipient_gstin",
            severity="warning",
            ok="",
            bad="Supplier and recipient have the same GSTIN: check which is whose.",
        )


def _tax_kind(payload: Payload) -> Iterator[Check]:
    """CGST with SGST inside a state, IGST across states, never both (IGST Act, sections 7, 8)."""
    cgst, sgst, igst = (_amount(payload, f"{kind}_amount") for kind in ("cgst", "sgst", "igst"))
    local, across = bool(cgst or sgst), bool(igst)
    if local and across:
        yield _check(
            "tax_kind",
            False,
            "cgst_amount",
            "sgst_amount",
            "igst_amount",
            ok="",
            bad="The bill carries IGST and CGST/SGST at once: only one kind can apply.",
        )
        return
    if cgst is not None and sgst is not None and local:
        yield _check(
            "cgst_equals_sgst",
            abs(cgst - sgst) <= _CENT_GRACE,
            "cgst_amount",
            "sgst_amount",
            ok="CGST and SGST are equal.",
            bad="CGST and SGST differ, they should be equal.",
        )
    home = _text(payload, "supplier_gstin")[:2]
    place = _place_code(payload)
    if home in fields.STATES and place and (local or across):
        names = ("igst_amount",) if across else ("cgst_amount", "sgst_amount")
        yield _check(
            "tax_kind",
            (home == place) == local,
            *names,
            severity="warning",  # supplies to a special economic zone carry IGST in one state
            ok="The kind of tax fits the states of supplier and supply.",
            bad="The kind of tax does not fit: CGST/SGST is for supplies inside a state, IGST "
            "for those to another state.",
        )


def _place_code(payload: Payload) -> str:
    place = _text(payload, "place_of_supply")
    digits = re.search(r"(?<!\d)(\d{2})(?!\d)", place)
    if digits and digits[1] in fields.STATES:
        return digits[1]
    squeezed = fields.squeeze(place)
    for code, name in fields.STATES.items():
        if squeezed and fields.squeeze(name) == squeezed:
            return code
    code = _text(payload, "recipient_gstin")[:2]
    return code if code in fields.STATES else ""


def irn_of(*, gstin: str, iso_date: str, kind: str, number: str) -> str:
    """The IRN: SHA-256 of supplier GSTIN, financial year, INV/CRN/DBN and number (NIC)."""
    plain = f"{gstin}{fields.financial_year(iso_date)}{kind}{number}"
    return hashlib.sha256(plain.encode()).hexdigest()


def _irn(payload: Payload) -> Iterator[Check]:
    """Number, supplier and IRN prove one another. The date is proven by nothing here: a year has
    365 days, and the IRN knows its financial year alone.

    The number is taken as printed and upper-cased (the rule since 2025-06-01), the kind is
    tried as invoice, credit note and debit note.
    """
    irn, gstin = _text(payload, "irn"), _text(payload, "supplier_gstin")
    number, day = _text(payload, "document_number"), _date(payload, "document_date")
    if not (irn and gstin and number and day):
        return
    made = {
        irn_of(gstin=gstin, iso_date=day.isoformat(), kind=kind, number=spelt)
        for kind in ("INV", "CRN", "DBN")
        for spelt in (number, number.upper())
    }
    matches = irn.lower() in made
    names = ("irn", "supplier_gstin", "document_number")
    yield _check(
        "irn_matches",
        matches,
        *(names if matches else (*names, "document_date")),
        ok="The IRN is the one of this supplier, number and financial year.",
        bad="The IRN does not belong to this supplier, number and financial year: one of them "
        "is read wrong.",
    )


def _dates(payload: Payload) -> Iterator[Check]:
    issued, due = _date(payload, "document_date"), _date(payload, "due_date")
    if issued and due:
        yield _check(
            "due_after_issue",
            due >= issued,
            "document_date",
            "due_date",
            ok="The due date is not before the document date.",
            bad="The due date is before the document date.",
        )
    if issued:
        yield _check(
            "date_plausible",
            date(1980, 1, 1) <= issued <= date.today() + timedelta(days=31),
            "document_date",
            severity="warning",
            ok="The document date is plausible.",
            bad="The document date lies in the future or long ago.",
        )


def _tax_sum(payload: Payload) -> Iterator[Check]:
    tax = _amount(payload, "tax_amount")
    names = [
        name
        for name in ("cgst_amount", "sgst_amount", "igst_amount", "cess_amount")
        if _amount(payload, name) is not None
    ]
    if tax is None or not names:
        return
    parts = sum((_amount(payload, name) or Decimal(0) for name in names), Decimal(0))
    yield _check(
        "taxes_add_up",
        abs(parts - tax) <= _LINE_GRACE,
        "tax_amount",
        *names,
        ok="The taxes add up to the tax amount.",
        bad=f"The taxes add up to {parts}, the tax amount says {tax}.",
    )


def _total(payload: Payload) -> Iterator[Check]:
    """Taxable + taxes + round-off = total, within 1 (0.05 where a round-off is printed)."""
    taxable, total = _amount(payload, "taxable_amount"), _amount(payload, "total_amount")
    tax = _amount(payload, "tax_amount")
    names = ["tax_amount"]
    if tax is None:
        names = [
            name
            for name in ("cgst_amount", "sgst_amount", "igst_amount", "cess_amount")
            if _amount(payload, name) is not None
        ]
        tax = sum((_amount(payload, name) or Decimal(0) for name in names), Decimal(0))
    if taxable is None or total is None or not names:
        return
    rounding = _amount(payload, "round_off")
    made = taxable + tax + (rounding or 0)
    grace = _LINE_GRACE if rounding is None else _CENT_GRACE
    used = ("taxable_amount", *names, "total_amount", *(("round_off",) if rounding else ()))
    yield _check(
        "total_adds_up",
        abs(made - total) <= grace,
        *used,
        ok="Taxable amount, taxes and rounding add up to the total.",
        bad=f"Taxable amount, taxes and rounding make {made}, the total says {total}.",
    )


def _round_off(payload: Payload) -> Iterator[Check]:
    rounding = _amount(payload, "round_off")
    if rounding is not None:
        yield _check(
            "round_off_small",
            abs(rounding) <= Decimal("99.99"),
            "round_off",
            ok="The round-off is within its limit.",
            bad="A round-off of 100 or more is none.",
        )


def _line_arithmetic(payload: Payload) -> Iterator[Check]:
    """Taxable = quantity x price - discount; line total = taxable, or taxable plus tax."""
    for index, row in enumerate(_rows(payload, "line_items")):
        base = f"line_items/{index}"
        quantity, price = _amount(row, "quantity"), _amount(row, "unit_price")
        taxable, total = _amount(row, "taxable_amount"), _amount(row, "total_amount")
        discount, rate = _amount(row, "discount") or Decimal(0), _amount(row, "tax_rate")
        net = taxable if taxable is not None else total
        if quantity is not None and price is not None and net is not None:
            gross = quantity * price
            grace = max(_LINE_GRACE, abs(gross) / 1000)
            close = [gross - discount, gross * (1 - discount / 100)]
            if taxable is None and rate is not None:
                close.append((gross - discount) * (1 + rate / 100))
            name = "taxable_amount" if taxable is not None else "total_amount"
            yield _check(
                "line_adds_up",
                any(abs(made - net) <= grace for made in close),
                *(f"{base}/{part}" for part in ("quantity", "unit_price", name)),
                severity="warning",  # packs, free goods and price bases break it on honest bills
                ok=f"Line {index + 1}: quantity times price is the amount.",
                bad=f"Line {index + 1}: quantity times price is not the amount.",
            )
        if taxable is not None and total is not None and rate is not None:
            taxed = taxable * (1 + rate / 100)
            yield _check(
                "line_total_adds_up",
                min(abs(taxed - total), abs(taxable - total)) <= _LINE_GRACE,
                *(f"{base}/{part}" for part in ("taxable_amount", "tax_rate", "total_amount")),
                severity="warning",
                ok=f"Line {index + 1}: amount and tax make the line total.",
                bad=f"Line {index + 1}: amount and tax do not make the line total.",
            )


def _lines_sum(payload: Payload) -> Iterator[Check]:
    """The header is the sum of the lines: taxable by taxable, else line totals."""
    rows = _rows(payload, "line_items")
    for column, heads in (
        ("taxable_amount", ("taxable_amount",)),
        ("total_amount", ("total_amount", "taxable_amount")),
    ):
        values = [_amount(row, column) for row in rows]
        present = [name for name in heads if _amount(payload, name) is not None]
        if not rows or None in values or not present:
            continue
        made = sum((value for value in values if value is not None), Decimal(0))
        grace = max(_LINE_GRACE, Decimal(len(rows)) / 2)
        rounding = _amount(payload, "round_off") or Decimal(0)
        hits = [
            name
            for name in present
            if min(
                abs(made - (_amount(payload, name) or 0)),
                abs(made + rounding - (_amount(payload, name) or 0)),
            )
            <= grace
        ]
        used = hits[:1] or present[:1]
        yield _check(
            "lines_add_up",
            bool(hits),
            used[0],
            *(f"line_items/{index}/{column}" for index in range(len(rows))),
            severity="warning",  # charges and discounts below the table are honest too
            ok="The lines add up to the document's amount.",
            bad=f"The lines add up to {made}, the document's amount says otherwise.",
        )
        return


_OLD_RATES = ["0", "0.1", "0.25", "1", "1.5", "3", "5", "6", "7.5", "12", "18", "28"]
_NEW_RATES = ["0", "0.25", "1.5", "3", "5", "18", "40"]
_RATE_CHANGE = date(2025, 9, 22)


def _rates(payload: Payload) -> Iterator[Check]:
    """GST rates in force on the document's date (notifications of 2025-09-22); warning only."""
    issued = _date(payload, "document_date")
    indian = _text(payload, "supplier_gstin") or _text(payload, "ewb_number")
    if not (issued and indian):
        return
    known = {Decimal(rate) for rate in (_OLD_RATES if issued < _RATE_CHANGE else _NEW_RATES)}
    for name in ("line_items", "items"):
        for index, row in enumerate(_rows(payload, name)):
            rate = _amount(row, "tax_rate")
            if rate is not None:
                yield _check(
                    "rate_in_force",
                    rate in known,
                    f"{name}/{index}/tax_rate",
                    severity="warning",
                    ok=f"Line {index + 1}: {rate} % is a GST rate of that time.",
                    bad=f"Line {index + 1}: {rate} % was no GST rate on the document's date.",
                )


def _number_format(payload: Payload) -> Iterator[Check]:
    """Rule 46(b): at most 16 of letters, digits, hyphen and slash; for Indian bills."""
    number = _text(payload, "document_number")
    indian = _text(payload, "supplier_gstin") or _text(payload, "ewb_number")
    if number and indian:
        yield _check(
            "document_number_format",
            bool(re.fullmatch(r"[A-Za-z0-9/-]{1,16}", number)),
            "document_number",
            severity="warning",
            ok="The document number has the form that the GST rules ask for.",
            bad="The document number is longer than 16 characters or has signs that the GST "
            "rules do not allow.",
        )


def _ewb_number(payload: Payload) -> Iterator[Check]:
    number = _text(payload, "ewb_number")
    if number:
        yield _check(
            "ewb_number_format",
            bool(re.fullmatch(r"\d{12}", number)),
            "ewb_number",
            ok="The e-way bill number has 12 digits.",
            bad="An e-way bill number has exactly 12 digits.",
        )


def _ewb_dates(payload: Payload) -> Iterator[Check]:
    """Validity by distance, and the age of the document at generation (rule 138).

    A day for each 200 km or part of it (100 km before 2021-01-01, 20 km for over-dimensional
    cargo and ship legs); extensions run to 360 days from generation at most. The document may
    be 180 days old at generation since 2025-01-01.
    """
    made, until = _date(payload, "generated_at"), _date(payload, "valid_until")
    issued, km = _date(payload, "document_date"), payload.get("distance_km")
    if made:
        yield _check(
            "not_in_future",
            made <= date.today() + timedelta(days=1),
            "generated_at",
            ok="The e-way bill was not generated in the future.",
            bad="The e-way bill says that it was generated in the future.",
        )
    if made and until:
        days = (until - made).days
        yield _check(
            "valid_after_generation",
            0 <= days <= 360,
            "generated_at",
            "valid_until",
            ok="The validity begins at generation and is within 360 days.",
            bad="The validity ends before generation, or later than 360 days after it.",
        )
        if isinstance(km, int) and 0 < km <= 4000:
            per_day = 200 if made >= date(2021, 1, 1) else 100
            allowed = {math.ceil(km / per_day), math.ceil(km / 20)}
            yield _check(
                "validity_fits_distance",
                days in allowed,
                "generated_at",
                "valid_until",
                "distance_km",
                severity="warning",  # an extension lengthens it
                ok="The validity is the one for this distance.",
                bad="The validity is not the one for this distance, unless it was extended.",
            )
    if made and issued:
        age = (made - issued).days
        yield _check(
            "document_before_generation",
            age >= 0,
            "generated_at",
            "document_date",
            severity="warning",
            ok="The document is not younger than its e-way bill.",
            bad="The document is dated after its e-way bill.",
        )
        if made >= date(2025, 1, 1):
            yield _check(
                "document_age",
                age <= 180,
                "generated_at",
                "document_date",
                severity="warning",
                ok="The document was at most 180 days old at generation.",
                bad="The document was older than 180 days at generation.",
            )


def _ewb_transport(payload: Payload) -> Iterator[Check]:
    vehicle, mode = _text(payload, "vehicle_number"), _text(payload, "transport_mode").lower()
    km = payload.get("distance_km")
    if vehicle:
        yield _check(
            "vehicle_format",
            fields.is_vehicle(vehicle),
            "vehicle_number",
            ok="The vehicle number has a known form.",
            bad="The vehicle number has no form that the e-way bill portal takes.",
        )
    if mode.startswith("road") and not vehicle:
        yield _check(
            "road_needs_vehicle",
            False,
            "vehicle_number",
            severity="warning",
            ok="",
            bad="Transport by road needs a vehicle number.",
        )
    if isinstance(km, int):
        yield _check(
            "distance_in_range",
            0 <= km <= 4000,
            "distance_km",
            ok="The distance is within 4,000 km.",
            bad="The distance is above 4,000 km.",
        )


def _ewb_total(payload: Payload) -> Iterator[Check]:
    """Taxable amounts with their taxes stay within the invoice value, Rs 2 of grace."""
    value, rows = _amount(payload, "total_invoice_value"), _rows(payload, "items")
    taxables = [_amount(row, "taxable_amount") for row in rows]
    if value is None or not rows or None in taxables:
        return
    made = Decimal(0)
    for row in rows:
        made += (_amount(row, "taxable_amount") or 0) * (
            1 + (_amount(row, "tax_rate") or Decimal(0)) / 100
        )
    made = made.quantize(Decimal("0.01"))
    above, below = made - value > _EWB_GRACE, value - made > _EWB_GRACE
    used = ("total_invoice_value", *(f"items/{i}/taxable_amount" for i in range(len(rows))))
    yield _check(
        "value_adds_up",
        not (above or below),
        *used,
        severity="error" if above else "warning",  # other charges may be in the value
        ok="The items with their taxes make the invoice value.",
        bad=f"The items with their taxes make {made}, the invoice value says {value}.",
    )


_MAKERS: Mapping[str, tuple[Maker, ...]] = {
    "bill": (
        _gstins, _same_gstin, _tax_kind, _irn, _dates, _tax_sum, _total, _round_off,
        _line_arithmetic, _lines_sum, _rates, _number_format, _ewb_number,
    ),
    "eway_bill": (
        _gstins, _ewb_number, _ewb_dates, _ewb_transport, _ewb_total, _rates, _number_format,
    ),
}  # fmt: skip
