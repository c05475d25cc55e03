"""Papers of makers that draw them otherwise: what the rules hold on to when the layout is new."""

import pytest

from documents import schemas
from ingestion.engines.base import Extraction, TypeOption
from ingestion.engines.rules import RulesClassifier, RulesExtractor
from tests.ingestion.drawn_pages import page

TYPES = tuple(TypeOption(slug=slug, description="") for slug in ("bill", "eway_bill"))


def extract(text: str, slug: str = "bill") -> Extraction:
    schema = schemas.shipped_text(slug)
    return RulesExtractor().extract(type=slug, schema=schema, pages=(page(text),))


def read(text: str, slug: str = "bill") -> dict[str, object]:
    return {one.pointer[1:]: one.value for one in extract(text, slug).readings}


def confidence(text: str, field: str) -> float:
    (found,) = [one for one in extract(text).readings if one.pointer == f"/{field}"]
    return found.confidence


def types_of(*texts: str) -> list[str]:
    pages = tuple(page(text, number=at) for at, text in enumerate(texts, 1))
    return [made.type for made in RulesClassifier().classify(pages=pages, types=TYPES)]


TILL = """
        RESTORAN SELERA KAMPUNG
            (SA0221184-T)
         27/02/2018 19:33:02
         NO 14, JALAN BESAR,
        43300 SERI KEMBANGAN,
              SELANGOR
         TEL: 03-8943 2211
        GST ID: 001882736640
Bill No : CS00041882
NASI GORENG                    8.00
SIAKAP 3 RASA                 27.98
Sub Total                     35.98
GST 6%                         2.16
Rounding Adjustment            0.01
TOTAL RM                      38.15
Cash                          50.00
Change                        11.85
"""


def test_the_address_of_a_till_is_neither_its_registration_nor_its_telephone() -> None:
    found = read(TILL)
    assert found["supplier_name"] == "RESTORAN SELERA KAMPUNG"
    assert found["supplier_address"] == "NO 14, JALAN BESAR, 43300 SERI KEMBANGAN, SELANGOR"
    assert found["total_amount"] == "38.15"


def test_a_rounding_without_a_leading_zero_is_an_amount() -> None:
    found = read(TILL.replace("          0.01", "          -.03").replace("38.15", "38.11"))
    assert (found["round_off"], found["total_amount"]) == ("-0.03", "38.11")


def test_what_is_left_after_rounding_is_the_total_and_no_rounding() -> None:
    text = """
99 SPEED MART S/B
LOT 28, JALAN ANGSA, 41150 KLANG
Invoice No : 18396/102/T0362
Total Sales (Inclusive GST) RM          22.91
Rounding RM                             22.90
CASH RM                                 50.00
CHANGE RM                               27.10
"""
    assert read(text)["total_amount"] == "22.90"


def test_a_service_charge_is_part_of_the_sum_that_closes() -> None:
    text = """
BISTRO LAGOON SDN BHD
Bill No: 12916
Sub Total                 295.00
Service Charge 10%         29.50
GST 6%                     19.47
Rounding Adj               -0.02
Net Total                 343.95
"""
    assert read(text)["total_amount"] == "343.95"


def test_sums_that_stand_beside_the_tax_table_are_read() -> None:
    text = """
Menuiserie Le Goff SARL - 12 rue des Forges - 29200 Brest
TVA: FR62452118903 - SARL au capital de 120 000,00 EUR
Facture FA-2017-0009
Description              Quantité    Prix     Montant
Nougat 250g              50          4,10      205,00
Huile d'olive            10          19,80     198,00
Taxe          Base       Montant             Total HT       403,00
TVA 20,0%     403,00     80,60               Total taxes     80,60
                                             Total TTC      483,60
"""
    found = read(text)
    sums = ("taxable_amount", "tax_amount", "total_amount")
    assert [found[name] for name in sums] == ["403.00", "80.60", "483.60"]


def test_a_table_of_sums_gives_its_last_row() -> None:
    text = """
MUSTERLIEFERANT GMBH
Beleg-Nr: R8765
Warenwert     Abschlag      Nettobetrag     MwSt-Betrag     Endbetrag
326,50        -5,10         321,40          61,07           382,47
130,70        -3,11         127,59          8,93            136,52
457,20        -8,21         448,99          70,00           518,99
"""
    found = read(text)
    sums = ("taxable_amount", "tax_amount", "total_amount")
    assert [found[name] for name in sums] == ["448.99", "70.00", "518.99"]


def test_the_amounts_of_a_credit_note_have_no_minus() -> None:
    text = """
Blickfang Werbeagentur GmbH
Gutschrift Nr. 2023/117
Nettobetrag           -100,00 EUR
19 % MwSt.             -19,00 EUR
Gesamtbetrag          -119,00 EUR
"""
    (total,) = [one for one in extract(text).readings if one.pointer == "/total_amount"]
    assert (total.value, total.alternatives[0]) == ("119.00", "-119.00")
    bill = read(text.replace("Gutschrift", "Rechnung"))
    assert bill["total_amount"] == "-119.00"


LETTER = """
                                             Elektro Brandl Meisterbetrieb
                                             Tel. 0871/552190

Elektro Brandl · Bahnhofstr. 22 · 84028 Landshut
Familie
Huber
Ringstraße 8
84036 Kumhausen

Rechnung des Betriebs Nr. 2024-0318 vom
12.06.2024
Nettobetrag           1.846,20
zzgl. 19 % MwSt.        350,78
Rechnungsbetrag       2.196,98
"""


