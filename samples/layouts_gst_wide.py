"""GST bills of other shapes: half a sheet in two columns, landscape, and long ones over pages."""

from samples import gst_pieces as pieces
from samples.grid import BOXED, HAIRLINES, Column, draw_pairs, draw_table, fitted
from samples.layouts import Layout
from samples.money import ZERO, in_rupee_words, indian
from samples.papers import GstBill
from samples.sheet import A4, A4_LANDSCAPE, A5_LANDSCAPE, Look, Sheet

_COMPACT_COLUMNS = (
    Column(key="hsn_code", title="HSN", width=50),
    Column(key="description", title="Particulars", width=160),
    Column(key="quantity", title="Qty", width=36, align="right"),
    Column(key="unit", title="UoM", width=28),
    Column(key="unit_price", title="Rate", width=56, align="right"),
    Column(key="discount", title="Disc", width=50, align="right"),
    Column(key="taxable_amount", title="Taxable", width=70, align="right"),
    Column(key="tax_rate", title="GST%", width=32, align="right"),
)
_TALLEST_COMPACT = 6


def _draw_compact(sheet: Sheet, look: Look, bill: GstBill) -> None:
    is_tall = bill.einvoice is not None or len(bill.lines) > _TALLEST_COMPACT
    sheet.turn_to_page((A5_LANDSCAPE[0], 560.0) if is_tall else A5_LANDSCAPE)
    left, right = 24.0, 571.0
    y = sheet.write_block(left, 34, [bill.supplier.name], look.bold(12), width=260)
    supplier = [*bill.supplier.address, f"GSTIN {bill.supplier.gstin}  Ph {bill.supplier.phone}"]
    y = sheet.write_block(left, y, supplier, look.font(7.5), width=260)
    sheet.write(left, y + 6, "GST INVOICE - CREDIT MEMO", look.bold(8.5))
    sheet.write(310, 30, "M/s", look.font(7.5))
    below = sheet.write_block(330, 30, [bill.recipient.name], look.bold(9), width=238)
    below = sheet.write_block(330, below, bill.recipient.address, look.font(7.5), width=238)
    facts = [
        *([("GSTIN", bill.recipient.gstin)] if bill.recipient.gstin else []),
        ("Inv No", bill.number),
        ("Inv Dt", f"{bill.day:{look.date_format}}"),
        *([("Due Dt", f"{bill.due:{look.date_format}}")] if bill.due else []),
        *pieces.ewb_pairs(bill, "EWB No"),
        ("Pl of Supply", pieces.place_of_supply(bill)),
    ]
    below = draw_pairs(sheet, look, x=310, y=below + 2, pairs=facts, size=7.5, indent=68, width=250)
    sheet.rule(302, 18, 302, max(y + 8, below))
    columns = fitted(pieces.without_empty_discount(bill, _COMPACT_COLUMNS), right - left)
    y = draw_table(
        sheet,
        look,
        x=left,
        y=max(y + 12, below + 2),
        columns=columns,
        rows=pieces.rows(bill, columns),
        size=7.5,
        ruling=HAIRLINES,
    )
    _draw_compact_foot(sheet, look, bill, y + 13)


def _draw_compact_foot(sheet: Sheet, look: Look, bill: GstBill, y: float) -> None:
    totals = [("Taxable", bill.taxable), *pieces.tax_totals(bill), *pieces.round_off(bill)]
    below = y
    for label, amount in totals:
        sheet.write(430, below, label, look.font(8))
        sheet.write(568, below, indian(amount), look.font(8), align="right")
        below += 11
    sheet.rule(425, below - 8, 571, below - 8)
    sheet.write(430, below + 3, "NET PAYABLE", look.bold(9.5))
    sheet.write(568, below + 3, indian(bill.total), look.bold(9.5), align="right")
    end = sheet.write_block(24, y, [in_rupee_words(bill.total)], look.bold(7.5), width=380)
    terms = "Goods once sold will not be taken back. Interest at 18% p.a. on overdue bills. E.&O.E."
    end = sheet.write_block(24, end + 2, [terms], look.font(6.5), width=380)
    if bill.einvoice:
        pieces.draw_signed_qr(sheet, bill.einvoice, x=24, y=end + 2)
        pieces.draw_einvoice(sheet, look, bill.einvoice, x=156, y=end + 20, size=7, width=220)
    pieces.draw_signature(sheet, look, bill, right=568, y=below + 24)


def _landscape_columns(bill: GstBill) -> list[Column]:
    taxes = ("igst",) if bill.is_interstate else ("cgst", "sgst")
    columns = [
        Column(key="no", title="Sr.", width=22),
        Column(key="description", title="Name of Product / Service", width=170),
        Column(key="hsn_code", title="HSN / SAC", width=54),
        Column(key="unit", title="UOM", width=32),
        Column(key="quantity", title="Qty", width=40, align="right"),
        Column(key="unit_price", title="Rate", width=58, align="right"),
        Column(key="discount", title="Less: Discount", width=56, align="right"),
        Column(key="taxable_amount", title="Taxable Value", width=76, align="right"),
        Column(key="tax_rate", title="GST Rate", width=38, align="right"),
        *[Column(key=tax, title=tax.upper(), width=66, align="right") for tax in taxes],
        Column(key="total_amount", title="Total", width=80, align="right"),
    ]
    return pieces.without_empty_discount(bill, columns)


