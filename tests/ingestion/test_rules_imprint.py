"""Parties and dates of letterheads that say little: the rest stands in the small print."""

from documents import schemas
from ingestion.engines.base import TypeOption
from ingestion.engines.rules import RulesClassifier, RulesExtractor
from tests.ingestion.drawn_pages import page

SELLER, BUYER = "27AAPFU0939F1ZV", "24AAACJ3770E2ZV"

AUDITORS = f"""
                       VISHWAKARMA & LELE
                     Chartered Accountants
To,                                              Bill No.: VL/83/1435
Sabarmati Foods Private Limited                  Date: 08.02.2024
B/204, Titanium Square                           Your PO: SFPL/PO/831 dated 30.12.2023
Thaltej, Ahmedabad - 380059
GSTIN: {BUYER}
                          TAX INVOICE
Particulars                              SAC       Amount (Rs.)
Professional fees                        998221       10,000.00
Taxable Value                                         10,000.00
IGST @ 18%                                             1,800.00
Net Amount Payable                                    11,800.00
For Vishwakarma & Lele
302, Shivaji Park Chambers, Dadar West, Mumbai - 400028     GSTIN {SELLER}     Tel 022-2444 1914
"""


def read(text: str) -> dict[str, object]:
    made = RulesExtractor().extract(
        type="bill", schema=schemas.shipped_text("bill"), pages=(page(text),)
    )
    return {one.pointer[1:]: one.value for one in made.readings}


def test_the_foot_of_the_page_gives_the_address_and_the_number_of_the_supplier() -> None:
    found = read(AUDITORS)
    assert found["supplier_address"] == "302, Shivaji Park Chambers, Dadar West, Mumbai - 400028"
    assert (found["supplier_gstin"], found["recipient_gstin"]) == (SELLER, BUYER)


def test_the_date_behind_the_number_of_an_order_is_not_the_bills() -> None:
    assert read(AUDITORS)["document_date"] == "2024-02-08"


def test_the_sender_over_the_window_has_the_address_of_the_head() -> None:
    found = read("""
                                              Havel GmbH
Havel GmbH · Uferstr. 12 · 14770 Brandenburg
Steuerkanzlei Brandt                          Rechnungs-Nr.:  RE-2023-8237
Lindenallee 45                                Datum:          16.04.2022
10117 Berlin                                  Kunden-Nr.:     10832
Rechnung
Rechnungsbetrag    3.081,86 €
""")
    assert found["supplier_address"] == "Uferstr. 12, 14770 Brandenburg"
    assert found["recipient_name"] == "Steuerkanzlei Brandt"


def test_a_trade_name_gives_way_to_the_legal_name_that_stands_before_the_address() -> None:
    found = read("""
                                Hartwell & Moss
INVOICE
Invoice No    SI-8187
Invoice Date  14 September 2025
Total to pay  £1,002.00
Hartwell & Moss Ltd, Unit 7 Station Yard, Witham CM8 2BX. Registered in England No. 07665140.
""")
    assert found["supplier_name"] == "Hartwell & Moss Ltd"
    assert found["supplier_address"] == "Unit 7 Station Yard, Witham CM8 2BX"


def test_a_state_of_america_is_no_legal_form() -> None:
    found = read("""
          RIDGEWAY LUMBER & HOME
              2200 CANYON DR
              RENO, NV 89509
WOOD GLUE 16OZ      8.48
DECK SCREW 5LB      9.48
TOTAL             $17.96
""")
    assert found["supplier_name"] == "RIDGEWAY LUMBER & HOME"


def test_an_order_of_an_earlier_day_does_not_date_a_letter() -> None:
    found = read("""
Sanitär Wenzel                                   Göttingen, den 19. Juli 2023
Am Bahndamm 3, 37073 Göttingen
Rechnung Nr. 2023/117
Objekt: Goetheweg 9      Auftrag vom 07.07.23
Endbetrag EUR   119,00
""")
    assert found["document_date"] == "2023-07-19"


def test_a_challan_that_names_its_e_way_bill_is_no_bill() -> None:
    text = f"""
                    DELIVERY CHALLAN
Deccan Pipes Private Limited
GSTIN {SELLER}
Challan No: DC/214      Date: 04/05/2024
E-Way Bill No: 331200459981
Sl   Description    HSN         Qty        Value
1    PVC pipe       39172310    240 MTR    48,000.00
Total value   48,000.00
Not for sale - job work
"""
    types = tuple(TypeOption(slug=slug, description="") for slug in ("bill", "eway_bill"))
    (made,) = RulesClassifier().classify(pages=(page(text),), types=types)
    assert made.type == ""


CREDIT = """
GUTSCHRIFT
An                                   Gutschrift-Nr. GS-1844
Radhaus Ebert e.K.                   Datum 11.03.2024
Ringstraße 101
99084 Erfurt
Beschreibung                 Menge      Einzelpreis     Gesamtpreis
Rücknahme Bremsscheiben      1          100,00 €        100,00 €
Summe netto: 100,00 €
Umsatzsteuer 19 %: 19,00 €
Gesamtbetrag: 119,00 €
Velotec Großhandel GmbH | Industriering 8 | 04347 Leipzig | info@velotec.example
"""


def test_a_paper_without_a_head_is_of_the_firm_in_its_foot() -> None:
    found = read(CREDIT)
    assert found["supplier_name"] == "Velotec Großhandel GmbH"
    assert found["supplier_address"] == "Industriering 8, 04347 Leipzig"
    assert found["recipient_name"] == "Radhaus Ebert e.K."


def test_an_address_ends_where_the_goods_begin() -> None:
    assert read(CREDIT)["recipient_address"] == "Ringstraße 101, 99084 Erfurt"


def test_a_lorry_receipt_is_no_bill() -> None:
    text = f"""
                LORRY RECEIPT
VRL Roadlines
LR No: 4711   Date: 03/04/2024
Consignor: Deccan Pipes Private Limited   GSTIN {SELLER}
E-Way Bill No: 331200459981   Invoice No: AB123
Packages    Description           Weight     Rate     Amount
40          PVC Pipe bundles      1200 kg    3.50     4,200.00
Total 4,200.00 TO PAY
"""
    types = tuple(TypeOption(slug=slug, description="") for slug in ("bill", "eway_bill"))
    (made,) = RulesClassifier().classify(pages=(page(text),), types=types)
    assert made.type == ""
