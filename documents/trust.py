"""How far a value that was read is believed: what proves it, and what its score is worth.

A value is proven when the file carries it (embedded or signed data), when a person gave it,
or when a check that a misread value fails has passed (`PROOFS`). What proofs and scores are
worth is told by what became of values like it (`calibration`); the result is measured against
the project's threshold for the field.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from documents import calibration
from documents.models import Project

CARRIED = frozenset({"signed", "embedded", "person"})
MODEL = "model"
SUMS = frozenset(
    {
        "total_adds_up",
        "taxes_add_up",
        "cgst_equals_sgst",
        "lines_add_up",
        "line_adds_up",
        "line_total_adds_up",
        "value_adds_up",
    }
)
# Checksums, hashes and sums: a misread value makes them fail. Format and order checks are
# passed by most wrong values too, so they prove nothing.
PROOFS = SUMS | {"gstin_checksum", "irn_matches", "validity_fits_distance", "bill_matches_eway"}
# The characters of a text layer are exact; a format that hardly anything else on a paper has
# then says that it is the right value. After OCR a misread character keeps the format.
FORMATS = frozenset({"vehicle_format", "ewb_number_format"})
# What no other value than the right one passes. What a sum or a check character is worth is left
# to the calibration: a subtotal adds up as well as the total that was asked for, and the GSTIN
# of the other party has a right check character too. To be wrong and pass, a value that two
# papers print would have to be misread alike on both.
CERTAIN = frozenset({"irn_matches", "bill_matches_eway"})
# A right check character says that a GSTIN was read right, not whose it is: of two on a page a
# model may be talked into the wrong one.
NO_PROOF_OF_ROLE = frozenset({"gstin_checksum"})
# What a model's value is worth where nothing became known of any: by the rule of succession as
# likely wrong as right, times how well it was found on the page.
UNKNOWN_WORTH = 0.5
# What is left of a value's doubt when rules and a model, each by itself, read the same. A
# misread character misleads both of them.
DOUBT_OF_BOTH, DOUBT_OF_BOTH_AFTER_OCR = 0.5, 0.8
# Whoever reads one number in two places makes SUMS close. Of nothing but a model's own values
# one is a proof only where so many different ones are in it.
LEAST_IN_SUM = 3
# How many different proofs passed in one document: the more, the more of the page was legible
# and understood. From so many on, it is called so.
AROUND = ((5, "most"), (3, "many"), (1, "some"), (0, "alone"))
AGREED = "-agreed"
"""Ends the basis of a value that rules and a model both read."""


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


def calibrate(evidence: Mapping[str, dict[str, Any]], curves: calibration.Curves) -> None:
    """Turn the engines' scores into confidences: the share of readings like them that were
    right. What the file carries keeps its own."""
    passed = PROOFS & {code for found in evidence.values() for code in found["checks"]}
    for pointer, found in evidence.items():
        if found["source"] in CARRIED:
            continue
        basis = basis_of(found, proofs=len(passed))
        worth = _worth(field_of(pointer), found, basis, curves)
        found |= {
            "confidence": worth.confidence,
            "basis": f"{basis}{AGREED}" if found.get("agrees") else basis,
            "right": worth.right,
            "of": worth.values,
        }


def _worth(
    field: str, found: Mapping[str, Any], basis: str, curves: calibration.Curves
) -> calibration.Worth:
    """What became of values like it; until that is known of values that a model read too, what
    its word adds or is worth is assumed."""
    source, score = found["source"], found["score"]
    agreed = f"{basis}{AGREED}" if found.get("agrees") else basis
    if agreed != basis and curves.knows(source=source, basis=agreed):
        return curves.worth(field=field, source=source, basis=agreed, score=score)
    worth = curves.worth(field=field, source=source, basis=basis, score=score)
    if source == MODEL and not worth.values:
        return replace(worth, confidence=round(UNKNOWN_WORTH * worth.confidence, 4))
    if agreed != basis:
        kept = DOUBT_OF_BOTH_AFTER_OCR if source == "ocr" else DOUBT_OF_BOTH
        return replace(worth, confidence=round(1 - kept * (1 - worth.confidence), 4))
    return worth


def basis_of(found: Mapping[str, Any], *, proofs: int) -> str:
    """What speaks for a value beside its score: "proved" by a check of its own or "read", in a
    document where `proofs` different proofs passed, told as in AROUND; "unprinted" for what a
    model says and no page does."""
    if is_unprinted(found):
        return "unprinted"
    own = "proved" if is_proven(found) else "read"
    around = next(name for least, name in AROUND if proofs >= least)
    return f"{own}-{around}"


def field_of(pointer: str) -> str:
    """The name of a field whatever its row: "/line_items/3/hsn_code" -> "line_items.hsn_code"."""
    return ".".join(part for part in pointer.strip("/").split("/") if not part.isdigit())


def is_own_word(code: str, found: Iterable[tuple[Any, Mapping[str, Any]]]) -> bool:
    """Whether a check that passed is a sum of the same number read twice by a model alone.
    found: value and evidence of each field of it."""
    pairs = list(found)
    is_its_own = all(one["source"] == MODEL and not one.get("agrees") for _, one in pairs)
    return code in SUMS and is_its_own and len({value for value, _ in pairs}) < LEAST_IN_SUM


def is_settled(evidence: Mapping[str, Any], threshold: float) -> bool:
    """True when a value is proven or read with enough confidence.

    A failed check does not unsettle it: an error is a reason of its own, a warning a note.
    A proof that nothing is known of (`of` is 0) is believed. What a model says and no page
    prints never is."""
    if is_unprinted(evidence):
        return False
    if evidence["source"] in CARRIED or CERTAIN & set(evidence["checks"]):
        return True
    if not evidence.get("of") and is_proven(evidence):
        return True
    return bool(evidence["confidence"] >= threshold)


def is_proven(evidence: Mapping[str, Any]) -> bool:
    """True when the file carries the value or a check that a misread one fails has passed."""
    passed = set(evidence["checks"])
    proofs = PROOFS - NO_PROOF_OF_ROLE if evidence["source"] == MODEL else PROOFS
    if evidence["source"] in CARRIED or proofs & passed:
        return True
    return evidence["source"] == "layer" and bool(FORMATS & passed)


def is_unprinted(evidence: Mapping[str, Any]) -> bool:
    """True for what a language model says and no page prints: its page is 0."""
    return bool(evidence["source"] == MODEL and not evidence["page"])
