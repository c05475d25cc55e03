"""From readings to a draft: which value stands, what proves it, and why a person should look.

Pure. A value is proven when the file carries it (embedded or signed data), when a person
gave it, or when a check that closes only over right values has passed (`PROOFS`); otherwise
its calibrated confidence is measured against the project's threshold for its field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from documents import calibration, checks, schemas
from documents.models import DocumentStatus, Project

CARRIED = frozenset({"signed", "embedded", "person"})
# Checksums, hashes and sums: a misread value makes them fail. Format and order checks are
# passed by most wrong values too, so they prove nothing.
PROOFS = frozenset(
    {
        "gstin_checksum",
        "irn_matches",
        "total_adds_up",
        "taxes_add_up",
        "cgst_equals_sgst",
        "lines_add_up",
        "line_adds_up",
        "line_total_adds_up",
        "value_adds_up",
        "validity_fits_distance",
        "bill_matches_eway",
    }
)
# The characters of a text layer are exact; a format that hardly anything else on a paper has
# then says that it is the right value. After OCR a misread character keeps the format.
FORMATS = frozenset({"vehicle_format", "ewb_number_format"})
# A type that the classifier was less sure of than this is a question for a person.
TYPE_THRESHOLD = 0.6


# The code of the reason that is none: the document was drawn to be looked at all the same.
SAMPLED = "sampled"
# What no other value than the right one passes. What a sum or a check character is worth is left
# to the calibration: a subtotal adds up as well as the total that was asked for, and the GSTIN
# of the other party has a right check character too. To be wrong and pass, a value that two
# papers print would have to be misread alike on both.
CERTAIN = frozenset({"irn_matches", "bill_matches_eway"})
# Dates in an order that speaks for a misreading, and is otherwise nobody's fault.
ODD_ORDER = frozenset({"due_after_issue"})
# So many different proofs in one document mean that the page was legible and understood.
MANY_PROOFS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The confidence (0..1) from which an unproven value is accepted, by field
    ("total_amount", "line_items.hsn_code") where it differs."""

    usual: float
    by_field: Mapping[str, float] = field(default_factory=dict)

    def of(self, pointer: str) -> float:
        return float(self.by_field.get(field_of(pointer), self.usual))


