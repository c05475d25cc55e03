"""Invented firms and places, and goods with the tax rates of their day.

The firms' names are made of syllables that mean nothing; any likeness is chance.
"""

import random
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from samples import identities
from samples.papers import Party

RATES_SIMPLIFIED_ON = date(2025, 9, 22)

# city, state code, first three digits of its PINs, industrial quarters
CITIES = (
    ("Pune", "27", "411", ("Bhosari Industrial Area", "Hadapsar Estate", "Chakan Phase II")),
    ("Nashik", "27", "422", ("Ambad Estate", "Satpur Industrial Area")),
    ("Surat", "24", "395", ("Ring Road", "Sachin Industrial Estate")),
    ("Rajkot", "24", "360", ("Aji Estate", "Gondal Road")),
    ("Bengaluru", "29", "560", ("Peenya 2nd Stage", "Bommasandra Estate", "Chickpet")),
    ("Hubballi", "29", "580", ("Tarihal Industrial Area", "Gokul Road")),
    ("Coimbatore", "33", "641", ("Avinashi Road", "Kurichi Estate")),
    ("Tiruppur", "33", "638", ("Kangeyam Road", "Avinashi Lane")),
    ("Hyderabad", "36", "500", ("Balanagar", "Jeedimetla Phase III")),
    ("Kochi", "32", "682", ("Edappally", "Kakkanad Industrial Park")),
    ("Ludhiana", "03", "141", ("Focal Point Phase V", "Industrial Area B")),
    ("Faridabad", "06", "121", ("Sector 24", "NIT Industrial Area")),
    ("New Delhi", "07", "110", ("Okhla Phase I", "Naraina Phase II")),
    ("Jaipur", "08", "302", ("Sitapura", "Vishwakarma Area")),
    ("Kanpur", "09", "208", ("Panki Site 3", "Dada Nagar")),
    ("Kolkata", "19", "700", ("Strand Bank Road", "Topsia Lane")),
    ("Cuttack", "21", "753", ("Jagatpur Estate", "College Square")),
    ("Indore", "23", "452", ("Sanwer Road", "Palda Industrial Area")),
    ("Vijayawada", "37", "520", ("Auto Nagar", "Gollapudi Main Road")),
)

_STEMS_LISTED = (
    "Zarnik Ovanta Tamrika Belvanti Harvoni Mirodha Shantivel Kovarna Drumaya Quilaro Vardisha "
    "Parvello Nilambi Jaskora Omkarya Rudrimal Suvenka Ghatora Lakshora Indravel Ketumi Wadrani "
    "Ashkiran Bhumora Chandrel Elaksha Falgonda Teravik Urvindo Yashmora"
)
_STEMS = tuple(_STEMS_LISTED.split())
_TRADES_LISTED = (
    "Industries, Traders, Engineering Works, Textiles, Polymers, Agro Foods, Electricals, Steel "
    "& Tubes, Packaging, Hardware Mart, Chemicals, Auto Components, Ceramics, Paper Products"
)
_TRADES = tuple(_TRADES_LISTED.split(", "))
_FORMS = ("Private Limited", "Pvt. Ltd.", "LLP", "", "", "& Sons", "& Co.")

