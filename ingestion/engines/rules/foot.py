"""The amounts at the foot of a bill, by the field that their labels, rows or headings name."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from ingestion.engines.rules.amounts import Amount, amounts_of
from ingestion.engines.rules.labels import Label
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import Candidate, Neighbourhood

GRACE = Decimal("0.05")
OF_TAXES = "from a table of sums"
_PERCENT = re.compile(r"(\d{1,2}(?:[.,]\d{1,4})?)\s?%")
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
_SUMMARY = ("taxable_amount", "tax_amount", "total_amount")
_FAR = 24  # letters between a label and its amount in one cell; more is a sentence
_LARGEST_ROUNDING = Decimal(1)


class Foot:
    """Collects the amounts that labels point at; `found` has them by field."""

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
            amount = self.beside(label) or self._below(label)
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

    def _total_score(self, label: Label, amount: Amount) -> float:
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
        if len(self.amounts(line.cells)) > 1:
            score -= 0.08
        return score

    def amounts(self, cells: Iterable[Cell]) -> list[Amount]:
        return [amount for cell in cells for amount in amounts_of(cell, decimal_comma=self.comma)]

    def beside(self, label: Label) -> Amount | None:
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

    def _is_far(self, label: Label, amount: Amount) -> bool:
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

    def _below(self, label: Label) -> Amount | None:
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
        bases: list[Amount] = []
        taxes: list[Amount] = []
        seen: set[tuple[Decimal, Decimal, str]] = set()
        for line in self.near.lines:
            rate = _PERCENT.search(line.text)
            if line.number in self.table_lines or not rate:
                continue
            percent = Decimal(rate[1].replace(",", "."))
            if not percent:
                continue
            pair = _base_and_tax(self.amounts(line.cells), percent)
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
            if len(heads) < len(_SUMMARY) or self.amounts(line.cells):
                continue
            row = self._last_row(line)
            under = {field: _under(label, row) for field, label in heads.items()}
            found = {field: amount for field, amount in under.items() if amount is not None}
            if len(found) < len(_SUMMARY):
                continue
            base, tax, total = (found[field].number for field in _SUMMARY)
            if abs(base + tax - total) <= GRACE:
                # Below a total of its own the table is that of the taxes, before rounding.
                for field, amount in found.items():
                    score = 0.8 if field == "total_amount" else 0.95
                    made = amount.candidate(score, note=OF_TAXES)
                    self.found.setdefault(field, []).append(made)

    def _last_row(self, head: Line) -> list[Amount]:
        """The amounts of the last of the rows of amounts that follow a head without a gap."""
        row: list[Amount] = []
        for line in self.near.lines[head.number + 1 : head.number + 9]:
            amounts = [one for one in self.amounts(line.cells) if one.found.decimals == 2]
            if line.page != head.page or len(amounts) < len(_SUMMARY):
                break
            row = amounts
        return row


def _under(label: Label, row: Sequence[Amount]) -> Amount | None:
    """The amount of a row in the column of a heading: the nearest by its middle or right edge."""
    head = label.cell.part(label.start, label.end) or label.cell

    def distance(amount: Amount) -> float:
        place = amount.cell.part(amount.found.start, amount.found.end) or amount.cell
        middle = abs(place.left + place.right - head.left - head.right) / 2
        return min(middle, abs(place.right - head.right))

    return min(row, key=distance, default=None)


def _base_and_tax(amounts: list[Amount], percent: Decimal) -> tuple[Amount, Amount] | None:
    for base in amounts:
        for tax in amounts:
            if base is tax or not tax.number or abs(base.number) < abs(tax.number):
                continue
            made = base.number * percent / 100
            if tax.found.decimals == 2 and abs(made - tax.number) <= Decimal("0.02"):
                return base, tax
    return None
