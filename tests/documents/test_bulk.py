"""Many documents decided at once: only what nobody doubts, and each that is left says why."""

from typing import Any

import pytest

from documents import bulk, review, turns
from documents.models import Document, Outcome, Project, Role
from documents.turn_models import Handling
from tests import factories

pytestmark = pytest.mark.django_db
FULL = {"supplier_name": "Ada", "document_date": "2024-03-31", "total_amount": "9.00"}


def found(**values: Any) -> dict[str, Any]:
    """The evidence of a value that is sure."""
    known = {"page": 1, "box": None, "source": "ocr", "confidence": 0.99, "raw": "", "note": ""}
    return {**known, "alternatives": [], "checks": [], "failed": [], "of": 9, **values}


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


def paper(project: Project, **values: Any) -> Document:
    """A bill of which every required value is sure, waiting for a reason that is none any more."""
    sure = {f"/{name}": found() for name in FULL}
    told = {"code": "low_confidence", "field": "total_amount", "message": "Total is unsure."}
    given: dict[str, Any] = {"payload": FULL, "evidence": sure, "reasons": [told]}
    return factories.document(factories.upload(project), **given | values)


def reason(code: str, field: str = "") -> list[dict[str, str]]:
    return [{"code": code, "field": field, "message": f"It is {code}."}]


def test_what_nobody_doubts_is_confirmed_and_counts_as_confirmed_in_bulk(
    project: Project, ada: Any
) -> None:
    document = paper(project)
    assert [one.is_ready for one in bulk.weigh(turns.waiting(ada), ada)] == [True]
    done = bulk.confirm([(document.pk, document.version)], ada)
    assert (done.done, done.left) == (1, [])
    document.refresh_from_db()
    assert (document.status, document.reviewer) == ("draft_created", ada)
    handling = Handling.objects.get()
    assert (handling.is_bulk, handling.seconds, handling.fields) == (True, None, 3)
    # Nobody looked at each value: that says nothing of how right they were read.
    assert not Outcome.objects.exists()


UNSURE = {f"/{name}": found(confidence=0.6 if name == "total_amount" else 0.99) for name in FULL}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"evidence": UNSURE}, "unsure"),
        ({"evidence": UNSURE, "reasons": []}, "not sure enough"),
        ({"payload": FULL | {"total_amount": None}, "reasons": []}, "was not found"),
        ({"evidence": {}, "reasons": []}, "where"),
        ({"payload": FULL | {"supplier_gstin": "27AAPFU0939F1ZW"}}, "check character"),
        ({"reasons": reason("missing", "document_number")}, "missing"),
        ({"reasons": reason("sampled")}, "sampled"),
        ({"reasons": reason("duplicate")}, "duplicate"),
        ({"reasons": reason("conflict", "total_amount")}, "conflict"),
        ({"reasons": reason("reopened")}, "reopened"),
        ({"schema_version": None}, "Nothing was read"),
    ],
)
def test_a_document_with_any_doubt_is_left_and_says_why(
    project: Project, ada: Any, values: dict[str, Any], why: str
) -> None:
    document = paper(project, **values)
    [weighed] = bulk.weigh(Document.objects.all(), ada)
    assert why in weighed.why
    done = bulk.confirm([(document.pk, document.version)], ada)
    assert (done.done, [pk for pk, _ in done.left]) == (0, [document.pk])
    document.refresh_from_db()
    assert document.status == "draft_pending"


def test_what_changed_or_is_in_other_hands_or_not_ones_own_is_left(
    project: Project, ada: Any
) -> None:
    bob = factories.user(Role.REVIEWER, project)
    changed, busy, foreign = paper(project), paper(project), paper(factories.project())
    turns.claim(busy.pk, bob)
    assert [one.why for one in bulk.weigh(turns.waiting(ada), ada)] == [
        "",
        f"{bob} is at work on it.",
    ]
    version = changed.version
    review.correct(changed.pk, bob, version=version, values={"/total_amount": "8.00"})
    done = bulk.confirm([(changed.pk, version), (busy.pk, 1), (foreign.pk, 1)], ada)
    assert done.done == 0
    assert {pk for pk, _ in done.left} == {changed.pk, busy.pk, foreign.pk}
    assert not Document.objects.filter(status="draft_created").exists()


def test_many_are_rejected_with_one_reason_and_sent_back(project: Project, ada: Any) -> None:
    papers = [paper(project), paper(project)]
    done = bulk.reject([(one.pk, one.version) for one in papers], ada, reason="copies")
    assert done.done == 2
    rejected = Document.objects.filter(status="rejected")
    assert [one.reasons[0]["message"] for one in rejected] == ["copies"] * 2
    again = bulk.send_back([(one.pk, one.version) for one in rejected], ada)
    assert again.done == 2
    assert Document.objects.filter(status="draft_pending").count() == 2
    assert bulk.send_back([(papers[0].pk, 3)], ada).left[0][0] == papers[0].pk
