"""Reads an e-way bill (FORM GST EWB-01) from its print: the summary and the detailed form."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from documents.fields import find_dates, find_gstins
from ingestion.engines.base import FieldReading, PageInput
from ingestion.engines.rules import ewaybill_values as values
from ingestion.engines.rules import parsers
from ingestion.engines.rules.items import item_readings
from ingestion.engines.rules.labels import lexicon
from ingestion.engines.rules.layout import Cell, Line, read_lines
from ingestion.engines.rules.near import (
    Candidate,
    Neighbourhood,
    Parsed,
    Parser,
    candidate_of,
    reading_of,
)
from ingestion.engines.rules.places import place_beside
from ingestion.engines.rules.tables import read_table
from ingestion.engines.rules.tokens import Token

_DETAILS = re.compile(
    r"\s*:?\s*(?P<type>[A-Za-z][A-Za-z .()/]{2,30}?)\s*(?:-|–|/|&|,)\s*"
    r"(?P<number>[A-Za-z0-9][A-Za-z0-9/-]{0,20}?)"
    r"\s*(?:-|–|&|,|dt\.?|dated|\s)\s*(?P<date>\d{1,2}[/-]\d{1,2}[/-]\d{4})"
)


class EwayBillReader:
    """One e-way bill under reading."""

    def __init__(self, pages: Sequence[PageInput]) -> None:
        self.lines = read_lines(pages)
        self.near = Neighbourhood(self.lines, lexicon("eway"))
        self.table = read_table(self.lines, amounts=lexicon("amounts"), decimal_comma=False)
        self.readings: dict[str, FieldReading] = {}

    def read(self) -> tuple[tuple[FieldReading, ...], tuple[str, ...]]:
        """The readings by pointer, and the fields whose label is printed without a value."""
        if not self.lines:
            return (), ()
        day = parsers.day(month_first=False)
        simple: tuple[tuple[str, Parser], ...] = (
            ("ewb_number", parsers.ewb_number),
            ("generated_at", parsers.moment),
            ("generated_by", parsers.plain_text),
            ("valid_until", day),
            ("document_number", parsers.document_number),
            ("document_date", day),
            ("document_type", values.document_type),
            ("total_invoice_value", values.amount),
            ("reason", values.reason),
            ("distance_km", parsers.kilometres),
            ("transporter_id", values.transporter),
            ("vehicle_number", parsers.vehicle),
            ("transport_mode", values.mode),
            ("hsn_code", values.hsn),
        )
        for field, parse in simple:
            found = self.near.candidates(field, parse)
            if field == "ewb_number" and not found:
                found = self._wrapped_number()
            if field == "hsn_code":  # the column of the goods is no field of the form
                found = [one for one in found if one.line not in self.table.lines]
            self._put(field, found)
        self._document_details()
        self._generated_by()
        self._parties()
        self._places()
        self._fallbacks()
        self._items()
        known = {label.field for label in self.near.labels}
        labelled = known & set(_LABELLED) - {pointer.strip("/") for pointer in self.readings}
        return tuple(self.readings.values()), tuple(sorted(labelled))

    def _put(self, field: str, candidates: Sequence[Candidate]) -> None:
        if candidates and f"/{field}" not in self.readings:
            value = int(candidates[0].value) if field == "distance_km" else candidates[0].value
            self.readings[f"/{field}"] = reading_of(
                f"/{field}", candidates[0], others=candidates[1:3], value=value
            )

    def _generated_by(self) -> None:
        """GSTIN and name, the name going on in the line below where it was too long."""
        for label in self.near.labels:
            if label.field != "generated_by":
                continue
            for spot in self.near.spots(label):
                parsed = parsers.plain_text(spot.text)
                if parsed is None:
                    continue
                # The colon may belong to the word of the label.
                start = spot.end - len(spot.text.lstrip(" :"))
                tokens = [*spot.cell.tokens_in(start, spot.end)]
                tokens += self._wrapped(spot.cell, tokens[0].left)
                cell = Cell(
                    page=spot.cell.page,
                    line=spot.cell.line,
                    tokens=tuple(token for token in tokens if token.text.strip(" :")),
                    source=spot.cell.source,
                )
                whole = parsers.plain_text(cell.text)
                if whole is not None:
                    self.readings.pop("/generated_by", None)
                    self._put("generated_by", [candidate_of(cell, whole, score=1.0)])
                return

    def _wrapped_number(self) -> list[Candidate]:
        """ "2710 0345" and, in the line below it, "6789"."""
        found = []
        for label in self.near.labels:
            if label.field == "ewb_number":
                cell = self._with_wrapped(label.cell, label.cell.left)
                parsed = parsers.ewb_number(cell.text[label.end :])
                if parsed is not None:
                    found.append(candidate_of(cell, parsed, offset=label.end, score=0.9))
        return found

    def _with_wrapped(self, cell: Cell, left: float) -> Cell:
        tokens = (*cell.tokens, *self._wrapped(cell, left))
        return Cell(page=cell.page, line=cell.line, tokens=tokens, source=cell.source)

    def _wrapped(self, cell: Cell, left: float) -> tuple[Token, ...]:
        """The words under a cell that go on with it: same left edge, close, no label."""
        for line in self.lines[cell.line + 1 : cell.line + 2]:
            for other in line.cells:
                close = other.top - cell.bottom < cell.height and line.page == cell.page
                aligned = abs(other.left - left) < 0.5 * cell.height
                free = not self.near.labels_in(other) and ":" not in other.text
                if close and aligned and free and not self._is_value(other, line):
                    return other.tokens
        return ()

    def _is_value(self, cell: Cell, line: Line) -> bool:
        """Whether a cell stands right of a label of its own."""
        before = [other for other in line.cells if other.right <= cell.left]
        return bool(before) and self.near.starts_with_label(before[-1])

    def _document_details(self) -> None:
        """ "Document Details: Tax Invoice - INV/1 - 21/03/2024" holds three fields."""
        for label in self.near.labels:
            if label.field != "document_details":
                continue
            for spot in self.near.spots(label):
                cell, offset = spot.cell, spot.start
                match = _DETAILS.match(spot.text)
                if match is None:
                    cell = self._with_wrapped(spot.cell, label.cell.left)
                    match = _DETAILS.match(cell.text[offset:])
                if match is None:
                    continue
                for group in ("type", "number", "date"):
                    value = match[group].strip(" -")
                    if group == "type":
                        kind = values.document_type(value)
                        value = kind.value if kind else value
                    if group == "date":
                        value = next((hit.value for hit in find_dates(value)), "")
                    start, end = match.span(group)
                    if value:
                        parsed = Parsed(value=value, start=start, end=end)
                        found = candidate_of(cell, parsed, offset=offset, score=1.0)
                        self.readings.pop(f"/document_{group}", None)
                        self._put(f"document_{group}", [found])
                return

    def _parties(self) -> None:
        for field in ("supplier_gstin", "recipient_gstin"):
            self._put(field, self.near.candidates(field, values.party_id))
        if {"/supplier_gstin", "/recipient_gstin"} <= set(self.readings):
            return
        blocks: dict[str, list[Candidate]] = {"supplier_gstin": [], "recipient_gstin": []}
        order = []
        for line in self.lines:
            for cell in line.cells:
                if "gstin" not in cell.folded or "transporter" in line.folded:
                    continue
                parsed = values.party_id(cell.text[cell.folded.find("gstin") + 5 :])
                if parsed is not None:
                    offset = cell.folded.find("gstin") + 5
                    order.append(candidate_of(cell, parsed, offset=offset, score=0.85))
        for candidate, field in zip(order, blocks, strict=False):
            blocks[field].append(candidate)
        for field, found in blocks.items():
            self._put(field, found)

    def _places(self) -> None:
        for field in ("dispatch_from", "deliver_to"):
            found = []
            for label in self.near.labels:
                if label.field != field or label.start > 6:
                    continue
                text = place_beside(self.near, label.cell, label.end)
                if text is not None:
                    found.append(text)
            self._put(field, sorted(found, key=lambda one: -one.score))

    def _fallbacks(self) -> None:
        """Part B's table and values whose label OCR lost: taken by their unmistakable shape."""
        for line in self.lines:
            for cell in line.cells:
                if not self.readings.get("/vehicle_number"):
                    parsed = parsers.vehicle(cell.text)
                    if parsed and len(parsed.value) >= 8 and not find_gstins(cell.text):
                        self._put("vehicle_number", [candidate_of(cell, parsed, score=0.7)])
                mode = values.MODES.fullmatch(cell.folded.strip())
                if mode and not self.readings.get("/transport_mode"):
                    whole = Parsed(value=mode[1].title(), start=0, end=len(cell.text))
                    self._put("transport_mode", [candidate_of(cell, whole, score=0.9)])
                number = parsers.ewb_number(cell.text)
                if number and not self.readings.get("/ewb_number") and len(cell.text) < 20:
                    self._put("ewb_number", [candidate_of(cell, number, score=0.7)])
        if "/reason" not in self.readings:
            self._put(
                "reason",
                [
                    one
                    for one in self.near.candidates("transaction_type", values.reason)
                    if re.search(
                        r"supply|job|sale|export|import|own use|others|return", one.raw, re.I
                    )
                ],
            )

        if "/distance_km" not in self.readings:
            self._bracketed_distance()

    def _bracketed_distance(self) -> None:
        """ "Valid From: 21/03/2024 10:52 AM [350Kms]", as the summary prints it."""
        for line in self.lines:
            for cell in line.cells:
                match = re.search(r"[\[({]\s?(\d{1,4})\s?kms?\b", cell.folded)
                if match:
                    parsed = Parsed(value=match[1], start=match.start(1), end=match.end(1))
                    self._put("distance_km", [candidate_of(cell, parsed, score=0.95)])
                    return

    def _items(self) -> None:
        for reading in item_readings(self.table, decimal_comma=False, pointer="/items"):
            name = reading.pointer.rsplit("/", 1)[1]
            if name in (
                "description",
                "hsn_code",
                "quantity",
                "unit",
                "taxable_amount",
                "tax_rate",
            ):
                self.readings[reading.pointer] = reading
        if "/hsn_code" not in self.readings:
            self._main_hsn()

    def _main_hsn(self) -> None:
        """The code of the goods of the largest value, where the form names no main one."""
        values = {
            pointer.split("/")[2]: Decimal(str(reading.value))
            for pointer, reading in self.readings.items()
            if pointer.endswith("/taxable_amount")
        }
        main = max(values, key=lambda row: values[row], default="0")
        code = self.readings.get(f"/items/{main}/hsn_code")
        if code is not None:
            self.readings["/hsn_code"] = replace(
                code,
                pointer="/hsn_code",
                confidence=round(0.8 * code.confidence, 3),
                note="of the item of the largest value",
            )


_LABELLED = (
    "ewb_number", "generated_at", "generated_by", "valid_until", "supplier_gstin",
    "recipient_gstin", "document_number", "document_date", "total_invoice_value", "hsn_code",
    "vehicle_number", "transporter_id", "distance_km",
)  # fmt: skip


def read_eway_bill(pages: Sequence[PageInput]) -> tuple[tuple[FieldReading, ...], tuple[str, ...]]:
    """Readings and labelled-but-empty fields of an e-way bill's pages."""
    return EwayBillReader(pages).read()
