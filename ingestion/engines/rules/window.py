"""The addressee without a label, in the window of a letter's envelope."""

import re
from collections.abc import Sequence

from documents.fields import find_dates
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import Neighbourhood
from ingestion.engines.rules.parties import (
    ADDRESS,
    COURTESY,
    TITLE,
    Party,
    in_column,
    is_contact,
    is_fact,
    is_name,
    joined,
)

_TOWN = re.compile(
    r"(?:[a-z]{1,2}[- ])?\d{4,6},?\s[a-z][a-z .,'-]*|[a-z .]+,? [a-z]{2} \d{5}(?:-\d{4})?"
    r"|(?:[a-z .,'-]+[ ,])?[a-z]{1,2}\d[a-z\d]? \d[a-z]{2}|[a-z .,'-]+[ -]{1,3}\d{5,6}"
)
SENDER = re.compile(r".*(?:\s[-–—|]\s|[·•●]|,\s).*\d{4,6}.*")  # the small line over a window
_WINDOW_LINES = 30


def window_party(near: Neighbourhood, *, supplier: Party) -> Party | None:
    """The addressee of a letter without a label: name, street, town in the envelope's window."""
    page = near.lines[0].page
    lines = above_prices([line for line in near.lines if line.page == page][:_WINDOW_LINES])
    for line in lines:
        for cell in line.cells:
            if not _TOWN.fullmatch(cell.folded.strip(" .,")) or supplier.owns(cell):
                continue
            block = _block_above(cell, lines[: lines.index(line)], near, supplier=supplier)
            while block and (not is_name(block[0]) or is_fact(near, block[0])):
                block.pop(0)
            if len(block) < 3:
                continue
            names = 2 if COURTESY.fullmatch(block[0].folded.strip()) and len(block) > 3 else 1
            return Party(
                name=joined(block[:names], " ", score=0.5),
                address=joined(block[names:], ", ", score=0.5),
                lines=frozenset(part.line for part in block),
                column=(min(part.left for part in block), max(part.right for part in block)),
            )
    return None


def _block_above(
    town: Cell, lines: Sequence[Line], near: Neighbourhood, *, supplier: Party
) -> list[Cell]:
    """The lines over a town that stand flush with it, left or right, up to a gap."""
    block = [town]
    for above in reversed(lines):
        match = in_column(above, lefts=(town.left,), height=0.6 * town.height) or next(
            (cell for cell in above.cells if abs(cell.right - town.right) < town.height), None
        )
        if match is None:
            continue
        if block[0].top - match.bottom > 2.6 * town.height or len(block) == 6:
            break
        if is_contact(near, match) or find_dates(match.text) or supplier.owns(match):
            break
        if SENDER.fullmatch(match.folded) or TITLE.fullmatch(match.folded):
            break
        block.insert(0, match)
    return block


def above_prices(lines: list[Line]) -> list[Line]:
    """The lines above the first price, for below it goods are named; at least three."""
    for at, line in enumerate(lines[3:], 3):
        if has_price(line):
            return lines[:at]
    return lines


_PRICE = re.compile(r".*\d[.,]\d{2}(?:\s?[€$£₹]|\s?[A-Za-z]{1,3})?[*\s]{0,2}")


def has_price(line: Line) -> bool:
    """Whether a line ends with an amount that is no house number ("Nos 55,57")."""
    last = line.cells[-1]
    return _PRICE.fullmatch(last.text) is not None and not ADDRESS.search(last.folded)