def test_the_window_of_a_letter_gives_the_addressee_and_not_the_sender_above_it() -> None:
    found = read(LETTER)
    assert found["recipient_name"] == "Familie Huber"
    assert found["recipient_address"] == "Ringstraße 8, 84036 Kumhausen"


def test_a_number_behind_the_words_of_a_title_is_the_papers_number() -> None:
    assert read(LETTER)["document_number"] == "2024-0318"


def test_rechnung_an_heads_the_addressee_and_is_no_title() -> None:
    text = """
                                           Ostkamp & Söhne KG
Rechnung an
Grünweiler Logistik AG          Rechnungsnummer   RE-2024-5874
Lindenstraße 42                 Rechnungsdatum    15.09.2024
09111 Chemnitz
Rechnungsbetrag                 3.088,16
"""
    found = read(text)
    assert found["recipient_name"] == "Grünweiler Logistik AG"
    assert found["supplier_name"] == "Ostkamp & Söhne KG"


def test_a_shop_that_is_named_for_a_street_is_no_address() -> None:
    text = """
PINE STREET HARDWARE
640 Pine St
Burlington, VT 05401
10/31/2024 4:12 PM
PAINT ROLLER           12.99
SUBTOTAL               12.99
TOTAL                  12.99
"""
    assert read(text)["supplier_name"] == "PINE STREET HARDWARE"


def test_days_and_units_count_as_quantities() -> None:
    text = """
Invoice No 0094
Description                     Days      Day rate      Amount
Label artwork                   4         340.00        1,360.00
Print supervision               2         250.00          500.00
Total                                                   1,860.00
"""
    found = read(text)
    rows = [
        (found[f"line_items/{n}/quantity"], found[f"line_items/{n}/unit_price"]) for n in (0, 1)
    ]
    assert rows == [("4", "340.00"), ("2", "250.00")]


SUMMED = """
Harrowmere Joinery Ltd
Invoice No: INV-06438        Date: 11 February 2026
Subtotal        4,326.00
VAT 20%           865.20
Total           5,191.20
"""


@pytest.mark.parametrize(
    ("doubtful", "field"),
    [
        (SUMMED.replace("5,191.20", "5,291.20"), "total_amount"),
        (SUMMED.replace("11 February 2026", "11/02/2026"), "document_date"),
        (SUMMED.replace("Date: 11", "       11"), "document_date"),
        (SUMMED.replace("Joinery Ltd", "Joinery"), "supplier_name"),
        (SUMMED + "\nInvoice No: INV-99999\n", "document_number"),
    ],
    ids=["sum does not close", "day or month", "no label", "no legal form", "rival"],
)
def test_what_is_guessed_is_less_sure_than_what_the_paper_confirms(
    doubtful: str, field: str
) -> None:
    assert confidence(doubtful, field) < confidence(SUMMED, field) - 0.02


def test_an_e_way_bill_number_that_is_broken_over_two_lines_is_whole() -> None:
    text = """
e-Way Bill
eWay Bill No: 2710 0345     Generated Date: 11/05/2024 09:42 AM
6789
Document Details: Tax Invoice - SE/24-25/0091 -     Mode: Road
11/05/2024
HSN Code      Product Name      Quantity      Taxable Amount
85362030      MCB 32A           200           1000.00
94032090      Steel rack        5             2000.00
"""
    found = read(text, "eway_bill")
    assert found["ewb_number"] == "271003456789"
    assert (found["document_number"], found["document_date"]) == ("SE/24-25/0091", "2024-05-11")
    assert found["hsn_code"] == "94032090"


HEAD = """
Gutschrift (Selbst ausgestellte Rechnung) Nr. 47110818
vom 31.10.2018
Käufer: Metallbau Leipzig GmbH
Verkäufer: Global Supplies Ltd.
Rechnungswährung: EUR
"""
REST = """
Pos    Beschreibung      Nettopreis     Menge     Betrag
1      Stahlcoil         100,00         10        1000,00
2      Stoßfänger        100,00         10        1000,00
Rechnungssumme ohne USt.                          2000,00
Steuerbetrag                                         0,00
Bruttosumme                                       2000,00
"""


def test_a_head_and_the_rows_and_sums_after_it_are_one_bill() -> None:
    assert types_of(HEAD, REST) == ["bill", "bill"]


def test_a_row_of_a_statement_that_says_invoice_is_no_title() -> None:
    text = """
Statement of Account
Calder Valley Fasteners Ltd
Date          Reference     Details     Debit        Balance
07/03/2024    SI-33871      Invoice     1,541.52     1,541.52
21/03/2024    PAY           Payment     1,000.00       541.52
"""
    assert types_of(text) == [""]


def test_prices_with_a_currency_glued_to_them_count_as_amounts() -> None:
    text = """
The Roti Man
GST 000292065280
TAX INVOICE
Bacon RM4.90
Bun RM8.60
SUBTOTAL RM13.50
CASH RM13.50
"""
    assert types_of(text) == ["bill"]


def test_a_date_that_was_too_long_for_its_column_goes_on_below() -> None:
    text = """
Harrowmere Joinery Ltd
Invoice No        INV-06438
Invoice date      11 February
                  2026
Payment due       13 March 2026
Total due         5,140.60
"""
    found = read(text)
    assert (found["document_date"], found["due_date"]) == ("2026-02-11", "2026-03-13")
