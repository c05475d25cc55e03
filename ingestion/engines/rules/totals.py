"""Which amount is the total, which the tax: chosen by label and by the sums that close."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from ingestion.engines.rules.balances import balances_of
from ingestion.engines.rules.closing import Sums, closing, is_closed
from ingestion.engines.rules.foot import GRACE, OF_TAXES, Foot
from ingestion.engines.rules.near import Candidate, Neighbourhood, rescored

_PER_FIELD = 8
_GST = ("cgst_amount", "sgst_amount", "igst_amount", "cess_amount")
_CHARGES = frozenset(
    {"freight", "shipping", "delivery", "delivery charge", "packing", "service charge", "svc chg",
     "service chg", "shipping & handling", "handling", "insurance", "carriage", "postage",
     "versand", "versandkosten", "frais de port", "port", "livraison"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The amounts of a document's foot; `ranked` keeps the runners-up of each field.

    support: how much the paper's other numbers speak for each chosen one, 0..1: 1 where taxable,
    tax and rounding make the total, less where only the rows or what was paid agree; doubt: a
    sentence on why a person should look at the total, "" for none.
    """

    chosen: dict[str, Candidate]
    ranked: dict[str, tuple[Candidate, ...]]
    closes: bool
    support: dict[str, float]
    doubt: str = ""


def settle(foot: Foot, line_sums: Sequence[Decimal]) -> Totals:
    """Choose total, taxable, tax and rounding together: labels weigh, closing sums decide.

    line_sums: what the columns of the rows of items add up to."""
    return _Settlement(foot, line_sums).settled()