def _draw_landscape(sheet: Sheet, look: Look, bill: GstBill) -> None:
    sheet.turn_to_page(A4_LANDSCAPE)
    left, right = 30.0, 812.0
    sheet.write(421, 34, bill.supplier.name.upper(), look.bold(15), align="centre")
    sheet.write(421, 48, ", ".join(bill.supplier.address), look.font(8.5), align="centre")
    sheet.write(421, 60, f"GSTIN : {bill.supplier.gstin}", look.bold(9), align="centre")
    sheet.frame(left, 66, right - left, 17)
    sheet.write(421, 78, "TAX INVOICE", look.bold(11), align="centre")
    y = _draw_landscape_head(sheet, look, bill)
    columns = fitted(_landscape_columns(bill), right - left)
    rows = [*pieces.rows(bill, columns), _landscape_total(bill, columns)]
    y = draw_table(sheet, look, x=left, y=y, columns=columns, rows=rows, size=8, ruling=BOXED)
    totals = [
        ("Total Amount before Tax", bill.taxable),
        *pieces.tax_totals(bill),
        ("Total Tax Amount", bill.tax),
        *pieces.round_off(bill),
        ("Total Amount after Tax", bill.total),
    ]
    below = y + 14
    for label, amount in totals:
        sheet.write(600, below, label, look.font(8.5))
        sheet.write(right - 4, below, indian(amount), look.bold(8.5), align="right")
        below += 13
    sheet.write(left + 4, y + 14, "Total Invoice Amount in words", look.font(7.5))
    words = in_rupee_words(bill.total)
    end = sheet.write_block(left + 4, y + 26, [words], look.bold(8.5), width=280)
    pairs = pieces.bank_pairs(bill)
    draw_pairs(sheet, look, x=left + 4, y=end + 8, pairs=pairs, size=8, indent=50, width=280)
    if bill.einvoice:
        pieces.draw_signed_qr(sheet, bill.einvoice, x=330, y=y + 8)
        pieces.draw_einvoice(sheet, look, bill.einvoice, x=460, y=y + 20, size=7, width=115)
    pieces.draw_signature(sheet, look, bill, right=right - 4, y=below + 14)


def _draw_landscape_head(sheet: Sheet, look: Look, bill: GstBill) -> float:
    facts = [
        ("Invoice No", bill.number),
        ("Invoice Date", f"{bill.day:{look.date_format}}"),
        *([("Due Date", f"{bill.due:{look.date_format}}")] if bill.due else []),
        *pieces.ewb_pairs(bill, "E-Way Bill No"),
        ("Place of Supply", pieces.place_of_supply(bill)),
        ("Reverse Charge (Y/N)", "N"),
    ]
    y = draw_pairs(sheet, look, x=34, y=98, pairs=facts, size=8.5, indent=105, width=370)
    buyer = bill.recipient
    sheet.write(425, 98, "Details of Receiver | Billed to:", look.bold(8.5))
    below = sheet.write_block(425, 111, [buyer.name], look.bold(9.5), width=380)
    lines = [*buyer.address, f"GSTIN : {buyer.gstin}" if buyer.gstin else "GSTIN : Unregistered"]
    below = sheet.write_block(425, below, lines, look.font(8.5), width=380)
    sheet.rule(418, 83, 418, max(y, below))
    return max(y, below)


def _landscape_total(bill: GstBill, columns: tuple[Column, ...]) -> list[str]:
    discount = sum((line.discount for line in bill.lines), ZERO)
    sums = {
        "description": "Total",
        "discount": indian(discount),
        "taxable_amount": indian(bill.taxable),
        "cgst": indian(bill.cgst),
        "sgst": indian(bill.sgst),
        "igst": indian(bill.igst),
        "total_amount": indian(bill.total - bill.round_off),
    }
    return [sums.get(column.key, "") for column in columns]


_PAGED_COLUMNS = (
    Column(key="no", title="S.No", width=26),
    Column(key="description", title="Description", width=180),
    Column(key="hsn_code", title="HSN/SAC", width=56),
    Column(key="quantity", title="Qty", width=42, align="right"),
    Column(key="unit", title="Unit", width=34),
    Column(key="unit_price", title="Rate", width=60, align="right"),
    Column(key="discount", title="Discount", width=54, align="right"),
    Column(key="tax_rate", title="GST", width=34, align="right"),
    Column(key="taxable_amount", title="Taxable Value", width=78, align="right"),
)
ROWS_A_PAGE = 14


