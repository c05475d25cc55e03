"""Each check passes once and fails once, and is left out where its values are missing."""

from typing import Any

import pytest

from documents.checks import irn_of, run_checks

SUPPLIER, RECIPIENT = "27AAPFU0939F1ZV", "24AAACJ3770E2ZV"
IRN = irn_of(gstin=SUPPLIER, iso_date="2024-06-14", kind="INV", number="MP/117")
LINE = {"quantity": "2", "unit_price": "50.00", "taxable_amount": "100.00", "tax_rate": "18"}


def outcomes(slug: str, payload: dict[str, Any]) -> dict[str, bool]:
    return {check.code: check.passed for check in run_checks(slug, payload)}


@pytest.mark.parametrize(
    ("code", "good", "bad"),
    [
        ("gstin_checksum", {"supplier_gstin": SUPPLIER}, {"supplier_gstin": SUPPLIER[:-1] + "A"}),
        (
            "tax_kind",
            {"supplier_gstin": SUPPLIER, "place_of_supply": "Gujarat (24)", "igst_amount": "9.00"},
            {"supplier_gstin": SUPPLIER, "place_of_supply": "Maharashtra", "igst_amount": "9.00"},
        ),
        (
            "cgst_equals_sgst",
            {"cgst_amount": "9.00", "sgst_amount": "9.00"},
            {"cgst_amount": "9.00", "sgst_amount": "8.00"},
        ),
        (
            "irn_matches",
            {
                "irn": IRN,
                "supplier_gstin": SUPPLIER,
                "document_number": "MP/117",
                "document_date": "2024-06-14",
            },
            {
                "irn": IRN,
                "supplier_gstin": SUPPLIER,
                "document_number": "MP/118",
                "document_date": "2024-06-14",
            },
        ),
        (
            "due_after_issue",
            {"document_date": "2024-06-14", "due_date": "2024-06-14"},
            {"document_date": "2024-06-14", "due_date": "2024-06-13"},
        ),
        ("date_plausible", {"document_date": "2024-06-14"}, {"document_date": "2090-01-01"}),
        (
            "taxes_add_up",
            {"tax_amount": "18.00", "cgst_amount": "9.00", "sgst_amount": "9.00"},
            {"tax_amount": "28.00", "cgst_amount": "9.00", "sgst_amount": "9.00"},
        ),
        (
            "total_adds_up",
            {
                "taxable_amount": "100.00",
                "tax_amount": "18.40",
                "round_off": "-0.40",
                "total_amount": "118.00",
            },
            {"taxable_amount": "100.00", "tax_amount": "18.40", "total_amount": "181.00"},
        ),
        ("round_off_small", {"round_off": "-0.40"}, {"round_off": "140.00"}),
        (
            "line_adds_up",
            {"line_items": [LINE]},
            {"line_items": [LINE | {"taxable_amount": "700.00"}]},
        ),
        (
            "line_total_adds_up",
            {"line_items": [LINE | {"total_amount": "118.00"}]},
            {"line_items": [LINE | {"total_amount": "150.00"}]},
        ),
        (
            "lines_add_up",
            {"taxable_amount": "200.00", "line_items": [LINE, LINE]},
            {"taxable_amount": "300.00", "line_items": [LINE, LINE]},
        ),
        (
            "rate_in_force",
            {
                "supplier_gstin": SUPPLIER,
                "document_date": "2025-09-21",
                "line_items": [LINE | {"tax_rate": "12"}],
            },
            {
                "supplier_gstin": SUPPLIER,
                "document_date": "2025-09-22",
                "line_items": [LINE | {"tax_rate": "12"}],
            },
        ),
        (
            "document_number_format",
            {"supplier_gstin": SUPPLIER, "document_number": "MP/24-25/0117"},
            {"supplier_gstin": SUPPLIER, "document_number": "MP/24-25/0117/REVISED"},
        ),
    ],
)
def test_a_bills_check_passes_and_fails(
    code: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    assert outcomes("bill", good)[code] is True
    assert outcomes("bill", bad)[code] is False


@pytest.mark.parametrize(
    ("code", "good", "bad"),
    [
        ("ewb_number_format", {"ewb_number": "331200459981"}, {"ewb_number": "33120045998"}),
        (
            "not_in_future",
            {"generated_at": "2024-03-21T10:52"},
            {"generated_at": "2090-03-21T10:52"},
        ),
        (
            "valid_after_generation",
            {"generated_at": "2024-03-21T10:52", "valid_until": "2024-03-23"},
            {"generated_at": "2024-03-21T10:52", "valid_until": "2024-03-20"},
        ),
        (
            "validity_fits_distance",
            {
                "generated_at": "2024-03-21T10:52",
                "valid_until": "2024-03-23",
                "distance_km": 350,
            },
            {
                "generated_at": "2024-03-21T10:52",
                "valid_until": "2024-03-29",
                "distance_km": 350,
            },
        ),
        (
            "document_before_generation",
            {"generated_at": "2024-03-21T10:52", "document_date": "2024-03-20"},
            {"generated_at": "2024-03-21T10:52", "document_date": "2024-03-22"},
        ),
        (
            "document_age",
            {"generated_at": "2025-03-21T10:52", "document_date": "2025-03-01"},
            {"generated_at": "2025-03-21T10:52", "document_date": "2024-03-01"},
        ),
        ("vehicle_format", {"vehicle_number": "KA01AB1234"}, {"vehicle_number": "1234KA"}),
        ("distance_in_range", {"distance_km": 4000}, {"distance_km": 4001}),
        (
            "value_adds_up",
            {"total_invoice_value": "118.00", "items": [LINE]},
            {"total_invoice_value": "115.99", "items": [LINE]},
        ),
    ],
)
def test_an_e_way_bills_check_passes_and_fails(
    code: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    assert outcomes("eway_bill", good)[code] is True
    assert outcomes("eway_bill", bad)[code] is False


def test_both_kinds_of_tax_at_once_are_an_error() -> None:
    payload = {"cgst_amount": "9.00", "sgst_amount": "9.00", "igst_amount": "18.00"}
    (check,) = [one for one in run_checks("bill", payload) if one.code == "tax_kind"]
    assert (check.passed, check.severity) == (False, "error")


def test_a_value_above_the_sum_only_warns_and_below_it_is_an_error() -> None:
    above = run_checks("eway_bill", {"total_invoice_value": "130.00", "items": [LINE]})
    below = run_checks("eway_bill", {"total_invoice_value": "110.00", "items": [LINE]})
    assert [one.severity for one in above if one.code == "value_adds_up"] == ["warning"]
    assert [one.severity for one in below if one.code == "value_adds_up"] == ["error"]


def test_an_unregistered_party_has_no_checksum() -> None:
    assert "gstin_checksum" not in outcomes("eway_bill", {"recipient_gstin": "URP"})


def test_before_2021_a_day_was_100_km() -> None:
    payload = {"generated_at": "2020-03-21T10:52", "valid_until": "2020-03-25", "distance_km": 350}
    assert outcomes("eway_bill", payload)["validity_fits_distance"] is True


def test_road_without_a_vehicle_and_parties_that_are_one_are_warned_of() -> None:
    assert outcomes("eway_bill", {"transport_mode": "Road"})["road_needs_vehicle"] is False
    twice = {"supplier_gstin": SUPPLIER, "recipient_gstin": SUPPLIER}
    assert outcomes("bill", twice)["parties_differ"] is False
    assert "parties_differ" not in outcomes(
        "bill", {"supplier_gstin": SUPPLIER, "recipient_gstin": RECIPIENT}
    )


def test_checks_without_values_are_left_out_and_rubbish_does_no_harm() -> None:
    assert run_checks("bill", {}) == ()
    assert run_checks("memo", {"total_amount": "1.00"}) == ()
    rubbish: dict[str, Any] = {"total_amount": 5, "line_items": ["x", None], "document_date": []}
    assert run_checks("bill", rubbish) == ()
