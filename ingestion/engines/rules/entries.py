"""The entries of a line of a table: which of its words stand in which column."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.engines.base import Box, TextSource
from ingestion.engines.rules.columns import MONEY, NUMERIC, Column
from ingestion.engines.rules.layout import Cell, Line, box_of
from ingestion.engines.rules.tokens import Token

_CURRENCY = re.compile(r"^(?:[$€£₹]|RM|Rs\.?|INR|EUR|USD|GBP)$")
_NUMBER = re.compile(r"^[($€£₹-]?(?:RM|Rs\.?)?-?\d[\d.,'’]*-?\)?[€%$]?\)?(?:/-)?$")

_GLUED = re.compile(r"\d[\d.,]*[^\W\d_]{1,4}\.?$")  # "4hr"
_PRICE = re.compile(r"\d[.,]\d{2}(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in one column of one row."""

    kind: str
    text: str
    tokens: tuple[Token, ...]
    page: int
    source: TextSource

    @property
    def box(self) -> Box | None:
        return box_of(self.tokens)

    @property
    def confidence(self) -> float:
        return min((token.confidence for token in self.tokens), default=0.5)


Placed = tuple[str, tuple[Token, ...]]
"""The kind of a column, and words that stand in it."""


def entries_of(line: Line, columns: Sequence[Column]) -> dict[str, Entry]:
    """The runs of a line by column; runs of the same column are joined."""
    groups: dict[str, list[Token]] = {}
    for kind, run in _in_order(_placed(line, columns), columns):
        groups.setdefault(kind, []).extend(run)
    return {
        kind: Entry(
            kind=kind,
            text=" ".join(token.text for token in tokens),
            tokens=tuple(tokens),
            page=line.page,
            source=line.cells[0].source,
        )
        for kind, tokens in groups.items()
    }


def _placed(line: Line, columns: Sequence[Column]) -> list[Placed]:
    """The runs of a line, left to right, each with the kind of the column that it stands in."""
    placed: list[Placed] = []
    is_row = any(_PRICE.search(cell.text) for cell in line.cells)
    before = ""
    for cell in line.cells:
        for run in _sorted_runs(cell, columns):
            for part in _parted(run, columns) if is_row else (run,):
                kind = _kind_of(part, columns)
                is_beside = before == "quantity" and kind in ("description", "unit", "other")
                if _is_unit(part) and (is_beside or _is_under_quantity(part, columns)):
                    kind = "unit"
                elif _GLUED.match(part[0].text) and _is_under_quantity(part, columns):
                    kind = "quantity"
                placed.append((kind, part))
                before = kind
    return placed


def _parted(run: Sequence[Token], columns: Sequence[Column]) -> Iterator[tuple[Token, ...]]:
    """A run of words cut where a word stands under the heading of another column of words, as
    narrow columns make it: "Hinge 4 in." under Description and "NOS" under Unit."""
    described = max((c.right for c in columns if c.kind == "description"), default=None)
    if described is None or _is_numeric(run):
        yield tuple(run)
        return
    if _is_counting(run) and _is_under_quantity(run, columns):
        yield from ((token,) for token in run)
        return
    part: list[Token] = []
    under: Column | None = None
    for token in run:
        over = _heading_over(token, columns) if token.left > described else None
        if part and over is not None and over is not under:
            yield tuple(part)
            part = []
        under = over or under
        part.append(token)
    yield tuple(part)


def _heading_over(token: Token, columns: Sequence[Column]) -> Column | None:
    """The heading under which most of a word stands, where that is of one of words or codes."""
    for column in columns:
        shared = min(column.right, token.right) - max(column.left, token.left)
        least = min(column.right - column.left, token.right - token.left)
        if shared > 0.5 * least and column.kind in ("unit", "other", "quantity", "hsn_code"):
            return column
    return None


def _is_under_quantity(run: Sequence[Token], columns: Sequence[Column]) -> bool:
    """Whether a word stands under the heading of the quantities and of nothing else: a unit that
    is printed below its number."""
    over = [one.kind for one in columns if not one.distance(run[0].left, run[-1].right)]
    return over == ["quantity"]


def _in_order(placed: list[Placed], columns: Sequence[Column]) -> list[Placed]:
    """Where more numbers came under a heading than it has columns, as it happens to headings
    that stand far from their numbers: one number a column, from left to right, if there are as
    many."""
    described = max((c.right for c in columns if c.kind == "description"), default=None)
    if described is None:
        return placed
    right = [at for at, (_, run) in enumerate(placed) if _is_number_beyond(run, described)]
    words = [run for _, run in placed if not _is_numeric(run)]
    expected = [
        column.kind
        for column in sorted(columns, key=lambda column: column.left)
        if column.kind in NUMERIC
        and column.left > described
        and not (column.kind == "other" and any(_stands_under(run, column) for run in words))
    ]
    found, had = (Counter(kinds) for kinds in ([placed[at][0] for at in right], expected))
    if not found - had or len(right) != len(expected):
        return placed
    ordered = list(placed)
    for at, kind in zip(right, expected, strict=True):
        ordered[at] = (kind, placed[at][1])
    return ordered


