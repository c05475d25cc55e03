"""Invoices of four countries in two dresses: a letter with an address window, and a ruled form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from samples.grid import BOXED, Column, Ruling, banded, draw_pairs, draw_table, fitted
from samples.layouts import Layout
from samples.money import Grouping, english, french, german, plain
from samples.papers import ForeignBill
from samples.sheet import A4, GREY, LETTER, Look, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """The words and habits of a country's invoices."""

    currency: str
    page: tuple[float, float]
    grouping: Grouping
    amount: str
    date_format: str
    title: str
    number: str
    dated: str
    due: str
    bill_to: str
    columns: tuple[str, str, str, str, str, str]
    net: str
    tax: str
    tax_sum: str
    total: str
    tax_id: str
    thanks: str
    decimal_comma: bool = False

    def money(self, amount: object) -> str:
        return self.amount.format(amount)

    def day(self, day: date) -> str:
        return f"{day:{self.date_format}}"


LOCALES = {
    "GB": Locale(
        currency="GBP",
        page=A4,
        grouping=english,
        amount="£{}",
        date_format="%d %B %Y",
        title="INVOICE",
        number="Invoice No",
        dated="Invoice date",
        due="Payment due",
        bill_to="Invoice to",
        columns=("Description", "Qty", "Unit", "Unit price", "VAT", "Net amount"),
        net="Subtotal",
        tax="VAT {}%",
        tax_sum="Total VAT",
        total="Total due",
        tax_id="VAT Reg No",
        thanks="Please quote the invoice number with your payment. Sort code 20-00-55.",
    ),
    "US": Locale(
        currency="USD",
        page=LETTER,
        grouping=english,
        amount="${}",
        date_format="%m/%d/%Y",
        title="INVOICE",
        number="Invoice #",
        dated="Date",
        due="Due date",
        bill_to="Bill to",
        columns=("Description", "Qty", "Unit", "Price", "Tax", "Amount"),
        net="Subtotal",
        tax="Sales tax {}%",
        tax_sum="Total tax",
        total="TOTAL DUE",
        tax_id="EIN",
        thanks="Make checks payable to the company above. Thank you for your business!",
    ),
    "DE": Locale(
        currency="EUR",
        page=A4,
        grouping=german,
        amount="{} €",
        date_format="%d.%m.%Y",
        title="Rechnung",
        number="Rechnungsnummer",
        dated="Rechnungsdatum",
        due="Zahlbar bis",
        bill_to="Rechnung an",
        columns=("Bezeichnung", "Menge", "Einheit", "Einzelpreis", "MwSt.", "Gesamt netto"),
        net="Nettobetrag",
        tax="zzgl. {} % MwSt.",
        tax_sum="MwSt. gesamt",
        total="Rechnungsbetrag",
        tax_id="USt-IdNr.",
        thanks="Bitte überweisen Sie den Betrag ohne Abzug. Es gelten unsere Geschäftsbedingungen.",
        decimal_comma=True,
    ),
    "FR": Locale(
        currency="EUR",
        page=A4,
        grouping=french,
        amount="{} €",
        date_format="%d/%m/%Y",
        title="FACTURE",
        number="Facture n°",
        dated="Date de facture",
        due="Échéance",
        bill_to="Facturé à",
        columns=("Désignation", "Qté", "Unité", "PU HT", "TVA", "Montant HT"),
        net="Total HT",
        tax="TVA {} %",
        tax_sum="Total TVA",
        total="Total TTC",
        tax_id="N° TVA",
        thanks="Pas d'escompte pour paiement anticipé. Indemnité de recouvrement : 40 €.",
        decimal_comma=True,
    ),
}


def printed_rate(locale: Locale, bill_rate: str) -> str:
    return bill_rate.replace(".", ",") if locale.decimal_comma else bill_rate


def _draw_letter(sheet: Sheet, look: Look, bill: ForeignBill) -> None:
    locale = LOCALES[bill.country]
    sheet.turn_to_page(locale.page)
    left, right = 62.0, locale.page[0] - 56
    supplier = bill.supplier
    sheet.write(right, 58, supplier.name, look.bold(14), align="right", colour=look.accent)
    for number, line in enumerate((*supplier.address, f"Tel. {supplier.phone}")):
        sheet.write(right, 74 + number * 12, line, look.font(9), align="right")
    sheet.write(left, 148, locale.bill_to, look.font(7.5), colour=GREY)
    lines = [bill.recipient.name, *bill.recipient.address]
    y = sheet.write_block(left, 162, lines, look.font(10.5), width=250)
    draw_pairs(
        sheet, look, x=350, y=162, pairs=_facts(locale, bill), size=9, indent=100, width=right - 350
    )
    sheet.write(left, y + 56, f"{locale.title} {bill.number}", look.bold(15))
    ruling = Ruling(has_horizontals=True)
    y = _draw_lines(sheet, look, locale, bill, x=left, y=y + 70, width=right - left, ruling=ruling)
    y = _draw_totals(sheet, look, locale, bill, y=y + 18, right=right)
    sheet.write_block(left, y + 30, [locale.thanks], look.font(9), width=right - left)
    foot = f"{supplier.name} · {', '.join(supplier.address)} · {locale.tax_id} {supplier.tax_id}"
    sheet.rule(left, locale.page[1] - 58, right, locale.page[1] - 58, width=0.4)
    sheet.write(left, locale.page[1] - 46, foot, look.font(7.5), colour=GREY)


