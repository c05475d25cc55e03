"""Questions that become filters, and the documents that filters let through."""

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from documents.models import Document, DocumentStatus, Project
from search.listing import known, question, rows, table
from search.listing.filters import Amount, Filters, Op, Order, Period, Understood, Wanted
from search.listing.form import FilterForm, as_query
from search.listing.names import Known
from search.queries import EVERYONE
from tests import factories

TODAY = date(2026, 11, 22)
TYPES = {"bill": "Bill", "eway_bill": "E-way bill", "contract": "Contract"}
KNOWN = Known(
    suppliers=frozenset(
        {"ACME Industries Pvt. Ltd.", "ACME Traders", "Zarnik Paper Products LLP", "May & Sons"}
    ),
    recipients=frozenset({"Wadrani Textiles Pvt. Ltd.", "ACME Traders"}),
)


def read(text: str) -> Understood:
    return question.read(text, known=KNOWN, types=TYPES, today=TODAY)


@pytest.mark.parametrize(
    ("text", "field", "first", "last"),
    [
        ("bills in May 2026", "document_date", "2026-05-01", "2026-05-31"),
        ("bills of December", "document_date", "2025-12-01", "2025-12-31"),
        ("bills due in December", "due_date", "2026-12-01", "2026-12-31"),
        ("bills from 3 to 9 March", "document_date", "2026-03-03", "2026-03-09"),
        ("e-way bills between 3 and 9 March", "generated_at", "2026-03-03", "2026-03-09"),
        ("bills 28 Dec to 5 Jan 2026", "document_date", "2025-12-28", "2026-01-05"),
        ("bills dated 03/04/2026", "document_date", "2026-04-03", "2026-04-03"),
        ("bills since 2026-03-05", "document_date", "2026-03-05", ""),
        ("bills after March 2026", "document_date", "2026-04-01", ""),
        ("bills before 1 Jan 2026", "document_date", "", "2025-12-31"),
        ("receipts from last year", "document_date", "2025-01-01", "2025-12-31"),
        ("bills due next month", "due_date", "2026-12-01", "2026-12-31"),
        ("bills in FY 2025-26", "document_date", "2025-04-01", "2026-03-31"),
        ("bills in FY26", "document_date", "2025-04-01", "2026-03-31"),
        ("bills last fiscal year", "document_date", "2025-04-01", "2026-03-31"),
        ("bills in Q2 FY 2025-26", "document_date", "2025-07-01", "2025-09-30"),
        ("bills in Q1 2026", "document_date", "2026-01-01", "2026-03-31"),
        ("bills of the last 7 days", "document_date", "2026-11-16", "2026-11-22"),
        ("bills uploaded this week", "created_at", "2026-11-16", "2026-11-22"),
        ("e-way bills valid until 5 March 2026", "valid_until", "", "2026-03-05"),
        ("overdue bills", "due_date", "", "2026-11-21"),
    ],
)
def test_periods_are_read(text: str, field: str, first: str, last: str) -> None:
    assert read(text).filters.periods == (Period(field=field, first=first, last=last),)


@pytest.mark.parametrize(
    ("text", "op", "value", "upper"),
    [
        ("bills above 50,000", Op.OVER, "50000", None),
        ("bills over 1.5 lakh", Op.OVER, "150000", None),
        ("bills of at least ₹1,50,000", Op.FROM, "150000", None),
        ("bills under 20", Op.UNDER, "20", None),
        ("bills up to 2 crore", Op.TO, "20000000", None),
        ("bills of 5k or more", Op.FROM, "5000", None),
        ("bills between 1 and 2 lakh", Op.BETWEEN, "100000", "200000"),
        ("bills between 10,000 and 2 lakh", Op.BETWEEN, "10000", "200000"),
        ("bill with a total of exactly 1,21,310.00", Op.EXACTLY, "121310", None),
    ],
)
def test_amounts_are_read(text: str, op: Op, value: str, upper: str | None) -> None:
    (found,) = read(text).filters.amounts
    assert (found.op, found.value) == (op, Decimal(value))
    assert found.upper == (None if upper is None else Decimal(upper))


def test_names_are_those_that_the_project_has() -> None:
    assert set(read("bills of acme").filters.suppliers) == {
        "ACME Industries Pvt. Ltd.",
        "ACME Traders",
    }
    assert read("bills from ACME Traders").filters.suppliers == ("ACME Traders",)
    assert read("bills to ACME Traders").filters.recipients == ("ACME Traders",)
    assert read("bills for Wadrani").filters.recipients == ("Wadrani Textiles Pvt. Ltd.",)