PERSONS_LISTED = (
    "R. Ovandhu, Meera Tashwani, S. Kolvaria, Anil Verdhaka, Pooja Nandrekar, J. Thamvelu, "
    "Farid Quaresh, Lata Ombrekar, Vikas Jhorani, D. Patvardhi"
)
PERSONS = tuple(PERSONS_LISTED.split(", "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """Something sold; rates in percent before and since September 2025, cess before it."""

    name: str
    hsn: str
    unit: str
    price: int
    rate_before: Decimal
    rate_since: Decimal
    cess_before: Decimal = Decimal(0)

    def rate(self, day: date) -> Decimal:
        return self.rate_since if day >= RATES_SIMPLIFIED_ON else self.rate_before

    def cess(self, day: date) -> Decimal:
        return Decimal(0) if day >= RATES_SIMPLIFIED_ON else self.cess_before


def _good(
    name: str, hsn: str, unit: str, price: int, before: int, since: int, cess: int = 0
) -> Good:
    return Good(
        name=name,
        hsn=hsn,
        unit=unit,
        price=price,
        rate_before=Decimal(before),
        rate_since=Decimal(since),
        cess_before=Decimal(cess),
    )


GOODS = (
    _good("MS ERW pipe 40 NB medium", "7306", "MTR", 268, 18, 18),
    _good("Hex bolt M12 x 50 galvanised", "73181500", "PCS", 14, 18, 18),
    _good("Copper winding wire 1.2 mm", "74081990", "KGS", 812, 18, 18),
    _good("HDPE granules blow grade", "39012000", "KGS", 104, 18, 18),
    _good("Corrugated box 5 ply 18x12x10", "48191010", "NOS", 42, 12, 5),
    _good("Cotton shirting fabric 58 in", "5208", "MTR", 186, 5, 5),
    _good("Polyester yarn 150 D", "54023300", "KGS", 148, 12, 5),
    _good("LED batten 20 W cool day", "94051100", "NOS", 165, 18, 18),
    _good("PVC insulated cable 2.5 sq mm", "85444999", "MTR", 31, 18, 18),
    _good("Vitrified floor tile 600x600", "69072100", "BOX", 640, 18, 18),
    _good("Portland cement OPC 53", "25232910", "BAG", 342, 28, 18),
    _good("Basmati rice, packed 25 kg", "10063020", "BAG", 2150, 5, 5),
    _good("Refined sunflower oil 15 ltr", "15121910", "TIN", 1890, 5, 5),
    _good("Fresh onions, loose", "07031010", "KGS", 34, 0, 0),
    _good("Orange drink, aerated 24 x 250 ml", "22021020", "BOX", 410, 28, 40, 12),
    _good("Wall putty 20 kg", "32149090", "BAG", 575, 18, 18),
    _good("Ball bearing 6205 2RS", "84821011", "NOS", 132, 18, 18),
    _good("Tubular battery 150 Ah", "85072000", "NOS", 11250, 28, 18),
    _good("Notebook ruled 172 pages", "48202000", "DOZ", 396, 12, 0),
    _good("Hand sprayer 16 ltr", "84244100", "NOS", 1280, 12, 5),
    _good("Stainless steel utensil set", "73239390", "SET", 1465, 12, 5),
    _good("Adhesive tape 48 mm x 65 m", "39191000", "ROL", 38, 18, 18),
    _good("Three phase motor 2 HP", "85015210", "NOS", 8640, 18, 18),
    _good("Plywood BWR 19 mm 8x4", "44123190", "SHT", 2310, 18, 18),
    _good("Turmeric powder 500 g", "09103030", "PKT", 118, 5, 5),
)


def firm_name(rng: random.Random) -> str:
    return f"{rng.choice(_STEMS)} {rng.choice(_TRADES)} {rng.choice(_FORMS)}".strip()


def indian_firm(
    rng: random.Random, *, name: str = "", not_in_state: str = "", state: str = ""
) -> Party:
    """A registered firm; `state` and `not_in_state`: the state code it must or may not have."""
    towns = [city for city in CITIES if city[1] != not_in_state and (not state or city[1] == state)]
    city, state_code, pin_head, quarters = rng.choice(towns)
    title = name or firm_name(rng)
    pin = f"{pin_head}{rng.randrange(1, 99):03d}"
    gstin = identities.gstin(rng, state_code=state_code, pan_number=identities.pan(rng, title))
    street = rng.choice(
        ("Plot No. {}", "{}, Ground Floor", "Shed {}", "Gala No. {}", "Survey No. {}")
    )
    return Party(
        name=title,
        address=(
            f"{street.format(rng.randrange(3, 240))}, {rng.choice(quarters)}",
            f"{city}, {identities.STATES[state_code][1]} - {pin}",
        ),
        city=city,
        postcode=pin,
        state_code=state_code,
        gstin=gstin,
        phone=identities.phone(rng),
        email=f"accounts@{title.split()[0].lower()}.example",
    )
