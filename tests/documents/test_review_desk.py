"""The desk of a review: places and rows that people give, checks while they type, clashes."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents import edits, review, suggestions
from documents.edits import Marks, Place
from documents.models import Correction, Document, Project, Role
from documents.review import ValueRefused
from tests import factories
from tests.documents.test_views import evidence, paper, signed_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
ROWS = [{"description": "Tea"}, {"description": "Milk"}, {"description": "Salt"}]


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def reviewer(project: Project) -> Client:
    return signed_in(Role.REVIEWER, project)


def check(client: Client, document: Document, **typed: str) -> Any:
    url = reverse("document-check", args=[document.pk])
    return client.post(url, {"version": str(document.version), **typed})


def test_a_marked_place_is_kept_as_evidence_of_a_person(project: Project) -> None:
    document, user = paper(project), factories.user()
    marks = Marks(places={"/supplier_name": Place(page=1, box=(1, 2, 70, 12))})
    values = {"/supplier_name": "Asha"}
    done = review.correct(document.pk, user, version=1, values=values, marks=marks)
    found = done.evidence["/supplier_name"]
    assert (found["source"], found["page"], found["box"]) == ("person", 1, [1, 2, 70, 12])


@pytest.mark.parametrize(
    "place", [Place(page=2, box=(1, 2, 3, 4)), Place(page=1, box=(1, 2, 999, 4))]
)
def test_a_place_that_is_not_on_the_pages_is_refused(project: Project, place: Place) -> None:
    document = paper(project)
    marks = Marks(places={"/supplier_name": place})
    with pytest.raises(ValueRefused, match="not on these pages"):
        review.correct(document.pk, factories.user(), version=1, values={}, marks=marks)


def test_a_removed_row_takes_its_evidence_along_and_stays_in_the_history(project: Project) -> None:
    told = {f"/line_items/{at}/description": evidence(raw=str(at)) for at in range(3)}
    document = paper(project, payload={"line_items": ROWS}, evidence=told)
    marks = Marks(removed=frozenset({"/line_items/1"}))
    values = {"/line_items/1/description": "Milk", "/line_items/2/description": "Sugar"}
    done = review.correct(document.pk, factories.user(), version=1, values=values, marks=marks)
    assert done.payload["line_items"] == [{"description": "Tea"}, {"description": "Sugar"}]
    assert done.evidence["/line_items/1/description"]["read"]["value"] == "Salt"
    assert done.evidence["/line_items/2/description"]["read"]["value"] == "Milk"
    changes = set(Correction.objects.values_list("pointer", "old", "new"))
    assert changes == {
        ("/line_items/1/description", "Salt", "Sugar"),
        ("/line_items/1/description", "Milk", None),
    }


def test_rows_left_empty_between_new_ones_are_closed_up() -> None:
    values = {"/line_items/1/description": "", "/line_items/2/description": "Milk"}
    edited = edits.apply({"line_items": ROWS[:1]}, {}, values)
    assert edited.payload["line_items"] == ROWS[:2]


def test_a_value_that_was_looked_at_is_doubtful_no_more(reviewer: Client, project: Project) -> None:
    document = paper(project)
    page = reviewer.get(reverse("document", args=[document.pk])).context["sheet"]
    assert page.doubts == 1
    review.correct(
        document.pk,
        factories.user(),
        version=1,
        values={},
        marks=Marks(accepted=frozenset({"/total_amount"})),
    )
    sheet = reviewer.get(reverse("document", args=[document.pk])).context["sheet"]
    total = next(field for field in sheet.fields if field.pointer == "/total_amount")
    assert (sheet.doubts, total.state.label, total.detail) == (0, "Confirmed", "read by OCR, 62%")


def test_checks_run_on_what_is_typed_and_save_nothing(reviewer: Client, project: Project) -> None:
    document = paper(project)
    typed = {"/supplier_gstin": "27AAPFU0989F1ZV", "/document_date": "6/12/24"}
    answer = check(reviewer, document, **typed)
    assert "is not a valid one" in answer.text
    assert 'data-value="27AAPFU0939F1ZV"' in answer.text
    assert 'data-for="document_date" value="2024-12-06"' in answer.text
    assert "must be an amount" in check(reviewer, document, **{"/total_amount": "much"}).text
    document.refresh_from_db()
    assert document.version == 1
    assert "supplier_gstin" not in document.payload


def test_checks_say_that_somebody_else_saved(reviewer: Client, project: Project) -> None:
    document = paper(project)
    assert "has just changed" not in check(reviewer, document).text
    review.correct(document.pk, factories.user(), version=1, values={"/currency": "EUR"})
    assert "has just changed" in check(reviewer, document).text


def test_words_and_checks_are_for_those_who_may(reviewer: Client, project: Project) -> None:
    document, viewer = paper(project), signed_in(Role.VIEWER, project)
    words = reverse("page-words", args=[document.upload_id, 1])
    assert viewer.get(words).json()["words"][0] == ["Asha", 1, 2, 30, 12]
    assert check(viewer, document).status_code == 403
    other = paper(factories.project())
    for name in ("page-words", "page-text"):
        url = reverse(name, args=[other.upload_id, 1])
        assert reviewer.get(url).status_code == 404
    assert reviewer.get(reverse("document-history", args=[other.pk])).status_code == 404
    assert check(reviewer, other).status_code == 404


def test_after_a_clash_each_value_that_only_one_touched_stands(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    page = reviewer.get(reverse("document", args=[document.pk])).context["document"]
    theirs = {"/total_amount": "9.00", "/currency": "EUR"}
    review.correct(document.pk, factories.user(), version=1, values=theirs)
    mine = {
        "version": "1",
        "seen": page.updated_at.isoformat(),
        "/total_amount": "7.00",
        "/currency": "INR",
        "/supplier_name": "Usha",
    }
    answer = reviewer.post(reverse("document-confirm", args=[document.pk]), mine)
    shown = {field.pointer: field for field in answer.context["sheet"].fields}
    assert answer.status_code == 409
    assert shown["/supplier_name"].value == "Usha"
    assert shown["/currency"].value == "EUR"
    assert shown["/total_amount"].value == "9.00"
    assert shown["/total_amount"].suggestions[0].value == "7.00"
    assert {change.pointer for _, change in answer.context["theirs"]} == set(theirs)


def test_the_page_costs_the_same_queries_for_one_page_and_for_forty(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    url = reverse("document", args=[document.pk])
    reviewer.get(url)
    with CaptureQueriesContext(connection) as one:
        reviewer.get(url)
    for number in range(2, 41):
        factories.page(document.upload, number, document=document, position=number, text="tea")
    with CaptureQueriesContext(connection) as forty:
        assert len(reviewer.get(url).context["pages"]) == 40
    assert len(forty) <= len(one) + 1  # the text of pages without an image


def test_a_repair_is_offered_only_where_it_closes_the_sum() -> None:
    from documents import field_checks, schemas

    payload = {"taxable_amount": "1000.00", "tax_amount": "180.00", "total_amount": "118000"}
    schema = schemas.shipped_schema("bill")
    made = field_checks.run("bill", schema, payload)
    offered = suggestions.repairs("bill", schema, payload, "/total_amount", made)
    assert [one.value for one in offered] == ["1180.00"]
