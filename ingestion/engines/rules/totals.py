"""Which amount is the total, which the tax: chosen by label and by the sums that close."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from documents.fields import AmountFound, find_amounts, find_dates
from ingestion.engines.rules.labels import Label
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import (
    Candidate,
    Neighbourhood,
    Parsed,
    candidate_of,
    rescored,
)

_PERCENT = re.compile(r"(\d{1,2}(?:[.,]\d{1,4})?)\s?%")
_GRACE = Decimal("0.05")
_OF_TAXES = "from a table of sums"
_CENT = Decimal("0.01")
_PER_FIELD = 8
_MAX_CELL = 400  # characters; a longer cell is running text
_GST = ("cgst_amount", "sgst_amount", "igst_amount", "cess_amount")
_NOT_A_TOTAL = re.compile(
    r"\b(?:qty|quantity|items?|pcs|saving|saved|discount|summary|weight|page|supplies)\b"
)
_BEFORE_TAX = re.compile(
    r"\W{0,3}(?:ex[ck]l|excluding|exclusive|before|without|ohne|hors|sans|senza|zonder|netto?\b|h\.?t\b)"
)
# The tax in "Total incl. VAT" and "Price without GST" says what the amount is, not whose.
_QUALIFYING = re.compile(
    r"[a-z]{3}.*?(?<![a-z])(?:in[ck]l|in[ck]lusive|ex[ck]l|ex[ck]lusive|including|excluding|without"
    r"|before|after|with|ohne|hors|sans|exc|inc)\W{0,3}(?:(?:of|any|all|gesetzl|der|die)\W{1,3})?"
    r"(?:\d{1,2}(?:[.,]\d+)?\s?%\W{0,3})?$"
)
_MONEY_WORD = re.compile(r"\s?(?:rm|rs|inr|eur|euro|usd|gbp|chf|myr|sgd|cr|dr)\b")
_SUMMARY = ("taxable_amount", "tax_amount", "total_amount")
_CHARGES = frozenset(
    {"freight", "shipping", "delivery", "delivery charge", "packing", "service charge", "svc chg",
     "service chg", "shipping & handling", "handling", "insurance", "carriage", "postage",
     "versand", "versandkosten", "frais de port", "port", "livraison"}
)  # fmt: skip
_FAR = 24  # letters between a label and its amount in one cell; more is a sentence
_WHOLE_IN_PROSE = 40  # characters of a cell in which a number without cents is no amount
_LARGEST_ROUNDING = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The amounts of a document's foot; `ranked` keeps the runners-up of each field.

    support: how much the paper's other numbers speak for each chosen one, 0..1: 1 where taxable,
    tax and rounding make the total, less where only the rows or what was paid agree.
    """

    chosen: dict[str, Candidate]
    ranked: dict[str, tuple[Candidate, ...]]
    closes: bool
    support: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """An amount on a line, the cell it stands in and whether it has a cent part."""

    cell: Cell
    found: AmountFound

    @property
    def number(self) -> Decimal:
        return self.found.number

    def candidate(self, score: float, value: str = "", note: str = "") -> Candidate:
        parsed = Parsed(
            value=value or self.found.value, start=self.found.start, end=self.found.end, note=note
        )
        return candidate_of(self.cell, parsed, score=score)


def amounts_of(cell: Cell, *, decimal_comma: bool | None) -> list[_Amount]:
    """Amounts in a cell that are no percentage, no date, no clock and no long number."""
    text = cell.text[:_MAX_CELL]
    taken = [(hit.start, hit.end) for hit in find_dates(text)]
    found = []
    for amount in find_amounts(text, decimal_comma=decimal_comma):
        after, before = text[amount.end :][:2].lstrip(), text[: amount.start]
        if after.startswith("%") or (after.startswith(":") and amount.decimals == 0):
            continue
        if any(start < amount.end and end > amount.start for start, end in taken):
            continue
        if amount.decimals == 0 and amount.end - amount.start > 7 and "," not in text:
            continue
        if amount.decimals == 0 and _counts_something(cell.folded[amount.end :]):
            continue
        if amount.decimals == 0 and len(text) > _WHOLE_IN_PROSE:
            continue
        if before.endswith(("#", ":")) and re.search(r"\d:$", before):
            continue
        found.append(_Amount(cell=cell, found=amount))
    return found


def _counts_something(after: str) -> bool:
    """Whether a number is followed by what it counts: "30 days", "45 j"."""
    return bool(re.match(r"\s?[a-z]{1,2}[a-z.]", after) or re.match(r"\s[a-z]\b", after)) and (
        _MONEY_WORD.match(after) is None
    )