class _Settlement:
    """The amounts of one foot, and what the rest of the paper says for each."""

    def __init__(self, foot: Foot, line_sums: Sequence[Decimal]) -> None:
        self.foot, self.near, self.line_sums = foot, foot.near, line_sums
        self.ranked = {
            field: _ranked(candidates)[:_PER_FIELD] for field, candidates in foot.found.items()
        }
        self.gst = {field: self.ranked[field][0] for field in _GST if self.ranked.get(field)}
        self.extras = self._extras()
        self.paid = _paid(foot.found.get("other_amount", ()), self.near)
        self.printed = [amount for line in self.near.lines for amount in foot.amounts(line.cells)]
        self.repeated: dict[Decimal, int] = {}
        for amount in self.printed:
            self.repeated[amount.number] = self.repeated.get(amount.number, 0) + 1

    def settled(self) -> Totals:
        ranked = self.ranked
        labelled = [one.score for one in self.foot.found.get("total_amount", ())
                    if one.note != OF_TAXES]  # fmt: skip
        if max(labelled, default=0.0) < 0.5:
            ranked["total_amount"] = (*ranked.get("total_amount", ()), *self._unlabelled())
        balances = balances_of(self.foot)
        totals = ranked["total_amount"] = balances.without(ranked.get("total_amount", ()))
        best, best_score, closes = Sums(), -1.0, False
        before_tax = tuple(self._before_tax())
        for total, taxable, tax, rounding in product(
            totals or (None,),
            (*ranked.get("taxable_amount", ()), *before_tax, None),
            (*self._tax_choices(), None),
            (*ranked.get("round_off", ())[:2], None),
        ):
            sums = Sums(total=total, taxable=taxable, tax=tax, rounding=rounding)
            closed = closing(sums, self.extras)
            if taxable in before_tax and (closed < 0.9 or tax is None or not Decimal(tax.value)):
                continue
            score = self._score(sums, closed)
            if score > best_score:
                best, best_score, closes = sums, score, is_closed(closed)
        chosen = {**best.by_field(), **self.gst}
        doubt = ""
        if best.total is not None:
            doubt = balances.doubt(best.total, totals, closes=closes, printed=self.repeated)
        return Totals(
            chosen=chosen,
            ranked=ranked,
            closes=closes,
            support=self._support(chosen, closes=closes),
            doubt=doubt,
        )

    def _score(self, sums: Sums, closed: float) -> float:
        """How well four amounts go together: their labels, that they close, and what was paid,
        itemised or repeated."""
        score = _weight(sums.total, 1.0) + _weight(sums.taxable, 0.4) + _weight(sums.tax, 0.4)
        score += _weight(sums.rounding, 0.2) + closed
        if sums.total is not None:
            number = Decimal(sums.total.value)
            score += 0.5 if number in self.paid else 0.0
            score += 0.3 if self._is_of_lines(number) else 0.0
            if sums.rounding is not None and Decimal(sums.rounding.value):
                before = number - Decimal(sums.rounding.value)
                others = {Decimal(one.value) for one in self.ranked.get("total_amount", ())}
                score += 0.3 if before in others else 0.0
            score += 0.05 * min(self.repeated.get(number, 0), 3)
            if sums.tax is not None and 0 < number <= Decimal(sums.tax.value):
                score -= 0.6
        if sums.taxable is not None and self._is_of_lines(Decimal(sums.taxable.value)):
            score += 0.3
        return score

    def _is_of_lines(self, number: Decimal) -> bool:
        return any(abs(number - made) <= GRACE for made in self.line_sums)

    def _before_tax(self) -> Iterator[Candidate]:
        """Totals that may stand for the sum before tax: "Total", the taxes, "Bill amount"."""
        totals = self.ranked.get("total_amount", ())
        if not self.ranked.get("taxable_amount") and len(totals) > 1:
            largest = max(Decimal(one.value) for one in totals)
            for one in totals[:4]:
                if 0 < Decimal(one.value) < largest:
                    yield rescored(one, 0.5)

    def _extras(self) -> tuple[Decimal, ...]:
        """What may come on top of goods and tax: 0, each charge for service or freight, and all
        of them."""
        charges = []
        for label in self.near.labels:
            if label.phrase in _CHARGES and label.cell.line not in self.foot.table_lines:
                amount = self.foot.beside(label)
                if amount is not None and amount.found.decimals == 2 and amount.number > 0:
                    charges.append(amount.number)
        whole = sum(charges, Decimal(0))
        return tuple(dict.fromkeys((Decimal(0), *charges[:6], whole)))

    def _unlabelled(self) -> tuple[Candidate, ...]:
        """Amounts that are taxable plus tax, or what the till was paid, for papers whose total
        has no label we know."""
        sums = self.paid | {
            Decimal(base.value) + Decimal(tax.value)
            for base in self.ranked.get("taxable_amount", ())
            for tax in self.ranked.get("tax_amount", ())
            if Decimal(tax.value)
        }
        note = "no label, but the sums agree"
        found = [one.candidate(0.55, note=note) for one in self.printed if one.number in sums]
        return tuple(found[-2:])

    def _tax_choices(self) -> tuple[Candidate, ...]:
        """Labelled taxes, and the sum of CGST, SGST, IGST and cess where they are printed."""
        labelled = self.ranked.get("tax_amount", ())
        if not self.gst:
            return labelled
        alone = [one for one in self.gst.values() if Decimal(one.value)]
        if len(alone) == 1 and alone[0].value not in {one.value for one in labelled}:
            return (rescored(alone[0], 0.9), *labelled)
        total = sum((Decimal(one.value) for one in self.gst.values()), Decimal(0))
        if any(Decimal(one.value) == total for one in labelled):
            return labelled
        printed = [amount for amount in self.printed if amount.number == total and total]
        if printed:
            return (printed[-1].candidate(0.9), *labelled)
        return (_summed(total, tuple(self.gst.values())), *labelled)

    def _support(self, chosen: Mapping[str, Candidate], *, closes: bool) -> dict[str, float]:
        """What speaks for each chosen amount besides its label, 0..1."""
        support = {}
        halves = {
            chosen[field].value for field in ("cgst_amount", "sgst_amount") if field in chosen
        }
        for field, one in chosen.items():
            number = Decimal(one.value)
            worth = 0.2 if self.repeated.get(number, 0) > 1 else 0.0
            if self._is_of_lines(number):
                worth = 0.7
            if field == "total_amount" and number in self.paid:
                worth = 0.8
            if field in ("cgst_amount", "sgst_amount") and len(halves) == 1:
                worth = max(worth, 0.7)
            support[field] = 1.0 if closes else worth
        return support


def _summed(total: Decimal, parts: Sequence[Candidate]) -> Candidate:
    """A tax that nobody printed as one amount."""
    return Candidate(
        value=format(total, "f"),
        raw="",
        page=parts[-1].page,
        line=parts[-1].line,
        left=parts[-1].left,
        box=None,
        source=parts[-1].source,
        ocr=min(one.ocr for one in parts),
        score=0.95,
        note="sum of the GST amounts",
    )


def _ranked(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Best first, each value once; among equals the later one, since feet stand below."""
    ordered = sorted(candidates, key=lambda one: (-round(one.score, 2), -one.line))
    unique: dict[Decimal, Candidate] = {}
    for one in ordered:
        unique.setdefault(Decimal(one.value), one)
    return tuple(unique.values())


def _weight(candidate: Candidate | None, share: float) -> float:
    return share * candidate.score if candidate is not None else 0.0


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