def test_a_name_that_is_a_month_or_a_paper_is_a_name() -> None:
    assert read("bills from May & Sons").filters == Filters(type="bill", suppliers=("May & Sons",))
    assert read("Zarnik Paper bills").filters.suppliers == ("Zarnik Paper Products LLP",)


def test_a_name_that_is_nearly_right_is_taken_and_told() -> None:
    understood = read("bills from Zarnk Papper")
    assert understood.filters.suppliers == ("Zarnik Paper Products LLP",)
    assert "Zarnk Papper" in understood.notes[0]


def test_a_supplier_that_nobody_knows_finds_nothing_rather_than_all() -> None:
    understood = read("bills of supplier Nowhere Mills above 5,000")
    assert understood.filters.supplier_text == "Nowhere Mills"
    assert "Nowhere Mills" in understood.notes[0]


def test_a_long_question_is_read_at_once_however_many_names_there_are() -> None:
    names = frozenset(f"Firm{n} Made{n % 97} Steel Ltd" for n in range(20_000))
    asked = "bills of " + " ".join(f"firm{n} made{n}" for n in range(20)) + " steel works" * 45
    begun = time.process_time()
    read = question.read(asked, known=Known(suppliers=names), types=TYPES, today=TODAY)
    assert time.process_time() - begun < 4
    assert len(read.filters.suppliers) == 20


def test_what_is_not_known_is_said() -> None:
    understood = read("unpaid bills for cement above 5k")
    assert "paid" in understood.notes[0]
    assert understood.left_out == ("cement",)
    assert read("receipts under 20").notes


def test_numbers_of_papers_parties_and_vehicles_are_read() -> None:
    assert read("invoice number GST/25-26/3459").filters == Filters(
        type="bill", number="GST/25-26/3459"
    )
    assert read("e-way bill 1234 5678 9012").filters.ewb_number == "123456789012"
    assert read("bills with GSTIN 27AAPFU0939F1ZV").filters.gstin == "27AAPFU0939F1ZV"
    assert read("e-way bills of vehicle KA01AB1234").filters.vehicle == "KA01AB1234"
    assert read("e-way bills of vehicle UGC9100").filters.vehicle == "UGC9100"


def test_order_status_and_what_is_wanted_are_read() -> None:
    assert read("the 5 largest bills").filters == Filters(type="bill", order=Order.LARGEST, limit=5)
    assert read("bills needing review").filters.status == "draft_pending"
    assert read("how many bills in 2025").wanted == Wanted.COUNT
    # A bill's value would be counted twice if its e-way bill were added to it.
    spent = read("how much did we spend with ACME Traders")
    assert (spent.wanted, spent.filters.type) == (Wanted.SUM, "bill")


@pytest.mark.parametrize("text", ["", "?", "''--", "between and", "9" * 900, "a" * 900, "((((\\"])
def test_a_strange_question_is_read_without_a_fault(text: str) -> None:
    assert isinstance(read(text), Understood)


def test_filters_are_stored_and_changed_without_loss() -> None:
    understood = read("5 largest bills of ACME between 1 and 2 lakh due in May 2026 in EUR")
    assert Understood.from_json(understood.as_json()) == understood
    form = FilterForm(as_query(understood.filters), types=TYPES, before=Filters())
    assert form.is_valid(), form.errors
    assert form.filters(KNOWN) == understood.filters


def test_many_names_can_be_applied_again() -> None:
    names = tuple(f"The Long Name of Firm {n} Pvt. Ltd." for n in range(60))
    before = Filters(suppliers=names)
    form = FilterForm(as_query(before), types=TYPES, before=before)
    assert form.is_valid()
    assert form.filters(Known(suppliers=frozenset(names))).suppliers == names


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"op": "over"}, "value"),
        ({"op": "between", "value": "5"}, "upper"),
        ({"value": "5"}, "op"),
    ],
)
def test_a_condition_that_is_half_filled_in_is_said(given: dict[str, str], missing: str) -> None:
    asked = {f"amount_0_{part}": value for part, value in given.items()}
    form = FilterForm(asked, types=TYPES, before=Filters())
    assert set(form.errors) == {f"amount_0_{missing}"}


def bill(project: Project, **values: Any) -> Document:
    payload = {name: value for name, value in values.items() if name not in ("type_slug", "status")}
    kept = {name: values[name] for name in ("type_slug", "status") if name in values}
    return factories.document(factories.upload(project), payload=payload, **kept)


