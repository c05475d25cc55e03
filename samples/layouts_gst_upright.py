"""GST bills on upright A4: the boxed one of accounting packages, and one with a coloured band."""

from samples import gst_pieces as pieces
from samples.grid import BOXED, COLUMNS_ONLY, Column, banded, draw_pairs, draw_table, fitted
from samples.layouts import Layout
from samples.money import in_rupee_words, indian, plain
from samples.papers import GstBill, Party
from samples.sheet import A4, WHITE, Look, Sheet

_LEFT, _WIDTH = 34.0, 527.0
_RIGHT = _LEFT + _WIDTH

_BOXED_COLUMNS = (
    Column(key="no", title="Sl No.", width=24, align="centre"),
    Column(key="description", title="Description of Goods", width=165),
    Column(key="hsn_code", title="HSN/SAC", width=54),
    Column(key="tax_rate", title="GST Rate", width=34, align="right"),
    Column(key="quantity", title="Quantity", width=46, align="right"),
    Column(key="unit_price", title="Rate", width=58, align="right"),
    Column(key="unit", title="per", width=30),
    Column(key="discount", title="Discount", width=52, align="right"),
    Column(key="taxable_amount", title="Amount", width=76, align="right"),
)


def _draw_boxed(sheet: Sheet, look: Look, bill: GstBill) -> None:
    sheet.turn_to_page(A4)
    sheet.write(A4[0] / 2, 38, "Tax Invoice", look.bold(13), align="centre")
    sheet.write(_RIGHT, 38, "(ORIGINAL FOR RECIPIENT)", look.font(7.5), align="right")
    top = 50.0
    if bill.einvoice:
        sheet.write(_RIGHT - 61, top, "e-Invoice", look.bold(8), align="centre")
        pieces.draw_einvoice(sheet, look, bill.einvoice, x=_LEFT, y=top + 20, size=8, width=370)
        pieces.draw_signed_qr(sheet, bill.einvoice, x=_RIGHT - pieces.QR_SIZE, y=top + 6)
        top += pieces.QR_SIZE + 14
    y = _draw_boxed_head(sheet, look, bill, top)
    columns = fitted(pieces.without_empty_discount(bill, _BOXED_COLUMNS), _WIDTH)
    y = draw_table(
        sheet,
        look,
        x=_LEFT,
        y=y,
        columns=columns,
        rows=[*pieces.rows(bill, columns), *_boxed_totals(bill, columns)],
        size=8,
        ruling=COLUMNS_ONLY,
        least_height=150,
    )
    y = _draw_boxed_foot(sheet, look, bill, y)
    sheet.frame(_LEFT, top, _WIDTH, y - top, line=0.9)
    sheet.write(
        A4[0] / 2, y + 14, "This is a Computer Generated Invoice", look.font(7.5), align="centre"
    )


def _boxed_totals(bill: GstBill, columns: tuple[Column, ...]) -> list[list[str]]:
    """Totals as rows of the table, words in the description, sums in the last column."""
    totals = [*pieces.tax_totals(bill), *pieces.round_off(bill), ("Total", bill.total)]
    return [
        ["", label, *[""] * (len(columns) - 3), indian(amount)]
        for label, amount in [("Taxable Value", bill.taxable), *totals]
    ]


