"""The extractor of the rules engine: signed code, then embedded data, then the print."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from jsonschema import Draft202012Validator
from rapidfuzz import fuzz

from config.engines import EngineUnavailable
from documents.fields import comparable_number, normalise_amount, squeeze
from ingestion.engines.base import (
    Extraction,
    FieldReading,
    MarkKind,
    Objection,
    PageInput,
    ValueSource,
)
from ingestion.engines.rules.bill import read_bill
from ingestion.engines.rules.codes import Told, read_code
from ingestion.engines.rules.embedded import einvoice_readings
from ingestion.engines.rules.ewaybill import read_eway_bill
from ingestion.engines.rules.forms import form_readings
from ingestion.engines.rules.labelled import read_labelled
from ingestion.engines.rules.printed import AMOUNTS, Place, Print, likened, placed
from ingestion.engines.signatures import Key, UnreadableKeys, read_keys

ENGINE, VERSION = "rules", "1"
IS_ABSENT = "not printed on the page"
_CONFLICT_FROM = 0.6
_LISTS = ("line_items", "items")
# What names a paper and what it asks for: where print and data differ here, one of them is
# forged or wrong. Elsewhere (names, parts of sums) the two merely choose differently.
_TELLING = frozenset(
    {
        "/document_number", "/document_date", "/total_amount", "/total_invoice_value",
        "/supplier_gstin", "/recipient_gstin", "/supplier_tax_id", "/irn", "/ewb_number",
    }
)  # fmt: skip
_TOTALS = ("/total_amount", "/total_invoice_value")
_AMOUNTS_OF_AN_INVOICE = 3  # fewer are no itemised print that a total could be missing from
_TELLING_LENGTH = 5
_HASH_LENGTH, _HASH_LIKENESS = 40, 75.0


class RulesExtractor:
    """Reads the fields of bills and e-way bills by rules (`ENGINES["extract"]`).

    Other types are read by the labels that their schema names.
    einvoice_keys: PEM or JWKS file, or folder of them, with the public keys that sign
    e-invoice codes; "" for none, then codes are decoded and not verified.
    """

    def __init__(self, einvoice_keys: str = "") -> None:
        try:
            self._keys = read_keys(einvoice_keys)
        except UnreadableKeys as error:
            raise EngineUnavailable(str(error), "keys_unreadable") from error

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction:
        """See `ingestion.engines.base.Extractor`."""
        printed: tuple[FieldReading, ...] = ()
        labelled: tuple[str, ...] = ()
        doubts: tuple[Objection, ...] = ()
        if type == "bill":
            bill = read_bill(pages)
            printed, labelled, doubts = bill.readings, bill.labelled, bill.objections
        elif type == "eway_bill":
            printed, labelled = read_eway_bill(pages)
        else:
            printed, labelled = read_labelled(pages, json.loads(schema))
        told = carried(pages, type_slug=type, keys=self._keys)
        readings, conflicts, objections = list(printed), list[FieldReading](), told.objections
        if told.readings:
            paper = Print(pages)
            readings, conflicts = merge(told.readings, printed, paper=paper)
            objections += tuple(unprinted_total(readings, conflicts, paper))
        valid = fitting(readings, json.loads(schema))
        objections += tuple(of_print(doubts, valid))
        kept = {reading.pointer for reading in valid}
        return Extraction(
            readings=valid,
            conflicts=tuple(one for one in conflicts if one.pointer in kept),
            labelled=tuple(name for name in labelled if f"/{name}" not in kept),
            engine=ENGINE,
            engine_version=VERSION,
            objections=objections,
        )


def carried(pages: Sequence[PageInput], *, type_slug: str, keys: tuple[Key, ...] = ()) -> Told:
    """What the file itself says: codes on its pages, filled forms and, for bills, attached
    e-invoices."""
    readings: list[FieldReading] = []
    objections: list[Objection] = []
    for page in pages:
        for mark in page.marks:
            if mark.kind == MarkKind.EINVOICE_XML and type_slug == "bill":
                readings += einvoice_readings(mark.payload)
            told = read_code(mark, page=page.number, type_slug=type_slug, keys=keys)
            readings += told.readings
            objections += told.objections
        readings += form_readings(page, type_slug=type_slug)
    return Told(readings=tuple(readings), objections=tuple(objections))


_RANK = {ValueSource.SIGNED: 0, ValueSource.EMBEDDED: 1}


def merge(
    carried: Iterable[FieldReading], printed: Iterable[FieldReading], *, paper: Print
) -> tuple[list[FieldReading], list[FieldReading]]:
    """The best reading per pointer, and the readings that contradict a better one.

    A carried value that stands on the page anywhere is confirmed by it, whatever the rules
    took for that field; only a value that is not there and has a printed rival conflicts, and
    a total where the page's own sums make another one.
    """
    best: dict[str, FieldReading] = {}
    conflicts: list[FieldReading] = []
    for reading in sorted(carried, key=lambda one: _RANK.get(one.source, 2)):
        held = best.setdefault(reading.pointer, reading)
        if not agree(held, reading) and reading.pointer in _TELLING:
            conflicts.append(reading)
    print_of = {reading.pointer: reading for reading in printed}
    for pointer, held in best.items():
        if pointer.split("/")[1] not in _LISTS:
            is_backed = pointer == "/total_amount" and _adds_up(print_of)
            best[pointer], rival = compared(held, print_of.get(pointer), paper, is_backed=is_backed)
            conflicts += [rival] if rival else []
    best |= {one.pointer: one for one in paper.located_rows(_rows(best.values()))}
    best |= dict(_units(best, print_of))
    lists = {name for name in _LISTS if any(p.startswith(f"/{name}/") for p in best)}
    is_summed = {"/taxable_amount", "/tax_amount", "/total_amount"} <= best.keys()
    for pointer, reading in print_of.items():
        if pointer == "/round_off" and is_summed:
            continue  # the data's sums close without it
        if pointer.split("/")[1] not in lists:
            best.setdefault(pointer, reading)
    return list(best.values()), conflicts


def _rows(readings: Iterable[FieldReading]) -> list[list[FieldReading]]:
    """The readings of each row of a list, the description first."""
    rows: dict[str, list[FieldReading]] = {}
    for reading in readings:
        base, _, name = reading.pointer.rpartition("/")
        if reading.pointer.split("/")[1] in _LISTS:
            row = rows.setdefault(base, [])
            row.insert(0 if name == "description" else len(row), reading)
    return list(rows.values())


def _units(
    carried: Mapping[str, FieldReading], printed: Mapping[str, FieldReading]
) -> Iterator[tuple[str, FieldReading]]:
    """Units as the page words them, where the data has only their code (UN/ECE Recommendation
    20) and all printed rows of that quantity and amount agree."""
    for pointer, held in carried.items():
        base, _, name = pointer.rpartition("/")
        if name != "unit" or not re.fullmatch(r"[A-Z0-9]{2,3}", str(held.value)):
            continue
        told = _figures(carried, base)
        bases = {p.rpartition("/")[0] for p in printed if p.count("/") == 3}
        rows = sorted(row for row in bases if told and _figures(printed, row) >= told)
        units = [printed[f"{row}/unit"] for row in rows if f"{row}/unit" in printed]
        if len({unit.value for unit in units}) == 1:
            note = f"the file's own code for it is {held.value}"
            yield pointer, _noted(replace(units[0], pointer=pointer), note)


def _figures(readings: Mapping[str, FieldReading], base: str) -> frozenset[tuple[str, Decimal]]:
    """Quantity and amount of a row, by value; a printed amount may be before or after tax."""
    found = set()
    for name in ("quantity", "taxable_amount", "total_amount"):
        reading = readings.get(f"{base}/{name}")
        number = normalise_amount(str(reading.value)) if reading is not None else None
        if number is not None:
            found.add(("quantity" if name == "quantity" else "amount", number))
    return frozenset(found)


def compared(
    held: FieldReading, rival: FieldReading | None, paper: Print, *, is_backed: bool = False
) -> tuple[FieldReading, FieldReading | None]:
    """A carried value with the place that prints it, and the reading that contradicts it.

    is_backed: the rival is right by the page's own sums; then the value may stand on the page,
    but for something else."""
    place = None if _is_by_chance(held, rival) else paper.place_of(held)
    agrees = rival is not None and agree(held, rival)
    if rival is not None and agrees:
        place = Place(page=rival.page, box=rival.box, raw=rival.raw)
    if rival is not None and (named := _named(held, rival)) is not None:
        return named, None
    is_contradicted = rival is not None and not agrees and contradicts(held, rival, paper)
    if place is not None and not (is_contradicted and (is_backed or _is_own(held, place))):
        return placed(held, place), None
    if rival is None or not is_contradicted:
        return _noted(held, IS_ABSENT), None
    return _noted(held, f"the page says {rival.raw[:80]}"), rival


def _adds_up(printed: Mapping[str, FieldReading]) -> bool:
    """Whether the page's own sum before tax, tax and rounding make the total read there."""
    names = ("taxable_amount", "tax_amount", "total_amount")
    found = [printed.get(f"/{name}") for name in (*names, "round_off")]
    numbers = [normalise_amount(str(one.value)) if one is not None else None for one in found]
    taxable, tax, total, rounding = numbers
    if taxable is None or not tax or total is None:
        return False
    return taxable + tax + (rounding or 0) == total


