"""Pieces that all layouts of a GST bill share: cells, totals, headings, signatures."""

import math
from collections.abc import Sequence
from decimal import Decimal

from samples.codes import qr_matrix
from samples.grid import Column
from samples.identities import in_fours
from samples.money import ZERO, indian, plain
from samples.papers import EInvoice, GstBill, Line, Party
from samples.sheet import Look, Sheet, text_width

QR_SIZE = 122.0
SCRIBBLE = ((0, 0), (8, -14), (14, 6), (22, -18), (27, 4), (36, -8), (44, 2), (62, -6), (80, -10))


def place_of_supply(bill: GstBill) -> str:
    return f"{bill.recipient.state} ({bill.recipient.state_code})"


def cell(line: Line, number: int, key: str) -> str:
    """What is printed in this column of a line."""
    return {
        "no": lambda: str(number),
        "description": lambda: line.description,
        "hsn_code": lambda: line.hsn,
        "quantity": lambda: plain(line.quantity),
        "unit": lambda: line.unit,
        "unit_price": lambda: indian(line.unit_price),
        "discount": lambda: indian(line.discount) if line.discount else "-",
        "taxable_amount": lambda: indian(line.taxable),
        "tax_rate": lambda: f"{plain(line.rate)}%",
        "tax": lambda: indian(line.tax),
        "cgst": lambda: indian(line.cgst),
        "sgst": lambda: indian(line.sgst),
        "igst": lambda: indian(line.igst),
        "total_amount": lambda: indian(line.total),
    }[key]()


def rows(bill: GstBill, columns: Sequence[Column], first: int = 1) -> list[list[str]]:
    return [
        [cell(line, number, column.key) for column in columns]
        for number, line in enumerate(bill.lines[first - 1 :], first)
    ]


def without_empty_discount(bill: GstBill, columns: Sequence[Column]) -> list[Column]:
    has_discount = any(line.discount for line in bill.lines)
    return [column for column in columns if has_discount or column.key != "discount"]


def tax_totals(bill: GstBill) -> list[tuple[str, Decimal]]:
    """CGST and SGST, or IGST; cess where there is one. A single rate stands in the label."""
    rates = {line.rate for line in bill.lines}
    whole = f" @ {plain(next(iter(rates)))}%" if len(rates) == 1 else ""
    half = f" @ {plain(next(iter(rates)) / 2)}%" if len(rates) == 1 else ""
    if bill.is_interstate:
        totals = [(f"IGST{whole}", bill.igst)]
    else:
        totals = [(f"CGST{half}", bill.cgst), (f"SGST{half}", bill.sgst)]
    if bill.cess:
        totals.append(("Cess", bill.cess))
    return totals


def round_off(bill: GstBill) -> list[tuple[str, Decimal]]:
    return [("Round Off", bill.round_off)] if bill.round_off else []


def summary(bill: GstBill) -> list[tuple[tuple[str, Decimal], Decimal, Decimal]]:
    """((HSN, rate), taxable, tax) for each HSN and rate, as in the table under many bills."""
    sums: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}
    for line in bill.lines:
        base, tax = sums.get((line.hsn, line.rate), (ZERO, ZERO))
        sums[line.hsn, line.rate] = (base + line.taxable, tax + line.tax)
    return [(key, base, tax) for key, (base, tax) in sums.items()]


def party_lines(party: Party) -> list[str]:
    """Address, then GSTIN and state; without the name."""
    gstin = f"GSTIN/UIN : {party.gstin}" if party.gstin else "GSTIN : Unregistered"
    return [*party.address, gstin, f"State Name : {party.state}, Code : {party.state_code}"]


def ewb_pairs(bill: GstBill, label: str) -> list[tuple[str, str]]:
    if not bill.ewb_number:
        return []
    # Software prints it either way; the last digit is as good a coin as any.
    grouped = int(bill.ewb_number[-1]) % 2
    return [(label, in_fours(bill.ewb_number) if grouped else bill.ewb_number)]


def draw_einvoice(
    sheet: Sheet, look: Look, einvoice: EInvoice, *, x: float, y: float, size: float, width: float
) -> float:
    """IRN, acknowledgement number and date below one another; the y that would follow.

    Where the column is narrow the IRN is broken into equal parts, as billing software does.
    """
    font = look.font(size)
    parts = -(-text_width(f"IRN : {einvoice.irn}", font) // width)
    length = math.ceil(len(einvoice.irn) / parts)
    broken = [einvoice.irn[start : start + length] for start in range(0, 64, length)]
    lines = [
        f"IRN : {broken[0]}",
        *broken[1:],
        f"Ack No. : {einvoice.ack_number}",
        f"Ack Date : {einvoice.ack_at:%d-%b-%y %H:%M}",
    ]
    return sheet.write_block(x, y, lines, font, width=width + 40)


def draw_signed_qr(sheet: Sheet, einvoice: EInvoice, *, x: float, y: float) -> None:
    """About 105 modules across 43 mm: 4.8 dots a module at 300 dpi."""
    sheet.stamp(x, y, qr_matrix(einvoice.signed_qr), QR_SIZE)


def draw_signature(sheet: Sheet, look: Look, bill: GstBill, *, right: float, y: float) -> None:
    sheet.write(right, y, f"for {bill.supplier.name}", look.bold(8), align="right")
    sheet.scribble(right - 95, y + 28, SCRIBBLE)
    sheet.write(right, y + 42, "Authorised Signatory", look.font(8), align="right")


def bank_pairs(bill: GstBill) -> list[tuple[str, str]]:
    """An account that follows from the number, so that a firm need not be remembered."""
    digits = bill.supplier.gstin[7:11] + bill.supplier.postcode
    return [
        ("Bank", "Sahyog Gramin Co-op Bank"),
        ("A/c No.", f"0{digits}"),
        ("IFSC", f"SGCB0{digits[:6]}"),
    ]