def found(project: Project, **filters: Any) -> list[Document]:
    return list(table.found_by(EVERYONE, project, Filters(**filters)))


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.mark.django_db
def test_amounts_are_compared_as_numbers_and_other_text_is_none(project: Project) -> None:
    nine, ten = (bill(project, total_amount=amount) for amount in ("9.00", "10000.00"))
    bill(project, total_amount="about 50000")
    assert found(project, amounts=(Amount(op=Op.OVER, value=Decimal(10)),)) == [ten]
    assert found(project, amounts=(Amount(op=Op.EXACTLY, value=Decimal(9)),)) == [nine]


@pytest.mark.django_db
def test_an_e_way_bill_is_found_by_the_name_that_its_gstin_has_on_bills(project: Project) -> None:
    gstin = "27AAPFU0939F1ZV"
    one = bill(project, supplier_name="Acme", supplier_gstin=gstin, total_amount="10.00")
    way = bill(project, type_slug="eway_bill", supplier_gstin=gstin, total_invoice_value="10.00")
    bill(project, supplier_name="Other", supplier_gstin=gstin)
    assert set(found(project, suppliers=("Acme",))) == {one, way}


@pytest.mark.django_db
def test_a_plate_is_found_with_and_without_its_zero(project: Project) -> None:
    one = bill(project, type_slug="eway_bill", vehicle_number="DL1AB123")
    bill(project, type_slug="eway_bill", vehicle_number="DL1AB1234")
    assert found(project, vehicle="DL01AB0123") == [one]


@pytest.mark.django_db
def test_rejected_ones_are_listed_only_when_asked_for(project: Project) -> None:
    gone = bill(project, status=DocumentStatus.REJECTED)
    kept = bill(project)
    assert found(project) == [kept]
    assert found(project, status="rejected") == [gone]


@pytest.mark.django_db
def test_other_projects_are_neither_listed_nor_named(project: Project) -> None:
    bill(factories.project(), supplier_name="Elsewhere", total_amount="1.00")
    assert found(project) == []
    assert known.names(project) == Known()


@pytest.mark.django_db
def test_each_name_of_a_project_is_known_once(project: Project) -> None:
    for supplier in ("Zinc Co", "Acme", "Acme", "acme", ""):
        bill(project, supplier_name=supplier, recipient_name="R" * 400)
    bill(project, recipient_name="Beta")
    found_names = known.names(project)
    assert found_names.suppliers == {"Acme", "Zinc Co", "acme"}
    assert found_names.recipients == {"Beta", "R" * 300}
    assert len(found(project, recipients=("R" * 300,))) == 5


@pytest.mark.django_db
def test_sums_are_by_currency_and_of_the_rows_that_are_shown(project: Project) -> None:
    for amount in ("10.00", "20.50", "5.00"):
        bill(project, total_amount=amount, currency="EUR")
    bill(project, total_amount="7.00", currency="INR")
    every = rows.sums(table.found_by(EVERYONE, project, Filters()), Filters())
    assert [(one.currency, one.count, one.total) for one in every] == [
        ("EUR", 3, Decimal("35.5")),
        ("INR", 1, Decimal(7)),
    ]
    two = Filters(order=Order.LARGEST, limit=2)
    (cut,) = rows.sums(table.found_by(EVERYONE, project, two), two)
    assert (cut.count, cut.total) == (2, Decimal("30.5"))


@pytest.mark.django_db
def test_no_cell_of_the_csv_is_a_formula(project: Project) -> None:
    bill(project, supplier_name='=HYPERLINK("http://evil.example")', total_amount="-5.00")
    lines = list(table.as_csv(table.found_by(EVERYONE, project, Filters()), Filters()))
    assert "'=HYPERLINK" in lines[1]
    assert ",-5," in lines[1]


@pytest.mark.django_db
def test_a_value_leads_to_the_page_and_box_of_its_evidence(project: Project) -> None:
    made = bill(project, document_number="A-1")
    made.evidence = {"/document_number": {"page": 2, "box": [10, 20.4, 30, 40]}}
    made.save()
    (one,) = table.found_by(EVERYONE, project, Filters())
    assert table.row_of(one).places["number"].query == "page=2&at=10,20,30,40"


@pytest.mark.django_db
def test_more_documents_take_no_more_queries(
    project: Project, django_assert_num_queries: Any
) -> None:
    user = factories.user(is_superuser=True)
    for n in range(12):
        bill(project, total_amount=f"{n}.00", supplier_name=f"Acme {n}")
    with django_assert_num_queries(2):
        listed = table.listed(user, project, Filters(), "")
    assert listed.count == len(listed.leaf.rows) == 12
