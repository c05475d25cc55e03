"""Papers that are neither bill nor e-way bill: a letterhead, a title and blocks in order."""

from samples.grid import BOXED, Column, draw_pairs, draw_table, fitted
from samples.gst_pieces import SCRIBBLE
from samples.layouts import Layout
from samples.papers import Block, Grid, Pairs, Paragraph, Plain, Signatures
from samples.sheet import A4, GREY, Look, Sheet

_LEFT, _RIGHT = 58.0, 540.0
_WIDTH = _RIGHT - _LEFT


def _draw_plain(sheet: Sheet, look: Look, paper: Plain) -> None:
    sheet.turn_to_page(A4)
    y = 60.0
    if paper.letterhead:
        y = sheet.write_block(_LEFT, y, [paper.letterhead.name], look.bold(14), width=_WIDTH)
        lines = [", ".join(paper.letterhead.address), f"Tel. {paper.letterhead.phone}"]
        y = sheet.write_block(_LEFT, y, lines, look.font(8.5), width=_WIDTH)
        sheet.rule(_LEFT, y, _RIGHT, y, width=1.0)
        y += 30
    if paper.title:
        sheet.write(A4[0] / 2, y, paper.title, look.bold(13), align="centre")
        y += 26
    for block in paper.blocks:
        y = _draw_block(sheet, look, block, y)
    sheet.write(_LEFT, 806, paper.footer, look.font(7.5), colour=GREY)


def _draw_block(sheet: Sheet, look: Look, block: Block, y: float) -> float:
    match block:
        case Paragraph():
            font = look.bold(10.5) if block.is_heading else look.font(10.5)
            return sheet.write_block(_LEFT, y, [block.words], font, width=_WIDTH) + 7
        case Pairs():
            return (
                draw_pairs(
                    sheet, look, x=_LEFT, y=y, pairs=block.rows, size=9.5, indent=135, width=_WIDTH
                )
                + 8
            )
        case Grid():
            return _draw_grid(sheet, look, block, y)
        case Signatures():
            return _draw_signatures(sheet, look, block, y + 46)


def _draw_grid(sheet: Sheet, look: Look, block: Grid, y: float) -> float:
    columns = fitted(
        [
            Column(key=title, title=title, width=share)
            for title, share in zip(block.titles, block.shares, strict=True)
        ],
        _WIDTH,
    )
    y = draw_table(
        sheet, look, x=_LEFT, y=y - 6, columns=columns, rows=block.rows, size=9, ruling=BOXED
    )
    return y + 22


def _draw_signatures(sheet: Sheet, look: Look, block: Signatures, y: float) -> float:
    step = _WIDTH / len(block.names)
    for number, name in enumerate(block.names):
        x = _LEFT + number * step
        if number == 0:
            sheet.scribble(x + 10, y - 8, SCRIBBLE)
        sheet.rule(x, y, x + step * 0.7, y, width=0.5)
        sheet.write(x, y + 12, name, look.font(8.5))
    return y + 34


PLAIN_LAYOUT = Layout(name="plain", draw=_draw_plain)
