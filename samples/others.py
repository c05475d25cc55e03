"""Papers that Docket must leave alone; some of them name a bill or an e-way bill in passing."""

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from samples import identities
from samples.catalogue import GOODS, PERSONS, firm_name, indian_firm
from samples.gst import any_day
from samples.money import indian
from samples.papers import Grid, Pairs, Paragraph, Plain, Signatures


def other_paper(rng: random.Random, kind: str) -> Plain:
    """A paper of this kind: a key of `KINDS`."""
    return KINDS[kind](rng)


def _goods_rows(rng: random.Random, count: int) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (str(number), good.name, good.hsn, str(rng.randrange(2, 400)), good.unit)
        for number, good in enumerate(rng.sample(GOODS, count), 1)
    )


_GOODS_TITLES = ("S.No", "Description of goods", "HSN", "Qty", "Unit")
_GOODS_SHARES = (0.6, 4.0, 1.2, 0.8, 0.8)


def _challan(rng: random.Random) -> Plain:
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


def _lorry_receipt(rng: random.Random) -> Plain:
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


def _purchase_order(rng: random.Random) -> Plain:
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


def _packing_list(rng: random.Random) -> Plain:
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


def _letter(rng: random.Random) -> Plain:
    sender, day = indian_firm(rng), any_day(rng)
    number = identities.bill_number(rng, day)
    return Plain(
        kind="letter",
        letterhead=sender,
        title="",
        blocks=(
            Paragraph(words=f"{sender.city}, {day:%d %B %Y}"),
            Paragraph(words=f"To {rng.choice(PERSONS)}, {firm_name(rng)}"),
            Paragraph(
                words=f"Subject: our invoice no. {number}, payment outstanding", is_heading=True
            ),
            Paragraph(words="Dear customer,"),
            Paragraph(
                words="our books show that the invoice named above has not been settled "
                "although it fell due "
                f"{rng.randrange(12, 60)} days ago. Perhaps it was overlooked during "
                f"the stocktaking. "
                "A copy was sent to your accounts department last week by registered post."
            ),
            Paragraph(
                words="Please let us know by the end of the month when we may expect the "
                "amount, or tell us "
                "what keeps you from paying. If the goods gave reason for complaint, "
                "our sales office "
                "will gladly look into it with you."
            ),
            Paragraph(words="Yours sincerely,"),
            Signatures(names=(rng.choice(PERSONS),)),
        ),
    )


def _contract(rng: random.Random) -> Plain:
    first, second = firm_name(rng), firm_name(rng)
    clauses = (
        "The Warehouse Keeper shall store the goods in dry, locked and insured rooms "
        "and shall keep a "
        "register of every receipt and every delivery, which the Depositor may inspect "
        "on working days.",
        "Storage charges are payable monthly in advance on the basis of a tax invoice "
        "raised by the "
        "Warehouse Keeper. A bill not disputed in writing within fifteen days is deemed accepted.",
        "The Depositor shall furnish the e-way bill number and the invoice of every "
        "consignment before "
        "the vehicle enters the premises. Vehicles without papers may be turned away.",
        "Neither party is liable for delay caused by flood, strike, riot or an order "
        "of the authorities, "
        "provided that it gives notice within three days of the event.",
        "This agreement runs for twenty-four months and renews itself by twelve unless "
        "either party gives "
        "ninety days' notice in writing. The courts of the place of storage have jurisdiction.",
    )
    start = rng.randrange(4, 12)
    blocks = [
        Paragraph(words=f"{start + number}. {clause}")
        for number, clause in enumerate(rng.sample(clauses, 5))
    ]
    return Plain(
        kind="contract_page",
        letterhead=None,
        title="WAREHOUSING AGREEMENT",
        blocks=(
            Paragraph(words=f"between {first} (the Depositor) and {second} (the Warehouse Keeper)"),
            *blocks,
            Signatures(names=("Depositor", "Warehouse Keeper", "Witness")),
        ),
        footer=f"Page {rng.randrange(2, 5)} of {rng.randrange(6, 9)}",
    )


