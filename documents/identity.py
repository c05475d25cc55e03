"""By what a paper is known again: the values that name it, and keys by which an index finds it.

Pure. A key is a hash of a project and a few normalised values, so papers of two projects never
share one. Its two lowest bits say what it is a key of (`PAPER`, `PACKET`, `LOOK`).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as fields_of
from typing import Any, Self

from documents import fields

PAPER, PACKET, LOOK = 0, 1, 2
"""The same number of the same supplier; the number that a bill and its e-way bill share; and
how the first page looks (`documents.fingerprint`)."""

# What OCR takes for one another; folded before two numbers are said to differ.
_LOOK_ALIKE = str.maketrans("OQDILZSGB", "000112568")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a paper says of itself, "" where it does not. kind: slug of its type; number and
    names as printed; date ISO 8601; total a decimal string."""

    kind: str = ""
    number: str = ""
    date: str = ""
    total: str = ""
    supplier_gstin: str = ""
    recipient_gstin: str = ""
    supplier_tax_id: str = ""
    supplier_name: str = ""
    ewb_number: str = ""

    @classmethod
    def of(cls, kind: str, values: Mapping[str, Any]) -> Self:
        """From the simple values of a document, by field name."""

        def text(*names: str) -> str:
            found = (values.get(name) for name in names)
            return next((v.strip() for v in found if isinstance(v, str) and v.strip()), "")

        return cls(
            kind=kind,
            number=text("document_number"),
            date=text("document_date")[:10],
            total=text("total_amount", "total_invoice_value"),
            supplier_gstin=text("supplier_gstin").upper(),
            recipient_gstin=text("recipient_gstin").upper(),
            supplier_tax_id=text("supplier_tax_id"),
            supplier_name=text("supplier_name")
            or _generator(text("generated_by"), text("supplier_gstin")),
            ewb_number=text("ewb_number"),
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields_of(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    def as_json(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


def _generator(generated_by: str, supplier_gstin: str) -> str:
    """The name beside the GSTIN that generated an e-way bill, where that is the supplier's."""
    parts = re.fullmatch(r"([0-9A-Z]{15})[\s/-]+(.+)", generated_by.strip(), re.DOTALL)
    return parts[2].strip() if parts and parts[1] == supplier_gstin.upper() else ""


def key(tag: int, project: int, *parts: str) -> int:
    """A number of 63 bits with `tag` in its two lowest ones."""
    text = "\x1f".join((str(project), *parts))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 3) << 2 | tag


def keys(project: int, known: Identity) -> list[int]:
    """The keys of a paper; one that lacks a part has fewer of them."""
    return sorted({*_paper_keys(project, known), *_packet_keys(project, known)})


def _paper_keys(project: int, known: Identity) -> Iterator[int]:
    if known.kind == "eway_bill":
        if known.ewb_number:
            yield key(PAPER, project, known.kind, known.ewb_number)
        return
    number = fields.comparable_number(known.number)
    if not (number and len(known.date) == 10):
        return
    for named, year in _suppliers(known):
        yield key(PAPER, project, known.kind, named, number, year)


def _suppliers(known: Identity) -> Iterator[tuple[str, str]]:
    """The names that a supplier goes by, each with the year in which its numbers are unique:
    the financial year under GST (rule 46), else that of the calendar."""
    year = known.date[:4]
    if known.supplier_gstin:
        yield f"gstin {known.supplier_gstin}", fields.financial_year(known.date)
    if known.supplier_tax_id:
        yield f"tax {fields.squeeze(known.supplier_tax_id)}", year
    if known.supplier_name:
        yield f"name {fields.squeeze(known.supplier_name)}", year


def _packet_keys(project: int, known: Identity) -> Iterator[int]:
    if known.kind not in ("bill", "eway_bill"):
        return
    if number := fields.comparable_number(known.number):
        yield key(PACKET, project, "number", number)
    if known.ewb_number:
        yield key(PACKET, project, "eway", known.ewb_number)


def is_same_supplier(one: Identity, other: Identity) -> bool:
    """By GSTIN, else by tax id, else by name; whichever both of them say decides."""
    for name in ("supplier_gstin", "supplier_tax_id", "supplier_name"):
        mine, theirs = fields.squeeze(getattr(one, name)), fields.squeeze(getattr(other, name))
        if mine and theirs:
            return mine == theirs
    return False


def is_same_paper(one: Identity, other: Identity) -> bool:
    """Two papers that share a PAPER key: whether everything else that names them agrees, too."""
    if one.kind == "eway_bill":
        return not contradictions(one, other)
    return (
        is_same_supplier(one, other)
        and bool(one.total and other.total)
        and one.date == other.date
        and same_total(one.total, other.total)
    )


def is_number_taken(one: Identity, other: Identity) -> bool:
    """Two papers that share a PAPER key: whether one number stands on what are two papers.

    Only under GST, where a number is unique in a financial year (rule 46). Elsewhere the number
    of a contract or a till stands on many papers."""
    if one.kind == "eway_bill":
        return bool(contradictions(one, other))
    by_rule = bool(one.supplier_gstin and other.supplier_gstin)
    differs = one.date != other.date or (
        bool(one.total and other.total) and not same_total(one.total, other.total)
    )
    return by_rule and is_same_supplier(one, other) and differs


def contradictions(one: Identity, other: Identity) -> tuple[str, ...]:
    """What both papers say, and say differently; letters and digits that OCR takes for one
    another are no difference."""
    return tuple(
        name
        for name in ("number", "date", "total", "supplier_gstin", "recipient_gstin", "ewb_number")
        if (mine := getattr(one, name))
        and (theirs := getattr(other, name))
        and not _is_alike(name, mine, theirs)
    )


def _is_alike(name: str, mine: str, theirs: str) -> bool:
    if name == "total":
        return same_total(mine, theirs)
    if name == "number":
        return _folded(mine) == _folded(theirs)
    return mine == theirs


def _folded(number: str) -> str:
    return fields.comparable_number(number).translate(_LOOK_ALIKE)


def same_total(one: str, other: str) -> bool:
    mine = fields.normalise_amount(one)
    return mine is not None and mine == fields.normalise_amount(other)
