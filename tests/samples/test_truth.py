"""The truth of the samples obeys the rules of bills and e-way bills, whatever the seed."""

import json
import math
import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from stdnum.de import vat as german_vat
from stdnum.fr import tva as french_vat
from stdnum.gb import vat as uk_vat
from stdnum.in_ import gstin

from samples.identities import financial_year, irn
from samples.maker import Item, plan, truth_line
from samples.shelf import FILE_KINDS, Filed, draw_file

SEEDS = range(25)
RATES_BEFORE = {Decimal(rate) for rate in ("0", "5", "12", "18", "28")}
RATES_SINCE = {Decimal(rate) for rate in ("0", "5", "18", "40")}


def documents(kind: str) -> list[Filed]:
    return [
        filed
        for seed in SEEDS
        for filed in draw_file(random.Random(f"truth:{seed}"), kind, seed).documents
    ]


def amount(fields: dict[str, Any], name: str) -> Decimal:
    return Decimal(fields.get(name, "0"))


def line_sum(fields: dict[str, Any], name: str, items: str = "line_items") -> Decimal:
    return sum((Decimal(line[name]) for line in fields[items]), Decimal(0))


@pytest.fixture(scope="module")
def gst_bills() -> list[dict[str, Any]]:
    return [filed.fields for filed in documents("bill")]


@pytest.fixture(scope="module")
def eway_bills() -> list[Filed]:
    return documents("eway_bill")


@pytest.fixture(scope="module")
def packets() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    pairs = iter(documents("packet"))
    return [(bill.fields, eway.fields) for bill, eway in zip(pairs, pairs, strict=True)]


def test_the_header_of_a_gst_bill_is_the_sum_of_its_lines(gst_bills: list[dict[str, Any]]) -> None:
    for fields in gst_bills:
        taxes = sum(amount(fields, f"{tax}_amount") for tax in ("cgst", "sgst", "igst", "cess"))
        total = amount(fields, "taxable_amount") + taxes + amount(fields, "round_off")
        assert total == amount(fields, "total_amount")
        assert abs(amount(fields, "round_off")) < 1
        if "taxable_amount" in fields["line_items"][0]:
            assert line_sum(fields, "taxable_amount") == amount(fields, "taxable_amount")
        else:
            before_rounding = amount(fields, "total_amount") - amount(fields, "round_off")
            assert line_sum(fields, "total_amount") == before_rounding


def test_a_line_is_quantity_times_price_less_discount(gst_bills: list[dict[str, Any]]) -> None:
    for fields in gst_bills:
        for line in fields["line_items"]:
            if "taxable_amount" in line:
                worth = Decimal(line["quantity"]) * Decimal(line["unit_price"])
                taxable = worth - amount(line, "discount")
                assert abs(taxable - Decimal(line["taxable_amount"])) <= Decimal("0.01")


def test_taxes_follow_rates_and_rates_follow_the_date(gst_bills: list[dict[str, Any]]) -> None:
    for fields in gst_bills:
        since = date.fromisoformat(fields["document_date"]) >= date(2025, 9, 22)
        rates = {Decimal(line["tax_rate"]) for line in fields["line_items"]}
        assert rates <= (RATES_SINCE if since else RATES_BEFORE)
        if "taxable_amount" in fields["line_items"][0]:
            due = [
                Decimal(line["taxable_amount"]) * Decimal(line["tax_rate"]) / 100
                for line in fields["line_items"]
            ]
            paid = [amount(fields, f"{tax}_amount") for tax in ("cgst", "sgst", "igst")]
            assert abs(sum(due, Decimal(0)) - sum(paid)) <= Decimal("0.01") * len(due)


def test_a_bill_has_cgst_and_sgst_inside_a_state_and_igst_across(
    gst_bills: list[dict[str, Any]],
) -> None:
    inside = 0
    for fields in gst_bills:
        place = fields["place_of_supply"][-3:-1]
        if fields["supplier_gstin"][:2] == place:
            inside += 1
            assert fields["cgst_amount"] == fields["sgst_amount"]
            assert "igst_amount" not in fields
        else:
            assert "cgst_amount" not in fields
    assert 0 < inside < len(gst_bills)


def test_gstins_have_valid_check_characters(
    gst_bills: list[dict[str, Any]], eway_bills: list[Filed]
) -> None:
    for fields in [*gst_bills, *(eway.fields for eway in eway_bills)]:
        for name in ("supplier_gstin", "recipient_gstin", "transporter_id"):
            if fields.get(name, "URP") != "URP":
                assert gstin.is_valid(fields[name]), fields[name]


def test_an_irn_recomputes_from_number_date_and_supplier(gst_bills: list[dict[str, Any]]) -> None:
    registered = [fields for fields in gst_bills if "irn" in fields]
    assert registered
    for fields in registered:
        recomputed = irn(
            supplier_gstin=fields["supplier_gstin"],
            day=date.fromisoformat(fields["document_date"]),
            number=fields["document_number"],
        )
        assert recomputed == fields["irn"]
        assert len(fields["ack_number"]) == 15