class Foot:
    """Collects the amounts that labels point at and settles them against one another."""

    def __init__(
        self, near: Neighbourhood, *, decimal_comma: bool | None, table_lines: frozenset[int]
    ) -> None:
        self.near = near
        self.comma = decimal_comma
        self.table_lines = table_lines
        self.found: dict[str, list[Candidate]] = {}
        self._collect()
        self._collect_tax_rows()
        self._collect_summary()

    def _collect(self) -> None:
        for label in self.near.labels:
            if label.cell.line in self.table_lines:
                continue
            if label.field == "tax_amount" and _QUALIFYING.search(label.cell.folded[: label.start]):
                continue
            amount = self._beside(label) or self._below(label)
            if amount is None:
                continue
            score = label.weight
            if label.field == "total_amount" and _BEFORE_TAX.match(label.cell.folded[label.end :]):
                self.found.setdefault("taxable_amount", []).append(amount.candidate(score))
                continue
            if label.field == "total_amount":
                score = self._total_score(label, amount)
            elif amount.found.decimals == 0:
                score *= 0.85
            self.found.setdefault(label.field, []).append(amount.candidate(score))
            if label.phrase == "net total":  # before tax on invoices, to be paid on receipts
                both = amount.candidate(0.7 if amount.found.decimals == 2 else 0.5)
                self.found.setdefault("total_amount", []).append(both)
            if label.field == "round_off" and abs(amount.number) > _LARGEST_ROUNDING:
                # "Rounding RM 22.90": what is left to pay after it
                self.found["round_off"].pop()
                self.found.setdefault("total_amount", []).append(amount.candidate(0.8))
            elif label.field == "round_off" and amount.number > 0:
                # "Less: round off 0.40" prints no sign; the sum decides
                value = format(-amount.number, "f")
                self.found["round_off"].append(amount.candidate(0.6 * score, value=value))

    def _total_score(self, label: Label, amount: _Amount) -> float:
        line = self.near.lines[label.cell.line]
        score = label.weight
        fields = {
            other.field
            for cell in line.cells
            for other in self.near.labels_in(cell)
            if other.cell.left <= label.cell.left
        }
        if _NOT_A_TOTAL.search(line.folded) or "other_amount" in fields:
            score -= 0.35
        elif re.match(r"\W{0,2}\d{1,2}(?:[.,]\d+)?\s?%\W*[a-z]", label.cell.folded[label.end :]):
            score -= 0.35  # "Total 6% supplies": of one rate only
        if "tax_amount" in fields and "incl" not in line.folded:
            score -= 0.3
        if re.search(r"excl|before|without|sub\s?total|netto", line.folded):
            score -= 0.3
        if amount.found.decimals != 2:
            score -= 0.15
        if amount.number <= 0:
            score -= 0.5
        if len(self._amounts(line.cells)) > 1:
            score -= 0.08
        return score

    def _amounts(self, cells: Iterable[Cell]) -> list[_Amount]:
        return [amount for cell in cells for amount in amounts_of(cell, decimal_comma=self.comma)]

    def _beside(self, label: Label) -> _Amount | None:
        """The last amount right of the label, before the next label on the line."""
        line = self.near.lines[label.cell.line]
        stop_cell, stop = None, 0
        for cell in line.cells:
            if cell.left < label.cell.left:
                continue
            for other in self.near.labels_in(cell):
                after = cell is not label.cell or other.start > label.end
                if after and other.weight > 0.5 and not self._qualifies(label, other):
                    stop_cell, stop = cell, other.start
                    break
            if stop_cell is not None:
                break
        hits = []
        for cell in line.cells:
            if cell.left < label.cell.left or (stop_cell and cell.left > stop_cell.left):
                continue
            for amount in amounts_of(cell, decimal_comma=self.comma):
                if cell is label.cell and amount.found.start < label.end:
                    continue
                if cell is label.cell and self._is_far(label, amount):
                    continue
                if cell is stop_cell and amount.found.start > stop:
                    continue
                hits.append(amount)
        cents = [hit for hit in hits if hit.found.decimals == 2]
        return (cents or hits)[-1] if hits else None

    def _is_far(self, label: Label, amount: _Amount) -> bool:
        """Whether words that are no label stand between a label and an amount in its cell."""
        between = list(label.cell.folded[label.end : amount.found.start])
        for other in self.near.labels_in(label.cell):
            for at in range(max(0, other.start - label.end), max(0, other.end - label.end)):
                if at < len(between):
                    between[at] = " "
        return sum(char.isalpha() for char in between) > _FAR

    @staticmethod
    def _qualifies(label: Label, other: Label) -> bool:
        """Whether a second label only narrows the first: "Total (incl. GST)", "VAT 20 %"."""
        same_cell = other.cell is label.cell and other.start - label.end <= 12
        return same_cell or other.field == label.field

    def _below(self, label: Label) -> _Amount | None:
        if label.field == "other_amount" or label.phrase in ("tax", "gst", "vat"):
            return None
        if len(self.near.lines[label.cell.line].cells) > 4:
            return None  # the head of a table: its columns are no foot
        for cell in self.near.cells_below(label, limit=1):
            hits = amounts_of(cell, decimal_comma=self.comma)
            if len(hits) == 1 and not self.near.labels_in(cell):
                return hits[0]
        return None

    def _collect_tax_rows(self) -> None:
        """Rows "19 % of 198.00 are 37.62": base and tax prove one another; rows add up."""
        bases: list[_Amount] = []
        taxes: list[_Amount] = []
        seen: set[tuple[Decimal, Decimal, str]] = set()
        for line in self.near.lines:
            rate = _PERCENT.search(line.text)
            if line.number in self.table_lines or not rate:
                continue
            percent = Decimal(rate[1].replace(",", "."))
            if not percent:
                continue
            pair = _base_and_tax(self._amounts(line.cells), percent)
            if pair and (pair[0].number, pair[1].number, rate[1]) not in seen:
                seen.add((pair[0].number, pair[1].number, rate[1]))
                bases.append(pair[0])
                taxes.append(pair[1])
        if not bases:
            return
        for field, parts in (("taxable_amount", bases), ("tax_amount", taxes)):
            total = sum((part.number for part in parts), Decimal(0))
            note = "" if len(parts) == 1 else "sum of the rows of each tax rate"
            made = parts[-1].candidate(0.9, value=format(total, "f"), note=note)
            self.found.setdefault(field, []).append(made)

    def _collect_summary(self) -> None:
        """A table of sums at the foot: its headings name base, tax and total, and its last row
        holds those of the whole bill. Taken only where base and tax make the total."""
        for line in self.near.lines:
            heads = {
                label.field: label
                for cell in line.cells
                for label in self.near.labels_in(cell)
                if label.field in _SUMMARY
            }
            if len(heads) < len(_SUMMARY) or self._amounts(line.cells):
                continue
            row = self._last_row(line)
            under = {field: _under(label, row) for field, label in heads.items()}
            found = {field: amount for field, amount in under.items() if amount is not None}
            if len(found) < len(_SUMMARY):
                continue
            base, tax, total = (found[field].number for field in _SUMMARY)
            if abs(base + tax - total) <= _GRACE:
                # Below a total of its own the table is that of the taxes, before rounding.
                for field, amount in found.items():
                    score = 0.8 if field == "total_amount" else 0.95
                    made = amount.candidate(score, note=_OF_TAXES)
                    self.found.setdefault(field, []).append(made)

    def _last_row(self, head: Line) -> list[_Amount]:
        """The amounts of the last of the rows of amounts that follow a head without a gap."""
        row: list[_Amount] = []
        for line in self.near.lines[head.number + 1 : head.number + 9]:
            amounts = [one for one in self._amounts(line.cells) if one.found.decimals == 2]
            if line.page != head.page or len(amounts) < len(_SUMMARY):
                break
            row = amounts
        return row

    def settle(self, line_sums: Sequence[Decimal]) -> Totals:
        """Choose total, taxable, tax and rounding together: labels weigh, closing sums decide."""
        ranked = {
            field: _ranked(candidates)[:_PER_FIELD] for field, candidates in self.found.items()
        }
        gst = {field: ranked[field][0] for field in _GST if ranked.get(field)}
        extras = self._extras()
        tills = _paid(self.found.get("other_amount", ()), self.near)
        labelled = [
            one.score for one in self.found.get("total_amount", ()) if one.note != _OF_TAXES
        ]
        if max(labelled, default=0.0) < 0.5:
            found = self._unlabelled(ranked, tills)
            ranked["total_amount"] = (*ranked.get("total_amount", ()), *found)
        best, best_score, closes = {}, -1.0, False
        before_tax = tuple(self._before_tax(ranked))
        repeated = self._repetitions()
        for total, taxable, tax, rounding in product(
            ranked.get("total_amount", ()) or (None,),
            (*ranked.get("taxable_amount", ()), *before_tax, None),
            (*self._tax_choices(ranked, gst), None),
            (*ranked.get("round_off", ())[:2], None),
        ):
            closed = max(
                _closes(total, taxable, tax, rounding, extra=extra) - (0.1 if extra else 0.0)
                for extra in extras
            )
            if taxable in before_tax and (closed < 0.9 or tax is None or not Decimal(tax.value)):
                continue
            score = _weight(total, 1.0) + _weight(taxable, 0.4) + _weight(tax, 0.4)
            score += _weight(rounding, 0.2) + closed
            if total is not None:
                number = Decimal(total.value)
                score += 0.5 if number in tills else 0.0
                score += 0.3 if any(abs(number - made) <= _GRACE for made in line_sums) else 0.0
                if rounding is not None and Decimal(rounding.value):
                    before = number - Decimal(rounding.value)
                    others = {Decimal(one.value) for one in ranked.get("total_amount", ())}
                    score += 0.3 if before in others else 0.0
                score += 0.05 * min(repeated.get(number, 0), 3)
                if tax is not None and 0 < number <= Decimal(tax.value):
                    score -= 0.6
            if taxable is not None and any(
                abs(Decimal(taxable.value) - made) <= _GRACE for made in line_sums
            ):
                score += 0.3
            if score > best_score:
                chosen = {
                    "total_amount": total,
                    "taxable_amount": taxable,
                    "tax_amount": tax,
                    "round_off": rounding,
                }
                best = {field: one for field, one in chosen.items() if one is not None}
                best_score, closes = score, closed >= 0.8
        best.update(gst)
        support = _support(best, closes=closes, line_sums=line_sums, paid=tills, repeated=repeated)
        return Totals(chosen=best, ranked=ranked, closes=closes, support=support)

    @staticmethod
    def _before_tax(ranked: Mapping[str, tuple[Candidate, ...]]) -> Iterator[Candidate]:
        """Totals that may stand for the sum before tax: "Total", the taxes, "Bill amount"."""
        totals = ranked.get("total_amount", ())
        if not ranked.get("taxable_amount") and len(totals) > 1:
            largest = max(Decimal(one.value) for one in totals)
            for one in totals[:4]:
                if 0 < Decimal(one.value) < largest:
                    yield rescored(one, 0.5)

    def _extras(self) -> tuple[Decimal, ...]:
        """What may come on top of goods and tax: 0, each charge for service or freight, and all
        of them."""
        charges = []
        for label in self.near.labels:
            if label.phrase in _CHARGES and label.cell.line not in self.table_lines:
                amount = self._beside(label)
                if amount is not None and amount.found.decimals == 2 and amount.number > 0:
                    charges.append(amount.number)
        whole = sum(charges, Decimal(0))
        return tuple(dict.fromkeys((Decimal(0), *charges[:6], whole)))

    def _unlabelled(
        self, ranked: dict[str, tuple[Candidate, ...]], tills: frozenset[Decimal]
    ) -> tuple[Candidate, ...]:
        """Amounts that are taxable plus tax, or what the till was paid, for papers whose total
        has no label we know."""
        sums = tills | {
            Decimal(base.value) + Decimal(tax.value)
            for base in ranked.get("taxable_amount", ())
            for tax in ranked.get("tax_amount", ())
            if Decimal(tax.value)
        }
        found = [
            amount.candidate(0.55, note="no label, but the sums agree")
            for line in self.near.lines
            for amount in self._amounts(line.cells)
            if amount.number in sums
        ]
        return tuple(found[-2:])

    def _repetitions(self) -> dict[Decimal, int]:
        counts: dict[Decimal, int] = {}
        for line in self.near.lines:
            for amount in self._amounts(line.cells):
                counts[amount.number] = counts.get(amount.number, 0) + 1
        return counts

    def _tax_choices(
        self, ranked: dict[str, tuple[Candidate, ...]], gst: dict[str, Candidate]
    ) -> tuple[Candidate, ...]:
        """Labelled taxes, and the sum of CGST, SGST, IGST and cess where they are printed."""
        labelled = ranked.get("tax_amount", ())
        if not gst:
            return labelled
        alone = [one for one in gst.values() if Decimal(one.value)]
        if len(alone) == 1 and alone[0].value not in {one.value for one in labelled}:
            return (rescored(alone[0], 0.9), *labelled)
        total = sum((Decimal(one.value) for one in gst.values()), Decimal(0))
        if any(Decimal(one.value) == total for one in labelled):
            return labelled
        printed = [
            amount
            for line in self.near.lines
            for amount in self._amounts(line.cells)
            if amount.number == total and total
        ]
        if printed:
            return (printed[-1].candidate(0.9), *labelled)
        last = list(gst.values())[-1]
        summed = Candidate(
            value=format(total, "f"),
            raw="",
            page=last.page,
            line=last.line,
            left=last.left,
            box=None,
            source=last.source,
            ocr=min(one.ocr for one in gst.values()),
            score=0.95,
            note="sum of the GST amounts",
        )
        return (summed, *labelled)


