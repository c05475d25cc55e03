"""The extractor of the rules engine: signed code, then embedded data, then the print."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jsonschema import Draft202012Validator

from documents.fields import find_amounts, find_dates, normalise_amount, squeeze
from ingestion.engines.base import (
    Extraction,
    FieldReading,
    MarkKind,
    PageInput,
    ValueSource,
)
from ingestion.engines.rules.bill import read_bill
from ingestion.engines.rules.codes import code_readings
from ingestion.engines.rules.embedded import einvoice_readings
from ingestion.engines.rules.ewaybill import read_eway_bill
from ingestion.engines.rules.labelled import read_labelled

ENGINE, VERSION = "rules", "1"
_CONFLICT_FROM = 0.6
_LISTS = ("line_items", "items")


class RulesExtractor:
    """Reads the fields of bills and e-way bills by rules (`ENGINES["extract"]`).

    Other types are read by the labels that their schema names.
    """

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction:
        """See `ingestion.engines.base.Extractor`."""
        printed: tuple[FieldReading, ...] = ()
        labelled: tuple[str, ...] = ()
        if type == "bill":
            printed, labelled = read_bill(pages)
        elif type == "eway_bill":
            printed, labelled = read_eway_bill(pages)
        else:
            printed, labelled = read_labelled(pages, json.loads(schema))
        carried = list(carried_readings(pages, type_slug=type))
        readings, conflicts = merge(carried, printed, text=_page_text(pages))
        valid = fitting(readings, json.loads(schema))
        kept = {reading.pointer for reading in valid}
        return Extraction(
            readings=valid,
            conflicts=tuple(one for one in conflicts if one.pointer in kept),
            labelled=tuple(name for name in labelled if f"/{name}" not in kept),
            engine=ENGINE,
            engine_version=VERSION,
        )


def carried_readings(pages: Sequence[PageInput], *, type_slug: str) -> Iterable[FieldReading]:
    """What the file itself says: codes on its pages and, for bills, attached e-invoices."""
    for page in pages:
        for mark in page.marks:
            if mark.kind == MarkKind.EINVOICE_XML and type_slug == "bill":
                yield from einvoice_readings(mark.payload)
            else:
                yield from code_readings(mark, page=page.number, type_slug=type_slug)


_RANK = {ValueSource.SIGNED: 0, ValueSource.EMBEDDED: 1}


def merge(
    carried: Iterable[FieldReading], printed: Iterable[FieldReading], *, text: str
) -> tuple[list[FieldReading], list[FieldReading]]:
    """The best reading per pointer, and the readings that contradict a better one.

    A carried value that stands on the page anywhere is confirmed by it, whatever the rules
    took for that field; only a value that is not there and has a printed rival conflicts.
    """
    print_of = {reading.pointer: reading for reading in printed}
    best: dict[str, FieldReading] = {}
    conflicts: list[FieldReading] = []
    for reading in sorted(carried, key=lambda one: _RANK.get(one.source, 2)):
        held = best.get(reading.pointer)
        if held is None:
            best[reading.pointer] = reading
        elif not agree(held, reading):
            conflicts.append(reading)
    lists = {name for name in _LISTS if any(p.startswith(f"/{name}/") for p in best)}
    for pointer, reading in print_of.items():
        name = pointer.split("/")[1]
        if name in lists:
            continue
        held = best.get(pointer)
        if held is None:
            best[pointer] = reading
        elif agree(held, reading):
            best[pointer] = _located(held, reading)
        elif pointer == "/generated_by" and squeeze(str(held.value)) in squeeze(str(reading.value)):
            best[pointer] = replace(reading, confidence=max(held.confidence, reading.confidence))
        elif reading.confidence >= _CONFLICT_FROM and not stands_in(held, text):
            conflicts.append(reading)
    return list(best.values()), conflicts


def _located(held: FieldReading, reading: FieldReading) -> FieldReading:
    """A carried value with the place where the page prints the same."""
    if held.box is not None:
        return held
    return replace(held, page=reading.page, box=reading.box, raw=reading.raw)


def agree(one: FieldReading, other: FieldReading) -> bool:
    """Whether two readings are the same value: amounts by number, texts by letters and digits."""
    first, second = str(one.value), str(other.value)
    if first == second:
        return True
    left, right = normalise_amount(first), normalise_amount(second)
    if one.pointer.endswith(("_amount", "round_off", "_price", "quantity", "_value")):
        return left is not None and left == right
    if one.pointer.endswith("_address"):
        return True  # the order and choice of an address's lines is free
    return squeeze(first) == squeeze(second)


def stands_in(reading: FieldReading, text: str) -> bool:
    """Whether a value is printed anywhere in `text`, in whatever way it is written."""
    value = str(reading.value)
    number = normalise_amount(value)
    if reading.pointer.endswith(("_amount", "round_off", "_price", "quantity", "_value")):
        return number is not None and any(
            amount.number == number
            for comma in (True, False)
            for amount in find_amounts(text, decimal_comma=comma)
        )
    if reading.pointer.endswith("_date"):
        return any(value in (hit.value, hit.other) for hit in find_dates(text))
    return squeeze(value) in squeeze(text)


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


def _page_text(pages: Sequence[PageInput]) -> str:
    return "\n".join(
        page.text[:60_000] or " ".join(word.text for word in page.words[:6_000]) for page in pages
    )[:400_000]
