"""Tables of text on a sheet: columns, wrapped cells, rules and bands."""

from collections.abc import Sequence
from dataclasses import dataclass

from samples.sheet import BLACK, WHITE, Colour, Font, Look, Sheet, wrap

_PADDING = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`key` is a field name of the truth where the column has one."""

    key: str
    title: str
    width: float
    align: str = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How a table is lined and coloured."""

    has_verticals: bool = False
    has_horizontals: bool = False
    header_fill: Colour | None = None
    header_colour: Colour = BLACK
    zebra: Colour | None = None


BOXED = Ruling(has_verticals=True, has_horizontals=True)
COLUMNS_ONLY = Ruling(has_verticals=True)
HAIRLINES = Ruling(has_horizontals=True)


def banded(look: Look) -> Ruling:
    return Ruling(header_fill=look.accent, header_colour=WHITE, zebra=(0.94, 0.95, 0.97))


def fitted(columns: Sequence[Column], width: float) -> tuple[Column, ...]:
    """The columns scaled so that together they are this wide."""
    scale = width / sum(column.width for column in columns)
    return tuple(
        Column(key=c.key, title=c.title, width=c.width * scale, align=c.align) for c in columns
    )


def draw_table(
    sheet: Sheet,
    look: Look,
    *,
    x: float,
    y: float,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    size: float,
    ruling: Ruling,
    least_height: float = 0.0,
) -> float:
    """Draw header and rows from y downwards, at least so high; the y below the table."""
    width = sum(column.width for column in columns)
    top = y
    header = [column.title for column in columns]
    y = _draw_row(
        sheet,
        x,
        y,
        columns,
        header,
        look.bold(size),
        fill=ruling.header_fill,
        colour=ruling.header_colour,
    )
    sheet.rule(x, top, x + width, top)
    sheet.rule(x, y, x + width, y)
    for number, row in enumerate(rows):
        fill = ruling.zebra if number % 2 else None
        y = _draw_row(sheet, x, y, columns, row, look.font(size), fill=fill, colour=BLACK)
        if ruling.has_horizontals:
            sheet.rule(x, y, x + width, y, width=0.3)
    y = max(y, top + least_height)
    sheet.rule(x, y, x + width, y)
    if ruling.has_verticals:
        edge = x
        for column in columns:
            sheet.rule(edge, top, edge, y)
            edge += column.width
        sheet.rule(edge, top, edge, y)
    return y


def _draw_row(
    sheet: Sheet,
    x: float,
    y: float,
    columns: Sequence[Column],
    cells: Sequence[str],
    font: Font,
    *,
    fill: Colour | None,
    colour: Colour,
) -> float:
    leading = font.size * 1.2
    wrapped = [
        wrap(cell, font, column.width - 2 * _PADDING)
        for column, cell in zip(columns, cells, strict=True)
    ]
    height = leading * max(1, max(len(pieces) for pieces in wrapped)) + 2 * _PADDING
    if fill:
        sheet.fill(x, y, sum(column.width for column in columns), height, fill)
    for column, pieces in zip(columns, wrapped, strict=True):
        for number, piece in enumerate(pieces):
            sheet.write(
                _anchor(column, x),
                y + _PADDING + font.size * 0.9 + number * leading,
                piece,
                font,
                align=column.align,
                colour=colour,
            )
        x += column.width
    return y + height


def _anchor(column: Column, x: float) -> float:
    if column.align == "right":
        return x + column.width - _PADDING
    if column.align == "centre":
        return x + column.width / 2
    return x + _PADDING


def draw_pairs(
    sheet: Sheet,
    look: Look,
    *,
    x: float,
    y: float,
    pairs: Sequence[tuple[str, str]],
    size: float,
    indent: float,
    width: float,
) -> float:
    """Labels at x, values wrapped `indent` to the right; the y of the line that would follow."""
    for label, value in pairs:
        sheet.write(x, y, label, look.font(size))
        end = sheet.write_block(x + indent, y, [value], look.bold(size), width=width - indent)
        y = max(end, y + size * 1.25) + size * 0.25
    return y
