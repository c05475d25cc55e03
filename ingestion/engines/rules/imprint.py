"""The supplier in small print: the sender's line over an envelope's window, the foot of a page.

Letterheads often show no more than a trade name; the whole name and the address stand in a
line of their own ("Havel GmbH · Uferstr. 12 · 14770 Brandenburg"), in a block of the foot under
the name, or in the foot's line beside the tax number or telephone.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from documents.fields import find_gstins, squeeze
from ingestion.engines.rules.layout import Cell
from ingestion.engines.rules.near import Candidate, Neighbourhood
from ingestion.engines.rules.parties import ADDRESS, LEGAL, STOP, STREET, Party, is_contact, joined

POSTCODE = re.compile(
    r"(?<![\d-])\d{5,6}(?!\d)|(?<![a-z\d])[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}(?![a-z])"
    r"|(?<![a-z\d])(?:[a-z]{1,2}-)?\d{4,5} [a-z]{3}"
)
_SEPARATOR = re.compile(r"\s+[-–—|]\s+(?!\d{6}(?!\d))|\s?[·•●|]\s?|,\s+|;\s+|\.\s+(?=[A-Z])")
_FOOT_LINES = 4
_LEAST_NAME = 5  # letters and digits; less is found by chance


def completed(near: Neighbourhood, party: Party, *, recipient: Party | None) -> Party:
    """The supplier with what only the small print gives: its address, and where that stands
    behind the legal name, this name."""
    name = party.name
    if name is None or party.address is not None:
        return party
    for legal, address in _found(near, name, recipient):
        if not legal:
            return replace(party, address=address)
        known = (name.value, *name.alternatives)
        return replace(party, name=replace(name, value=legal, alternatives=known), address=address)
    return party


def imprint(near: Neighbourhood, *, recipient: Party | None) -> Party | None:
    """The supplier that only the foot names: "Velotec GmbH | Industriering 8 | 04347 Leipzig"."""
    for line in near.lines[-_FOOT_LINES:]:
        whole = Cell(
            page=line.page, line=line.number, tokens=line.tokens, source=line.cells[0].source
        )
        cut = _SEPARATOR.search(whole.text)
        name = whole.part(0, cut.start()) if cut else None
        if cut is None or name is None or not LEGAL.search(name.folded):
            continue
        if recipient is not None and recipient.owns(name):
            continue
        for address in _in_line(whole, cut.end(), score=0.6):
            return Party(
                name=joined([name], " ", score=0.6),
                address=address,
                lines=frozenset({line.number}),
                column=(whole.left, whole.right),
            )
    return None


def _found(
    near: Neighbourhood, name: Candidate, recipient: Party | None
) -> Iterator[tuple[str, Candidate]]:
    """(the name with its legal form where the head leaves that out, the address), the surest
    first."""
    printed = squeeze(name.value)
    if len(printed) >= _LEAST_NAME:
        for cell in _cells(near):
            start = _end_of(cell, printed)
            if start is None or cell.line == name.line:
                continue
            more = LEGAL.match(cell.folded, start + 1)
            legal = cell.text[: more.end()].rstrip(" ,)(") if more else ""
            start = more.end() if more else start
            if cell.text[start:].strip():
                found = _in_line(cell, start, score=0.8)
            else:
                found = _below(near, cell, score=0.7)
            yield from ((legal, address) for address in found)
    for line in near.lines[-_FOOT_LINES:]:
        for cell in line.cells:
            own = recipient is None or not recipient.owns(cell)
            others = [other for other in line.cells if other is not cell]
            beside = any(is_contact(near, other) or find_gstins(other.text) for other in others)
            if own and (beside or STOP.search(cell.folded)) and not is_contact(near, cell):
                yield from (("", address) for address in _in_line(cell, 0, score=0.55))


def _cells(near: Neighbourhood) -> Iterator[Cell]:
    return (cell for line in near.lines for cell in line.cells)


def _end_of(cell: Cell, printed: str) -> int | None:
    """Where in a cell the name ends that it begins with."""
    if not squeeze(cell.text).startswith(printed):
        return None
    for end in range(len(printed), len(cell.text) + 1):
        if squeeze(cell.text[:end]) == printed:
            return end
    return None


def _in_line(cell: Cell, start: int, *, score: float) -> Iterator[Candidate]:
    """The parts of a line from a character on up to a telephone, a register or a tax number."""
    parts: list[str] = []
    end, at = start, start
    for cut in [*_SEPARATOR.finditer(cell.text, start), None]:
        stop = cut.start() if cut else len(cell.text)
        part = cell.text[at:stop].strip(" .,;:|·•●–-")
        if part and (STOP.match(part.lower()) or "@" in part or len(parts) == 6):
            break
        if part:
            parts.append(part)
            end = stop
        at = cut.end() if cut else stop
    text = ", ".join(parts)
    place = cell.part(start, end)
    if place is not None and parts and _is_address(text.lower()):
        yield replace(joined([place], " ", score=score), value=text[:500], raw=text[:500])


def _below(near: Neighbourhood, name: Cell, *, score: float) -> Iterator[Candidate]:
    """The lines flush under a name, up to a telephone or a gap."""
    block: list[Cell] = []
    bottom = name.bottom
    for line in near.lines[name.line + 1 : name.line + 6]:
        flush = [cell for cell in line.cells if abs(cell.left - name.left) < 0.6 * name.height]
        if line.page != name.page or not flush or flush[0].top - bottom > name.height:
            break
        if is_contact(near, flush[0]):
            break
        block.append(flush[0])
        bottom = flush[0].bottom
    if block and _is_address(" ".join(cell.folded for cell in block)):
        yield joined(block, ", ", score=score)


def _is_address(folded: str) -> bool:
    has_street = ADDRESS.search(folded) or STREET.search(folded) or re.search(r"\d", folded)
    return bool(POSTCODE.search(folded) and has_street) and len(folded) >= 12
