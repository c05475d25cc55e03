"""Parties without a label: the supplier in a page's head, the addressee in a letter's window."""

import re
from collections.abc import Iterator, Sequence

from documents.fields import find_amounts, find_dates
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import Neighbourhood
from ingestion.engines.rules.parties import (
    ADDRESS,
    COMPANY,
    GREETING,
    LEGAL,
    STOP,
    STREET,
    TITLE,
    Party,
    in_column,
    is_contact,
    joined,
)


def heading_party(
    near: Neighbourhood,
    *,
    taken: frozenset[int],
    taken_column: tuple[float, float] | None = None,
    depth: int = 14,
) -> Party | None:
    """The supplier from the top of the first page: the company line and the address under it."""
    page = near.lines[0].page if near.lines else 0
    head = [line for line in near.lines if line.page == page][:depth]
    cells = [
        cell
        for line in head
        for cell in line.cells
        if not (cell.line in taken and _within(cell, taken_column)) and _may_head(cell)
    ]
    named = [cell for cell in cells if not _is_labelled(near, cell)]
    if not named:
        return None
    best = max(named, key=lambda cell: _head_score(cell, named, head))
    names = [*_start_of_name(best, near, named), best, *_rest_of_name(best, near)]
    address = list(_address_under(names[-1], near))
    names = [_without_registration(_before_dash(cell)) for cell in names]
    return Party(
        name=joined(names, " ", score=0.8 if LEGAL.search(best.folded) else 0.65),
        address=joined(address, ", ", score=0.65) if address else None,
        lines=frozenset(cell.line for cell in (*names, *address)),
        column=(best.left, best.right),
    )


def _before_dash(cell: Cell) -> Cell:
    """The name in "Au bon moulin SARL - 1242 chemin de l'olive - 84340 Malaucene"."""
    cut = re.search(r"\s[-–—|·•●]\s|,\s(?=.*\d)", cell.text)
    if cut is None or cut.start() < 4:
        return cell
    return cell.part(0, cut.start()) or cell


_TOWN = re.compile(r"(?:[a-z]{1,2}[- ])?\d{4,5}\s[a-z].*|[a-z .]+,? [a-z]{2} \d{5}(?:-\d{4})?")
_COURTESY = re.compile(r"(?:herrn?|frau|firma|fa\.|mr\.?|mrs\.?|ms\.?|m\.|mme\.?|an|to)$")


def window_party(near: Neighbourhood, *, supplier: Party) -> Party | None:
    """The addressee of a letter without a label: name, street, town in the envelope's window."""
    page = near.lines[0].page
    lines = [line for line in near.lines if line.page == page][:30]
    for line in lines:
        for cell in line.cells:
            if not _TOWN.fullmatch(cell.folded) or supplier.owns(cell):
                continue
            block = [cell]
            for above in reversed(lines[: lines.index(line)]):
                match = in_column(above, lefts=(cell.left,), height=0.6 * cell.height)
                if match is None:
                    continue
                if block[0].top - match.bottom > 2.6 * cell.height or len(block) == 5:
                    break
                if is_contact(near, match) or find_dates(match.text) or supplier.owns(match):
                    break
                block.insert(0, match)
            if len(block) < 3:
                continue
            names = 2 if _COURTESY.fullmatch(block[0].folded.strip()) and len(block) > 3 else 1
            return Party(
                name=joined(block[:names], " ", score=0.5),
                address=joined(block[names:], ", ", score=0.5),
                lines=frozenset(part.line for part in block),
                column=(min(part.left for part in block), max(part.right for part in block)),
            )
    return None


def _within(cell: Cell, column: tuple[float, float] | None) -> bool:
    return column is None or (cell.left <= column[1] and cell.right >= column[0])


def _may_head(cell: Cell) -> bool:
    text = cell.folded
    letters = sum(char.isalpha() for char in text)
    if letters < 4 or letters * 2 < len(text.replace(" ", "")) or GREETING.search(text):
        return False
    if TITLE.fullmatch(text) or STOP.match(text) or find_dates(text):
        return False
    return not any(amount.decimals == 2 for amount in find_amounts(text))


def _is_labelled(near: Neighbourhood, cell: Cell) -> bool:
    return any(
        label.start <= 1 and label.weight >= 0.8 and label.field != "supplier"
        for label in near.labels_in(cell)
    )