def thresholds_of(project: Project, type_slug: str) -> Thresholds:
    """What a project asks of the values of a type."""
    own = project.thresholds.get(type_slug) or {}
    return Thresholds(usual=project.review_threshold, by_field=own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One proposed value. pointer: JSON Pointer; page: 1.., 0 for attached data; box: left,
    top, right, bottom in pixels of the page image; source: as `ingestion.engines.base`;
    confidence: the engine's own, 0..1."""

    pointer: str
    value: Any
    raw: str
    page: int
    box: tuple[float, float, float, float] | None
    source: str
    confidence: float
    note: str = ""
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a document becomes: see the fields of `documents.models.Document`."""

    payload: dict[str, Any]
    evidence: dict[str, Any]
    confidence: float
    status: str
    reasons: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What other documents have to say of this one: checks of its values against theirs, and
    reasons for a person to look at both."""

    findings: tuple[checks.Check, ...] = ()
    reasons: tuple[dict[str, str], ...] = ()


ALONE = Others()


def make(
    *,
    type_slug: str,
    schema: Mapping[str, Any],
    readings: Sequence[Reading],
    conflicts: Sequence[Reading] = (),
    labelled: Sequence[str] = (),
    engine: str = "",
    thresholds: Thresholds,
    curves: calibration.Curves = calibration.NONE,
    type_confidence: float = 1.0,
    is_sample: bool = False,
    others: Others = ALONE,
    objections: Sequence[dict[str, str]] = (),
) -> Draft:
    """Weigh the readings of one document against its schema, its checks and other documents.

    engine: name and version of what read it; is_sample: a person is to see it even if nothing
    asks for one; objections: reasons of the engine's own, {"code", "field", "message"}."""
    payload: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    reasons: list[dict[str, str]] = []
    for reading in readings:
        put(payload, reading.pointer, reading.value)
        evidence[reading.pointer] = {**_evidence(reading), "engine": engine}
    for pointer, message in schemas.validate(payload, schema):
        if pointer in evidence:
            evidence[pointer] |= {"candidate": get(payload, pointer), "note": message}
            put(payload, pointer, None)
    findings = checks.run_checks(type_slug, payload)
    for finding in (*findings, *others.findings):
        for pointer in finding.fields:
            if pointer in evidence:
                evidence[pointer]["checks" if finding.passed else "failed"].append(finding.code)
    calibrate(evidence, curves)
    reasons += [*failed_checks(findings, evidence), *others.reasons, *objections]
    reasons += [
        _reason("conflict", c.pointer, f"The page says {c.raw!r}, the file's own data disagrees.")
        for c in conflicts
    ]
    required = required_pointers(schema, labelled)
    reasons += missing(payload, schema, required)
    if type_confidence < TYPE_THRESHOLD:
        reasons.append(_reason("type_unsure", "", "The type of this document is not certain."))
    doubtful = [p for p, e in evidence.items() if not is_settled(e, thresholds.of(p))]
    reasons += [
        _reason(
            "low_confidence",
            pointer,
            _doubt(schemas.title_of(schema, pointer), evidence[pointer], thresholds.of(pointer)),
        )
        for pointer in doubtful
        if pointer in required
    ]
    if not reasons and is_sample:
        reasons.append(
            _reason(SAMPLED, "", "Nothing is doubtful here; it was drawn as a sample to check.")
        )
    elif not reasons:
        for pointer in doubtful:
            evidence[pointer]["candidate"] = get(payload, pointer)
            put(payload, pointer, None)
    return Draft(
        payload=payload,
        evidence=evidence,
        confidence=_confidence(evidence, required),
        status=DocumentStatus.DRAFT_PENDING if reasons else DocumentStatus.DRAFT_CREATED,
        reasons=reasons,
    )


def calibrate(evidence: Mapping[str, dict[str, Any]], curves: calibration.Curves) -> None:
    """Turn the engines' scores into confidences: the share of readings like them that were
    right. What the file carries keeps its own."""
    passed = PROOFS & {code for found in evidence.values() for code in found["checks"]}
    for pointer, found in evidence.items():
        if found["source"] in CARRIED:
            continue
        basis = basis_of(found, proofs=len(passed))
        worth = curves.worth(
            field=field_of(pointer), source=found["source"], basis=basis, score=found["score"]
        )
        found |= {
            "confidence": worth.confidence,
            "basis": basis,
            "right": worth.right,
            "of": worth.values,
        }


def basis_of(found: Mapping[str, Any], *, proofs: int) -> str:
    """What speaks for a value beside its score: "proved" by a check of its own or "read", in a
    document where `proofs` different proofs passed: "alone" (none), "some" or "many"."""
    own = "proved" if is_proven(found) else "read"
    around = "many" if proofs >= MANY_PROOFS else "some" if proofs else "alone"
    return f"{own}-{around}"


def field_of(pointer: str) -> str:
    """The name of a field whatever its row: "/line_items/3/hsn_code" -> "line_items.hsn_code"."""
    return ".".join(part for part in pointer.strip("/").split("/") if not part.isdigit())


def _doubt(label: str, found: Mapping[str, Any], threshold: float) -> str:
    asked = f"{threshold:.2f} is asked for"
    if not found.get("of"):
        return f"{label} was read with confidence {found['confidence']:.2f}; {asked}."
    return (
        f"{label}: nothing proves it, and values read like this were right in {found['right']} "
        f"of {found['of']} cases ({found['confidence']:.2f}); {asked}."
    )


def required_pointers(schema: Mapping[str, Any], labelled: Sequence[str]) -> set[str]:
    """What must be filled before a draft is created: always, or where the page labels it."""
    names = set(schemas.required_fields(schema))
    names |= set(schemas.required_if_labelled(schema)) & set(labelled)
    return {f"/{name}" for name in names}


def missing(
    payload: Mapping[str, Any], schema: Mapping[str, Any], required: set[str]
) -> list[dict[str, str]]:
    return [
        _reason("missing", pointer, f"{schemas.title_of(schema, pointer)} was not found.")
        for pointer in sorted(required)
        if get(payload, pointer) in (None, "")
    ]


def failed_checks(
    findings: Sequence[checks.Check], evidence: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, str]]:
    """The errors among `findings` as reasons for review."""
    return [
        _reason(f"check_{f.code}", f.fields[0] if f.fields else "", f.message)
        for f in findings
        if not f.passed and f.severity == "error" and not _is_as_sent(f, evidence)
    ]


