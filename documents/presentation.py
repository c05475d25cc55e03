"""What the pages about documents show, computed from rows that are already there.

Pure: no queries, no request. Templates show these values and decide nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from documents import fields, schemas
from documents.models import Document, DocumentStatus, image_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A state as word, sign and tone; the tone only repeats what the other two say."""

    label: str
    icon: str
    tone: str


UNKNOWN_TYPE = Badge(label="Unknown type", icon="question", tone="quiet")
STATUS_BADGES = {
    DocumentStatus.UNKNOWN: UNKNOWN_TYPE,
    DocumentStatus.DRAFT_PENDING: Badge(label="Needs review", icon="eye", tone="warn"),
    DocumentStatus.DRAFT_CREATED: Badge(label="Confirmed", icon="check", tone="good"),
    DocumentStatus.REJECTED: Badge(label="Rejected", icon="cross", tone="bad"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """A rectangle on a page's image, in its pixels."""

    html_id: str
    label: str
    tone: str
    x: int
    y: int
    width: int
    height: int


def highlight(box: Sequence[float], *, html_id: str, label: str, tone: str) -> Highlight:
    """A box with a little air around it."""
    left, top, right, bottom = box
    return Highlight(
        html_id=html_id,
        label=label,
        tone=tone,
        x=max(0, round(left) - 4),
        y=max(0, round(top) - 4),
        width=round(right - left) + 8,
        height=round(bottom - top) + 8,
    )


def matches(words: Sequence[Sequence[Any]], query: str) -> tuple[Highlight, ...]:
    """The words of a page (as `Page.words` has them) that a search asked for."""
    wanted = set(re.findall(r"\w{2,}", fields.fold(query)))
    return tuple(
        highlight(word[1:5], html_id="", label=str(word[0]), tone="match")
        for word in words
        if None not in word[1:5] and wanted & set(re.findall(r"\w{2,}", fields.fold(str(word[0]))))
    )


def places(text: str) -> tuple[Highlight, ...]:
    """Boxes "left,top,right,bottom;..." in whole pixels, as an address has them."""
    boxes = re.findall(r"(?:^|;)(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})(?=;|$)", text[:4_000])
    return tuple(
        highlight([int(side) for side in box], html_id="", label="", tone="match")
        for box in boxes
        if int(box[0]) <= int(box[2]) and int(box[1]) <= int(box[3])
    )


def in_order(type_slug: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of `schema` in the order in which a person reads them.

    Postgres keeps the keys of a JSON object by length, so the order of a shipped type comes
    from its file; a list of names in `x-order` says it for any other."""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    shipped = schemas.shipped_schema(type_slug) if type_slug in schemas.SHIPPED else {}
    return _ordered(properties, shipped.get("properties") or {}, schema.get("x-order") or ())


def _ordered(
    properties: Mapping[str, Any], model: Mapping[str, Any], named: Sequence[str]
) -> dict[str, Any]:
    first = [name for name in (*named, *model) if name in properties]
    ordered = {name: properties[name] for name in dict.fromkeys((*first, *properties))}
    for name, spec in ordered.items():
        if is_table(spec):
            inner = (model.get(name) or {}).get("items") or {}
            columns = _ordered(
                spec["items"]["properties"],
                inner.get("properties") or {},
                spec["items"].get("x-order") or (),
            )
            ordered[name] = {**spec, "items": {**spec["items"], "properties": columns}}
    return ordered


def ago(moment: datetime) -> str:
    """How long since: "just now", "3 min ago", "2 h ago", then the date."""
    seconds = (timezone.now() - moment).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3_600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3_600:.0f} h ago"
    return told_date(timezone.localtime(moment))


def told_date(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def list_row(document: Document) -> dict[str, Any]:
    """A document as a row of a list; from `queries.listed`."""
    listed: Any = document
    values = key_values(document)
    return {
        "document": document,
        "badge": STATUS_BADGES[DocumentStatus(document.status)],
        "title": values[0] if values else document.upload.filename,
        "values": values[1:],
        "ago": ago(document.created_at),
        "image_version": image_version(listed.first_read_at, listed.first_rotation or 0),
        "reasons": document.reasons[:2],
        "more_reasons": max(0, len(document.reasons) - 2),
    }


def reasons(
    document: Document, schema: Mapping[str, Any], others: Mapping[str, Document]
) -> list[dict[str, Any]]:
    """Why a person should look: beside each reason its field and the document it is about."""
    return [
        {
            **reason,
            "html_id": reason["field"].replace("/", "-") if schema else "",
            "other": (other := others.get(reason.get("document", ""))),
            "other_name": told_document(other) if other else "",
        }
        for reason in document.reasons
    ]


def told_document(document: Document) -> str:
    """Which document it is, in a few words: "Bill in march.pdf, page 3"."""
    kind = document.type.name if document.type else "Paper"
    return f"{kind} in {document.upload.filename}, page {document.first_page}"


def key_values(document: Document) -> tuple[str, ...]:
    """Up to four values that tell a document apart: the required ones, a name first."""
    if document.schema_version is None:
        return ()
    schema = document.schema_version.schema
    wanted = (*schemas.required_if_labelled(schema), *schemas.required_fields(schema))
    slug = document.type.slug if document.type else ""
    names = [name for name in in_order(slug, schema) if name in wanted]
    names.sort(key=lambda name: not name.endswith("_name"))
    told = [told_value(name, document.payload) for name in names]
    return tuple(value for value in told if value)[:4]


def told_value(name: str, payload: Mapping[str, Any]) -> str:
    """A value as a person writes it: INR 1,13,709.00, 6 Dec 2024."""
    value = shown_value(payload.get(name))
    if name.endswith(("_amount", "_value")) and (number := fields.normalise_amount(value)):
        currency = str(payload.get("currency") or ("INR" if name.endswith("_value") else ""))
        return f"{currency}\u00a0{grouped(number, is_indian=currency == 'INR')}".strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?", value):
        day = date.fromisoformat(value[:10])
        return f"{told_date(day)}{', ' if value[10:] else ''}{value[11:]}"
    return value


def grouped(number: Decimal, *, is_indian: bool) -> str:
    """1,13,709.00 in lakhs, or 113,709.00; at least two decimals."""
    places = max(2, -int(number.as_tuple().exponent))
    plain = f"{number:,.{places}f}"
    if not is_indian:
        return plain
    whole, _, rest = f"{abs(number):.{places}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = re.sub(r"(?<=\d)(?=(\d{2})+$)", ",", head)
    return f"{'-' if number < 0 else ''}{pairs}{',' if pairs else ''}{tail}.{rest}"


def shown_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def is_table(spec: Mapping[str, Any]) -> bool:
    return isinstance(spec.get("items"), Mapping) and "properties" in spec["items"]


def told_cost(microcents: float) -> str:
    """Millionths of a US cent: "$12.40", "4.2 ¢", "0.031 ¢"."""
    cents = microcents / 1_000_000
    if cents >= 100:
        return f"${cents / 100:,.2f}"
    if 0 < cents < 0.001:
        return "below 0.001 ¢"
    return f"{cents:.0f} ¢" if cents == round(cents) or cents >= 10 else f"{cents:.2g} ¢"