def _is_counting(run: Sequence[Token]) -> bool:
    """Whether a run is a number with its unit, set so close that they are one: "6 BAG"."""
    return len(run) == 2 and bool(_NUMBER.match(run[0].text)) and _is_unit(run[1:])


def _stands_under(run: Sequence[Token], column: Column) -> bool:
    return not column.distance(run[0].left, run[-1].right)


def _is_number_beyond(run: Sequence[Token], edge: float) -> bool:
    return _is_numeric(run) and run[0].left > edge and any(c.isdigit() for c in run[-1].text)


def _is_unit(run: Sequence[Token]) -> bool:
    return len(run) == 1 and bool(re.fullmatch(r"[^\W\d_][\w./²³]{0,9}\.?", run[0].text))


def _sorted_runs(cell: Cell, columns: Sequence[Column]) -> list[tuple[Token, ...]]:
    """The runs of a cell; a number among words that is under no column of numbers is a word."""
    runs = list(runs_of(cell))
    merged: list[tuple[Token, ...]] = []
    for index, run in enumerate(runs):
        if merged and _is_numeric(run) != _is_numeric(merged[-1]):
            numeric, words = (run, merged[-1]) if _is_numeric(run) else (merged[-1], run)
            after = runs[index + 1 : index + 2]
            inner = index > 0 and numeric is run and bool(after) and not _is_numeric(after[0])
            if inner and _is_counted(run, after[0], columns):
                inner = False
            if inner or not _is_under_number(numeric, words, columns):
                merged[-1] = (*merged[-1], *run)
                continue
        elif merged and not _is_numeric(run):
            merged[-1] = (*merged[-1], *run)  # "6 ft," behind "Steel cupboard"
            continue
        merged.append(run)
    return merged


def _is_counted(number: Sequence[Token], after: Sequence[Token], columns: Sequence[Column]) -> bool:
    """Whether a number between words is a quantity with its unit, under their heading."""
    over = {one.kind for one in columns if _stands_under(number, one)}
    return over == {"quantity"} and _is_unit(after)


def _is_under_number(
    numeric: Sequence[Token], words: Sequence[Token], columns: Sequence[Column]
) -> bool:
    left, right = numeric[0].left, numeric[-1].right
    over = [column for column in columns if not column.distance(left, right)]
    if over:
        return any(column.kind in NUMERIC for column in over) and not any(
            column.kind == "description" for column in over
        )
    nearest = min(columns, key=lambda column: column.distance(left, right))
    text = [column for column in columns if not column.distance(words[0].left, words[-1].right)]
    return nearest.kind in NUMERIC and not any(column.kind == "description" for column in text)


def runs_of(cell: Cell) -> Iterator[tuple[Token, ...]]:
    """Numbers one by one (with their currency or percent sign), words as they stand together."""
    run: list[Token] = []
    for token in cell.tokens:
        numeric = bool(_NUMBER.match(token.text))
        if run and (numeric != _is_numeric(run) or (numeric and not _joins(run, token))):
            joined = (_CURRENCY.match(run[-1].text) and numeric) or (
                token.text in ("%", "€", "$", "£", "₹") and _is_numeric(run)
            )
            if not joined and _apart(run[-1], token):
                yield tuple(run)
                run = []
        run.append(token)
    if run:
        yield tuple(run)


def _is_numeric(run: Sequence[Token]) -> bool:
    """Whether a run is a number with its currency or percent sign, or such a sign alone."""
    return all(
        _NUMBER.match(token.text) or _CURRENCY.match(token.text) or token.text == "%"
        for token in run
    )


def _joins(run: Sequence[Token], token: Token) -> bool:
    """Groups of one number: "1 234,56"."""
    close = token.left - run[-1].right < 0.7 * token.height
    return close and bool(
        re.fullmatch(r"\d{1,3}", run[-1].text) and re.match(r"\d{3}(?:[.,]\d{2})$", token.text)
    )


def _apart(one: Token, other: Token) -> bool:
    """Whether two neighbours stand further apart than a narrow space."""
    return other.left - one.right > 0.12 * max(one.height, other.height)


def _kind_of(run: Sequence[Token], columns: Sequence[Column]) -> str:
    left, right = run[0].left, run[-1].right
    numeric = _is_numeric(run)
    pool = list(columns)
    if not numeric:
        words = [column for column in columns if column.kind not in MONEY or column.kind == "other"]
        pool = words or pool
    centre = (left + right) / 2
    best = min(
        pool,
        key=lambda column: (
            column.distance(left, right) > 0 and column.distance(left, right),
            min(abs(column.right - right), abs(column.centre - centre), abs(column.left - left)),
        ),
    )
    if not numeric and best.kind == "other" and not best.distance(left, right):
        return "other"
    if not numeric and best.kind in NUMERIC:
        near = [column for column in columns if column.kind in ("description", "unit")]
        return min(near, key=lambda c: c.distance(left, right)).kind if near else "other"
    return best.kind
