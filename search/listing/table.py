"""A list as it is shown: rows with links to where each value stands, sums, chips, CSV. No
queries but those of `rows`."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from documents import presentation
from documents.models import AnyUser, Document, DocumentStatus, Project
from documents.queries import Leaf, leaf
from search.listing import rows
from search.listing.filters import (
    AMOUNT_NAMES,
    OP_NAMES,
    ORDER_NAMES,
    PERIOD_NAMES,
    Amount,
    Filters,
    Op,
    Order,
    Period,
)
from search.listing.rows import Sums
from search.queries import Everyone

CSV_COLUMNS = (
    *("document", "type", "supplier", "recipient", "number", "date", "currency", "total"),
    *("status", "file"),
)
_FIELDS_OF = {
    "number": ("document_number", "ewb_number"),
    "day": ("document_date", "generated_at"),
    "total": ("total_amount", "total_invoice_value"),
    "supplier": ("supplier_name", "generated_by", "supplier_gstin"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands: a page, and its box in pixels of the page image, if it has one."""

    page: int
    box: tuple[float, ...] = ()

    @property
    def query(self) -> str:
        """For the address of the document."""
        return places_query(self.page, (self.box,) if self.box else ())


def places_query(page: int, boxes: Any) -> str:
    """`page=2&at=l,t,r,b;l,t,r,b`: a page of a document and boxes to be shown on it."""
    at = ";".join(",".join(str(round(side)) for side in box) for box in boxes)
    return urlencode({"page": page} | ({"at": at} if at else {}), safe=",;")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A document of a list; the values as a person reads them."""

    document: UUID
    type: str
    supplier: str
    number: str
    day: str
    total: str
    status: presentation.Badge
    file: str
    places: Mapping[str, Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a list, and the sums of all of it."""

    leaf: Leaf[Row]
    sums: tuple[Sums, ...]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.sums)


def found_by(viewer: AnyUser | Everyone, project: Project, filters: Filters) -> Any:
    """The documents that a viewer gets to see; with what a row shows."""
    own = Document.objects.filter(project=project)
    if not isinstance(viewer, Everyone):
        own = own.visible_to(viewer)
    return rows.matching(own, filters)


def listed(viewer: AnyUser, project: Project, filters: Filters, page: str) -> Listed:
    """Rows PAGE_ROWS a page. Three queries, however many there are."""
    found = found_by(viewer, project, filters)
    shown = _shown(found)
    part = leaf(shown[: filters.limit] if filters.limit else shown, page)
    return Listed(
        leaf=Leaf(
            rows=[row_of(document) for document in part.rows],
            number=part.number,
            has_next=part.has_next,
        ),
        sums=rows.sums(found, filters),
    )


def _shown(found: Any) -> Any:
    return found.select_related("type", "upload")


def row_of(document: Any) -> Row:
    """From `found_by`."""
    is_indian = document.currency == "INR" or bool(document.payload.get("total_invoice_value"))
    return Row(
        document=document.pk,
        type=document.type.name if document.type else "Unknown",
        supplier=document.supplier or str(document.payload.get("supplier_gstin") or ""),
        number=document.number or str(document.payload.get("ewb_number") or ""),
        day=told_day(document.day or ""),
        total=told_amount(document.total, document.currency or ("INR" if is_indian else "")),
        status=presentation.STATUS_BADGES[DocumentStatus(document.status)],
        file=document.upload.filename,
        places={name: place for name in _FIELDS_OF if (place := _place(document, name))},
    )


def _place(document: Any, column: str) -> Place | None:
    """Where the evidence of a row's value stands."""
    for name in _FIELDS_OF[column]:
        evidence = document.evidence.get(f"/{name}")
        if document.payload.get(name) and evidence and evidence.get("page"):
            return Place(page=evidence["page"], box=tuple(evidence.get("box") or ()))
    return None