def _draw_boxed_head(sheet: Sheet, look: Look, bill: GstBill, top: float) -> float:
    half = _WIDTH / 2
    y = top
    for label, party in (
        ("", bill.supplier),
        ("Consignee (Ship to)", bill.recipient),
        ("Buyer (Bill to)", bill.recipient),
    ):
        y = _draw_boxed_party(sheet, look, party, label, y)
        sheet.rule(_LEFT, y - 6, _LEFT + half, y - 6)
    facts = [
        ("Invoice No.", bill.number),
        ("Dated", f"{bill.day:{look.date_format}}"),
        *pieces.ewb_pairs(bill, "e-Way Bill No."),
        ("Place of Supply", pieces.place_of_supply(bill)),
        ("Delivery Note", ""),
        ("Mode/Terms of Payment", "Credit" if bill.due else "Advance"),
        *([("Due Date", f"{bill.due:{look.date_format}}")] if bill.due else []),
        ("Destination", bill.recipient.city),
        ("Reverse Charge", "No"),
    ]
    step = (y - 6 - top) / 5
    for number, (label, value) in enumerate(facts):
        x = _LEFT + half + (number % 2) * half / 2
        row = top + (number // 2) * step
        sheet.write(x + 4, row + 9, label, look.font(7))
        sheet.write(x + 4, row + 20, value, look.bold(8.5))
        sheet.frame(x, row, half / 2, step, line=0.4)
    sheet.rule(_LEFT + half, top, _LEFT + half, y - 6)
    return y - 6


def _draw_boxed_party(sheet: Sheet, look: Look, party: Party, label: str, y: float) -> float:
    y += 10
    if label:
        sheet.write(_LEFT + 4, y, label, look.font(7))
        y += 10
    width = _WIDTH / 2 - 8
    y = sheet.write_block(_LEFT + 4, y, [party.name], look.bold(9), width=width)
    return sheet.write_block(_LEFT + 4, y, pieces.party_lines(party), look.font(8), width=width)


def _draw_boxed_foot(sheet: Sheet, look: Look, bill: GstBill, y: float) -> float:
    sheet.write(_LEFT + 4, y + 10, "Amount Chargeable (in words)", look.font(7))
    sheet.write(_RIGHT - 4, y + 10, "E. & O.E", look.font(7), align="right")
    words = [f"INR {in_rupee_words(bill.total)}"]
    y = sheet.write_block(_LEFT + 4, y + 21, words, look.bold(8.5), width=_WIDTH - 8)
    columns = fitted(
        (
            Column(key="hsn", title="HSN/SAC", width=200),
            Column(key="base", title="Taxable Value", width=100, align="right"),
            Column(key="rate", title="Rate", width=60, align="right"),
            Column(key="tax", title="Tax Amount", width=100, align="right"),
        ),
        _WIDTH,
    )
    rows = [
        [hsn, indian(base), f"{plain(rate)}%", indian(tax)]
        for (hsn, rate), base, tax in pieces.summary(bill)
    ]
    rows.append(["Total", indian(bill.taxable), "", indian(bill.tax)])
    y = draw_table(sheet, look, x=_LEFT, y=y, columns=columns, rows=rows, size=7.5, ruling=BOXED)
    words = [f"Tax Amount (in words) : INR {in_rupee_words(bill.tax)}"]
    y = sheet.write_block(_LEFT + 4, y + 12, words, look.font(7.5), width=_WIDTH - 8)
    declaration = [
        "Declaration",
        "We declare that this invoice shows the actual price of the goods described",
        "and that all particulars are true and correct.",
    ]
    sheet.write_block(_LEFT + 4, y + 8, declaration, look.font(7), width=300)
    pieces.draw_signature(sheet, look, bill, right=_RIGHT - 6, y=y + 8)
    return y + 58


_BAND_COLUMNS = (
    Column(key="no", title="#", width=18),
    Column(key="description", title="Item", width=150),
    Column(key="hsn_code", title="HSN", width=52),
    Column(key="quantity", title="Qty", width=38, align="right"),
    Column(key="unit", title="Unit", width=32),
    Column(key="unit_price", title="Price", width=58, align="right"),
    Column(key="discount", title="Discount", width=52, align="right"),
    Column(key="tax_rate", title="GST", width=32, align="right"),
    Column(key="tax", title="Tax", width=58, align="right"),
    Column(key="total_amount", title="Amount", width=72, align="right"),
)


def _draw_band(sheet: Sheet, look: Look, bill: GstBill) -> None:
    sheet.turn_to_page(A4)
    sheet.fill(0, 0, A4[0], 86, look.accent)
    sheet.write(_LEFT, 40, bill.supplier.name, look.bold(17), colour=WHITE)
    sheet.write(_LEFT, 58, ", ".join(bill.supplier.address), look.font(8.5), colour=WHITE)
    contact = f"GSTIN {bill.supplier.gstin}   |   {bill.supplier.phone}   |   {bill.supplier.email}"
    sheet.write(_LEFT, 72, contact, look.font(8.5), colour=WHITE)
    sheet.write(_RIGHT, 112, "TAX INVOICE", look.bold(16), align="right")
    y = max(_draw_band_buyer(sheet, look, bill), _draw_band_facts(sheet, look, bill))
    columns = fitted(pieces.without_empty_discount(bill, _BAND_COLUMNS), _WIDTH)
    y = draw_table(
        sheet,
        look,
        x=_LEFT,
        y=y + 8,
        columns=columns,
        rows=pieces.rows(bill, columns),
        size=8.5,
        ruling=banded(look),
    )
    _draw_band_foot(sheet, look, bill, y + 18)


def _draw_band_buyer(sheet: Sheet, look: Look, bill: GstBill) -> float:
    buyer = bill.recipient
    sheet.write(_LEFT, 112, "BILL TO", look.bold(8), colour=look.accent)
    y = sheet.write_block(_LEFT, 126, [buyer.name], look.bold(10.5), width=270)
    gstin = [f"GSTIN: {buyer.gstin}"] if buyer.gstin else []
    return sheet.write_block(_LEFT, y, [*buyer.address, *gstin], look.font(9), width=270)


def _draw_band_facts(sheet: Sheet, look: Look, bill: GstBill) -> float:
    facts = [
        ("Invoice number", bill.number),
        ("Invoice date", f"{bill.day:{look.date_format}}"),
        *([("Due date", f"{bill.due:{look.date_format}}")] if bill.due else []),
        ("Place of supply", pieces.place_of_supply(bill)),
        ("Reverse charge", "No"),
        *pieces.ewb_pairs(bill, "E-way bill no."),
    ]
    return draw_pairs(sheet, look, x=355, y=130, pairs=facts, size=9, indent=82, width=_RIGHT - 355)


def _draw_band_foot(sheet: Sheet, look: Look, bill: GstBill, y: float) -> None:
    totals = [
        ("Taxable amount", bill.taxable),
        *pieces.tax_totals(bill),
        ("Total tax", bill.tax),
        *pieces.round_off(bill),
    ]
    below = y
    for label, amount in totals:
        sheet.write(370, below, label, look.font(9))
        sheet.write(_RIGHT - 3, below, indian(amount), look.font(9), align="right")
        below += 14
    sheet.fill(362, below - 8, _RIGHT - 362, 22, look.accent)
    sheet.write(370, below + 7, "Total (INR)", look.bold(11), colour=WHITE)
    total = f"Rs. {indian(bill.total)}"
    sheet.write(_RIGHT - 3, below + 7, total, look.bold(11), align="right", colour=WHITE)
    sheet.write(_LEFT, y, "Amount in words", look.font(7.5), colour=look.accent)
    words = sheet.write_block(_LEFT, y + 12, [in_rupee_words(bill.total)], look.bold(9), width=300)
    under = draw_pairs(
        sheet,
        look,
        x=_LEFT,
        y=words + 12,
        pairs=pieces.bank_pairs(bill),
        size=8.5,
        indent=46,
        width=300,
    )
    if bill.einvoice:
        pieces.draw_signed_qr(sheet, bill.einvoice, x=_LEFT, y=under + 6)
        pieces.draw_einvoice(
            sheet, look, bill.einvoice, x=_LEFT + 132, y=under + 40, size=7.5, width=190
        )
    pieces.draw_signature(sheet, look, bill, right=_RIGHT, y=below + 60)


BOXED_LAYOUT = Layout(
    name="gst_boxed",
    draw=_draw_boxed,
    columns=(
        "description",
        "hsn_code",
        "tax_rate",
        "quantity",
        "unit_price",
        "unit",
        "discount",
        "taxable_amount",
    ),
)
BAND_LAYOUT = Layout(
    name="gst_band",
    draw=_draw_band,
    columns=(
        "description",
        "hsn_code",
        "quantity",
        "unit",
        "unit_price",
        "discount",
        "tax_rate",
        "total_amount",
    ),
)
