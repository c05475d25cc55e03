"""Dates of a bill that no label names."""

import re
from collections.abc import Sequence

from documents.fields import DateFound, find_dates
from ingestion.engines.rules import parsers
from ingestion.engines.rules.layout import Cell, Line
from ingestion.engines.rules.near import Candidate, Neighbourhood, Parsed, candidate_of

_DATED = re.compile(r"(?<!zeitraum )(?<![a-z])(?:vom|du|del|of|on|den|le)\s*$")
_OTHER_PAPER = re.compile(
    r"(?:auftrag|bestell|lieferschein|angebot|devis|commande|bon de|order|quot|pedido|ordine"
    r"|offert)[^.;]{0,30}$"
)


def loose_dates(
    near: Neighbourhood, *, exclude: Sequence[Candidate], table: frozenset[int], month_first: bool
) -> list[Candidate]:
    """Dates without a label of their own, the first on the page before the others.

    exclude: dates that are of something else; table: the lines of the items."""
    others = near.candidates("other_date", parsers.day(month_first=month_first))
    elsewhere = {one.line for one in (*others, *exclude)}
    found = []
    for line in near.lines:
        away = 0.4 * (line.number in elsewhere) + 0.1 * (line.number in table)
        for cell in line.cells:
            for hit in find_dates(cell.text, month_first=month_first):
                parsed = Parsed(
                    value=hit.value,
                    start=hit.start,
                    end=hit.end,
                    alternatives=(hit.other,) if hit.other else (),
                    note="day and month could be swapped" if hit.other else "",
                )
                score = _fit(near, line, cell, hit) - away
                found.append(candidate_of(cell, parsed, score=score))
    return sorted(found, key=lambda one: (-round(one.score, 2), one.line))


def _fit(near: Neighbourhood, line: Line, cell: Cell, hit: DateFound) -> float:
    """More for a date with a clock behind it or a "vom" before it, and behind a title."""
    clock = re.match(r"\W{0,3}\d{1,2}:\d{2}", cell.text[hit.end :])
    before = cell.folded[: hit.start]
    dated = _DATED.search(before) and not _OTHER_PAPER.search(before)
    titled = any(
        label.field == "document_number" and (label.start < hit.start or other is not cell)
        for other in line.cells
        if other.left <= cell.left
        for label in near.labels_in(other)
    )
    return 0.55 + 0.15 * bool(clock or dated) + 0.2 * titled
