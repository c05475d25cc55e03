"""Places of an e-way bill: name, state and PIN beside a label, over as many lines as they take."""

import re

from ingestion.engines.rules.layout import Cell
from ingestion.engines.rules.near import Candidate, Neighbourhood, Parsed, candidate_of

_PIN = re.compile(r"(?<!\d)[1-9]\d{2}\s?\d{3}(?!\d)")


def _with_pin(parts: list[Cell]) -> list[Cell]:
    """Place, state and PIN of an address: its line with the PIN, and the one before it where
    that line holds nothing else."""
    for index, part in enumerate(parts):
        if _PIN.search(part.text):
            alone = sum(char.isalpha() for char in part.text) < 4
            return parts[max(0, index - 1) if alone else index : index + 1]
    return parts


def place_beside(near: Neighbourhood, cell: Cell, offset: int) -> Candidate | None:
    """The place right of its label, with the lines under it that go on with it."""
    line = near.lines[cell.line]
    parts = []
    rest = cell.part(offset, len(cell.text)) if cell.text[offset:].strip(" :-.") else None
    if rest is not None:
        parts.append(rest)
    else:
        right = [one for one in line.cells if one.left > cell.right]
        if right and not near.starts_with_label(right[0]):
            parts.append(right[0])
    anchor = parts[0] if parts else cell
    bottom = anchor.bottom
    for below in near.lines[cell.line + 1 : cell.line + 5]:
        if below.page != cell.page or below.top - bottom > 1.6 * cell.height:
            break
        near_cells = [one for one in below.cells if abs(one.left - anchor.left) < 2 * cell.height]
        if not near_cells or near.labels_in(near_cells[0]) or ":" in near_cells[0].text:
            break
        parts.append(near_cells[0])
        bottom = near_cells[0].bottom
    if not parts:
        return None
    parts = _with_pin(parts)
    text = ", ".join(part.text.strip(" ,:-.") for part in parts)
    tokens = tuple(token for part in parts for token in part.tokens)
    whole = Cell(page=cell.page, line=cell.line, tokens=tokens, source=cell.source)
    parsed = Parsed(value=text[:300], start=0, end=len(whole.text))
    has_pin = bool(_PIN.search(text))
    return candidate_of(whole, parsed, score=0.95 if has_pin else 0.8)
