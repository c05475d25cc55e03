"""From readings to a draft: which value stands, and why a person should look at it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents import calibration, checks, field_checks, schemas, trust
from documents.models import DocumentStatus

# A shipped type that the classifier was less sure of than this is a question for a person; a
# type that examples taught is one below the threshold of the project.
TYPE_THRESHOLD = 0.6


# The code of the reason that is none: the document was drawn to be looked at all the same.
SAMPLED = "sampled"
# Dates in an order that speaks for a misreading, and is otherwise nobody's fault.
ODD_ORDER = frozenset({"due_after_issue"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One proposed value. pointer: JSON Pointer; page: 1.., 0 for attached data; box: left,
    top, right, bottom in pixels of the page image; source: as `ingestion.engines.base`;
    confidence: the engine's own, 0..1; engine: who read it, "" for who read the rest; agrees:
    who read the same beside that, "" for nobody."""

    pointer: str
    value: Any
    raw: str
    page: int
    box: tuple[float, float, float, float] | None
    source: str
    confidence: float
    note: str = ""
    alternatives: tuple[str, ...] = ()
    engine: str = ""
    agrees: str = ""

    @property
    def is_unprinted(self) -> bool:
        """Whether a language model says so and no page prints it."""
        return self.source == trust.MODEL and not self.page


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
    thresholds: trust.Thresholds,
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
        found = {**_evidence(reading), "engine": reading.engine or engine}
        if reading.is_unprinted:
            # It proves nothing of other values either, so it comes into no check.
            put(payload, reading.pointer, None)
            found["candidate"] = reading.value
        else:
            put(payload, reading.pointer, reading.value)
        evidence[reading.pointer] = found
    for pointer, message in schemas.validate(payload, schema):
        if pointer in evidence:
            evidence[pointer] |= {"candidate": get(payload, pointer), "note": message}
            put(payload, pointer, None)
    findings = field_checks.run(type_slug, schema, payload)
    for finding in (*findings, *others.findings):
        told = [(get(payload, p), evidence[p]) for p in finding.fields if p in evidence]
        if finding.passed and trust.is_own_word(finding.code, told):
            continue
        for _, beside in told:
            beside["checks" if finding.passed else "failed"].append(finding.code)
    trust.calibrate(evidence, curves)
    reasons += [*failed_checks(findings, evidence), *others.reasons, *objections]
    reasons += [_reason("conflict", c.pointer, _conflict(c, evidence)) for c in conflicts]
    required = required_pointers(schema, labelled)
    reasons += missing(payload, schema, required)
    is_shipped = type_slug in schemas.SHIPPED
    if type_confidence < (TYPE_THRESHOLD if is_shipped else thresholds.usual):
        reasons.append(_reason("type_unsure", "", "The type of this document is not certain."))
    doubtful = [
        p
        for p, e in evidence.items()
        if not trust.is_unprinted(e) and not trust.is_settled(e, thresholds.of(p))
    ]
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


def _conflict(reading: Reading, evidence: Mapping[str, Mapping[str, Any]]) -> str:
    """What stands against the value that was taken: the print, other data of the same file, or
    another reader."""
    taken = evidence.get(reading.pointer)
    if reading.source == trust.MODEL:
        return f"The language model reads {str(reading.value)!r} here."
    if taken is not None and taken["source"] == trust.MODEL:
        return f"The language model read this; by rules it is {str(reading.value)!r}."
    if reading.source in trust.CARRIED:
        return f"The file's own data says two things; the other one is {reading.raw!r}."
    return f"The page says {reading.raw!r}, the file's own data disagrees."


def _doubt(label: str, found: Mapping[str, Any], threshold: float) -> str:
    """Why a value is not taken as it is, with what became of values like it."""
    asked = f"{threshold:.2f} is asked for"
    if not found.get("of"):
        return f"{label} was read with confidence {found['confidence']:.2f}; {asked}."
    backed = "a check passed, but" if trust.is_proven(found) else "nothing proves it, and"
    return (
        f"{label}: {backed} values read like this were right in {found['right']} "
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
    return finding.code in ODD_ORDER and bool(sources) and sources <= trust.CARRIED


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
    if payload.get(parts[0]) is None:
        payload[parts[0]] = []
    rows = payload[parts[0]]
    if not isinstance(rows, list):
        raise ValueError(f"{pointer} does not name a field")
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
        **({"agrees": reading.agrees} if reading.agrees else {}),
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
        if evidence[p]["source"] in trust.CARRIED
        else float(evidence[p]["confidence"])
        for p in required
    ]
    return round(min(shares, default=0.0), 3)


def _reason(code: str, field: str, message: str) -> dict[str, str]:
    return {"code": code, "field": field.lstrip("/"), "message": message}