def _head_score(cell: Cell, cells: Sequence[Cell], head: Sequence[Line]) -> float:
    """Higher for company words, for larger print and for standing on top."""
    heights = sorted(other.height for other in cells)
    typical = heights[len(heights) // 2] or 1.0
    score = 1.6 * bool(LEGAL.search(cell.folded)) + 0.7 * bool(COMPANY.search(cell.folded))
    score += min(1.2, 0.9 * max(0.0, cell.height / typical - 1.0))
    score -= 0.16 * (cell.line - head[0].number)
    plain = _REGISTRATION.sub("", cell.folded)
    score -= 1.5 * bool(ADDRESS.search(plain) or STREET.search(plain))
    score -= 1.3 * _follows_address(cell, head)
    score -= 0.6 * (len(cell.text) > 60) + 0.6 * (":" in cell.text)
    return score


_REGISTRATION = re.compile(
    r"\s*(?:[(\[]\s*)?(?:(?:co|company|reg|roc|regn?)[.,]?\s{0,2}(?:no|reg)?[.:]?\s{0,2})?"
    r"\d[\d ]{4,13}\s?[-–]?\s?[a-z]{0,2}[)\]]?(?:\s?\([a-z]{1,4}\))?\s*$|\s*\((?:co|reg|roc)\b.*$"
)


def _follows_address(cell: Cell, head: Sequence[Line]) -> bool:
    """Whether an address or a telephone stands above the cell: then it is somebody else's name."""
    for line in head:
        if line.number >= cell.line:
            return False
        for above in line.cells:
            plain = _REGISTRATION.sub("", above.folded)
            if _overlap(above, cell) and (
                re.match(r"tel|phone|fax|gst|vat", plain) or STREET.search(plain)
            ):
                return True
    return False


def _without_registration(cell: Cell) -> Cell:
    """A name without the company's registration number behind it."""
    found = _REGISTRATION.search(cell.folded)
    if found is None or found.start() < 4:
        return cell
    return cell.part(0, found.start()) or cell


def _rest_of_name(best: Cell, near: Neighbourhood) -> Iterator[Cell]:
    if LEGAL.search(best.folded):
        return
    below = near.lines[best.line + 1 : best.line + 2]
    for line in below:
        for cell in line.cells:
            legal = LEGAL.search(cell.folded)
            if line.page == best.page and legal and _overlap(cell, best) and _may_head(cell):
                yield cell


def _start_of_name(best: Cell, near: Neighbourhood, named: Sequence[Cell]) -> list[Cell]:
    """The line above, where the company line holds little more than the legal form."""
    core = re.sub(r"[^a-z]", "", COMPANY.sub(" ", best.folded))
    is_tail = best.text.startswith("(") or best.text.count(")") > best.text.count("(")
    if (len(core) > 3 and not is_tail) or best.line == 0:
        return []
    above = near.lines[best.line - 1]
    return [cell for cell in above.cells if cell in named and _overlap(cell, best)][:1]


def _overlap(one: Cell, other: Cell) -> bool:
    return min(one.right, other.right) > max(one.left, other.left)


def _address_under(name: Cell, near: Neighbourhood) -> Iterator[Cell]:
    bottom, count = name.bottom, 0
    for line in near.lines[name.line + 1 : name.line + 9]:
        if line.page != name.page or count == 5:
            return
        cells = [cell for cell in line.cells if _overlap(cell, name) or _close(cell, name)]
        if not cells:
            continue
        cell = cells[0]
        if cell.top - bottom > 2.5 * max(cell.height, name.height):
            return
        text = cell.folded
        registration = re.fullmatch(r"[\W\d]*[a-z]{0,3}[\W\d]+[a-z]?\W*", text)
        if not count and (registration or STOP.match(text) or TITLE.fullmatch(text)):
            bottom = cell.bottom
            continue
        if count and is_contact(near, cell):
            return
        is_address = bool(ADDRESS.search(text) or STREET.search(text))
        is_other = STOP.match(text) or TITLE.fullmatch(text) or _is_labelled(near, cell)
        if is_other and not is_address:
            return
        if not count and not is_address and not re.search(r"\d", text):
            bottom = cell.bottom
            continue
        if find_dates(cell.text):
            return
        yield cell
        count, bottom = count + 1, cell.bottom


def _close(cell: Cell, name: Cell) -> bool:
    return abs(cell.left - name.left) < 2 * name.height
