"""A bill held against the e-way bill that travels with it.

Pure. An e-way bill names its bill's number, date, parties and value (rule 138, FORM GST
EWB-01), so what both papers print alike is proven by the other one, and what they print
differently is a question for a person, on both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from documents import fields
from documents.checks import Check
from documents.identity import Identity, same_total

BILL, EWAY = "bill", "eway_bill"
MATCHES = "bill_matches_eway"
MISMATCH = "eway_mismatch"

_LABELS = {
    "number": "the document number",
    "date": "the document date",
    "supplier_gstin": "the supplier's GSTIN",
    "recipient_gstin": "the recipient's GSTIN",
    "total": "the value",
    "supplier_name": "the supplier's name",
    "ewb_number": "the e-way bill number",
}
_FIELDS = {
    "number": "document_number",
    "date": "document_date",
    "supplier_gstin": "supplier_gstin",
    "recipient_gstin": "recipient_gstin",
    "total": "total_amount",
    "supplier_name": "supplier_name",
    "ewb_number": "ewb_number",
}
# A value rounded to the rupee on one of the papers is neither proof nor contradiction.
_ROUNDED = Decimal(1)
_OF_EWAY = {"total": "total_invoice_value", "supplier_name": "generated_by"}
# A paper whose goods go on several lorries has several e-way bills and prints one number; a
# firm writes its name in more than one way.
_NO_CONTRADICTION = frozenset({"ewb_number", "supplier_name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One value that both papers print. name: of `Identity`."""

    name: str
    of_bill: str
    of_eway: str
    agrees: bool


def compare(bill: Identity, eway: Identity) -> tuple[Compared, ...]:
    """Every value that both papers print, in the order in which a person reads them."""
    return tuple(
        Compared(name=name, of_bill=mine, of_eway=theirs, agrees=agrees)
        for name in _LABELS
        if (mine := getattr(bill, name)) and (theirs := getattr(eway, name))
        for agrees in (_agrees(name, mine, theirs),)
        if agrees or not _says_nothing(name, mine, theirs)
    )


def _agrees(name: str, mine: str, theirs: str) -> bool:
    if name == "total":
        return same_total(mine, theirs)
    if name == "number":
        return fields.comparable_number(mine) == fields.comparable_number(theirs)
    if name == "supplier_name":
        return fields.squeeze(mine) == fields.squeeze(theirs)
    return mine == theirs


def _says_nothing(name: str, mine: str, theirs: str) -> bool:
    """Whether a difference is none to ask a person about."""
    if name == "total":
        of_bill, of_eway = fields.normalise_amount(mine), fields.normalise_amount(theirs)
        return of_bill is None or of_eway is None or abs(of_bill - of_eway) < _ROUNDED
    return name in _NO_CONTRADICTION


def belong_together(bill: Identity, eway: Identity) -> bool:
    """Whether a bill and an e-way bill that share a PACKET key are one consignment's papers.

    Numbers are unique with one supplier only. Where the suppliers differ the rest has to
    agree: then it is the GSTIN that is wrong on one of them."""
    found = {value.name: value.agrees for value in compare(bill, eway)}
    if not (found.get("number") or found.get("ewb_number")):
        return False
    return found.get("supplier_gstin", True) or bool(found.get("date") and found.get("total"))


def findings(kind: str, bill: Identity, eway: Identity) -> tuple[Check, ...]:
    """What the other paper proves or disproves of the one of this kind."""
    return tuple(
        check(f"/{_field(kind, value.name)}", passed=value.agrees) for value in compare(bill, eway)
    )


def check(pointer: str, *, passed: bool) -> Check:
    return Check(
        code=MATCHES,
        fields=(pointer,),
        passed=passed,
        severity="error",
        message="Bill and e-way bill say the same."
        if passed
        else "Bill and e-way bill say different things.",
    )


def kept(pointer: str, proof: Mapping[str, Any]) -> list[Check]:
    """The findings that the evidence of a value remembers: one document alone cannot make
    them again."""
    marks = (("checks", True), ("failed", False))
    return [
        check(pointer, passed=passed) for name, passed in marks if MATCHES in proof.get(name, ())
    ]


def mismatches(kind: str, bill: Identity, eway: Identity) -> tuple[tuple[str, str], ...]:
    """(field, sentence) for every value on which the papers contradict each other."""
    return tuple(
        (
            _field(kind, value.name),
            f"The bill and its e-way bill differ in {_LABELS[value.name]}: the bill says "
            f"{value.of_bill}, the e-way bill {value.of_eway}.",
        )
        for value in compare(bill, eway)
        if not value.agrees
    )


def _field(kind: str, name: str) -> str:
    return _OF_EWAY.get(name, _FIELDS[name]) if kind == EWAY else _FIELDS[name]
