"""Receipts: a shop's roll, a restaurant's, Malaysian tills, an Indian shop with a payment QR."""

import random
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal

from samples import codes, identities
from samples.catalogue import indian_firm
from samples.gst import any_day
from samples.money import ZERO, to_cents, to_units
from samples.papers import Charge, Line, Party, Receipt

_FIVE_SEN = Decimal("0.05")

_MALAYSIAN_WARES = (
    ("A4 FILE 2-RING BLUE", 690),
    ("PVC PIPE FITTING 25MM", 380),
    ('MASKING TAPE 2"', 455),
    ("NASI LEMAK AYAM", 890),
    ("TEH TARIK", 250),
    ("CABLE TIE 200MM", 599),
    ("GLOVE RUBBER L", 312),
)
_MALAYSIAN_FIRMS = (
    "ORVANTE HARDWARE SDN BHD",
    "KEDAI SELANORA SDN BHD",
    "TIMBORA TRADING (M) SDN BHD",
)
_MALAYSIAN_PLACES = (
    ("NO 17, JALAN MELATIKA 3/2", "TAMAN PUTERIWAN", "81100 JOHOR BAHRU, JOHOR"),
    ("LOT 8-G, JALAN SERUNAI", "BANDAR BARU KENANGA", "43000 KAJANG, SELANGOR"),
)
_BRITISH_WARES = (
    ("Semi skimmed milk 2L", 155),
    ("Wholemeal loaf", 120),
    ("Cheddar 350g", 325),
    ("Free range eggs x12", 310),
    ("Tea bags 80", 240),
    ("Bin liners 20", 185),
    ("Apples loose", 97),
)
_AMERICAN_DISHES = (
    ("Grilled trout", 2450),
    ("House salad", 950),
    ("Corn chowder", 800),
    ("Iced tea", 375),
    ("Berry cobbler", 725),
    ("Burger, medium", 1695),
)
_INDIAN_DISHES = (
    ("Paneer Tikka", 28500),
    ("Dal Makhani", 24000),
    ("Butter Naan", 5500),
    ("Veg Biryani", 26000),
    ("Masala Chaas", 7000),
    ("Gulab Jamun 2 pc", 9000),
)
_INDIAN_WARES = (
    ("Toor dal 1 kg", 16800),
    ("Steel tumbler", 12500),
    ("Detergent 1 kg", 13800),
    ("Jaggery 500 g", 6200),
    ("Cotton towel", 24900),
    ("Incense sticks", 5500),
)


def receipt(rng: random.Random, kind: str) -> Receipt:
    """A receipt of this kind: a key of `KINDS`."""
    return KINDS[kind](rng)


def _lines(rng: random.Random, wares: tuple[tuple[str, int], ...], most: int) -> tuple[Line, ...]:
    lines = []
    for name, cents in rng.sample(wares, rng.randrange(2, most)):
        quantity = Decimal(rng.choice((1, 1, 1, 2, 3)))
        price = Decimal(cents) / 100
        lines.append(
            Line(
                description=name,
                quantity=quantity,
                unit_price=to_cents(price),
                taxable=to_cents(price * quantity),
                rate=ZERO,
            )
        )
    return tuple(lines)


def _sum(lines: tuple[Line, ...]) -> Decimal:
    return sum((line.taxable for line in lines), ZERO)


def _moment(rng: random.Random, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, rng.randrange(8, 22), rng.randrange(60))


def _cash(total: Decimal, notes: int) -> tuple[Charge, ...]:
    """Paid with whole notes, the smallest number of them that is enough."""
    paid = to_cents((total / notes).to_integral_value(ROUND_CEILING) * notes)
    return (Charge(label="CASH", amount=paid), Charge(label="CHANGE", amount=paid - total))


def _malaysian(rng: random.Random) -> Receipt:
    is_gst = rng.random() < 0.5
    day = any_day(rng, date(2015, 6, 1), date(2018, 5, 20)) if is_gst else any_day(rng)
    lines = _lines(rng, _MALAYSIAN_WARES, 6)
    percent = 6 if is_gst else 8
    net = _sum(lines)
    tax = to_cents(net * percent / 100)
    total = to_cents(((net + tax) / _FIVE_SEN).quantize(Decimal(1)) * _FIVE_SEN)
    name = rng.choice(_MALAYSIAN_FIRMS)
    return Receipt(
        supplier=Party(
            name=name,
            address=rng.choice(_MALAYSIAN_PLACES),
            city="",
            postcode="",
            tax_id=identities.malaysian_gst_id(rng)
            if is_gst
            else identities.malaysian_sst_number(rng),
            phone=f"0{rng.randrange(3, 8)}-{rng.randrange(1_000_000, 9_999_999)}",
        ),
        tax_id_label="GST ID NO" if is_gst else "SST NO",
        registration=f"({rng.randrange(100_000, 999_999)}-{rng.choice('HKTVWX')})",
        title="TAX INVOICE" if is_gst else "CASH BILL",
        number_label=rng.choice(("INVOICE NO", "BILL NO", "RECEIPT NO")),
        number=f"{rng.choice(('CS', 'TI', 'R'))}{rng.randrange(10_000, 999_999):07d}",
        at=_moment(rng, day),
        date_format=rng.choice(("%d/%m/%Y", "%d-%m-%Y", "%d-%m-%y")),
        currency="MYR",
        currency_mark="RM",
        lines=lines,
        charges=(
            Charge(label="SUBTOTAL", amount=net, field="taxable_amount"),
            Charge(
                label=f"{'GST' if is_gst else 'SST'} {percent}%", amount=tax, field="tax_amount"
            ),
            Charge(label="ROUNDING", amount=total - net - tax, field="round_off"),
        ),
        total_label="TOTAL",
        total=total,
        after_total=_cash(total, 10),
        notes=("GOODS SOLD ARE NOT RETURNABLE", "THANK YOU, PLEASE COME AGAIN"),
    )


