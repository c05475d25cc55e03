"""Bills that ask for more or less than their own total, and numbers that are of something else."""

import pytest

from documents import schemas
from ingestion.engines.base import Mark, MarkKind
from ingestion.engines.rules import RulesExtractor
from ingestion.engines.rules.meaning import is_of_a_thing
from tests.ingestion.drawn_pages import page
from tests.ingestion.test_embedded import CII
from tests.ingestion.test_rules_papers import extract, read


def told(text: str) -> list[str]:
    return [one.code for one in extract(text).objections]


ARREARS = """
SEVERN WATER LTD
12 Mill Lane, Gloucester GL1 2AB
Bill number: 884513
Bill date: 12 March 2024
Balance brought forward           60.00
Water charges                     84.00
VAT at 20%                        16.80
Total charges this period        100.80
Total amount due                 160.80
"""


def test_what_earlier_bills_left_open_is_no_part_of_a_bills_total() -> None:
    assert read(ARREARS)["total_amount"] == "100.80"
    assert told(ARREARS) == ["total_unclear"]


def test_a_balance_that_was_paid_since_gives_no_doubt() -> None:
    paid = ARREARS.replace("Water charges", "Payments received   -60.00\nWater charges")
    paid = paid.replace("160.80", "100.80")
    assert read(paid)["total_amount"] == "100.80"
    assert told(paid) == []


def test_a_total_that_may_hold_an_old_balance_is_for_a_person() -> None:
    lines = [line for line in ARREARS.splitlines() if "this period" not in line]
    assert told("\n".join(lines)) == ["total_unclear"]


INSURANCE = """
Nordstern Versicherung AG
Hafenstr. 9, 20457 Hamburg
Beitragsrechnung zur Hausratversicherung Nr. 77.120.334.2        02. Mai 2024
Hausrat                                           90,00 EUR
Glas                                              20,00 EUR
Beitrag inklusive 19 % Versicherungsteuer        110,00 EUR
Rückstand aus dem Vorjahr                         50,00 EUR
zu zahlender Betrag                              160,00 EUR
"""


def test_the_number_of_a_policy_is_not_that_of_the_bill() -> None:
    found = read(INSURANCE)
    assert "document_number" not in found
    assert found["total_amount"] == "110.00"
    assert "document_number" in extract(INSURANCE).labelled


@pytest.mark.parametrize(
    "words", ["policy ", "zur kraftfahrtversicherung ", "mitglied ", "contrat ", "vehicle "]
)
def test_a_number_belongs_to_the_word_before_it(words: str) -> None:
    assert is_of_a_thing(words)


@pytest.mark.parametrize("words", ["rechnung des versicherers ", "tax invoice ", "bon "])
def test_a_paper_and_its_maker_are_no_other_thing(words: str) -> None:
    assert not is_of_a_thing(words)


DEPOSIT = """
Harbor Catering LLC
88 Pier Rd, Portland, ME 04101
Invoice #: 10233      Invoice Date: 06/20/2024
Buffet                            1,000.00
Delivery                             80.00
Total                             1,080.00
Deposit                             500.00
Balance due                         580.00
"""


def test_what_was_paid_in_advance_is_part_of_the_total() -> None:
    assert read(DEPOSIT)["total_amount"] == "1080.00"
    assert told(DEPOSIT) == []


def test_what_is_left_of_a_sum_without_a_label_is_for_a_person() -> None:
    text = DEPOSIT.replace("Total ", "Event ").replace("Deposit     ", "Paid to date")
    assert read(text)["total_amount"] == "580.00"
    assert told(text) == ["total_unclear"]


CORRECTION = """
Alder Supplies Ltd
4 Kiln Yard, Leeds LS1 4DL
Credit Note
Against Invoice No: INV-2001   Invoice Date: 01/05/2024
Credit Note No: CN-88          Date: 20/05/2024
Net                     100.00
VAT 20%                  20.00
Total                   120.00
"""


def test_a_correction_has_its_own_number_and_date_and_not_those_of_what_it_corrects() -> None:
    found = read(CORRECTION)
    assert (found["document_number"], found["document_date"]) == ("CN-88", "2024-05-20")
    assert told(CORRECTION) == []


def test_the_date_beside_the_number_of_an_order_is_the_orders() -> None:
    text = """
SHREE STEEL TRADERS
Invoice No.              e-Way Bill No.         Dated
SST/24-25/101            2710 0345 6789         5-Jun-24
Buyer's Order No.                               Dated
PO-77                                           1-Jun-24
Taxable Value            50,000.00
Total                    50,000.00
"""
    assert read(text)["document_date"] == "2024-06-05"
    assert told(text) == []


ALIKE = """
Kern GmbH
Industriestr. 4, 70565 Stuttgart
Rechnungsnummer: 2024-100
Rechnungsnummer: 2024-099
Rechnungsdatum: 03.06.2024
Nettobetrag             500,00
19 % MwSt                95,00
Gesamtbetrag            595,00
"""


def test_two_numbers_with_labels_alike_are_for_a_person() -> None:
    assert told(ALIKE) == ["named_twice"]
    assert told(ALIKE.replace("2024-099", "2024-100")) == []


def test_a_number_with_and_without_its_series_is_one_number() -> None:
    assert told(ALIKE.replace("2024-099", "RE-2024-100")) == []


def test_what_the_file_itself_says_is_not_doubted_for_its_print() -> None:
    mark = Mark(kind=MarkKind.EINVOICE_XML, payload=CII)
    made = RulesExtractor().extract(
        type="bill", schema=schemas.shipped_text("bill"), pages=(page(ALIKE, marks=[mark]),)
    )
    assert "named_twice" not in [one.code for one in made.objections]


def test_a_number_in_groups_of_digits_is_whole() -> None:
    text = ALIKE.replace("2024-100", "55 0012 7781").replace("2024-099", "55 0012 7781")
    assert read(text)["document_number"] == "55 0012 7781"
    dated = ALIKE.replace("2024-100", "4711 12.02.2024").replace("2024-099", "4711")
    assert read(dated)["document_number"] == "4711"
