"""What documents say of one another, whichever of them is read first."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from documents import identity, relations, relatives, review
from documents.models import AuditEvent, Document, Page, Relation, Upload
from tests import factories
from tests.documents.papers import BILL, EWAY, codes, other_of, paper, read, told

pytestmark = pytest.mark.django_db
LETTER = (
    "Dear Ms Lovelace, the engine number 1843 that you ordered on 12 May has been shipped with "
    "lorry 77 to Pune and will arrive before 30 June. Yours faithfully, Charles Babbage, London"
)


def packet(bill: dict[str, Any] = BILL, eway: dict[str, Any] = EWAY) -> tuple[Document, Document]:
    """A bill and an e-way bill of one file, read one after the other."""
    one = paper()
    other = paper(kind="eway_bill", of=one.upload, first_page=2)
    read(one, bill)
    read(other, eway)
    return one, other


def test_a_bill_and_its_eway_bill_prove_what_both_print() -> None:
    one = paper()
    other = paper(kind="eway_bill", of=one.upload, first_page=2)
    read(one, BILL, total_amount=0.5, document_date=0.5)
    assert ("low_confidence", "total_amount") in codes(one)
    read(other, EWAY, total_invoice_value=0.5)
    assert (codes(one), codes(other)) == (set(), set())
    assert one.status == other.status == "draft_created"
    assert "bill_matches_eway" in one.evidence["/total_amount"]["checks"]
    assert "bill_matches_eway" in other.evidence["/total_invoice_value"]["checks"]


def test_a_bill_that_went_straight_through_comes_back_when_its_eway_bill_disagrees() -> None:
    one = paper()
    other = paper(kind="eway_bill", of=one.upload, first_page=2)
    read(one, BILL)
    assert one.status == "draft_created"
    read(other, EWAY | {"total_invoice_value": "181000.00"})
    assert codes(one) == {("eway_mismatch", "total_amount")}
    assert codes(other) == {("eway_mismatch", "total_invoice_value")}
    assert one.status == other.status == "draft_pending"
    assert other_of(one, "eway_mismatch") == str(other.pk)
    assert other_of(other, "eway_mismatch") == str(one.pk)
    event = AuditEvent.objects.get(verb="document.questioned")
    assert (event.subject, event.detail) == (
        f"documents.document:{one.pk}",
        {"codes": ["eway_mismatch"]},
    )
    assert "118000.00" in one.reasons[0]["message"]
    assert "181000.00" in one.reasons[0]["message"]


def test_the_only_bill_and_the_only_eway_bill_of_a_file_belong_together_by_that() -> None:
    one, other = packet(BILL, EWAY | {"document_number": "INV/25-26/0043"})
    assert codes(one) == codes(other) == {("eway_mismatch", "document_number")}


def test_a_third_paper_parts_those_that_were_only_together_because_they_were_two() -> None:
    one, other = packet(BILL, EWAY | {"document_number": "INV/25-26/0043"})
    third = paper(of=one.upload, first_page=3)
    read(third, BILL | {"document_number": "INV/25-26/0043"})
    assert (codes(one), codes(other), codes(third)) == (set(), set(), set())
    assert "bill_matches_eway" in third.evidence["/document_number"]["checks"]


def test_papers_of_one_batch_find_one_another_and_those_of_another_do_not() -> None:
    project = factories.project()
    one, other = paper(project), paper(project, "eway_bill")
    read(one, BILL)
    read(other, EWAY | {"total_invoice_value": "5.00"})
    assert codes(other) == set()
    batch = Upload.objects.filter(pk__in=[one.upload_id, other.upload_id])
    read(other, EWAY | {"total_invoice_value": "5.00"}, packet=batch)
    assert ("eway_mismatch", "total_invoice_value") in codes(other)
    assert ("eway_mismatch", "total_amount") in codes(one)


def test_the_same_number_of_another_supplier_is_not_its_eway_bill() -> None:
    one = paper()
    other = paper(kind="eway_bill", of=one.upload, first_page=2)
    read(paper(of=one.upload, first_page=3), BILL | {"document_number": "7"})
    read(one, BILL | {"supplier_gstin": "05AAACG2115R1ZN", "total_amount": "3.00"})
    read(other, EWAY)
    assert (codes(one), codes(other)) == (set(), set())


def test_a_paper_that_comes_again_in_another_file_is_a_duplicate_of_the_first() -> None:
    project = factories.project()
    one, again = paper(project), paper(project)
    read(one, BILL)
    read(again, BILL)
    assert codes(one) == set()
    assert codes(again) == {("duplicate", "")}
    assert other_of(again, "duplicate") == str(one.pk)


def test_a_duplicate_is_found_by_name_where_one_scan_lost_the_gstin() -> None:
    project = factories.project()
    one, again = paper(project), paper(project)
    read(one, BILL)
    read(again, {name: BILL[name] for name in BILL if not name.endswith("_gstin")})
    assert codes(again) == {("duplicate", "")}


@pytest.mark.parametrize("change", [{"total_amount": "118000.50"}, {"document_date": "2025-07-12"}])
def test_a_number_of_the_same_year_on_another_paper_is_a_reason(change: dict[str, str]) -> None:
    project = factories.project()
    one, other = paper(project), paper(project)
    read(one, BILL)
    read(other, BILL | change)
    assert codes(other) == {("number_seen_before", "document_number")}
    assert codes(one) == set()


def test_numbers_begin_again_with_the_financial_year() -> None:
    project = factories.project()
    one, other = paper(project), paper(project)
    read(one, BILL)
    read(other, BILL | {"document_date": "2026-04-01"})
    assert codes(other) == set()


def test_numbers_outside_gst_may_stand_on_many_papers() -> None:
    project = factories.project()
    one, other = paper(project), paper(project)
    till = {"supplier_name": "Shop", "document_number": "471102", "total_amount": "9.00"}
    read(one, till | {"document_date": "2025-06-12"})
    read(other, till | {"document_date": "2025-06-13", "total_amount": "8.00"})
    assert codes(other) == set()


def test_nothing_is_said_of_papers_of_another_project() -> None:
    one, other = paper(text=LETTER), paper(text=LETTER)
    read(one, BILL)
    read(other, BILL)
    assert codes(other) == set()
    assert not Relation.objects.exists()


def test_a_rejected_or_deleted_first_one_clears_the_next_reading() -> None:
    project, user = factories.project(), factories.user()
    one, again = paper(project), paper(project)
    read(one, BILL | {"document_date": ""})
    read(one, BILL, total_amount=0.1)
    read(again, BILL)
    assert codes(again) == {("duplicate", "")}
    review.reject(one.pk, user, version=Document.objects.get(pk=one.pk).version, reason="no")
    read(again, BILL)
    assert codes(again) == set()
    third = paper(project)
    read(third, BILL)
    again.delete()
    read(third, BILL)
    assert codes(third) == set()


def test_what_a_person_confirmed_stays_and_is_compared_by_the_persons_values() -> None:
    project, user = factories.project(), factories.user()
    one, again = paper(project), paper(project)
    read(one, BILL, total_amount=0.1)
    review.confirm(one.pk, user, version=one.version, values={"/document_number": "INV/25-26/0044"})
    before = told(one)
    read(again, BILL | {"document_number": "INV/25-26/0044"})
    assert codes(again) == {("duplicate", "")}
    assert told(one) == before


def test_a_saved_correction_keeps_the_reasons_that_it_does_not_settle() -> None:
    one, _ = packet(BILL, EWAY | {"total_invoice_value": "5.00", "document_date": "2025-06-11"})
    read(again := paper(one.project), BILL)
    assert codes(again) == {("duplicate", "")}
    user = factories.user()
    review.correct(again.pk, user, version=again.version, values={"/supplier_name": "Ada"})
    assert codes(again) == {("duplicate", "")}
    one.refresh_from_db()
    review.correct(one.pk, user, version=one.version, values={"/total_amount": "5.00"})
    assert codes(one) == {("eway_mismatch", "document_date")}


def near(one: str, other: str, **values: str) -> Document:
    """The second of two letters of no type, one page each."""
    project = factories.project()
    for text in (one, other):
        document = factories.document(factories.upload(project), "")
        Page.objects.create(
            upload=document.upload, number=1, document=document, position=1, text=text
        )
        with transaction.atomic():
            relations.save_look(document.pk)
    return document


def test_a_letter_that_comes_again_with_other_noise_is_a_near_duplicate() -> None:
    again = near(LETTER, LETTER.replace("faithfully", "faithfullv").replace("Pune", "Pure"))
    assert codes(again) == {("near_duplicate", "")}
    assert again.status == "unknown"


def test_a_letter_of_the_same_firm_about_something_else_is_none() -> None:
    other = LETTER.replace("1843", "1844").replace("12 May", "13 July").replace("77", "78")
    assert codes(near(LETTER, other.replace("30 June", "29 August"))) == set()


def test_two_scans_are_no_duplicates_when_their_numbers_differ() -> None:
    project = factories.project()
    one, other = paper(project, text=LETTER), paper(project, text=LETTER)
    read(one, BILL)
    read(other, BILL | {"document_number": "INV/25-26/0043"})
    assert codes(other) == set()


def test_two_scans_are_near_duplicates_when_one_lost_its_number() -> None:
    project = factories.project()
    one, other = paper(project, text=LETTER), paper(project, text=LETTER)
    read(one, BILL)
    read(other, {name: BILL[name] for name in BILL if name != "document_number"})
    assert codes(other) == {("near_duplicate", "")}
    assert other_of(other, "near_duplicate") == str(one.pk)


def test_a_longer_paper_is_no_copy_of_its_first_page() -> None:
    project = factories.project()
    short, long = paper(project, text=LETTER), paper(project, text=LETTER)
    Page.objects.create(upload=long.upload, number=2, document=long, position=2, text=LETTER[::-1])
    values = {"supplier_name": "Ada Steel Ltd"}
    read(short, values)
    read(long, values)
    assert ("near_duplicate", "") not in codes(long)


def scene() -> tuple[list[Callable[[], None]], list[Document]]:
    """Six papers of a project that have much to do with one another, and how each is read."""
    project = factories.project()
    bill, again, taken = (paper(project, text=LETTER) for _ in range(3))
    eway = paper(project, "eway_bill", of=bill.upload, first_page=2)
    copy = paper(project, text=LETTER)
    batch = Upload.objects.filter(pk__in=[bill.upload_id, again.upload_id])
    acts: list[Callable[[], None]] = [
        lambda: read(bill, BILL, packet=batch, total_amount=0.5),
        lambda: read(eway, EWAY | {"recipient_gstin": "05AAACG2115R1ZN"}, packet=batch),
        lambda: read(again, BILL, packet=batch),
        lambda: read(taken, BILL | {"total_amount": "9.00"}),
        lambda: read(copy, {"supplier_name": "Ada Steel Ltd", "total_amount": "118000.00"}),
    ]
    return acts, [bill, eway, again, taken, copy]


def shape(papers: list[Document]) -> list[Any]:
    """What reading came to, with places in the list for ids."""
    places = {str(document.pk): str(place) for place, document in enumerate(papers)}
    shapes = []
    for document in papers:
        found = told(document)
        reasons = [r | {"document": places.get(r.get("document", ""))} for r in found["reasons"]]
        shapes.append((found["payload"], found["evidence"], found["status"], reasons))
    return shapes


def test_the_order_in_which_papers_are_read_does_not_matter() -> None:
    expected: list[Any] = []
    for order in list(permutations(range(5)))[::13]:
        acts, papers = scene()
        for place in order:
            acts[place]()
        expected = expected or shape(papers)
        assert shape(papers) == expected
    assert {reason["code"] for _, _, _, reasons in expected for reason in reasons} >= {
        "eway_mismatch",
        "duplicate",
        "number_seen_before",
        "near_duplicate",
    }


def fill(count: int) -> Document:
    """A project of so many bills of one supplier, and the next one of it, not read yet."""
    project = factories.project()
    kind = factories.document(factories.upload(project)).type
    assert kind is not None
    uploads = Upload.objects.bulk_create(
        Upload(
            project=project,
            file=f"{number}",
            filename="bill.pdf",
            media_type="application/pdf",
            size_bytes=1,
            sha256=f"{project.pk}-{number}",
        )
        for number in range(count)
    )
    rows = []
    for number, upload in enumerate(uploads):
        known = identity.Identity.of("bill", BILL | {"document_number": f"INV/{number:05d}"})
        looks = [identity.key(identity.LOOK, project.pk, f"{number} {band}") for band in range(24)]
        rows.append(
            Document(
                project=project,
                upload=upload,
                first_page=1,
                type=kind,
                type_confidence=1.0,
                status="draft_pending",
                identity=known.as_json(),
                keys=[*identity.keys(project.pk, known), *looks],
            )
        )
    Document.objects.bulk_create(rows)
    return paper(project, text=LETTER)


def test_others_are_found_through_the_index_in_as_many_queries_among_few_as_among_many() -> None:
    counts = []
    for many in (10, 1_000):
        document = fill(many)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE documents_document")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            read(document, BILL | {"document_number": f"INV/{many - 1:05d}"})
        assert codes(document) == {("duplicate", "")}
        counts.append(len(asked))
    assert counts[0] == counts[1]
    by_key = [q["sql"] for q in asked if "&&" in q["sql"]]
    assert len(by_key) == 3
    plans = []
    for sql in by_key:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        plans.append(plan)
        assert "Seq Scan on documents_document " not in plan, plan
    assert sum("document_keys" in plan for plan in plans) >= 2, plans


def test_papers_that_all_share_a_number_are_held_against_a_few_of_the_other_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relatives, "_TOGETHER", 2)
    bills = [paper()]
    home = bills[0].upload
    bills += [paper(of=home, first_page=page) for page in (2, 3, 4)]
    for bill in bills:
        read(bill, BILL)
    eway = paper(kind="eway_bill", of=home, first_page=9)
    read(eway, EWAY)
    assert Relation.objects.filter(document=eway, kind="packet").count() == 2
