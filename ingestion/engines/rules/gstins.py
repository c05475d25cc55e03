"""Whose GSTIN a bill prints: the supplier's or the recipient's, by the headings above it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from documents.fields import find_gstins, is_gstin, repair_gstin
from ingestion.engines.rules.layout import Cell
from ingestion.engines.rules.near import Candidate, Neighbourhood, Parsed, candidate_of, rescored
from ingestion.engines.rules.parties import Party

_ROLES = ("recipient", "consignee", "supplier")
_FAR = 16  # lines below a party's heading stands the foot, which is the supplier's again


@dataclass(frozen=True, slots=True, kw_only=True)
class Gstins:
    """The GSTINs of either party, best first."""

    suppliers: Sequence[Candidate]
    recipients: Sequence[Candidate]


def gstins_of(near: Neighbourhood, recipient: Party | None) -> Gstins:
    """All GSTINs of a bill by whose they are."""
    found: dict[str, list[Candidate]] = {role: [] for role in _ROLES}
    for line in near.lines:
        for cell in line.cells:
            for raw, start, end in find_gstins(cell.text):
                role = _role_of(near, cell, start)
                if role == "supplier" and recipient and recipient.owns(cell):
                    role = "recipient"
                found[role].append(_candidate(cell, raw, start, end))
    suppliers = found["supplier"]
    recipients = found["recipient"] or found["consignee"]
    known = {one.value for one in suppliers[:1]}
    if not suppliers and len({one.value for one in recipients}) > 1:
        suppliers, recipients = recipients[:1], recipients[1:]
        known = {suppliers[0].value}
    if not recipients:
        recipients = [rescored(one, 0.6) for one in suppliers[1:] if one.value not in known]
    return Gstins(suppliers=suppliers, recipients=recipients)


def _role_of(near: Neighbourhood, cell: Cell, start: int) -> str:
    """Whose GSTIN: the party heading above it in its column, else the supplier's."""
    before = cell.folded[:start]
    part = cell.part(start, len(cell.text)) or cell
    if re.search(r"buyer|recipient|customer|receiver|party|consignee", before):
        return "recipient"
    if re.search(r"supplier|seller|our gstin|company", before):
        return "supplier"
    best, best_line = "supplier", -1
    slack = 3 * cell.height
    for label in near.labels:
        if label.field not in _ROLES or label.weight < 0.9 or label.start > 2:
            continue
        if label.cell.page != cell.page or not best_line <= label.cell.line <= cell.line:
            continue
        if label.cell.left > part.left + slack:
            continue
        rivals = [
            other.cell.left
            for other in near.labels
            if other.cell.line == label.cell.line
            and other.field in _ROLES
            and label.cell.left < other.cell.left <= cell.left + slack
        ]
        if not rivals:
            best, best_line = label.field, label.cell.line
    return best if best_line >= cell.line - _FAR else "supplier"


def _candidate(cell: Cell, raw: str, start: int, end: int) -> Candidate:
    """A printed GSTIN; where its checksum fails, the likeliest repair is proposed with doubt."""
    if is_gstin(raw):
        return candidate_of(cell, Parsed(value=raw, start=start, end=end), score=1.0)
    repairs = repair_gstin(raw)
    if not repairs:
        parsed = Parsed(value=raw, start=start, end=end, note="check character is wrong")
        return candidate_of(cell, parsed, score=0.3)
    parsed = Parsed(
        value=repairs[0],
        start=start,
        end=end,
        alternatives=(*repairs[1:], raw),
        note="repaired: the printed characters fail the checksum",
    )
    return candidate_of(cell, parsed, score=0.5)
