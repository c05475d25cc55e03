"""The documents that filters let through, and their sums: all queries of lists stand here.

Every list starts from the documents that its viewer may see. A value is read from the payload
and only ever as what it should be (`documents/derived.py`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Func, Q, Sum, TextField, Value
from django.db.models.functions import Coalesce, Left

from documents import fields
from documents.derived import SUPPLIER_CHARS, Day, Number, text
from documents.models import DocumentQuerySet, DocumentStatus
from search.listing.filters import Amount, Filters, Op, Order, Period
from search.listing.known import MAX_NAMES

_LOOKUPS = {Op.OVER: "gt", Op.FROM: "gte", Op.UNDER: "lt", Op.TO: "lte", Op.EXACTLY: "exact"}
_ORDERS = {
    Order.NEWEST: (F("day").desc(nulls_last=True), "pk"),
    Order.OLDEST: (F("day").asc(nulls_last=True), "pk"),
    Order.LARGEST: (F("total").desc(nulls_last=True), "pk"),
    Order.SMALLEST: (F("total").asc(nulls_last=True), "pk"),
    Order.SUPPLIER: (F("supplier").asc(nulls_last=True), F("day").desc(nulls_last=True), "pk"),
}


class _Squeezed(Func):
    """Letters and digits only, in upper case: how numbers of papers are compared."""

    template = "upper(regexp_replace(%(expressions)s, '[^[:alnum:]]', '', 'g'))"
    output_field = TextField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Documents of one currency, "" where none is known: how many, and their totals added up,
    None where none has one."""

    currency: str
    count: int
    total: Decimal | None


def matching(documents: DocumentQuerySet, filters: Filters) -> DocumentQuerySet:
    """Those that all filters let through, with supplier, number, day and total, in order."""
    found = _with_values(documents).filter(_of_status(filters.status))
    if filters.type:
        found = found.filter(type__slug=filters.type)
    found = _by_names(found, documents, filters)
    found = _by_numbers(found, filters)
    if filters.currency:
        # An e-way bill is in rupees and does not say so.
        rupees = Q(currency="", type__slug="eway_bill") if filters.currency == "INR" else Q()
        found = found.filter(Q(currency=filters.currency) | rupees)
    for at, amount in enumerate(filters.amounts):
        found = _by_amount(found, amount, f"amount_{at}")
    for at, period in enumerate(filters.periods):
        found = _by_period(found, period, f"day_{at}")
    return found.order_by(*_ORDERS[filters.order])


def sums(found: DocumentQuerySet, filters: Filters) -> tuple[Sums, ...]:
    """By currency, most documents first. One query."""
    annotated: Any = found
    if filters.limit:
        return _added_up(list(annotated.values_list("currency", "total")[: filters.limit]))
    rows: Any = (
        annotated.order_by()
        .values("currency")
        .annotate(n=Count("pk"), summed=Sum("total"))
        .order_by("-n", "currency")
    )
    return tuple(Sums(currency=r["currency"], count=r["n"], total=r["summed"]) for r in rows)


def _added_up(rows: Sequence[tuple[str, Decimal | None]]) -> tuple[Sums, ...]:
    currencies = dict.fromkeys(currency for currency, _ in rows)
    return tuple(
        Sums(
            currency=currency,
            count=sum(1 for one, _ in rows if one == currency),
            total=sum((t for one, t in rows if one == currency and t is not None), Decimal())
            if any(t is not None for one, t in rows if one == currency)
            else None,
        )
        for currency in currencies
    )


def _with_values(documents: DocumentQuerySet) -> DocumentQuerySet:
    """With recipient, number and currency; "" where a text is not there."""
    blank = Value("", output_field=TextField())
    return documents.annotate(
        recipient=Left(Coalesce(text("recipient_name"), blank), SUPPLIER_CHARS),
        number=Coalesce(text("document_number"), blank),
        currency=Coalesce(text("currency"), blank),
    )


def _of_status(status: str) -> Q:
    return Q(status=status) if status else ~Q(status=DocumentStatus.REJECTED)


def _by_names(found: DocumentQuerySet, own: DocumentQuerySet, filters: Filters) -> DocumentQuerySet:
    """An e-way bill names no party: it is found by the GSTIN that bills of the name carry,
    those of `own`, which are all that may be listed. One query for each role that is named."""
    for role, names, part in (
        ("supplier", filters.suppliers, filters.supplier_text),
        ("recipient", filters.recipients, filters.recipient_text),
    ):
        if names:
            # Looked up beforehand: as a subquery it would run once for each row.
            bills = own.filter(**{f"payload__{role}_name__in": names}).order_by()
            carried = bills.values_list(f"payload__{role}_gstin", flat=True).distinct()
            gstins = [gstin for gstin in carried[:MAX_NAMES] if gstin]
            by_gstin = Q(**{role: "", f"payload__{role}_gstin__in": gstins})
            found = found.filter(Q(**{f"{role}__in": names}) | by_gstin)
        elif part:
            found = found.filter(**{f"{role}__icontains": part})
    return found


def _by_numbers(documents: DocumentQuerySet, filters: Filters) -> DocumentQuerySet:
    found: Any = documents
    if filters.number:
        asked = fields.squeeze(filters.number).upper()
        found = found.alias(same=_Squeezed(text("document_number"))).filter(same=asked)
    if filters.ewb_number:
        found = found.filter(payload__ewb_number=filters.ewb_number)
    if filters.vehicle:
        asked = fields.squeeze(filters.vehicle).upper()
        found = found.alias(plate=_Squeezed(text("vehicle_number")))
        found = found.filter(plate__in=_spellings(asked))
    if filters.gstin:
        parties = ("supplier_gstin", "recipient_gstin", "transporter_id")
        either = Q()
        for name in parties:
            either |= Q(**{f"payload__{name}": filters.gstin.upper()})
        found = found.filter(either)
    matched: DocumentQuerySet = found
    return matched


def _by_amount(found: DocumentQuerySet, amount: Amount, alias: str) -> DocumentQuerySet:
    if amount.field == "total_amount":
        alias = "total"
    else:
        found = found.alias(**{alias: Number(text(amount.field))})
    if amount.op == Op.BETWEEN:
        return found.filter(**{f"{alias}__gte": amount.value, f"{alias}__lte": amount.upper})
    return found.filter(**{f"{alias}__{_LOOKUPS[amount.op]}": amount.value})


def _by_period(found: DocumentQuerySet, period: Period, alias: str) -> DocumentQuerySet:
    if period.field == "created_at":
        alias = "created_at__date"
    else:
        found = found.alias(**{alias: Day(text(period.field))})
    # What is dated so has that day, and `day` has an index.
    for name in (alias, "day") if period.field == "document_date" else (alias,):
        if period.first:
            found = found.filter(**{f"{name}__gte": period.first})
        if period.last:
            found = found.filter(**{f"{name}__lte": period.last})
    return found


def _spellings(plate: str) -> set[str]:
    """A registration with and without the zeros that may stand before its numbers."""
    parts = re.fullmatch(r"([A-Z]{2})(\d{1,2})([A-Z]{0,3})(\d{1,4})", plate)
    if parts is None:
        return {plate}
    state, district, series, number = parts.groups()
    districts = {district.lstrip("0") or "0", district.zfill(2)}
    numbers = {number.lstrip("0") or "0", number.zfill(4)}
    return {f"{state}{d}{series}{n}" for d in districts for n in numbers}
