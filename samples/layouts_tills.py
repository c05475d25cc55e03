"""Receipts on 80 mm rolls: the height of the paper follows from what is on it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from samples.codes import qr_matrix
from samples.layouts import Layout
from samples.money import english, indian, plain
from samples.papers import Charge, Receipt
from samples.sheet import Look, Sheet, wrap

ROLL_WIDTH = 226.0
_MARGIN = 12.0
_SIZE = 8.5
_STEP = 11.5
_QR = 84.0


@dataclass(slots=True)
class _Roll:
    """Rows of a receipt as drawing steps, so that the height is known before the first is drawn."""

    look: Look
    steps: list[Callable[[Sheet, float], None]] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)

    def add(self, height: float, step: Callable[[Sheet, float], None]) -> None:
        self.heights.append(height)
        self.steps.append(step)

    def centre(self, words: str, size: float = _SIZE, *, bold: bool = False) -> None:
        font = self.look.bold(size) if bold else self.look.font(size)
        for piece in wrap(words, font, ROLL_WIDTH - 2 * _MARGIN):
            self.add(
                size * 1.35,
                lambda sheet, y, piece=piece: sheet.write(  # type: ignore[misc]
                    ROLL_WIDTH / 2, y, piece, font, align="centre"
                ),
            )

    def left(self, words: str) -> None:
        font = self.look.font(_SIZE)
        self.add(_STEP, lambda sheet, y: sheet.write(_MARGIN, y, words, font))

    def ends(self, left: str, right: str, size: float = _SIZE, *, bold: bool = False) -> None:
        font = self.look.bold(size) if bold else self.look.font(size)

        def step(sheet: Sheet, y: float) -> None:
            sheet.write(_MARGIN, y, left, font)
            sheet.write(ROLL_WIDTH - _MARGIN, y, right, font, align="right")

        self.add(size * 1.35, step)

    def columns(self, cells: tuple[str, str, str, str]) -> None:
        font = self.look.font(_SIZE - 0.5)

        def step(sheet: Sheet, y: float) -> None:
            sheet.write(_MARGIN, y, cells[0], font)
            for cell, x in zip(cells[1:], (132.0, 172.0, ROLL_WIDTH - _MARGIN), strict=True):
                sheet.write(x, y, cell, font, align="right")

        self.add(_STEP, step)

    def dashes(self) -> None:
        self.add(_STEP * 0.8, lambda sheet, y: sheet.dashes(_MARGIN, y - 4, ROLL_WIDTH - _MARGIN))

    def gap(self, height: float) -> None:
        self.add(height, lambda sheet, y: None)

    def qr(self, text: str) -> None:
        self.add(
            _QR + 12,
            lambda sheet, y: sheet.stamp((ROLL_WIDTH - _QR) / 2, y - 4, qr_matrix(text), _QR),
        )

    def draw(self, sheet: Sheet) -> None:
        sheet.turn_to_page((ROLL_WIDTH, sum(self.heights) + 44))
        y = 26.0
        for height, step in zip(self.heights, self.steps, strict=True):
            step(sheet, y)
            y += height


def _head(roll: _Roll, receipt: Receipt) -> None:
    roll.centre(receipt.supplier.name, 12, bold=True)
    if receipt.registration:
        roll.centre(receipt.registration)
    for line in receipt.supplier.address:
        roll.centre(line)
    if receipt.supplier.phone:
        roll.centre(f"TEL {receipt.supplier.phone}")
    identity = receipt.supplier.gstin or receipt.supplier.tax_id
    if identity:
        roll.centre(f"{receipt.tax_id_label}: {identity}")
    roll.gap(4)
    if receipt.title:
        roll.centre(receipt.title, 10, bold=True)
    roll.left(f"{receipt.number_label}: {receipt.number}")
    moment = f"{receipt.at:{receipt.date_format}}", f"{receipt.at:%H:%M}"
    roll.ends(f"Date: {moment[0]}", moment[1])
    roll.dashes()


def _amount(receipt: Receipt, charge: Charge) -> str:
    return indian(charge.amount) if receipt.currency == "INR" else english(charge.amount)


def _foot(roll: _Roll, receipt: Receipt) -> None:
    roll.dashes()
    for charge in receipt.charges:
        roll.ends(charge.label, _amount(receipt, charge))
    total = Charge(label=receipt.total_label, amount=receipt.total)
    roll.gap(2)
    roll.ends(
        receipt.total_label, f"{receipt.currency_mark}{_amount(receipt, total)}", 12, bold=True
    )
    for charge in receipt.after_total:
        roll.ends(charge.label, _amount(receipt, charge))
    roll.dashes()
    if receipt.upi:
        roll.qr(receipt.upi)
    for note in receipt.notes:
        roll.centre(note)


def _draw_stacked(sheet: Sheet, look: Look, receipt: Receipt) -> None:
    """Each article on two lines: its name, then quantity x price and the amount."""
    roll = _Roll(look)
    _head(roll, receipt)
    for line in receipt.lines:
        roll.left(line.description)
        count = f"   {plain(line.quantity)} x {english(line.unit_price)}"
        roll.ends(count, english(line.taxable))
    _foot(roll, receipt)
    roll.draw(sheet)


def _draw_columns(sheet: Sheet, look: Look, receipt: Receipt) -> None:
    roll = _Roll(look)
    _head(roll, receipt)
    roll.columns(("Item", "Qty", "Rate", "Amount"))
    roll.dashes()
    for line in receipt.lines:
        roll.columns(
            (
                line.description,
                plain(line.quantity),
                english(line.unit_price),
                english(line.taxable),
            )
        )
    _foot(roll, receipt)
    roll.draw(sheet)


_COLUMNS = ("description", "quantity", "unit_price", "total_amount")

STACKED_LAYOUT = Layout(name="till_stacked", draw=_draw_stacked, columns=_COLUMNS)
COLUMNS_LAYOUT = Layout(name="till_columns", draw=_draw_columns, columns=_COLUMNS)
