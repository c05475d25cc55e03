"""Papers of a trade that go with goods and are neither bill nor e-way bill."""

import random
from datetime import timedelta
from decimal import Decimal

from samples import identities
from samples.catalogue import GOODS, indian_firm
from samples.gst import any_day
from samples.money import indian
from samples.papers import Grid, Pairs, Paragraph, Plain, Signatures


def _goods_rows(rng: random.Random, count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (str(number), good.name, good.hsn, str(rng.randrange(2, 400)), good.unit)
        for number, good in enumerate(rng.sample(GOODS, count), 1)
    )


_GOODS_TITLES = ("S.No", "Description of goods", "HSN", "Qty", "Unit")
_GOODS_SHARES = (0.6, 4.0, 1.2, 0.8, 0.8)


def delivery_challan(rng: random.Random) -> Plain:
    """Goods sent without a sale, under an e-way bill all the same."""
    sender, receiver, day = indian_firm(rng), indian_firm(rng), any_day(rng)
    return Plain(
        kind="delivery_challan",
        letterhead=sender,
        title="DELIVERY CHALLAN",
        blocks=(
            Pairs(
                rows=(
                    ("Challan No.", f"DC/{rng.randrange(10, 999)}"),
                    ("Date", f"{day:%d-%m-%Y}"),
                    ("Sent to", f"{receiver.name}, {receiver.city}"),
                    ("GSTIN", receiver.gstin),
                    ("e-Way Bill No.", identities.in_fours(identities.eway_number(rng))),
                    ("Vehicle No.", identities.vehicle_number(rng, sender.state_code)),
                    ("Purpose", rng.choice(("Job work", "Sale on approval", "Exhibition"))),
                )
            ),
            Grid(
                titles=_GOODS_TITLES,
                shares=_GOODS_SHARES,
                rows=_goods_rows(rng, rng.randrange(2, 7)),
            ),
            Paragraph(
                words="Not for sale. Material to be returned within 180 days. No commercial value."
            ),
            Signatures(names=("Prepared by", "Received in good condition")),
        ),
    )


def lorry_receipt(rng: random.Random) -> Plain:
    """The carrier's note; it names the bill and the e-way bill of the load."""
    carrier, sender, receiver = indian_firm(rng), indian_firm(rng), indian_firm(rng)
    day = any_day(rng)
    freight = Decimal(rng.randrange(2_500, 48_000))
    return Plain(
        kind="lorry_receipt",
        letterhead=carrier,
        title="CONSIGNMENT NOTE",
        blocks=(
            Pairs(
                rows=(
                    ("L.R. No.", str(rng.randrange(10_000, 99_999))),
                    ("Date", f"{day:%d/%m/%Y}"),
                    ("From", sender.city),
                    ("To", receiver.city),
                    ("Consignor", sender.name),
                    ("Consignee", receiver.name),
                    ("Lorry No.", identities.vehicle_number(rng, carrier.state_code)),
                    (
                        "Invoice No. & value",
                        f"{identities.bill_number(rng, day)} / Rs. {indian(freight * 12)}",
                    ),
                    ("E-way bill no.", identities.eway_number(rng)),
                )
            ),
            Grid(
                titles=(
                    "Packages",
                    "Said to contain",
                    "Actual wt. kg",
                    "Charged wt. kg",
                    "Freight Rs.",
                ),
                shares=(1, 3, 1.2, 1.2, 1.2),
                rows=(
                    (
                        str(rng.randrange(4, 90)),
                        rng.choice(GOODS).name,
                        str(rng.randrange(300, 4000)),
                        str(rng.randrange(4000, 9000)),
                        indian(freight),
                    ),
                ),
            ),
            Paragraph(
                words="At owner's risk. The carrier is not liable for leakage, breakage or "
                "delay on the road."
            ),
            Paragraph(
                words=rng.choice(("Freight TO PAY", "Freight PAID", "Freight TO BE BILLED")),
                is_heading=True,
            ),
            Signatures(names=("For the carrier", "Consignee's signature and seal")),
        ),
    )


def purchase_order(rng: random.Random) -> Plain:
    """A table with prices and a sum that is not a bill."""
    buyer, seller, day = indian_firm(rng), indian_firm(rng), any_day(rng)
    rows, total = [], Decimal(0)
    for number, good in enumerate(rng.sample(GOODS, rng.randrange(2, 6)), 1):
        quantity = rng.randrange(5, 200)
        total += quantity * good.price
        rows.append(
            (
                str(number),
                good.name,
                f"{quantity} {good.unit}",
                indian(Decimal(good.price)),
                indian(Decimal(quantity * good.price)),
            )
        )
    return Plain(
        kind="purchase_order",
        letterhead=buyer,
        title="PURCHASE ORDER",
        blocks=(
            Pairs(
                rows=(
                    ("P.O. No.", f"PO-{day:%y%m}-{rng.randrange(10, 999)}"),
                    ("P.O. Date", f"{day:%d %b %Y}"),
                    ("Supplier", f"{seller.name}, {seller.city}"),
                    ("Deliver by", f"{day + timedelta(days=21):%d %b %Y}"),
                )
            ),
            Grid(
                titles=("#", "Material", "Quantity", "Rate", "Value"),
                shares=(0.4, 3.2, 1, 1, 1.2),
                rows=(*rows, ("", "Order value (taxes extra)", "", "", indian(total))),
            ),
            Paragraph(
                words="Quote this order number on your tax invoice and delivery challan. "
                "Bills without it will be returned. Payment 45 days after receipt of material."
            ),
            Signatures(names=("Purchase Manager", "Accepted by supplier")),
        ),
    )


def packing_list(rng: random.Random) -> Plain:
    """What is in which case, against a bill."""
    sender, day = indian_firm(rng), any_day(rng)
    return Plain(
        kind="packing_list",
        letterhead=sender,
        title="PACKING LIST",
        blocks=(
            Pairs(
                rows=(
                    ("Packing list no.", f"PL{rng.randrange(100, 9999)}"),
                    ("Date", f"{day:%d.%m.%Y}"),
                    ("Against invoice no.", identities.bill_number(rng, day)),
                    ("Consignee", indian_firm(rng).name),
                    (
                        "Gross / net weight",
                        f"{rng.randrange(600, 900)} kg / {rng.randrange(400, 599)} kg",
                    ),
                )
            ),
            Grid(
                titles=("Case", "Contents", "HSN", "Pieces", "Unit"),
                shares=_GOODS_SHARES,
                rows=_goods_rows(rng, rng.randrange(3, 9)),
            ),
            Signatures(names=("Packed by", "Checked by")),
        ),
    )