def _under(label: Label, row: Sequence[_Amount]) -> _Amount | None:
    """The amount of a row in the column of a heading: the nearest by its middle or right edge."""
    head = label.cell.part(label.start, label.end) or label.cell

    def distance(amount: _Amount) -> float:
        place = amount.cell.part(amount.found.start, amount.found.end) or amount.cell
        middle = abs(place.left + place.right - head.left - head.right) / 2
        return min(middle, abs(place.right - head.right))

    return min(row, key=distance, default=None)


def _support(
    chosen: Mapping[str, Candidate],
    *,
    closes: bool,
    line_sums: Sequence[Decimal],
    paid: frozenset[Decimal],
    repeated: Mapping[Decimal, int],
) -> dict[str, float]:
    """What speaks for each chosen amount besides its label, 0..1."""
    support = {}
    halves = {chosen[field].value for field in ("cgst_amount", "sgst_amount") if field in chosen}
    for field, one in chosen.items():
        number = Decimal(one.value)
        worth = 0.2 if repeated.get(number, 0) > 1 else 0.0
        if any(abs(number - made) <= _GRACE for made in line_sums):
            worth = 0.7
        if field == "total_amount" and number in paid:
            worth = 0.8
        if field in ("cgst_amount", "sgst_amount") and len(halves) == 1:
            worth = max(worth, 0.7)
        support[field] = 1.0 if closes else worth
    return support