def _named(held: FieldReading, rival: FieldReading) -> FieldReading | None:
    """The GSTIN of a code with the name that the print has behind it, however its own GSTIN
    was read; None for other fields and other print."""
    printed = re.fullmatch(r"\w{13,17}\s*[-–]\s*(\S.*)", str(rival.value))
    if held.pointer != "/generated_by" or printed is None:
        return None
    return replace(rival, value=f"{held.value} - {printed[1]}")


def _is_own(held: FieldReading, place: Place) -> bool:
    """Whether a value stands nowhere but in the form field that carries it, which may be too
    small, or too white, to be seen: the words of a form are among those of its page."""
    if held.box is None or place.box is None or held.page != place.page:
        return False
    x, y = (place.box.left + place.box.right) / 2, (place.box.top + place.box.bottom) / 2
    return held.box.left <= x <= held.box.right and held.box.top <= y <= held.box.bottom


def _is_by_chance(held: FieldReading, rival: FieldReading | None) -> bool:
    """Whether a number is so short that it stands on most pages for something else."""
    is_short = len(squeeze(str(held.value))) < _TELLING_LENGTH
    return rival is not None and held.pointer == "/document_number" and is_short


def _noted(reading: FieldReading, note: str) -> FieldReading:
    return replace(reading, note="; ".join(part for part in (reading.note, note) if part))


