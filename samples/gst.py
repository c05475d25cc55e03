"""Bills under the GST and the e-way bills over them, with sums that close (DOMAIN 3 and 4)."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from samples import codes, identities
from samples.catalogue import GOODS, PERSONS, Good, indian_firm
from samples.money import ZERO, to_cents, to_units
from samples.papers import EInvoice, EwayBill, GstBill, Line, Party

_FIRST_DAY = date(2024, 4, 2)
_LAST_DAY = date(2026, 6, 30)
_KM_PER_DAY = 200
EWAY_BILL_FLOOR = 50_000


def any_day(rng: random.Random, first: date = _FIRST_DAY, last: date = _LAST_DAY) -> date:
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def gst_bill(rng: random.Random, *, line_count: int) -> GstBill:
    """A bill of a chance trade: half of them inside one state, a third of them e-invoices."""
    supplier = indian_firm(rng)
    if rng.random() < 0.5:
        recipient = indian_firm(rng, state=supplier.state_code)
    else:
        recipient = indian_firm(rng, not_in_state=supplier.state_code)
    if rng.random() < 0.12:
        recipient = replace(recipient, gstin="", name=rng.choice(PERSONS))
    return _bill_between(rng, supplier, recipient, line_count=line_count)


def _bill_between(
    rng: random.Random, supplier: Party, recipient: Party, *, line_count: int
) -> GstBill:
    day = any_day(rng)
    interstate = supplier.state_code != recipient.state_code
    has_discounts = rng.random() < 0.4
    lines = tuple(
        _line(
            rng,
            good,
            day=day,
            interstate=interstate,
            is_discounted=has_discounts and rng.random() < 0.7,
        )
        for good in rng.sample(GOODS, line_count)
    )
    exact = sum((line.total for line in lines), ZERO)
    bill = GstBill(
        number=identities.bill_number(rng, day),
        day=day,
        due=day + timedelta(days=rng.choice((7, 15, 30, 45))) if rng.random() < 0.5 else None,
        supplier=supplier,
        recipient=recipient,
        lines=lines,
        round_off=to_units(exact) - exact if rng.random() < 0.8 else ZERO,
        einvoice=None,
        ewb_number="",
    )
    if recipient.gstin and rng.random() < 0.4:
        bill = registered(rng, bill)
    if bill.total > EWAY_BILL_FLOOR and rng.random() < 0.6:
        bill = replace(bill, ewb_number=identities.eway_number(rng))
    return bill


def _line(
    rng: random.Random, good: Good, *, day: date, interstate: bool, is_discounted: bool
) -> Line:
    price = to_cents(Decimal(good.price) * Decimal(rng.randrange(850, 1200)) / 1000)
    quantity = Decimal(max(1, round(rng.uniform(1500, 40_000) / good.price)))
    if good.unit == "KGS" and rng.random() < 0.5:
        quantity += Decimal(rng.randrange(1, 8)) / 8
    gross = to_cents(quantity * price)
    discount = to_cents(gross * rng.choice((2, 3, 5, 10)) / 100) if is_discounted else ZERO
    rate = good.rate(day)
    taxable = gross - discount
    half = ZERO if interstate else to_cents(taxable * rate / 200)
    return Line(
        description=good.name,
        hsn=good.hsn,
        quantity=quantity,
        unit=good.unit,
        unit_price=price,
        discount=discount,
        taxable=taxable,
        rate=rate,
        cgst=half,
        sgst=half,
        igst=to_cents(taxable * rate / 100) if interstate else ZERO,
        cess=to_cents(taxable * good.cess(day) / 100),
    )


def registered(rng: random.Random, bill: GstBill) -> GstBill:
    """The bill as an e-invoice: IRN, acknowledgement and signed QR that agree with it."""
    ack_at = datetime(
        bill.day.year, bill.day.month, bill.day.day, rng.randrange(9, 20), rng.randrange(60)
    )
    irn = identities.irn(supplier_gstin=bill.supplier.gstin, day=bill.day, number=bill.number)
    main = max(bill.lines, key=lambda line: line.taxable)
    return replace(
        bill,
        einvoice=EInvoice(
            irn=irn,
            ack_number=identities.ack_number(rng, bill.day),
            ack_at=ack_at,
            signed_qr=codes.signed_qr(
                rng,
                seller_gstin=bill.supplier.gstin,
                buyer_gstin=bill.recipient.gstin,
                number=bill.number,
                day=bill.day,
                total=bill.total,
                line_count=len(bill.lines),
                main_hsn=main.hsn,
                irn=irn,
                registered_at=ack_at,
            ),
        ),
    )


def eway_bill(rng: random.Random, *, line_count: int) -> EwayBill:
    """An e-way bill over a bill of more than Rs 50,000; some recipients are unregistered."""
    bill = gst_bill(rng, line_count=line_count)
    while bill.total <= EWAY_BILL_FLOOR:
        bill = gst_bill(rng, line_count=line_count)
    return eway_bill_over(rng, bill)


def eway_bill_over(rng: random.Random, bill: GstBill) -> EwayBill:
    """The e-way bill of this bill; it has the bill's number, parties, goods and value."""
    started = bill.day + timedelta(days=rng.choice((0, 0, 0, 1, 2)))
    near, far = (25, 420) if not bill.is_interstate else (180, 2350)
    distance = rng.randrange(near, far)
    mode = "rail" if rng.random() < 0.1 else "road"
    carrier = indian_firm(rng) if mode == "rail" or rng.random() < 0.6 else None
    return EwayBill(
        number=bill.ewb_number or identities.eway_number(rng),
        generated_at=datetime(
            started.year,
            started.month,
            started.day,
            rng.randrange(7, 23),
            rng.randrange(60),
            rng.randrange(60),
        ),
        valid_until=started + timedelta(days=-(-distance // _KM_PER_DAY)),
        bill=bill,
        reason=rng.choices(("Supply", "Line Sales", "Others"), weights=(8, 1, 1))[0],
        mode=mode,
        vehicle="" if mode == "rail" else identities.vehicle_number(rng, bill.supplier.state_code),
        transport_document=f"{rng.randrange(10_000, 99_999)}" if carrier else "",
        transporter=carrier,
        distance_km=distance,
    )