def _draw_paged(sheet: Sheet, look: Look, bill: GstBill) -> None:
    columns = fitted(pieces.without_empty_discount(bill, _PAGED_COLUMNS), 515)
    rows = pieces.rows(bill, columns)
    chunks = [rows[start : start + ROWS_A_PAGE] for start in range(0, len(rows), ROWS_A_PAGE)]
    carried = ZERO
    for number, chunk in enumerate(chunks, 1):
        sheet.turn_to_page(A4)
        y = (
            _draw_first_head(sheet, look, bill)
            if number == 1
            else _draw_next_head(sheet, look, bill)
        )
        if number > 1:
            chunk = [_carry(columns, "Brought forward", indian(carried)), *chunk]
        start = (number - 1) * ROWS_A_PAGE
        lines = bill.lines[start : start + ROWS_A_PAGE]
        carried += sum((line.taxable for line in lines), ZERO)
        if number < len(chunks):
            chunk = [*chunk, _carry(columns, "Carried over", indian(carried))]
        y = draw_table(
            sheet, look, x=40, y=y, columns=columns, rows=chunk, size=8.5, ruling=HAIRLINES
        )
        if number == len(chunks):
            _draw_paged_foot(sheet, look, bill, y + 18)
        page = f"Page {number} of {len(chunks)}"
        sheet.write(555, 815, page, look.font(8), align="right")


def _carry(columns: tuple[Column, ...], label: str, amount: str) -> list[str]:
    return ["", label, *[""] * (len(columns) - 3), amount]


def _draw_first_head(sheet: Sheet, look: Look, bill: GstBill) -> float:
    y = sheet.write_block(40, 50, [bill.supplier.name], look.bold(14), width=320)
    lines = [*bill.supplier.address, f"GSTIN: {bill.supplier.gstin}", f"Tel. {bill.supplier.phone}"]
    y = sheet.write_block(40, y, lines, look.font(9), width=320)
    sheet.write(555, 50, "Tax Invoice", look.bold(18), align="right", colour=look.accent)
    if bill.einvoice:
        pieces.draw_signed_qr(sheet, bill.einvoice, x=555 - pieces.QR_SIZE, y=62)
    sheet.rule(40, y + 4, 400, y + 4, width=1.2)
    sheet.write(40, y + 20, "Invoice to", look.font(8))
    y = sheet.write_block(40, y + 33, [bill.recipient.name], look.bold(10), width=320)
    gstin = [f"GSTIN: {bill.recipient.gstin}"] if bill.recipient.gstin else []
    y = sheet.write_block(40, y, [*bill.recipient.address, *gstin], look.font(9), width=320)
    facts = [
        ("Invoice no.", bill.number),
        ("Date of issue", f"{bill.day:{look.date_format}}"),
        *([("Payable by", f"{bill.due:{look.date_format}}")] if bill.due else []),
        ("Place of supply", pieces.place_of_supply(bill)),
        *pieces.ewb_pairs(bill, "e-Way bill no."),
    ]
    y = draw_pairs(sheet, look, x=40, y=y + 8, pairs=facts, size=9, indent=90, width=380)
    if bill.einvoice:
        y = pieces.draw_einvoice(sheet, look, bill.einvoice, x=40, y=y + 2, size=8, width=500)
    return y + 4


def _draw_next_head(sheet: Sheet, look: Look, bill: GstBill) -> float:
    sheet.write(40, 46, bill.supplier.name, look.bold(10))
    dated = f"Invoice no. {bill.number} dated {bill.day:{look.date_format}} (continued)"
    sheet.write(555, 46, dated, look.font(8.5), align="right")
    return 58.0


def _draw_paged_foot(sheet: Sheet, look: Look, bill: GstBill, y: float) -> None:
    totals = [
        ("Taxable value", bill.taxable),
        *pieces.tax_totals(bill),
        *pieces.round_off(bill),
        ("Grand total", bill.total),
    ]
    for label, amount in totals:
        font = look.bold(9.5) if label == "Grand total" else look.font(9)
        sheet.write(380, y, label, font)
        sheet.write(552, y, indian(amount), font, align="right")
        y += 14
    sheet.rule(376, y - 6, 555, y - 6)
    words = f"In words: {in_rupee_words(bill.total)}"
    y = sheet.write_block(40, y + 6, [words], look.bold(9), width=500)
    y = draw_pairs(
        sheet, look, x=40, y=y + 12, pairs=pieces.bank_pairs(bill), size=9, indent=60, width=300
    )
    pieces.draw_signature(sheet, look, bill, right=555, y=y)


COMPACT_LAYOUT = Layout(
    name="gst_compact",
    draw=_draw_compact,
    columns=tuple(column.key for column in _COMPACT_COLUMNS),
    hides=frozenset({"tax_amount"}),
)
LANDSCAPE_LAYOUT = Layout(
    name="gst_landscape",
    draw=_draw_landscape,
    columns=(
        "description",
        "hsn_code",
        "unit",
        "quantity",
        "unit_price",
        "discount",
        "taxable_amount",
        "tax_rate",
        "total_amount",
    ),
)
PAGED_LAYOUT = Layout(
    name="gst_paged",
    draw=_draw_paged,
    columns=tuple(column.key for column in _PAGED_COLUMNS if column.key != "no"),
    hides=frozenset({"tax_amount"}),
)