def _email(rng: random.Random) -> Plain:
    day = any_day(rng)
    writer, reader = rng.sample(PERSONS, 2)
    return Plain(
        kind="email",
        letterhead=None,
        title="",
        blocks=(
            Pairs(
                rows=(
                    ("From:", f"{writer} <{writer.split()[-1].lower()}@ovanta.example>"),
                    ("To:", f"{reader} <{reader.split()[-1].lower()}@belvanti.example>"),
                    ("Sent:", f"{day:%A, %d %B %Y} {rng.randrange(8, 19)}:{rng.randrange(60):02d}"),
                    (
                        "Subject:",
                        f"RE: Invoice {identities.bill_number(rng, day)} and truck for Thursday",
                    ),
                )
            ),
            Paragraph(words=f"Hi {reader.split()[-1]},"),
            Paragraph(
                words="attached is the invoice you asked for. The driver says the e-way bill "
                "expires tonight, "
                "can your team extend it on the portal before he reaches the "
                "checkpost? The number is "
                f"{identities.in_fours(identities.eway_number(rng))}."
            ),
            Paragraph(
                words="Two boxes were short in the last lot. We will send them with the next "
                "vehicle and raise "
                "a credit note only if you insist."
            ),
            Paragraph(words=f"Regards, {writer}"),
            Paragraph(words="Please think of the trees before you print this message."),
        ),
        footer="1 of 1",
    )


def _memo(rng: random.Random) -> Plain:
    day = any_day(rng)
    return Plain(
        kind="memo",
        letterhead=None,
        title="INTERNAL MEMO",
        blocks=(
            Pairs(
                rows=(
                    ("To", "All store keepers"),
                    ("From", f"{rng.choice(PERSONS)}, Accounts"),
                    ("Date", f"{day:%d %B %Y}"),
                    ("Re", "Year-end stock count"),
                )
            ),
            Paragraph(
                words=f"The count takes place on {day + timedelta(days=9):%d %B} from seven "
                f"in the morning. No "
                "goods leave the stores on that day. Rejected material is counted "
                "apart and tagged in red."
            ),
            Paragraph(
                words="Bills that arrive after noon belong to the new year. Do not stamp "
                "them before the "
                "count sheets are signed; last year eleven had to be reversed."
            ),
            Grid(
                titles=("Store", "Counter", "Checker"),
                shares=(1, 1.5, 1.5),
                rows=tuple((f"Hall {hall}", *rng.sample(PERSONS, 2)) for hall in "ABCD"),
            ),
        ),
    )


def _form(rng: random.Random) -> Plain:
    return Plain(
        kind="form",
        letterhead=None,
        title="APPLICATION FOR LEAVE",
        blocks=(
            Pairs(
                rows=(
                    ("Employee no.", str(rng.randrange(1_000, 9_999))),
                    ("Name", rng.choice(PERSONS)),
                    ("Department", rng.choice(("Dispatch", "Foundry", "Accounts", "Quality"))),
                    ("Kind of leave", "[x] earned   [ ] sick   [ ] unpaid"),
                    ("From", f"{any_day(rng):%d/%m/%Y}"),
                    ("Number of days", str(rng.randrange(1, 15))),
                    ("Address on leave", ".............................................."),
                    ("Telephone", identities.phone(rng)),
                )
            ),
            Paragraph(
                words="I know that leave without sanction counts as absence and is not paid."
            ),
            Signatures(names=("Applicant", "Head of department", "Sanctioned")),
        ),
        footer=f"Form HR-{rng.randrange(2, 40)} rev. 3",
    )


KINDS: dict[str, Callable[[random.Random], Plain]] = {
    "delivery_challan": _challan,
    "letter": _letter,
    "lorry_receipt": _lorry_receipt,
    "email": _email,
    "purchase_order": _purchase_order,
    "contract_page": _contract,
    "packing_list": _packing_list,
    "memo": _memo,
    "form": _form,
}
