"""Values beside a label: in the rest of its cell, right of it, or below it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ingestion.engines.base import Box, FieldReading, TextSource, ValueSource
from ingestion.engines.rules.labels import Label, Lexicon
from ingestion.engines.rules.layout import Cell, Line, box_of
from ingestion.engines.rules.meaning import as_meant

_RIGHT, _BELOW = 1.0, 0.86
_LINES_BELOW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A stretch of a cell where a value may stand; `nearness` 1 is right beside the label."""

    cell: Cell
    start: int
    end: int
    nearness: float

    @property
    def text(self) -> str:
        return self.cell.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A normalised value and the characters of the parsed text that it was printed on."""

    value: str
    start: int
    end: int
    certainty: float = 1.0
    alternatives: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A value that may be a field's, with where it stood and how well it fits (0..1)."""

    value: str
    raw: str
    page: int
    line: int
    left: float
    box: Box | None
    source: TextSource
    ocr: float
    score: float
    alternatives: tuple[str, ...] = ()
    note: str = ""


Parser = Callable[[str], Parsed | None]


class Neighbourhood:
    """The lines of a document and every label on them, for looking right and below."""

    def __init__(self, lines: Sequence[Line], lexicon: Lexicon) -> None:
        self.lines = lines
        self.labels = [
            as_meant(label, found) for found in _by_line(lexicon, lines) for label in found
        ]
        self.body: frozenset[int] = frozenset()  # lines of the table of items: no party's
        self._by_cell: dict[tuple[int, float], list[Label]] = {}
        for label in self.labels:
            self._by_cell.setdefault(_key(label.cell), []).append(label)

    def labels_in(self, cell: Cell) -> list[Label]:
        return self._by_cell.get(_key(cell), [])

    def starts_with_label(self, cell: Cell) -> bool:
        return any(
            label.start <= 3 and label.weight > 0.6 and not _is_prefix(label)
            for label in self.labels_in(cell)
        )

    def fields(self) -> frozenset[str]:
        return frozenset(label.field for label in self.labels)

    def spots(self, label: Label) -> Iterator[Spot]:
        """Where the label's value may stand, likeliest first."""
        yield from self._right(label)
        yield from self._below(label)

    def _right(self, label: Label) -> Iterator[Spot]:
        cell = label.cell
        later = [
            other.start
            for other in self.labels_in(cell)
            if other.start >= label.end + 3 and other.field != "vague_number"
        ]
        end = min(later, default=len(cell.text))
        if cell.text[label.end : end].strip(" :.#-="):
            yield Spot(cell=cell, start=label.end, end=end, nearness=_RIGHT)
            if later:
                return
        line = self.lines[cell.line]
        position = next(i for i, other in enumerate(line.cells) if other.left == cell.left)
        seen = 0
        for other in line.cells[position + 1 :]:
            if not other.text.strip(" :.#-=|"):
                continue
            if self.starts_with_label(other) or seen == 2:
                return
            inner = self.labels_in(other)
            stop = min((one.start for one in inner if one.start > 2), default=len(other.text))
            yield Spot(cell=other, start=0, end=stop, nearness=_RIGHT - 0.08 * seen)
            seen += 1

    def _below(self, label: Label) -> Iterator[Spot]:
        for depth, cell in enumerate(self.cells_below(label, limit=_LINES_BELOW)):
            if self.starts_with_label(cell):
                return
            start = _start_under(cell, label, self.lines[label.cell.line])
            yield Spot(cell=cell, start=start, end=len(cell.text), nearness=_BELOW - 0.12 * depth)

    def cells_below(self, label: Label, *, limit: int) -> Iterator[Cell]:
        """The nearest cells under a label, one a line, that share its column."""
        anchor = label.cell.part(label.start, label.end) or label.cell
        slack = 0.6 * anchor.height
        bottom, found = anchor.bottom, 0
        for line in self.lines[label.cell.line + 1 : label.cell.line + 2 + limit * 2]:
            if line.page != label.cell.page or found == limit:
                return
            if line.top - bottom > 2.2 * max(anchor.height, line.height):
                return
            for cell in line.cells:
                if cell.left <= anchor.right + slack and cell.right >= anchor.left - slack:
                    yield cell
                    found += 1
                    bottom = cell.bottom
                    break

    def with_next(self, cell: Cell) -> Cell:
        """A cell with the one under it, where that stands flush and close as the rest of a value
        does that was too long for its column: "11 February" over "2026"."""
        for line in self.lines[cell.line + 1 : cell.line + 2]:
            for other in line.cells:
                flush = abs(other.left - cell.left) < 0.5 * cell.height and line.page == cell.page
                if flush and other.top - cell.bottom < cell.height and not self.labels_in(other):
                    tokens = (*cell.tokens, *other.tokens)
                    return Cell(page=cell.page, line=cell.line, tokens=tokens, source=cell.source)
        return cell

    def candidates(self, field: str, parse: Parser) -> list[Candidate]:
        """What `parse` makes of the spots of every label of `field`, best first."""
        found = []
        for label in self.labels:
            if label.field != field:
                continue
            for spot in self.spots(label):
                cell, parsed = spot.cell, parse(spot.text)
                if parsed is None and field.endswith("_date") and spot.end == len(cell.text):
                    cell = self.with_next(spot.cell)
                    parsed = parse(cell.text[spot.start :])
                if parsed is not None:
                    score = label.weight * spot.nearness * parsed.certainty
                    found.append(candidate_of(cell, parsed, offset=spot.start, score=score))
                    break
        return sorted(found, key=lambda one: (-round(one.score, 2), one.line))


