"""Lines and cells of a page, made from words with boxes or, without boxes, from the text.

A cell is a run of words that stand close together; a line is what stands side by side. Text
without boxes gets a grid of character columns and rows for geometry, so that the rest of the
package has one way to look right of and below a label.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from documents.fields import fold
from ingestion.engines.base import Box, PageInput, TextSource
from ingestion.engines.rules.slope import straightened
from ingestion.engines.rules.tokens import Token

MAX_WORDS = 6_000
MAX_TEXT = 60_000
MAX_LINES = 1_200
_GAP = 1.05  # of the text's height, and
_SPACE = 1.75  # of a character's width: wider than a space, narrower than a gutter


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Words that stand close together on one line of one page.

    `text` joins them by a space, `folded` is the same text for matching, of the same length;
    `height` is that of its usual word.
    """

    page: int
    line: int
    tokens: tuple[Token, ...]
    source: TextSource
    text: str = field(init=False)
    folded: str = field(init=False)
    left: float = field(init=False)
    right: float = field(init=False)
    top: float = field(init=False)
    bottom: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        # Worked out once: the rules ask for the edges of every cell dozens of times.
        tokens, put = self.tokens, object.__setattr__
        text = " ".join([token.text for token in tokens])
        put(self, "text", text)
        put(self, "folded", fold(text))
        put(self, "left", tokens[0].left)
        put(self, "right", max([token.right for token in tokens]))
        put(self, "top", min([token.top for token in tokens]))
        put(self, "bottom", max([token.bottom for token in tokens]))
        put(self, "height", middle_of([token.bottom - token.top for token in tokens]))

    def tokens_in(self, start: int, end: int) -> tuple[Token, ...]:
        """The words that the characters `start` to `end` of `text` touch."""
        touched, offset = [], 0
        for token in self.tokens:
            if offset < end and offset + len(token.text) > start:
                touched.append(token)
            offset += len(token.text) + 1
        return tuple(touched)

    def part(self, start: int, end: int) -> "Cell | None":
        """A cell of only the words between two characters of `text`."""
        tokens = self.tokens_in(start, end)
        if not tokens:
            return None
        return Cell(page=self.page, line=self.line, tokens=tokens, source=self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Cells side by side, left to right; `number` counts on through all pages."""

    page: int
    number: int
    cells: tuple[Cell, ...]
    text: str = field(init=False)
    folded: str = field(init=False)
    left: float = field(init=False)
    top: float = field(init=False)
    bottom: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        cells, put = self.cells, object.__setattr__
        text = "  ".join([cell.text for cell in cells])
        put(self, "text", text)
        put(self, "folded", fold(text))
        put(self, "left", cells[0].left)
        put(self, "top", min([cell.top for cell in cells]))
        put(self, "bottom", max([cell.bottom for cell in cells]))
        put(self, "height", middle_of([cell.height for cell in cells]))

    @property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(token for cell in self.cells for token in cell.tokens)


def box_of(tokens: Iterable[Token]) -> Box | None:
    """The rectangle around printed words, None where there are none."""
    boxes = [token.box for token in tokens if token.box is not None]
    if not boxes:
        return None
    return Box(
        left=min(box.left for box in boxes),
        top=min(box.top for box in boxes),
        right=max(box.right for box in boxes),
        bottom=max(box.bottom for box in boxes),
    )


def read_lines(pages: Iterable[PageInput]) -> tuple[Line, ...]:
    """All lines of a document, page after page, top to bottom."""
    lines: list[Line] = []
    for page in pages:
        for cells in _rows(page):
            if len(lines) >= MAX_LINES * 10:
                return tuple(lines)
            number = len(lines)
            made = tuple(
                Cell(page=page.number, line=number, tokens=tokens, source=page.source)
                for tokens in cells
            )
            lines.append(Line(page=page.number, number=number, cells=made))
    return tuple(lines)


def _rows(page: PageInput) -> Iterator[list[tuple[Token, ...]]]:
    words = [word for word in page.words[:MAX_WORDS] if word.text.strip()]
    boxed = straightened([(word, word.box) for word in words if word.box is not None])
    if boxed:
        for row in group_rows(boxed)[:MAX_LINES]:
            yield split_cells(row)
    else:
        yield from _text_rows(page.text[:MAX_TEXT])


def group_rows(tokens: list[Token]) -> list[list[Token]]:
    """Tokens in rows: each joins the row whose last word it overlaps most, so that a slight
    slope of the page does no harm."""
    rows: list[list[Token]] = []
    # Rows by the strips of the page that their words touch, so that a word is held against its
    # neighbours alone and not against every row.
    strip = max(1.0, 2 * middle_of([token.height for token in tokens])) if tokens else 1.0
    strips: dict[int, set[int]] = {}
    for token in sorted(tokens, key=lambda token: token.left):
        touched = range(int(token.top // strip), int(token.bottom // strip) + 1)
        near: set[int] = set()
        for at in touched:
            near |= strips.get(at, _NO_ROWS)
        best = _row_of(token, rows, near)
        if best < 0:
            best = len(rows)
            rows.append([])
        rows[best].append(token)
        for at in touched:
            strips.setdefault(at, set()).add(best)
    return sorted(rows, key=lambda row: middle_of([token.middle for token in row]))


_NO_ROWS: frozenset[int] = frozenset()


def _row_of(token: Token, rows: Sequence[Sequence[Token]], near: Iterable[int]) -> int:
    """Which of the rows near a word it goes on with, -1 for none."""
    best, best_share = -1, 0.45
    top, bottom = token.top, token.bottom
    for number in sorted(near):
        last = rows[number][-1]
        overlap = (bottom if bottom < last.bottom else last.bottom) - (
            top if top > last.top else last.top
        )
        if overlap <= 0:
            continue
        share = overlap / max(1e-6, min(bottom - top, last.bottom - last.top))
        if share > best_share and not _stacked(token, last):
            best, best_share = number, share
    return best


def _stacked(token: Token, last: Token) -> bool:
    """Whether two words lie over one another rather than side by side."""
    return token.left < last.right - 0.5 * min(token.right - token.left, last.right - last.left)


def middle_of(values: list[float]) -> float:
    """The median of at least one value; `statistics.median` asks more than all else here."""
    if len(values) == 1:
        return values[0]
    values.sort()
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def split_cells(row: list[Token]) -> list[tuple[Token, ...]]:
    """A row cut where the gap between two words is wider than a space can be."""
    usual = _widest_space(
        height=middle_of([token.height for token in row]),
        width=middle_of([(token.right - token.left) / len(token.text) for token in row]),
    )
    cells: list[list[Token]] = []
    for token in row:
        previous = cells[-1][-1] if cells else None
        if previous is None or token.left - previous.right > max(usual, _between(previous, token)):
            cells.append([token])
        else:
            cells[-1].append(token)
    return [tuple(cell) for cell in cells]


def _widest_space(*, height: float, width: float) -> float:
    """The widest gap that can still be a space in print of this height and letters this wide."""
    return max(_GAP * max(1.0, height), min(_SPACE * width, 2 * height))


def _between(one: Token, other: Token) -> float:
    """The same for two neighbours, whose print may be larger than the rest of the row."""
    width = (one.right - one.left + other.right - other.left) / (len(one.text) + len(other.text))
    return _widest_space(height=max(one.height, other.height), width=width)


def _text_rows(text: str) -> Iterator[list[tuple[Token, ...]]]:
    for number, raw in enumerate(text.splitlines()[:MAX_LINES]):
        row: list[tuple[Token, ...]] = []
        line = raw.replace("\t", "   ").replace("|", "   ")[:2_000]
        for chunk in re.finditer(r"\S+(?:\s\S+)*", line):
            row.append(
                tuple(
                    Token(
                        text=word[0],
                        left=chunk.start() + word.start(),
                        top=number * 2.0,
                        right=chunk.start() + word.end(),
                        bottom=number * 2.0 + 1.6,
                        confidence=1.0,
                        box=None,
                    )
                    for word in re.finditer(r"\S+", chunk[0])
                )
            )
        if row:
            yield row
