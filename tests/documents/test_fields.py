"""How print becomes values: dates, amounts, GSTINs, numbers of papers."""

import time

import pytest

from documents import fields


@pytest.mark.parametrize(
    ("printed", "iso"),
    [
        ("25/12/2018 8:13:39 PM", "2018-12-25"),
        ("19-03-18", "2018-03-19"),
        ("05.03.2013", "2013-03-05"),
        ("2018-06-05", "2018-06-05"),
        ("03 MAR 2018", "2018-03-03"),
        ("15MAY2018", "2018-05-15"),
        ("24. Januar 2014", "2014-01-24"),
        ("1er août 2019", "2019-08-01"),
        ("12 Ogos 2020", "2020-08-12"),
        ("5 de mayo de 2020", "2020-05-05"),
        ("March 5, 2019", "2019-03-05"),
        ("21-Mar-24", "2024-03-21"),
        ("04/03/202611:59 PM", "2026-03-04"),
        ("02/13/2020", "2020-02-13"),
    ],
)
def test_dates_of_many_countries_become_iso(printed: str, iso: str) -> None:
    found = fields.parse_date(printed)
    assert found is not None
    assert found.value == iso


def test_a_date_that_reads_two_ways_keeps_the_other_reading() -> None:
    british = fields.parse_date("03/04/2018")
    american = fields.parse_date("03/04/2018", month_first=True)
    assert british is not None
    assert american is not None
    assert (british.value, british.other) == ("2018-04-03", "2018-03-04")
    assert (american.value, american.other) == ("2018-03-04", "2018-04-03")


@pytest.mark.parametrize("printed", ["31/02/2020", "99/99/2020", "192.168.10.20", "no date"])
def test_what_is_no_date_is_not_read_as_one(printed: str) -> None:
    assert fields.parse_date(printed) is None


def test_a_timestamp_keeps_the_half_of_the_day() -> None:
    assert fields.parse_timestamp("21/03/2024 10:52 AM") == "2024-03-21T10:52"
    assert fields.parse_timestamp("21/03/2024 12:05 AM") == "2024-03-21T00:05"
    assert fields.parse_timestamp("21/03/2024") == ""


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("1,04,571.50", "104571.50"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("12.00-", "-12.00"),
        ("(12.00)", "-12.00"),
        ("-RM 9.00", "-9.00"),
        ("RM9.00", "9.00"),
        ("Rs. 1,500/-", "1500"),
        ("5 577,08 €", "5577.08"),
    ],
)
def test_amounts_in_every_grouping_become_decimal_strings(printed: str, value: str) -> None:
    assert fields.parse_amount(printed) == value


def test_the_papers_decimal_mark_settles_three_digits() -> None:
    assert fields.parse_amount("1.234", decimal_comma=True) == "1234"
    assert fields.parse_amount("1.234", decimal_comma=False) == "1.234"
    assert fields.parse_amount("1,234", decimal_comma=False) == "1234"


def test_currencies_are_counted_by_sign_and_by_code() -> None:
    assert fields.detect_currencies("Total EUR 5,00 € 3,00")[0] == ("EUR", 2)
    assert dict(fields.detect_currencies("RM 4.00 FARM"))["MYR"] == 1


@pytest.mark.parametrize("gstin", ["27AAPFU0939F1ZV", "24AAACJ3770E2ZV", "05AAACG2115R1ZN"])
def test_real_gstins_pass_and_one_changed_character_fails(gstin: str) -> None:
    assert fields.is_gstin(gstin)
    assert fields.has_gstin_checksum(gstin)
    assert not fields.is_gstin(gstin[:-1] + ("A" if gstin[-1] != "A" else "B"))


@pytest.mark.parametrize("read", ["27AAPFUO939F1ZV", "Z7AAPFU0939FIZV", "27AAPFU0939F12V"])
def test_ocr_confusions_in_a_gstin_are_repaired_by_place_and_checksum(read: str) -> None:
    assert fields.repair_gstin(read)[0] == "27AAPFU0939F1ZV"


def test_a_hopeless_gstin_gets_no_proposal() -> None:
    assert fields.repair_gstin("27AAPFU0939F1ZW") == ()


def test_numbers_of_e_way_bills_vehicles_and_goods_are_normalised() -> None:
    assert fields.normalise_ewb_number("No. 3312 0045 9981") == "331200459981"
    assert fields.normalise_ewb_number("12345") == ""
    assert fields.normalise_vehicle("KA 01 AB 1234") == "KA01AB1234"
    assert fields.same_vehicle("DL1AB123", "DL01AB0123")
    assert fields.normalise_hsn("8413.70 10") == "84137010"
    assert fields.normalise_hsn("841") == ""
    assert fields.is_pin("560 058")
    assert not fields.is_pin("060058")


def test_an_irn_is_put_together_over_a_line_break() -> None:
    assert fields.normalise_irn("AB" * 16 + "\n" + "cd" * 16) == "ab" * 16 + "cd" * 16
    assert fields.normalise_irn("ab") == ""


def test_the_financial_year_turns_in_april() -> None:
    assert fields.financial_year("2024-03-31") == "2023-24"
    assert fields.financial_year("2024-04-01") == "2024-25"


def test_folding_keeps_the_length_so_that_spans_carry_over() -> None:
    text = "Fälligkeit Straße ﬁn ①"
    assert len(fields.fold(text)) == len(text)
    assert fields.fold("Échéance") == "echeance"


@pytest.mark.parametrize("hostile", ["1," * 20_000, "1 " * 20_000, "(-" * 20_000, "a1" * 20_000])
def test_hostile_text_costs_no_time(hostile: str) -> None:
    start = time.monotonic()
    fields.find_amounts(hostile)
    fields.find_dates(hostile)
    fields.find_gstins(hostile)
    assert time.monotonic() - start < 2