def _by_line(lexicon: Lexicon, lines: Sequence[Line]) -> Iterator[list[Label]]:
    return ([label for cell in line.cells for label in lexicon.find(cell)] for line in lines)


def _start_under(cell: Cell, label: Label, heading: Line) -> int:
    """Where in a cell the words under a label begin: what stands left of it is of another column
    that came too close."""
    anchor = label.cell.part(label.start, label.end) or label.cell
    beside = [c for c in heading.cells if c.right < anchor.left and c.right > cell.left]
    if cell.left > anchor.left - 12 * cell.height and not beside:
        return 0
    offset = 0
    for token in cell.tokens:
        if token.right > anchor.left - 0.6 * cell.height:
            return offset
        offset += len(token.text) + 1
    return 0


def _is_prefix(label: Label) -> bool:
    """Whether the word is the head of a number and no label: "GST/24-25/168"."""
    return bool(re.match(r"[/_-][A-Za-z0-9]", label.cell.text[label.end :])) and label.start == 0


def _key(cell: Cell) -> tuple[int, float]:
    return cell.line, cell.left


def candidate_of(cell: Cell, parsed: Parsed, *, offset: int = 0, score: float) -> Candidate:
    """A candidate from what was parsed out of `cell.text[offset:]`."""
    start, end = offset + parsed.start, offset + parsed.end
    tokens = cell.tokens_in(start, end)
    ocr = min((token.confidence for token in tokens), default=0.5)
    return Candidate(
        value=parsed.value,
        raw=cell.text[start:end],
        page=cell.page,
        line=cell.line,
        left=tokens[0].left if tokens else cell.left,
        box=box_of(tokens),
        source=cell.source,
        ocr=ocr,
        score=score,
        alternatives=parsed.alternatives,
        note=parsed.note,
    )


def reading_of(
    pointer: str,
    candidate: Candidate,
    *,
    others: Sequence[Candidate] = (),
    value: str | int | None = None,
) -> FieldReading:
    """A field's reading; the confidence falls with the fit, with OCR, and with rivals: the
    better the best of other values fits, the more."""
    chosen = candidate.value if value is None else value
    rivals = [one.value for one in others if one.value != candidate.value]
    alternatives = tuple(dict.fromkeys((*candidate.alternatives, *rivals)))[:5]
    layer = candidate.source != TextSource.OCR
    trust = 0.96 if layer else 0.93 * candidate.ocr
    best = max((one.score for one in others if one.value != candidate.value), default=0.0)
    doubt = 0.12 * min(1.0, best / max(0.05, candidate.score)) ** 2
    doubt += 0.08 * bool(candidate.alternatives)
    confidence = max(0.05, min(0.99, trust * (0.55 + 0.45 * min(candidate.score, 1.0)) - doubt))
    return FieldReading(
        pointer=pointer,
        value=chosen,
        raw=candidate.raw[:500],
        page=candidate.page,
        box=candidate.box,
        source=ValueSource.LAYER if layer else ValueSource.OCR,
        confidence=round(confidence, 3),
        note=candidate.note,
        alternatives=alternatives,
    )


def rescored(candidate: Candidate, score: float) -> Candidate:
    """The same candidate with another fit."""
    return replace(candidate, score=score)
