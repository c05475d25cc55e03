"""What a perfect reader would take from a paper in a layout: the fields of the truth file.

Values are normalised (ISO dates, decimals with a point); a field that the layout does not print
is not in the truth.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from samples import layouts_eway
from samples.gst_pieces import place_of_supply
from samples.layouts import Layout
from samples.layouts_abroad import LOCALES
from samples.money import plain
from samples.papers import EwayBill, ForeignBill, GstBill, Line, Party, Receipt

Fields = dict[str, Any]
_TAX_FIELDS = ("cgst_amount", "sgst_amount", "igst_amount", "cess_amount")


def gst_fields(bill: GstBill, layout: Layout[GstBill]) -> Fields:
    taxes = (
        {"igst_amount": bill.igst}
        if bill.is_interstate
        else {"cgst_amount": bill.cgst, "sgst_amount": bill.sgst}
    )
    fields = {
        "document_number": bill.number,
        "document_date": bill.day.isoformat(),
        "due_date": bill.due.isoformat() if bill.due else "",
        **_supplier(bill.supplier),
        **_recipient(bill.recipient),
        "place_of_supply": place_of_supply(bill),
        "currency": "INR",
        "taxable_amount": bill.taxable,
        **taxes,
        "cess_amount": bill.cess or "",
        "tax_amount": bill.tax,
        "round_off": bill.round_off or "",
        "total_amount": bill.total,
        "irn": bill.einvoice.irn if bill.einvoice else "",
        "ack_number": bill.einvoice.ack_number if bill.einvoice else "",
        "ewb_number": bill.ewb_number,
        "line_items": [_line(line, layout.columns) for line in bill.lines],
    }
    has_single_tax = sum(1 for name in _TAX_FIELDS if fields.get(name, "") != "") == 1
    hides = layout.hides - {"tax_amount"} if has_single_tax else layout.hides
    return _printed(fields, hides)


def eway_fields(eway: EwayBill, layout: Layout[EwayBill]) -> Fields:
    bill = eway.bill
    fields = {
        "ewb_number": eway.number,
        "generated_at": eway.generated_at.strftime("%Y-%m-%dT%H:%M"),
        "generated_by": layouts_eway.generated_by(eway),
        "valid_until": eway.valid_until.isoformat(),
        "supplier_gstin": layouts_eway.gstin_or_urp(bill.supplier),
        "recipient_gstin": layouts_eway.gstin_or_urp(bill.recipient),
        "dispatch_from": layouts_eway.place(bill.supplier),
        "deliver_to": layouts_eway.place(bill.recipient),
        "document_type": "INV",
        "document_number": bill.number,
        "document_date": bill.day.isoformat(),
        "total_invoice_value": bill.total,
        "hsn_code": layouts_eway.main_hsn(eway),
        "reason": eway.reason,
        "transport_mode": eway.mode,
        "vehicle_number": eway.vehicle,
        "transporter_id": eway.transporter.gstin if eway.transporter else "",
        "distance_km": eway.distance_km,
        "items": [_line(line, layout.columns) for line in bill.lines],
    }
    return _printed(fields, layout.hides)


def foreign_fields(bill: ForeignBill, layout: Layout[ForeignBill]) -> Fields:
    fields = {
        "document_number": bill.number,
        "document_date": bill.day.isoformat(),
        "due_date": bill.due.isoformat(),
        **_supplier(bill.supplier),
        **_recipient(bill.recipient),
        "currency": LOCALES[bill.country].currency,
        "taxable_amount": bill.taxable,
        "tax_amount": bill.tax,
        "total_amount": bill.total,
        "line_items": [_line(line, layout.columns) for line in bill.lines],
    }
    return _printed(fields, layout.hides)


def receipt_fields(receipt: Receipt, layout: Layout[Receipt]) -> Fields:
    fields = {
        "document_number": receipt.number,
        "document_date": receipt.at.date().isoformat(),
        **_supplier(receipt.supplier),
        "currency": receipt.currency,
        **{charge.field: charge.amount for charge in receipt.charges if charge.field},
        "total_amount": receipt.total,
        "line_items": [_line(line, layout.columns) for line in receipt.lines],
    }
    return _printed(fields, layout.hides)


def _supplier(party: Party) -> Fields:
    return {
        "supplier_name": party.name,
        "supplier_address": ", ".join(party.address),
        "supplier_gstin": party.gstin,
        "supplier_tax_id": party.tax_id,
    }


def _recipient(party: Party) -> Fields:
    return {
        "recipient_name": party.name,
        "recipient_address": ", ".join(party.address),
        "recipient_gstin": party.gstin,
    }


def _line(line: Line, columns: tuple[str, ...]) -> Fields:
    values = {
        "description": line.description,
        "hsn_code": line.hsn,
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "unit_price": line.unit_price,
        "discount": line.discount or "",
        "taxable_amount": line.taxable,
        "tax_rate": plain(line.rate),
        "total_amount": line.total,
    }
    return {
        name: _written(values[name]) for name in values if name in columns and values[name] != ""
    }


def _printed(fields: Mapping[str, Any], hides: frozenset[str]) -> Fields:
    return {
        name: _written(value) for name, value in fields.items() if name not in hides and value != ""
    }


def _written(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, Decimal) else value