def _shop(rng: random.Random) -> Receipt:
    lines = _lines(rng, _BRITISH_WARES, 7)
    total = _sum(lines)
    return Receipt(
        supplier=Party(
            name=rng.choice(("Wrenfold Stores", "Maddle & Thyme Grocers", "Copperlea Minimarket")),
            address=(f"{rng.randrange(2, 160)} Fairbarn Road", "Exeter EX4 6PR"),
            city="Exeter",
            postcode="EX4 6PR",
            tax_id=identities.uk_vat(rng),
            phone=identities.phone(rng),
        ),
        tax_id_label="VAT NO",
        registration="",
        title="",
        number_label="Receipt",
        number=f"{rng.randrange(1_000, 9_999)}-{rng.randrange(10, 99)}",
        at=_moment(rng, any_day(rng)),
        date_format="%d %b %Y",
        currency="GBP",
        currency_mark="£",
        lines=lines,
        charges=(),
        total_label="TOTAL",
        total=total,
        after_total=rng.choice((_cash(total, 5), (Charge(label="CARD", amount=total),))),
        notes=("Keep this receipt for refunds.", "Thank you for shopping locally"),
    )


def _restaurant(rng: random.Random) -> Receipt:
    return _american_table(rng) if rng.random() < 0.5 else _indian_table(rng)


def _american_table(rng: random.Random) -> Receipt:
    lines = _lines(rng, _AMERICAN_DISHES, 6)
    net = _sum(lines)
    tax = to_cents(net * Decimal("0.0775"))
    return Receipt(
        supplier=Party(
            name=rng.choice(("The Brass Heron", "Fennimore's Table")),
            address=(f"{rng.randrange(100, 900)} Ferry Street", "Duluth, MN 55802"),
            city="Duluth",
            postcode="55802",
            phone=f"(218) 555-{rng.randrange(100, 199):04d}",
        ),
        tax_id_label="",
        registration="",
        title="GUEST CHECK",
        number_label="Check #",
        number=f"{rng.randrange(10_000, 99_999)}",
        at=_moment(rng, any_day(rng)),
        date_format="%m/%d/%Y",
        currency="USD",
        currency_mark="$",
        lines=lines,
        charges=(
            Charge(label="Subtotal", amount=net, field="taxable_amount"),
            Charge(label="Sales tax 7.75%", amount=tax, field="tax_amount"),
        ),
        total_label="Total due",
        total=net + tax,
        after_total=(),
        notes=("Suggested tip 18% " + str(to_cents(net * Decimal("0.18"))), "Come back soon!"),
    )


def _indian_table(rng: random.Random) -> Receipt:
    lines = _lines(rng, _INDIAN_DISHES, 6)
    net = _sum(lines)
    half = to_cents(net * Decimal("0.025"))
    total = to_units(net + 2 * half)
    return _indian(
        rng,
        name=rng.choice(("Zaikora Family Restaurant", "Thali Mandira Veg")),
        title="TAX INVOICE",
        lines=lines,
        charges=(
            Charge(label="Sub Total", amount=net, field="taxable_amount"),
            Charge(label="CGST @ 2.5%", amount=half, field="cgst_amount"),
            Charge(label="SGST @ 2.5%", amount=half, field="sgst_amount"),
            Charge(label="Round Off", amount=total - net - 2 * half, field="round_off"),
        ),
        total=total,
        has_upi=False,
    )


def _retail(rng: random.Random) -> Receipt:
    lines = _lines(rng, _INDIAN_WARES, 6)
    return _indian(
        rng,
        name=rng.choice(("Suvidhika Super Bazaar", "Gharmitra Provision Store")),
        title="RETAIL INVOICE",
        lines=lines,
        charges=(),
        total=_sum(lines),
        has_upi=True,
    )


def _indian(
    rng: random.Random,
    *,
    name: str,
    title: str,
    lines: tuple[Line, ...],
    charges: tuple[Charge, ...],
    total: Decimal,
    has_upi: bool,
) -> Receipt:
    supplier = indian_firm(rng, name=name)
    number = f"{rng.choice('ABKS')}-{rng.randrange(100, 9_999)}"
    handle = f"{name.split()[0].lower()}@okexample"
    link = codes.upi_link(payee=handle, name=name, amount=total, note=number)
    return Receipt(
        supplier=supplier,
        tax_id_label="GSTIN",
        registration="",
        title=title,
        number_label="Bill No",
        number=number,
        at=_moment(rng, any_day(rng)),
        date_format=rng.choice(("%d/%m/%Y", "%d-%m-%Y")),
        currency="INR",
        currency_mark="Rs.",
        lines=lines,
        charges=charges,
        total_label="GRAND TOTAL",
        total=total,
        after_total=(),
        notes=("Scan to pay by any UPI app", handle) if has_upi else ("Thank you, visit again",),
        upi=link if has_upi else "",
    )


KINDS = {"malaysian": _malaysian, "shop": _shop, "restaurant": _restaurant, "retail": _retail}
