"""Invoices from Britain, the United States, Germany and France."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from samples import identities
from samples.gst import any_day
from samples.money import ZERO, to_cents
from samples.papers import ForeignBill, Line, Party


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    firms: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    town_line: str
    wares: tuple[tuple[str, str, int, str], ...]


_COUNTRIES = {
    "GB": _Country(
        firms=(
            "Harrowmere Joinery Ltd",
            "Pellington & Wray LLP",
            "Tidewick Print Ltd",
            "Ossel Marine Ltd",
        ),
        streets=(
            "14 Cobbler's Yard",
            "Unit 7, Fenwright Park",
            "88 Almoner Street",
            "3 Saltpan Lane",
        ),
        towns=(
            ("Bristol", "BS1 4QD"),
            ("Leeds", "LS9 8AG"),
            ("Norwich", "NR3 1LB"),
            ("Hull", "HU1 2AA"),
        ),
        town_line="{town} {code}",
        wares=(
            ("Oak door, made to measure", "pc", 420, "20"),
            ("Site survey", "h", 65, "20"),
            ("Printed brochure A5, 16 pages", "pc", 2, "0"),
            ("Delivery and fitting", "h", 48, "20"),
            ("Children's workbook", "pc", 7, "0"),
            ("Rope 12 mm, polyester", "m", 3, "20"),
        ),
    ),
    "US": _Country(
        firms=(
            "Larkspur Field Supply Inc.",
            "Dunmoor Analytics LLC",
            "Okanee Tool Co.",
            "Brayfield Foods Inc.",
        ),
        streets=(
            "2210 Juniper Avenue",
            "48 Mill Race Road",
            "915 W Cannery Street, Suite 4",
            "7 Depot Plaza",
        ),
        towns=(
            ("Madison, WI", "53703"),
            ("Tulsa, OK", "74103"),
            ("Boise, ID", "83702"),
            ("Dayton, OH", "45402"),
        ),
        town_line="{town} {code}",
        wares=(
            ("Torque wrench 1/2 in", "ea", 89, "8.25"),
            ("Work gloves, dozen", "dz", 34, "8.25"),
            ("Soil moisture sensor", "ea", 142, "8.25"),
            ("Consulting, senior", "hr", 155, "8.25"),
            ("Replacement filter", "ea", 19, "8.25"),
            ("Steel shelving bay", "ea", 228, "8.25"),
        ),
    ),
    "DE": _Country(
        firms=(
            "Mühlfeld Werkzeuge GmbH",
            "Tannhäuser Büroservice GmbH",
            "Ostkamp & Söhne KG",
            "Grünweiler Logistik AG",
        ),
        streets=("Lindenstraße 42", "Am Färbergraben 7", "Industriestraße 118", "Große Gasse 3"),
        towns=(("Kassel", "34117"), ("Münster", "48143"), ("Chemnitz", "09111"), ("Ulm", "89073")),
        town_line="{code} {town}",
        wares=(
            ("Akku-Bohrschrauber 18 V", "Stk", 149, "19"),
            ("Wartung Druckluftanlage", "Std", 92, "19"),
            ("Kopierpapier A4, 500 Blatt", "Pkg", 5, "19"),
            ("Fachbuch Zerspanung", "Stk", 38, "7"),
            ("Schaltschrank, lackiert", "Stk", 612, "19"),
            ("Anfahrt pauschal", "psch", 45, "19"),
        ),
    ),
    "FR": _Country(
        firms=(
            "Atelier Vaubrun SARL",
            "Boréane Énergie SAS",
            "Cœurval Menuiserie SARL",
            "Lys & Mérel SAS",
        ),
        streets=(
            "12 rue des Tisserands",
            "5 allée du Vieux Four",
            "27 avenue Clairval",
            "3 quai des Aubiers",
        ),
        towns=(("Nantes", "44000"), ("Dijon", "21000"), ("Grenoble", "38000"), ("Rouen", "76000")),
        town_line="{code} {town}",
        wares=(
            ("Fenêtre chêne double vitrage", "u", 540, "5.5"),
            ("Main-d'œuvre pose", "h", 52, "20"),
            ("Panneau isolant 100 mm", "m2", 23, "5.5"),
            ("Livre technique", "u", 31, "5.5"),
            ("Étude thermique", "fft", 480, "20"),
            ("Quincaillerie diverse", "lot", 64, "20"),
        ),
    ),
}

_TAX_IDS = {
    "GB": identities.uk_vat,
    "US": identities.us_ein,
    "DE": identities.german_vat,
    "FR": identities.french_vat,
}


def foreign_bill(rng: random.Random, country: str) -> ForeignBill:
    """An invoice between two firms of the country; tax is worked out per rate on the sum."""
    land = _COUNTRIES[country]
    names = rng.sample(land.firms, 2)
    day = any_day(rng)
    lines = tuple(_line(rng, ware) for ware in rng.sample(land.wares, rng.randrange(2, 6)))
    return ForeignBill(
        country=country,
        number=_number(rng, country, day),
        day=day,
        due=day + timedelta(days=rng.choice((14, 30))),
        supplier=_firm(rng, land, names[0], tax_id=_TAX_IDS[country](rng)),
        recipient=_firm(rng, land, names[1], tax_id=""),
        lines=lines,
        taxes=_taxes(lines),
    )


def _firm(rng: random.Random, land: _Country, name: str, *, tax_id: str) -> Party:
    town, code = rng.choice(land.towns)
    return Party(
        name=name,
        address=(rng.choice(land.streets), land.town_line.format(town=town, code=code)),
        city=town,
        postcode=code,
        tax_id=tax_id,
        phone=identities.phone(rng),
    )


def _line(rng: random.Random, ware: tuple[str, str, int, str]) -> Line:
    name, unit, price, rate = ware
    unit_price = Decimal(price) + Decimal(rng.choice((0, 0, 49, 50, 90))) / 100
    quantity = Decimal(rng.randrange(1, 5 if price > 100 else 40))
    return Line(
        description=name,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        taxable=to_cents(quantity * unit_price),
        rate=Decimal(rate),
    )


def _taxes(lines: tuple[Line, ...]) -> tuple[tuple[Decimal, Decimal], ...]:
    sums: dict[Decimal, Decimal] = {}
    for line in lines:
        sums[line.rate] = sums.get(line.rate, ZERO) + line.taxable
    return tuple(
        (rate, to_cents(base * rate / 100)) for rate, base in sorted(sums.items(), reverse=True)
    )


def _number(rng: random.Random, country: str, day: date) -> str:
    serial = rng.randrange(100, 9999)
    return {
        "GB": f"INV-{serial:05d}",
        "US": f"{day:%y}-{serial:05d}",
        "DE": f"RE-{day.year}-{serial:04d}",
        "FR": f"FA{day:%Y%m}-{serial:04d}",
    }[country]
