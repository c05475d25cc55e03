"""What a bill's foot adds to its total or takes from it: balances of earlier bills, prepayments.

A bill of 100.80 with 60.00 owed before asks for 160.80; one of 1,080.00 with 500.00 paid in
advance asks for 580.00. The total of the bill (EN 16931, BT-112) is the first number of both.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ingestion.engines.rules.foot import GRACE, Foot
from ingestion.engines.rules.near import Candidate

_OWED = frozenset(
    {"previous balance", "balance b f", "balance brought forward", "brought forward",
     "balance forward", "opening balance", "arrears", "arrear", "total arrears",
     "outstanding balance", "previous outstanding", "previous amount due", "prior balance",
     "past due", "amount overdue", "overdue amount", "last bill", "previous bill",
     "unpaid balance", "previous dues", "previous due", "old balance", "ruckstand", "ruckstande",
     "offene forderung", "ausstehende forderung", "ausstehende forderungen",
     "offene forderungen", "alter saldo", "saldovortrag", "offener betrag aus",
     "ruckstandiger betrag", "solde anterieur", "solde precedent", "report solde", "impaye",
     "impayes", "arrieres", "saldo anterior", "saldo pendiente", "saldo precedente",
     "openstaand saldo", "vorig saldo", "tunggakan", "baki terdahulu", "baki lama",
     "baki tertunggak", "outstanding invoices"}
)  # fmt: skip
_PREPAID = frozenset(
    {"deposit", "deposit paid", "deposit received", "less deposit", "paid", "amount paid",
     "advance", "advance paid", "advance received", "less advance", "less advance received",
     "advance payment", "prepaid", "prepaid amount", "prepayment", "paid to date",
     "payments received", "payment received", "payment", "payments", "already paid", "less paid",
     "less payment", "less payments", "payments to date", "credit applied", "erhaltene anzahlungen",
     "anzahlungen", "anzahlung", "abschlagszahlung", "vorauszahlung", "bereits gezahlt",
     "bereits bezahlt", "abzuglich anzahlung", "acompte", "acompte verse", "acomptes verses",
     "acompte regle", "deja paye", "deja regle", "anticipo", "acconto", "pagado",
     "reeds betaald", "aanbetaling", "sinal", "amount received", "received"}
)  # fmt: skip
_LIFT, _FALL = 1.0, 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Amounts (all above 0) that a foot names as owed from earlier bills, and as paid already."""

    owed: frozenset[Decimal]
    prepaid: frozenset[Decimal]

    @property
    def is_settled(self) -> bool:
        """Whether all that was owed before has been paid since."""
        return sum(self.owed) <= sum(self.prepaid) + GRACE

    def without(self, totals: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """The totals with those of this bill alone before what is asked for with the balances,
        wherever two of them differ by just that."""
        scores = {one.value: one.score for one in totals}
        for more in totals:
            for less in totals:
                apart = Decimal(more.value) - Decimal(less.value)
                if Decimal(less.value) <= 0 or apart <= GRACE:
                    continue
                bill, asked = (less, more) if self._is_owed(apart) else (more, less)
                if self._is_owed(apart) or apart in self.prepaid:
                    scores[bill.value] = max(scores[bill.value], _LIFT)
                    scores[asked.value] = min(scores[asked.value], _FALL)
        return tuple(replace(one, score=scores[one.value]) for one in totals)

    def doubt(
        self,
        chosen: Candidate,
        totals: Sequence[Candidate],
        *,
        closes: bool,
        printed: Container[Decimal],
    ) -> str:
        """Why a person should look at a chosen total, "" for nothing. closes: whether a sum with
        its tax makes it; printed: all amounts of the paper."""
        for other in totals:
            apart = Decimal(other.value) - Decimal(chosen.value)
            if apart > 0 and self._is_owed(apart):
                return (
                    f"The page asks for {other.value}, {apart} of it from earlier bills; this "
                    f"bill alone makes {chosen.value}."
                )
        more = [paid for paid in self.prepaid if Decimal(chosen.value) + paid in printed]
        if more and not closes:
            whole = Decimal(chosen.value) + more[0]
            known = {Decimal(one.value) for one in totals}
            if whole not in known:
                return f"The page asks for {chosen.value} after {more[0]} of {whole} was paid."
        if self.owed and not self.is_settled and not closes:
            return f"The page names {max(self.owed)} from earlier bills; the total may hold it."
        return ""

    def _is_owed(self, apart: Decimal) -> bool:
        return apart in self.owed or (apart + sum(self.prepaid)) in self.owed


def balances_of(foot: Foot) -> Balances:
    """The balances that labels of a foot name."""
    found: dict[bool, set[Decimal]] = {True: set(), False: set()}
    for label in foot.near.labels:
        if label.phrase not in _OWED | _PREPAID:
            continue
        amount = foot.beside(label)
        if amount is not None and amount.found.decimals == 2 and amount.number:
            found[label.phrase in _OWED].add(abs(amount.number))
    return Balances(owed=frozenset(found[True]), prepaid=frozenset(found[False]))