def _is_as_sent(finding: checks.Check, evidence: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an odd order of dates is the file's own: then nothing was misread, and what a
    sender asks for is theirs to say."""
    sources = {evidence[p]["source"] for p in finding.fields if p in evidence}
    return finding.code in ODD_ORDER and bool(sources) and sources <= CARRIED


def is_settled(evidence: Mapping[str, Any], threshold: float) -> bool:
    """True when a value is proven or read with enough confidence.

    A failed check does not unsettle it: an error is a reason of its own, a warning a note.
    A proof that nothing is known of (`of` is 0) is believed."""
    if evidence["source"] in CARRIED or CERTAIN & set(evidence["checks"]):
        return True
    if not evidence.get("of") and is_proven(evidence):
        return True
    return bool(evidence["confidence"] >= threshold)


def is_proven(evidence: Mapping[str, Any]) -> bool:
    """True when the file carries the value or a check that a misread one fails has passed."""
    passed = set(evidence["checks"])
    if evidence["source"] in CARRIED or PROOFS & passed:
        return True
    return evidence["source"] == "layer" and bool(FORMATS & passed)


def get(payload: Mapping[str, Any], pointer: str) -> Any:
    """The value at a JSON Pointer (RFC 6901); None where there is none."""
    value: Any = payload
    for part in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            return None
    return value


def put(payload: dict[str, Any], pointer: str, new: Any) -> None:
    """Set the value at "/name" or "/name/index/name", making rows as needed.

    ValueError for a pointer of another shape."""
    parts = pointer.split("/")[1:]
    if len(parts) == 1:
        payload[parts[0]] = new
        return
    if len(parts) != 3 or not parts[1].isdigit() or int(parts[1]) > 10_000:
        raise ValueError(f"{pointer} does not name a field")
    rows = payload.setdefault(parts[0], [])
    while len(rows) <= int(parts[1]):
        rows.append({})
    rows[int(parts[1])][parts[2]] = new


def _evidence(reading: Reading) -> dict[str, Any]:
    return {
        "page": reading.page,
        "box": list(reading.box) if reading.box else None,
        "source": reading.source,
        "confidence": round(reading.confidence, 3),
        "score": round(min(1.0, max(0.0, reading.confidence)), 3),
        "raw": reading.raw[:500],
        "note": reading.note,
        "alternatives": list(reading.alternatives)[:5],
        "checks": [],
        "failed": [],
    }


def entered(before: Mapping[str, Any] | None, old: Any) -> dict[str, Any]:
    """The evidence of a value that a person gave; what an engine had read in its place (`old`)
    stays in `read`, so that its accuracy can be told."""
    read = None
    if before is not None:
        value = before.get("candidate") if old is None else old
        read = before.get("read") if before["source"] == "person" else {**before, "value": value}
    return {
        "page": before.get("page", 0) if before is not None else 0,
        "box": None,
        "source": "person",
        "confidence": 1.0,
        "raw": "",
        "note": "",
        "alternatives": [],
        "checks": [],
        "failed": [],
        "read": read,
    }


def _confidence(evidence: Mapping[str, Any], required: set[str]) -> float:
    """Of the weakest required value; one that the file carries counts as 1, a missing one 0."""
    shares = [
        0.0
        if p not in evidence
        else 1.0
        if evidence[p]["source"] in CARRIED
        else float(evidence[p]["confidence"])
        for p in required
    ]
    return round(min(shares, default=0.0), 3)


def _reason(code: str, field: str, message: str) -> dict[str, str]:
    return {"code": code, "field": field.lstrip("/"), "message": message}
