"""Questions over bills whose answers the truth of the papers tells: of twenty shapes, by chance."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from documents.presentation import grouped

Values = Mapping[str, Any]
Condition = Callable[[Values], bool]
_FORMS = {"pvt", "private", "ltd", "limited", "llp", "co", "inc", "gmbh", "sarl", "sas", "llc"}
_FORMS |= {"sdn", "bhd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A question and what it means; `most` of the matching ones by total, 0 for all."""

    shape: str
    text: str
    holds: Condition
    most: int = 0


def planted(truth: Sequence[Values], rng: random.Random) -> list[Planted]:
    """Questions of twenty shapes, each true of one document of `truth` at least."""
    bills = [one for one in truth if one["type"] == "bill"]
    eways = [one for one in truth if one["type"] == "eway_bill"]

    def pick(name: str, among: Sequence[Values] = bills) -> Values:
        return rng.choice([one for one in among if one.get(name)])

    return [
        *_by_party(pick),
        *_by_amount(pick, bills, rng),
        *_by_day(pick, eways),
        *_by_number(pick, eways),
    ]


Pick = Callable[..., Values]


def _by_party(pick: Pick) -> list[Planted]:
    one, other, third, fourth = (pick("supplier_name") for _ in range(4))
    to, gst = pick("recipient_name"), pick("supplier_gstin")
    half = number_of(other["total_amount"]) / 2
    return [
        Planted(
            shape="supplier",
            text=f"all bills of supplier {one['supplier_name']}",
            holds=lambda d: _is_bill(d) and _same(d, one, "supplier_name"),
        ),
        Planted(
            shape="supplier and amount",
            text=f"bills from {_plain(other['supplier_name'])} above {half:,.0f}",
            holds=lambda d: (
                _is_bill(d)
                and _same(d, other, "supplier_name")
                and total_of(d) > Decimal(f"{half:.0f}")
            ),
        ),
        Planted(
            shape="recipient",
            text=f"invoices to {to['recipient_name']}",
            holds=lambda d: _is_bill(d) and _same(d, to, "recipient_name"),
        ),
        Planted(
            shape="GSTIN",
            text=f"all documents with GSTIN {gst['supplier_gstin']}",
            holds=lambda d: (
                gst["supplier_gstin"]
                in (d.get("supplier_gstin"), d.get("recipient_gstin"), d.get("transporter_id"))
            ),
        ),
        Planted(
            shape="sum of a supplier in a year",
            text=f"how much did we spend with {third['supplier_name']} in "
            f"{third['document_date'][:4]}",
            holds=lambda d: (
                _is_bill(d)
                and _same(d, third, "supplier_name")
                and _day(d)[:4] == third["document_date"][:4]
            ),
        ),
        Planted(
            shape="supplier since a day",
            text=f"show me invoices by {fourth['supplier_name']} since "
            f"{_told(fourth['document_date'])}",
            holds=lambda d: (
                _is_bill(d)
                and _same(d, fourth, "supplier_name")
                and _day(d) >= fourth["document_date"]
            ),
        ),
    ]