def _draw_form(sheet: Sheet, look: Look, bill: ForeignBill) -> None:
    locale = LOCALES[bill.country]
    sheet.turn_to_page(locale.page)
    left, right = 44.0, locale.page[0] - 44
    sheet.write(left, 66, locale.title, look.bold(26), colour=look.accent)
    sheet.fill(left, 76, right - left, 4, look.accent)
    supplier = bill.supplier
    y = sheet.write_block(left, 104, [supplier.name], look.bold(11), width=240)
    lines = [*supplier.address, f"{locale.tax_id}: {supplier.tax_id}"]
    below = sheet.write_block(left, y, lines, look.font(9), width=240)
    sheet.write(310, 104, locale.bill_to.upper(), look.bold(8), colour=look.accent)
    y = sheet.write_block(310, 117, [bill.recipient.name], look.bold(10), width=240)
    y = sheet.write_block(310, y, bill.recipient.address, look.font(9), width=240)
    y = draw_pairs(
        sheet,
        look,
        x=left,
        y=max(below, y) + 16,
        pairs=_facts(locale, bill),
        size=9.5,
        indent=110,
        width=400,
    )
    y = _draw_lines(
        sheet,
        look,
        locale,
        bill,
        x=left,
        y=y + 8,
        width=right - left,
        ruling=banded(look) if look.family == "sans" else BOXED,
    )
    y = _draw_totals(sheet, look, locale, bill, y=y + 18, right=right)
    sheet.write_block(left, y + 26, [locale.thanks], look.font(8.5), width=right - left)


def _facts(locale: Locale, bill: ForeignBill) -> list[tuple[str, str]]:
    return [
        (locale.number, bill.number),
        (locale.dated, locale.day(bill.day)),
        (locale.due, locale.day(bill.due)),
    ]


def _draw_lines(
    sheet: Sheet,
    look: Look,
    locale: Locale,
    bill: ForeignBill,
    *,
    x: float,
    y: float,
    width: float,
    ruling: Ruling,
) -> float:
    widths = (200, 36, 42, 70, 46, 86)
    aligns = ("left", "right", "left", "right", "right", "right")
    columns = fitted(
        [
            Column(key=title, title=title, width=column_width, align=align)
            for title, column_width, align in zip(locale.columns, widths, aligns, strict=True)
        ],
        width,
    )
    rows = [
        [
            line.description,
            plain(line.quantity),
            line.unit,
            locale.grouping(line.unit_price),
            f"{printed_rate(locale, plain(line.rate))}%",
            locale.grouping(line.taxable),
        ]
        for line in bill.lines
    ]
    return draw_table(sheet, look, x=x, y=y, columns=columns, rows=rows, size=9, ruling=ruling)


def _draw_totals(
    sheet: Sheet, look: Look, locale: Locale, bill: ForeignBill, *, y: float, right: float
) -> float:
    for label, amount in _totals(locale, bill):
        sheet.write(right - 190, y, label, look.font(9.5))
        sheet.write(right - 3, y, amount, look.font(9.5), align="right")
        y += 15
    sheet.rule(right - 194, y - 10, right, y - 10, width=1.0)
    sheet.write(right - 190, y + 4, locale.total, look.bold(11))
    total = locale.money(locale.grouping(bill.total))
    sheet.write(right - 3, y + 4, total, look.bold(11), align="right")
    return y + 4


def _totals(locale: Locale, bill: ForeignBill) -> Sequence[tuple[str, str]]:
    rows = [(locale.net, locale.money(locale.grouping(bill.taxable)))]
    for rate, amount in bill.taxes:
        label = locale.tax.format(printed_rate(locale, plain(rate)))
        rows.append((label, locale.money(locale.grouping(amount))))
    if len(bill.taxes) > 1:
        rows.append((locale.tax_sum, locale.money(locale.grouping(bill.tax))))
    return rows


_COLUMNS = ("description", "quantity", "unit", "unit_price", "tax_rate", "taxable_amount")

LETTER_LAYOUT = Layout(name="foreign_letter", draw=_draw_letter, columns=_COLUMNS)
FORM_LAYOUT = Layout(name="foreign_form", draw=_draw_form, columns=_COLUMNS)