def _ranked(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Best first, each value once; among equals the later one, since feet stand below."""
    ordered = sorted(candidates, key=lambda one: (-round(one.score, 2), -one.line))
    unique: dict[Decimal, Candidate] = {}
    for one in ordered:
        unique.setdefault(Decimal(one.value), one)
    return tuple(unique.values())


def _weight(candidate: Candidate | None, share: float) -> float:
    return share * candidate.score if candidate is not None else 0.0


def _closes(
    total: Candidate | None,
    taxable: Candidate | None,
    tax: Candidate | None,
    rounding: Candidate | None,
    *,
    extra: Decimal = Decimal(0),
) -> float:
    """What it is worth that taxable + tax + rounding + extra is the total; negative where it
    is not."""
    if total is None or taxable is None:
        return 0.0
    base, due = Decimal(taxable.value) + extra, Decimal(total.value)
    taxes = Decimal(tax.value) if tax is not None else Decimal(0)
    rounded = Decimal(rounding.value) if rounding is not None else Decimal(0)
    gap = abs(base + taxes + rounded - due)
    if gap <= _GRACE:
        return (1.0 if taxes else 0.35) - (0.1 if gap > _CENT else 0.0)
    if tax is not None and abs(base + rounded - due) <= _GRACE:
        return 0.2  # prices with the tax in them: the subtotal is the total
    if rounding is None and tax is not None and abs(base + taxes - due) <= Decimal("0.5"):
        return 0.5
    return -0.3 if tax is not None else -0.15


def _base_and_tax(amounts: list[_Amount], percent: Decimal) -> tuple[_Amount, _Amount] | None:
    for base in amounts:
        for tax in amounts:
            if base is tax or not tax.number or abs(base.number) < abs(tax.number):
                continue
            made = base.number * percent / 100
            if tax.found.decimals == 2 and abs(made - tax.number) <= Decimal("0.02"):
                return base, tax
    return None


def _paid(others: Iterable[Candidate], near: Neighbourhood) -> frozenset[Decimal]:
    """What the till says was paid: cash less change, and card or cash amounts themselves."""
    given: list[Decimal] = []
    change: list[Decimal] = []
    for one in others:
        text = near.lines[one.line].folded
        number = Decimal(one.value)
        if re.search(r"change|ruckgeld|rendu|cambio|resto|wisselgeld|baki|balance", text):
            change.append(abs(number))
        elif re.search(r"cash|tender|paid|card|visa|master|bar\b|gegeben|tunai|especes", text):
            given.append(abs(number))
    paid = {money - back for money in given for back in change}
    if all(back == 0 for back in change):
        paid |= set(given)
    return frozenset(money for money in paid if money > 0)