def told_amount(total: Decimal | None, currency: str) -> str:
    if total is None:
        return ""
    plain = total.normalize()
    return f"{currency}\u00a0{presentation.grouped(plain, is_indian=currency == 'INR')}".strip()


def told_day(day: str) -> str:
    try:
        return presentation.told_date(date.fromisoformat(day))
    except ValueError:
        return day


def row_as_json(document: Any) -> dict[str, Any]:
    """From `found_by`; values as the payload has them."""
    return {
        "document": str(document.pk),
        "type": document.type.slug if document.type else "unknown",
        "supplier": document.supplier,
        "recipient": document.recipient,
        "number": document.number,
        "date": document.day or "",
        "currency": document.currency,
        "total": None if document.total is None else format(document.total.normalize(), "f"),
        "status": document.status,
        "file": document.upload.filename,
        "places": {
            name: {"page": place.page, "box": list(place.box)}
            for name in _FIELDS_OF
            if (place := _place(document, name))
        },
    }


def documents_as_json(found: Any, filters: Filters, *, limit: int) -> list[dict[str, Any]]:
    """The first `limit` of them. One query."""
    most = min(limit, filters.limit) if filters.limit else limit
    return [row_as_json(document) for document in _shown(found)[:most]]


def sum_as_json(one: Sums) -> dict[str, Any]:
    return {
        "currency": one.currency,
        "count": one.count,
        "total": None if one.total is None else format(one.total.normalize(), "f"),
    }


def as_csv(found: Any, filters: Filters) -> Iterator[str]:
    """Line by line. What a spreadsheet would take for a formula is made text."""
    shown = _shown(found)
    yield _line(CSV_COLUMNS)
    for document in (shown[: filters.limit] if filters.limit else shown).iterator(500):
        row = row_as_json(document)
        yield _line(tuple(_text(name, row[name]) for name in CSV_COLUMNS))


def _text(name: str, value: Any) -> str:
    text = "" if value is None else str(value)
    is_formula = name != "total" and text[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{text}" if is_formula else text


def _line(values: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()


def chips(filters: Filters, types: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the filters say, as name and value; types: slug -> name."""
    told: list[tuple[str, str]] = []
    if filters.type:
        told.append(("Type", types.get(filters.type, filters.type)))
    for name, names, text in (
        ("Supplier", filters.suppliers, filters.supplier_text),
        ("Recipient", filters.recipients, filters.recipient_text),
    ):
        if names or text:
            told.append((name, " or ".join(names) or f"contains “{text}”"))
    for name, value in (
        ("Number", filters.number),
        ("E-way bill number", filters.ewb_number),
        ("GSTIN", filters.gstin),
        ("Vehicle", filters.vehicle),
        ("Currency", filters.currency),
    ):
        if value:
            told.append((name, value))
    told += [(AMOUNT_NAMES[one.field], _told_condition(one, filters)) for one in filters.amounts]
    told += [(PERIOD_NAMES[one.field], told_period(one)) for one in filters.periods]
    if filters.status:
        told.append(("Status", presentation.STATUS_BADGES[DocumentStatus(filters.status)].label))
    if filters.order != Order.NEWEST or filters.limit:
        cut = f", the first {filters.limit:,}" if filters.limit else ""
        told.append(("Order", f"{ORDER_NAMES[filters.order]}{cut}"))
    return told


def _told_condition(one: Amount, filters: Filters) -> str:
    is_indian = filters.currency in ("", "INR")
    value = presentation.grouped(one.value, is_indian=is_indian)
    if one.op == Op.BETWEEN and one.upper is not None:
        return f"between {value} and {presentation.grouped(one.upper, is_indian=is_indian)}"
    return f"{OP_NAMES[one.op]} {value}"


def told_period(one: Period) -> str:
    if one.first and one.first == one.last:
        return told_day(one.first)
    if one.first and one.last:
        return f"{told_day(one.first)} to {told_day(one.last)}"
    return f"from {told_day(one.first)}" if one.first else f"until {told_day(one.last)}"
