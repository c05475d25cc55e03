"""What the fields of an e-way bill may hold: parsers of kinds, reasons, modes, codes, amounts."""

import re

from documents.fields import find_amounts, find_gstins, is_gstin, normalise_hsn, repair_gstin
from ingestion.engines.rules import parsers
from ingestion.engines.rules.near import Parsed

MODES = re.compile(r"(?<![a-z])(road|rail|air|ship)(?![a-z])")
_KINDS = (
    ("INV", r"\binv\b|tax invoice|invoice"),
    ("BIL", r"\bbil\b|bill of supply"),
    ("CHL", r"\bchl\b|challan"),
    ("BOE", r"\bboe\b|bill of entry"),
    ("OTH", r"\both\b|others?\b|credit note"),
)


def document_type(text: str) -> Parsed | None:
    """The portal's code of a kind of document: INV, BIL, CHL, BOE or OTH."""
    plain = parsers.plain_text(text)
    if plain is None:
        return None
    for code, words in _KINDS:
        if re.search(words, plain.value.lower()):
            return Parsed(value=code, start=plain.start, end=plain.end)
    return plain


def reason(text: str) -> Parsed | None:
    """The reason without the direction before it: "Outward - Supply" is "Supply"."""
    plain = parsers.plain_text(text)
    if plain is None:
        return None
    direction = re.match(r"(?:out|in)ward\s*[-–/:]?\s*", plain.value, re.I)
    start = plain.start + (direction.end() if direction else 0)
    value = text[start : plain.end].strip()
    return Parsed(value=value, start=start, end=plain.end) if value else plain


def amount(text: str) -> Parsed | None:
    found = find_amounts(text[:60], decimal_comma=False)
    if not found:
        return None
    return Parsed(value=found[0].value, start=found[0].start, end=found[0].end)


def transporter(text: str) -> Parsed | None:
    """A transporter's id: 15 characters, exempt from the checksum."""
    match = re.search(r"(?<![A-Za-z0-9])\d{2}[A-Za-z0-9]{13}(?![A-Za-z0-9])", text[:120])
    return Parsed(value=match[0].upper(), start=match.start(), end=match.end()) if match else None


def party_id(text: str) -> Parsed | None:
    unregistered = re.match(r"[\s:.\-]*(URP)\b", text[:20])
    if unregistered:
        return Parsed(value="URP", start=unregistered.start(1), end=unregistered.end(1))
    for raw, start, end in find_gstins(text[:160]):
        if is_gstin(raw):
            return Parsed(value=raw, start=start, end=end)
    for raw, start, end in find_gstins(text[:160]):
        repaired = repair_gstin(raw)
        return Parsed(
            value=repaired[0] if repaired else raw,
            start=start,
            end=end,
            certainty=0.5 if repaired else 0.3,
            alternatives=(raw,) if repaired else (),
            note="repaired: the printed characters fail the checksum" if repaired else "",
        )
    return None


def mode(text: str) -> Parsed | None:
    match = MODES.search(text[:40].lower())
    return Parsed(value=match[1].title(), start=match.start(), end=match.end()) if match else None


def hsn(text: str) -> Parsed | None:
    match = re.search(r"(?<!\d)\d{4}(?:\d{2}){0,2}(?!\d)", text[:60])
    value = normalise_hsn(match[0]) if match else ""
    return Parsed(value=value, start=match.start(), end=match.end()) if match and value else None
