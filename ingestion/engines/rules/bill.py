"""Reads a bill from its print: Indian tax invoices, invoices elsewhere, receipts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from documents.fields import (
    find_amounts,
    find_dates,
    find_gstins,
)
from ingestion.engines.base import FieldReading, Objection, PageInput, ValueSource
from ingestion.engines.rules import parsers
from ingestion.engines.rules.dates import loose_dates
from ingestion.engines.rules.foot import Foot
from ingestion.engines.rules.gstins import gstins_of
from ingestion.engines.rules.heading import heading_party
from ingestion.engines.rules.imprint import completed, imprint
from ingestion.engines.rules.irn import irn_of
from ingestion.engines.rules.items import item_readings, line_sums, with_net_column
from ingestion.engines.rules.labels import lexicon
from ingestion.engines.rules.layout import Cell, read_lines
from ingestion.engines.rules.locale import Locale, locale_of
from ingestion.engines.rules.near import (
    Candidate,
    Neighbourhood,
    Parsed,
    candidate_of,
    reading_of,
    rescored,
)
from ingestion.engines.rules.parties import Party, labelled_party
from ingestion.engines.rules.rivals import named_twice
from ingestion.engines.rules.tables import read_table
from ingestion.engines.rules.tills import read_till_rows
from ingestion.engines.rules.totals import Totals, settle
from ingestion.engines.rules.window import window_party

_AMOUNT_FIELDS = (
    "taxable_amount", "cgst_amount", "sgst_amount", "igst_amount", "cess_amount", "tax_amount",
    "round_off", "total_amount",
)  # fmt: skip
_SUM_COLUMNS = {
    "cgst_amount": "cgst",
    "sgst_amount": "sgst",
    "igst_amount": "igst",
    "cess_amount": "cess",
    "taxable_amount": "taxable_amount",
}
_CREDIT_NOTE = re.compile(
    r"(?:tax )?(?:credit (?:note|memo)|avoir|gutschrift|rechnungskorrektur|stornorechnung"
    r"|nota de credito|nota di credito|creditnota|factura rectificativa)(?![a-z])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRead:
    """The readings of a bill, the fields whose label is printed without a value, and what speaks
    against a reading."""

    readings: tuple[FieldReading, ...]
    labelled: tuple[str, ...]
    objections: tuple[Objection, ...]


class BillReader:
    """One bill under reading: its lines, labels, locale and table, and the readings made."""

    def __init__(self, pages: Sequence[PageInput]) -> None:
        self.lines = read_lines(pages)
        self.locale = locale_of("\n".join(line.text for line in self.lines))
        self.near = Neighbourhood(self.lines, lexicon("bill", "parties"))
        self.table = read_table(
            self.lines, amounts=lexicon("amounts"), decimal_comma=self.locale.decimal_comma
        )
        if not self.table.rows:
            self.table = read_till_rows(
                self.lines, amounts=lexicon("amounts"), decimal_comma=self.locale.decimal_comma
            )
        self.near.body = self.table.lines
        self.readings: dict[str, FieldReading] = {}
        self.objections: list[Objection] = []

    def read(self) -> BillRead:
        if not self.lines:
            return BillRead(readings=(), labelled=(), objections=())
        self._numbers()
        self._dates()
        recipient = self._parties()
        gstins = gstins_of(self.near, recipient)
        self._put("supplier_gstin", gstins.suppliers)
        self._put("recipient_gstin", gstins.recipients)
        self._tax_id(recipient)
        totals = self._totals()
        self._currency(totals)
        table = with_net_column(
            self.table,
            decimal_comma=self.locale.decimal_comma,
            taxable=amount_of(totals.chosen.get("taxable_amount")),
            total=amount_of(totals.chosen.get("total_amount")),
        )
        for reading in item_readings(table, decimal_comma=self.locale.decimal_comma):
            self.readings[reading.pointer] = reading
        self._credit_note()
        read = {pointer.strip("/") for pointer in self.readings}
        labelled = (self.near.fields() | set(totals.ranked)) & set(_LABELLED) - read
        return BillRead(
            readings=tuple(self.readings.values()),
            labelled=tuple(sorted(labelled)),
            objections=tuple(self.objections),
        )

    def _put(self, field: str, candidates: Sequence[Candidate]) -> None:
        if candidates:
            self.readings[f"/{field}"] = reading_of(
                f"/{field}", candidates[0], others=candidates[1:4]
            )

    def _object(self, field: str, title: str, found: Sequence[Candidate]) -> None:
        self.objections += named_twice(field, title, found, body=self.table.lines)

    def _numbers(self) -> None:
        found = [
            one
            for one in self.near.candidates("document_number", parsers.document_number)
            if self._is_number(one)
        ]
        found = found or self.near.candidates("vague_number", parsers.lone_number)
        self._put("document_number", found)
        self._object("document_number", "document numbers", found)
        self._put("ewb_number", self.near.candidates("ewb_number", parsers.ewb_number))
        self._put(
            "ack_number", self.near.candidates("ack_number", parsers.digits(least=10, most=20))
        )
        if self.locale.country in ("IN", ""):
            self._put("place_of_supply", self.near.candidates("place_of_supply", _place))
        self._put("irn", irn_of(self.near))

    def _is_number(self, candidate: Candidate) -> bool:
        """Vague labels ("No", "Invoice") count only where nothing else follows the number."""
        line = self.lines[candidate.line]
        if candidate.line in self.table.lines:
            return False
        if candidate.score > 0.72:
            return True
        tail = line.text[line.text.find(candidate.raw) + len(candidate.raw) :].split("  ")[0]
        if re.fullmatch(r"\d{1,3}", candidate.value) and candidate.score < 0.58:
            return False
        dated = re.match(r"\W*(?:vom|du|del|of|dated?|dt)\b", tail.lower())
        return not tail.strip(" .,:)") or bool(find_dates(tail)) or dated is not None

    def _dates(self) -> None:
        parse = parsers.day(month_first=self.locale.month_first)
        labelled = dates = self.near.candidates("document_date", parse)
        due = self.near.candidates("due_date", parse)
        if not dates:
            dates = loose_dates(
                self.near,
                exclude=due,
                table=self.table.lines,
                month_first=self.locale.month_first,
            )
        self._put("document_date", dates)
        self._object("document_date", "document dates", labelled)
        self._put("due_date", due)

    def _parties(self) -> Party | None:
        recipient = labelled_party(self.near, ("recipient",)) or labelled_party(
            self.near, ("consignee",)
        )
        taken = recipient.lines if recipient else frozenset()
        column = recipient.column if recipient else None
        supplier = labelled_party(self.near, ("supplier",))
        head = heading_party(self.near, taken=taken, taken_column=column)
        chosen = self._better_supplier(supplier, head) or imprint(self.near, recipient=recipient)
        if recipient is None and chosen is not None:
            recipient = window_party(self.near, supplier=chosen)
        if chosen is not None:
            chosen = completed(self.near, chosen, recipient=recipient)
        for role, party in (("supplier", chosen), ("recipient", recipient)):
            if party and party.name:
                self._put(f"{role}_name", [party.name])
            if party and party.address:
                self._put(f"{role}_address", [party.address])
        return recipient

    @staticmethod
    def _better_supplier(labelled: Party | None, head: Party | None) -> Party | None:
        if labelled is None or labelled.name is None or labelled.name.score < 0.9:
            return head or labelled
        return labelled

    def _tax_id(self, recipient: Party | None) -> None:
        if "/supplier_gstin" in self.readings:
            return
        found = [
            one
            for one in self.near.candidates("supplier_tax_id", parsers.tax_id)
            if one.line not in self.table.lines and not (recipient and recipient.holds(one))
        ]
        self._put("supplier_tax_id", sorted(found, key=lambda one: (one.score < 0.9, one.line)))

    def _totals(self) -> Totals:
        near = Neighbourhood(self.lines, lexicon("amounts"))
        comma = self.locale.decimal_comma
        foot = Foot(near, decimal_comma=comma, table_lines=self.table.lines)
        for field, kind in _SUM_COLUMNS.items():
            entry = self.table.sums.get(kind)
            amounts = find_amounts(entry.text, decimal_comma=comma) if entry else ()
            if entry and amounts and (field != "taxable_amount" or field not in foot.found):
                cell = Cell(page=entry.page, line=0, tokens=entry.tokens, source=entry.source)
                parsed = Parsed(
                    value=amounts[-1].value, start=amounts[-1].start, end=amounts[-1].end
                )
                if field not in foot.found:
                    foot.found[field] = [candidate_of(cell, parsed, score=0.9)]
        totals = settle(foot, line_sums(self.table, decimal_comma=comma))
        for field in _AMOUNT_FIELDS:
            chosen = totals.chosen.get(field)
            if chosen is None or not chosen.raw:
                continue  # the sum of the GST amounts helps to settle, nobody printed it
            # A label alone is believed less than one whose amount the others add up to.
            chosen = rescored(chosen, chosen.score * (0.7 + 0.3 * totals.support[field]))
            reading = reading_of(f"/{field}", chosen, others=totals.ranked.get(field, ())[:3])
            if chosen.note.startswith("sum of"):
                reading = replace(reading, source=ValueSource.DERIVED)
            self.readings[f"/{field}"] = reading
        if totals.doubt:
            told = Objection(code="total_unclear", field="total_amount", message=totals.doubt)
            self.objections.append(told)
        return totals

    def _credit_note(self) -> None:
        """The amounts of a credit note without the minus that some makers print: its type says
        that they are to be paid back (EN 16931, type 381)."""
        total = self.readings.get("/total_amount")
        head = (cell for line in self.lines[:25] for cell in line.cells)
        if total is None or not str(total.value).startswith("-"):
            return
        if not any(_CREDIT_NOTE.match(cell.folded) for cell in head):
            return
        for pointer, reading in self.readings.items():
            value = str(reading.value)
            if pointer.endswith("_amount") and value.startswith("-"):
                self.readings[pointer] = replace(
                    reading,
                    value=value[1:],
                    note="printed with a minus, on a credit note",
                    alternatives=(value, *reading.alternatives)[:5],
                )

    def _currency(self, totals: Totals) -> None:
        locale: Locale = self.locale
        labelled = self.near.candidates("currency", parsers.currency)
        if labelled:
            self._put("currency", labelled)
            return
        if not locale.currency or "total_amount" not in totals.chosen:
            return
        page = totals.chosen["total_amount"].page
        self.readings["/currency"] = FieldReading(
            pointer="/currency",
            value=locale.currency,
            raw="",
            page=page,
            box=None,
            source=ValueSource.DERIVED,
            confidence=0.92 if locale.is_currency_printed else 0.75,
            note="" if locale.is_currency_printed else "inferred from the words of its country",
        )


_LABELLED = (
    "document_number", "document_date", "due_date", "irn", "ack_number", "ewb_number",
    "place_of_supply", "supplier_tax_id", *_AMOUNT_FIELDS,
)  # fmt: skip


def _place(text: str) -> Parsed | None:
    parsed = parsers.plain_text(text)
    if parsed is None or find_gstins(text) or not re.search(r"[A-Za-z]{2}|^\d{2}$", parsed.value):
        return None
    return parsed


def amount_of(candidate: Candidate | None) -> Decimal | None:
    """The number of a candidate amount."""
    return Decimal(candidate.value) if candidate is not None else None


def read_bill(pages: Sequence[PageInput]) -> BillRead:
    """What a bill's pages print."""
    return BillReader(pages).read()