def _by_amount(pick: Pick, bills: Sequence[Values], rng: random.Random) -> list[Planted]:
    totals = sorted(number_of(one["total_amount"]) for one in bills if one.get("total_amount"))
    low, high = totals[len(totals) // 3], totals[2 * len(totals) // 3]
    exact, taxed = pick("total_amount"), pick("tax_amount")
    foreign = rng.choice([one for one in bills if one.get("currency") not in (None, "INR")])
    tax = number_of(taxed["tax_amount"])
    code, limit = foreign["currency"], number_of(foreign["total_amount"]) + 1
    return [
        Planted(
            shape="between in Indian grouping",
            text=f"bills between {_indian(low)} and {_indian(high)}",
            holds=lambda d: _is_bill(d) and low <= total_of(d) <= high,
        ),
        Planted(
            shape="lakh",
            text="invoices over 1.2 lakh",
            holds=lambda d: _is_bill(d) and total_of(d) > 120_000,
        ),
        Planted(
            shape="exactly",
            text=f"invoice with a total of exactly {number_of(exact['total_amount']):,.2f}",
            holds=lambda d: _is_bill(d) and total_of(d) == number_of(exact["total_amount"]),
        ),
        Planted(
            shape="currency and at most",
            text=f"receipts and bills of at most {code} {limit:,.2f}",
            holds=lambda d: _is_bill(d) and d.get("currency") == code and 0 < total_of(d) <= limit,
        ),
        Planted(
            shape="tax",
            text=f"bills with tax of at least {tax:.2f}",
            holds=lambda d: _is_bill(d) and number_of(d.get("tax_amount")) >= tax,
        ),
        Planted(
            shape="largest",
            text="the 5 largest bills in rupees",
            holds=lambda d: _is_bill(d) and d.get("currency") == "INR",
            most=5,
        ),
    ]


def _by_day(pick: Pick, eways: Sequence[Values]) -> list[Planted]:
    month, due, moved = pick("document_date"), pick("due_date"), pick("generated_at", eways)
    year, quarter = (pick("document_date")["document_date"] for _ in range(2))
    day = date.fromisoformat(moved["generated_at"][:10])
    first, last = (day - timedelta(days=40)), (day + timedelta(days=40))
    accounts = int(year[:4]) - (int(year[5:7]) < 4)
    n = (int(quarter[5:7]) + 2) // 3
    return [
        Planted(
            shape="month",
            text=f"bills of {_month(month['document_date'])}",
            holds=lambda d: _is_bill(d) and _day(d)[:7] == month["document_date"][:7],
        ),
        Planted(
            shape="due in a month",
            text=f"invoices due in {_month(due['due_date'])}",
            holds=lambda d: _is_bill(d) and str(d.get("due_date"))[:7] == due["due_date"][:7],
        ),
        Planted(
            shape="e-way bills between two days",
            text=f"e-way bills between {_told(first.isoformat())} and {_told(last.isoformat())}",
            holds=lambda d: (
                d["type"] == "eway_bill"
                and first.isoformat() <= str(d.get("generated_at"))[:10] <= last.isoformat()
            ),
        ),
        Planted(
            shape="year of accounts",
            text=f"how many bills in FY {accounts}-{(accounts + 1) % 100:02d}",
            holds=lambda d: (
                _is_bill(d) and f"{accounts}-04-01" <= _day(d) < f"{accounts + 1}-04-01"
            ),
        ),
        Planted(
            shape="quarter",
            text=f"bills dated in Q{n} {quarter[:4]} sorted by amount",
            holds=lambda d: (
                _is_bill(d) and _day(d)[:4] == quarter[:4] and (int(_day(d)[5:7]) + 2) // 3 == n
            ),
        ),
    ]


def _by_number(pick: Pick, eways: Sequence[Values]) -> list[Planted]:
    bill, moved, eway = (
        pick("document_number"),
        pick("vehicle_number", eways),
        pick("ewb_number", eways),
    )
    digits = eway["ewb_number"]
    return [
        Planted(
            shape="number",
            text=f"invoice number {bill['document_number']}",
            holds=lambda d: _is_bill(d) and d.get("document_number") == bill["document_number"],
        ),
        Planted(
            shape="vehicle",
            text=f"e-way bills of vehicle {moved['vehicle_number']}",
            holds=lambda d: (
                d["type"] == "eway_bill" and d.get("vehicle_number") == moved["vehicle_number"]
            ),
        ),
        Planted(
            shape="e-way bill number",
            text=f"e-way bill {digits[:4]} {digits[4:8]} {digits[8:]}",
            holds=lambda d: d["type"] == "eway_bill" and d.get("ewb_number") == digits,
        ),
    ]


def _is_bill(one: Values) -> bool:
    return bool(one["type"] == "bill")


def _same(one: Values, other: Values, name: str) -> bool:
    return _core(one.get(name) or "") == _core(other[name])


def _core(name: str) -> tuple[str, ...]:
    return tuple(w for w in re.findall(r"\w+", name.casefold()) if w not in _FORMS)


def _plain(name: str) -> str:
    """The name as people say it, without its legal form."""
    words = [w for w in name.split() if w.strip(".").casefold() not in _FORMS]
    return " ".join(words).rstrip(" &")


def number_of(text: str | None) -> Decimal:
    return Decimal(text) if text else Decimal()


def total_of(one: Values) -> Decimal:
    return number_of(one.get("total_amount"))


def _day(one: Values) -> str:
    return one.get("document_date") or "0000-00-00"


def _told(day: str) -> str:
    shown = date.fromisoformat(day)
    return f"{shown.day} {shown:%B %Y}"


def _month(day: str) -> str:
    return f"{date.fromisoformat(day):%B %Y}"


def _indian(number: Decimal) -> str:
    return grouped(number, is_indian=True)