def test_an_irn_takes_the_number_upper_cased_since_june_2025() -> None:
    case = {"supplier_gstin": "27AAPFU0939F1ZV"}
    before, since = date(2025, 5, 31), date(2025, 6, 1)
    assert irn(**case, day=before, number="Tx-1") != irn(**case, day=before, number="TX-1")
    assert irn(**case, day=since, number="Tx-1") == irn(**case, day=since, number="TX-1")


def test_a_financial_year_runs_from_april_to_march() -> None:
    assert financial_year(date(2025, 3, 31)) == "2024-25"
    assert financial_year(date(2025, 4, 1)) == "2025-26"
    assert financial_year(date(2099, 12, 1)) == "2099-00"


def test_an_eway_bill_is_valid_for_a_day_per_200_km(eway_bills: list[Filed]) -> None:
    for eway in eway_bills:
        generated = date.fromisoformat(eway.fields["generated_at"][:10])
        days = math.ceil(eway.fields["distance_km"] / 200)
        until = (generated + timedelta(days=days)).isoformat()
        assert eway.fields["valid_until"] == until
        assert date.fromisoformat(eway.fields["document_date"]) <= generated
        assert Decimal(eway.fields["total_invoice_value"]) > 50_000


def test_goods_on_an_eway_bill_stay_below_its_value(eway_bills: list[Filed]) -> None:
    detailed = [eway.fields for eway in eway_bills if "items" in eway.fields]
    assert 0 < len(detailed) < len(eway_bills)
    for fields in detailed:
        taxed = sum(
            Decimal(item["taxable_amount"]) * (1 + Decimal(item["tax_rate"]) / 100)
            for item in fields["items"]
        )
        assert taxed <= Decimal(fields["total_invoice_value"]) + 2


def test_a_packet_holds_a_bill_and_the_eway_bill_over_it(
    packets: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    for bill, eway in packets:
        assert eway["document_number"] == bill["document_number"]
        assert eway["document_date"] == bill["document_date"]
        assert eway["total_invoice_value"] == bill["total_amount"]
        assert eway["supplier_gstin"] == bill["supplier_gstin"]
        assert bill.get("ewb_number", eway["ewb_number"]) == eway["ewb_number"]


def test_foreign_bills_close_and_their_tax_ids_are_valid() -> None:
    checks = {"GB": uk_vat, "DE": german_vat, "FR": french_vat}
    for filed in documents("foreign"):
        fields = filed.fields
        assert line_sum(fields, "taxable_amount") == amount(fields, "taxable_amount")
        total = amount(fields, "taxable_amount") + amount(fields, "tax_amount")
        assert total == amount(fields, "total_amount")
        tax_id = fields["supplier_tax_id"]
        if tax_id[:2] in checks:
            assert checks[tax_id[:2]].is_valid(tax_id), tax_id


def test_receipts_close_on_what_was_to_be_paid() -> None:
    for filed in documents("receipt"):
        fields = filed.fields
        extra = ("tax_amount", "cgst_amount", "sgst_amount", "round_off")
        total = line_sum(fields, "total_amount") + sum(amount(fields, name) for name in extra)
        assert total == amount(fields, "total_amount")


def test_papers_of_no_type_have_no_fields() -> None:
    filed = documents("unknown")
    assert all(paper.type == "unknown" and paper.fields == {} for paper in filed)
    assert len({paper.layout for paper in filed}) == 9


def test_every_kind_makes_the_same_paper_again() -> None:
    for kind in FILE_KINDS:
        first, second = (draw_file(random.Random("again"), kind, 3) for _ in range(2))
        assert first == second


def test_thirty_files_are_mixed_as_planned() -> None:
    items = plan(30, 4)
    kinds = [item.kind for item in items]
    assert kinds.count("eway_bill") == 6
    assert kinds.count("unknown") == 6
    assert [item.variant for item in items].count("photo") == 8
    assert [item.variant for item in items].count("scan") == 8
    assert sum(1 for item in items if item.quarter_turns) == 3
    assert {"bill", "eway_bill", "unknown"} == {item.kind for item in plan(3, 4)}


def test_kinds_filter_and_variants_take_turns() -> None:
    items = plan(5, 0, variants=("scan", "photo"), kinds=("receipt", "packet"))
    assert {item.kind for item in items} == {"receipt", "packet"}
    assert [item.variant for item in items] == ["scan", "photo", "scan", "photo", "scan"]


def test_a_packet_has_no_type_of_its_own_in_the_truth_file() -> None:
    item = Item(number=0, kind="packet", turn=2, variant="born_digital")
    line = truth_line("paper-001.pdf", item, draw_file(random.Random("packet"), "packet", 2))
    assert "type" not in line
    assert "fields" not in line
    assert line["page_types"] == ["bill", "bill", "eway_bill"]
    assert [filed["pages"] for filed in line["documents"]] == [[1, 2], [3]]
    assert json.loads(json.dumps(line)) == line
