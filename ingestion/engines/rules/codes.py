"""QR codes with data: the signed QR of Indian e-invoices and the QR of e-way bills.

The e-invoice QR is a JWT (RS256). Its signature is verified where the operator has configured
the issuer's public keys, which are not ours to ship; without them it is decoded all the same,
and the readings say so. With keys, a code that none of them signed says nothing at all.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from documents.fields import normalise_irn, parse_date, parse_timestamp
from ingestion.engines.base import (
    Box,
    FieldReading,
    Mark,
    MarkKind,
    Objection,
    ValueSource,
)
from ingestion.engines.signatures import MOST_TOKEN, Key, Verdict, verdict

VERIFIED, UNVERIFIED = "signature verified", "signature not verified"
_REFUSED = {
    Verdict.FALSE: Objection(
        code="signature_invalid",
        field="",
        message="The QR code on page {page} is not signed by any configured key, so nothing was "
        "taken from it: hold it against the e-invoice portal.",
    ),
    Verdict.UNKNOWN_KEY: Objection(
        code="signature_unknown_key",
        field="",
        message="The QR code on page {page} names a key that is not configured, so nothing was "
        "taken from it: add the issuer's key, or hold it against the e-invoice portal.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a code says, and what speaks against it."""

    readings: tuple[FieldReading, ...] = ()
    objections: tuple[Objection, ...] = ()


def read_code(mark: Mark, *, page: int, type_slug: str, keys: tuple[Key, ...] = ()) -> Told:
    """What a code on `page` says for a document of a type; nothing for codes of another kind."""
    if len(mark.payload) > MOST_TOKEN:
        return Told()
    if mark.kind == MarkKind.GST_QR and type_slug == "bill":
        found = verdict(mark.payload, keys)
        if refusal := _REFUSED.get(found):
            message = refusal.message.format(page=page)
            return Told(objections=(replace(refusal, message=message),))
        is_verified = found == Verdict.VERIFIED
        return Told(readings=_gst(mark.payload, page=page, box=mark.box, is_verified=is_verified))
    if mark.kind == MarkKind.EWB_QR:
        return Told(readings=_ewb(mark.payload, page=page, box=mark.box, type_slug=type_slug))
    return Told()


def decode_gst_qr(payload: str) -> dict[str, Any]:
    """The claims of the e-invoice's JWT, {} where the code is none.

    The token's payload is `{"data": "<JSON string>", "iss": "NIC"}`, JSON inside a string.
    """
    parts = payload.strip().split(".")
    if len(parts) != 3:
        return {}
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(body)
        data = claims.get("data", claims) if isinstance(claims, dict) else {}
        data = json.loads(data) if isinstance(data, str) else data
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _gst(
    payload: str, *, page: int, box: Box | None, is_verified: bool
) -> tuple[FieldReading, ...]:
    data = decode_gst_qr(payload)
    day = parse_date(str(data.get("DocDt", "")))
    values = {
        "supplier_gstin": _string(data, "SellerGstin").upper(),
        "recipient_gstin": _string(data, "BuyerGstin").upper(),
        "document_number": _string(data, "DocNo"),
        "document_date": day.value if day else "",
        "total_amount": _number(data, "TotInvVal"),
        "irn": normalise_irn(_string(data, "Irn")),
    }
    source = ValueSource.SIGNED if is_verified else ValueSource.EMBEDDED
    note = VERIFIED if is_verified else UNVERIFIED
    return tuple(
        _reading(name, value, page=page, box=box, source=source, note=note)
        for name, value in values.items()
        if value and value != "URP"
    )


def _string(data: Mapping[str, Any], name: str) -> str:
    """Without what JSON can spell and the database cannot keep: NUL, halves of characters."""
    value = data.get(name)
    text = str(value)[:200] if isinstance(value, str | int) else ""
    return "".join(char for char in text if char.isprintable()).strip()


def _number(data: Mapping[str, Any], name: str) -> str:
    value = str(data.get(name, "")).strip()
    if not re.fullmatch(r"-?\d{1,15}(?:\.\d{1,6})?", value):
        return ""
    # A JSON number has lost its last noughts: 97547.0 is Rs 97547.00.
    whole, _, decimals = value.partition(".")
    return f"{whole}.{decimals:0<2}"


def _ewb(payload: str, *, page: int, box: Box | None, type_slug: str) -> tuple[FieldReading, ...]:
    """`EWBNO/GSTIN of the generator/dd-mm-yyyy hh:mm:ss`, unsigned."""
    match = re.fullmatch(r"\s*(\d{12})/([0-9A-Za-z]{15})/(.{8,30}?)\s*", payload)
    if match is None:
        return ()
    values = {"ewb_number": match[1]}
    if type_slug == "eway_bill":
        values["generated_at"] = parse_timestamp(match[3])
        values["generated_by"] = match[2].upper()
    return tuple(
        _reading(name, value, page=page, box=box, source=ValueSource.EMBEDDED, note="")
        for name, value in values.items()
        if value
    )


def _reading(
    name: str, value: str, *, page: int, box: Box | None, source: ValueSource, note: str
) -> FieldReading:
    return FieldReading(
        pointer=f"/{name}",
        value=value,
        raw=value,
        page=page,
        box=box,
        source=source,
        confidence=0.98,
        note=note,
    )