def agree(one: FieldReading, other: FieldReading) -> bool:
    """Whether two readings are the same value: amounts by number, texts by letters and digits."""
    first, second = str(one.value), str(other.value)
    if first == second or second in one.alternatives:
        return True
    if one.pointer.endswith(AMOUNTS):
        left, right = normalise_amount(first), normalise_amount(second)
        others = {normalise_amount(value) for value in one.alternatives}
        return left is not None and right in {left, *others}
    if one.pointer.endswith("_address"):
        return True  # the order and choice of an address's lines is free
    return squeeze(first) == squeeze(second)


def contradicts(held: FieldReading, rival: FieldReading, paper: Print) -> bool:
    """Whether the print says something else than the data, and not merely less or by another
    name."""
    if held.pointer not in _TELLING:
        return False
    if rival.confidence < _CONFLICT_FROM and not (paper.is_exact and held.pointer in _TOTALS):
        return False
    mine, printed = str(held.value), str(rival.value)
    if held.pointer == "/document_number" and _is_part(printed, mine):
        return len(squeeze(printed)) >= _TELLING_LENGTH and paper.prolongs(printed)
    if held.pointer == "/supplier_tax_id" and mine[:2].isalpha() != printed[:2].isalpha():
        return False  # a VAT number and the tax office's number of the same supplier
    if not paper.is_exact and not held.pointer.endswith(AMOUNTS):
        return not _is_misread(printed, mine)
    return True


def _is_misread(printed: str, value: str) -> bool:
    """Whether OCR may have made `printed` of `value`: by look-alikes, or by a slip among the
    dozens of characters of a hash, where another hash would differ nearly everywhere."""
    one, other = likened(printed), likened(value)
    return one == other or (len(other) >= _HASH_LENGTH and fuzz.ratio(one, other) >= _HASH_LIKENESS)


def _is_part(printed: str, whole: str) -> bool:
    """Whether a printed number is the data's number without a series or a year."""
    parts = re.split(r"[\W_]+", whole.casefold())
    runs = {
        "".join(parts[start:end])
        for start in range(len(parts))
        for end in range(start + 1, len(parts) + 1)
    }
    return comparable_number(printed).casefold() in runs


def unprinted_total(
    readings: Iterable[FieldReading], conflicts: Sequence[FieldReading], paper: Print
) -> Iterable[Objection]:
    """An objection where a carried total is none of the amounts that the pages print."""
    if not paper.is_exact or paper.count_amounts() < _AMOUNTS_OF_AN_INVOICE:
        return
    if any(one.pointer in _TOTALS for one in conflicts):
        return
    for reading in readings:
        if reading.pointer in _TOTALS and IS_ABSENT in reading.note:
            yield Objection(
                code="total_not_printed",
                field=reading.pointer.lstrip("/"),
                message=f"The file's own data says {reading.value}, but no page prints that "
                "amount.",
            )


def of_print(doubts: Iterable[Objection], readings: Sequence[FieldReading]) -> Iterator[Objection]:
    """The objections to what was read from the print, where the file does not say it itself."""
    told = {one.pointer for one in readings if one.source in _RANK}
    return (doubt for doubt in doubts if f"/{doubt.field}" not in told)


def fitting(
    readings: Iterable[FieldReading], schema: Mapping[str, Any]
) -> tuple[FieldReading, ...]:
    """The readings whose pointer and value the schema allows."""
    validators: dict[str, Draft202012Validator | None] = {}
    kept = []
    for reading in readings:
        shape = "/".join("*" if part.isdigit() else part for part in reading.pointer.split("/"))
        if shape not in validators:
            part = _part(schema, shape)
            validators[shape] = Draft202012Validator(part) if part is not None else None
        validator = validators[shape]
        if validator is not None and validator.is_valid(reading.value):
            kept.append(reading)
    return tuple(kept)


def _part(schema: Mapping[str, Any], shape: str) -> Mapping[str, Any] | None:
    node: Any = schema
    for name in shape.split("/")[1:]:
        node = node.get("items") if name == "*" else (node.get("properties") or {}).get(name)
        if not isinstance(node, Mapping):
            return None
    return dict(node)
