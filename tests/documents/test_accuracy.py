"""What reviews say of accuracy, over time and by version."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from documents import accuracy, drafts, review
from documents.accuracy import Asked, Sampled, Tally, Through
from documents.models import AnyUser, Document, Outcome, Project, Role, Upload
from tests import factories

pytestmark = pytest.mark.django_db

SAMPLE = [{"code": drafts.SAMPLED, "field": "", "message": "Drawn."}]


def read_document(project: Project, **values: Any) -> Document:
    """A bill with two values read, of confidence 0.97 and 0.6."""
    evidence: dict[str, Any] = {
        f"/{name}": {
            "page": 1, "box": None, "source": "ocr", "confidence": confidence,
            "score": confidence, "raw": "", "note": "", "alternatives": [], "checks": [],
            "failed": [], "basis": "read-alone", "engine": "rules 1",
        }
        for name, confidence in (("supplier_name", 0.97), ("total_amount", 0.6))
    }  # fmt: skip
    payload = {"supplier_name": "Ada", "document_date": "2024-03-31", "total_amount": "8.00"}
    made: dict[str, Any] = {"payload": payload, "evidence": evidence} | values
    return factories.document(factories.upload(project), **made)


def confirmed(document: Document, at: datetime | None = None, **corrected: str) -> Document:
    values = {f"/{name}": value for name, value in corrected.items()}
    review.confirm(document.pk, factories.user(), version=document.version, values=values)
    if at is not None:
        Outcome.objects.filter(document=document).update(at=at)
    return document


def asked(seen: Project, user: AnyUser | None = None, **more: Any) -> Asked:
    """As a viewer of one project, or as `user`."""
    return Asked(user=user or factories.user(Role.VIEWER, seen), type_slug="bill", **more)


def test_reviewed_values_are_right_read_wrong_or_not_read_by_field() -> None:
    project = factories.project()
    confirmed(read_document(project))
    confirmed(read_document(project), total_amount="9.00", currency="INR")
    found = accuracy.reviewed(asked(project))
    assert found.total == Tally(values=5, right=3, missed=1)
    assert found.total.wrong == 1
    assert {line.key: line.total for line in found.fields} == {
        "currency": Tally(values=1, right=0, missed=1),
        "total_amount": Tally(values=2, right=1),
        "supplier_name": Tally(values=2, right=2),
    }
    assert found.fields[-1].key == "supplier_name"
    assert found.fields[-1].name == "Supplier"
    assert accuracy.documents(asked(project)) == 2


def test_versions_hold_what_they_read_and_one_field_can_be_asked_for() -> None:
    project = factories.project()
    confirmed(read_document(project), currency="INR")
    newer = read_document(project)
    for found in newer.evidence.values():
        found["engine"] = "rules 2"
    newer.save()
    confirmed(newer, total_amount="9.00")
    Outcome.objects.filter(engine="rules 1").update(at=timezone.now() - timedelta(days=9))
    told = accuracy.reviewed(asked(project), "total_amount")
    assert told.total == Tally(values=2, right=1)
    assert [(line.name, line.total) for line in told.versions] == [
        ("rules 2, schema 1", Tally(values=1, right=0)),
        ("rules 1, schema 1", Tally(values=1, right=1)),
    ]
    assert len(told.fields) == 3


@pytest.mark.parametrize(("period", "back"), [("30d", 3), ("12w", 21), ("12m", 90)])
def test_values_are_counted_in_the_span_of_their_review(period: str, back: int) -> None:
    project, now = factories.project(), timezone.now()
    confirmed(read_document(project), at=now)
    confirmed(read_document(project), at=now - timedelta(days=back))
    confirmed(read_document(project), at=now - timedelta(days=500))
    one = asked(project, period=period)
    line = next(x for x in accuracy.reviewed(one).fields if x.key == "total_amount")
    assert line.total.values == 2
    assert len(line.spans) == len(one.spans())
    assert line.spans[-1].values == 1
    assert sum(tally.values for tally in line.spans) == 2


def test_what_needed_nobody_is_what_went_through_and_what_was_drawn_of_it() -> None:
    project = factories.project()
    read_document(project)
    read_document(project, status="draft_created")
    read_document(project, reasons=SAMPLE)
    confirmed(read_document(project, reasons=SAMPLE))
    confirmed(read_document(project))
    told = accuracy.through(asked(project))
    assert told[-1] == Through(documents=5, straight=3)
    assert sum(one.documents for one in told) == 5


def test_the_sample_tells_how_much_of_what_is_accepted_is_wrong() -> None:
    """The total amount would not have been accepted, so its correction is no error there."""
    project = factories.project()
    confirmed(read_document(project, reasons=SAMPLE), total_amount="9.00")
    confirmed(read_document(project, reasons=SAMPLE), supplier_name="Bob")
    confirmed(read_document(project), supplier_name="Bob")
    told = accuracy.sampled(asked(project))
    assert told[-1] == Sampled(documents=2, documents_wrong=1, values=2, values_wrong=1)
    assert told[-1].at_most > 0.9


def test_confidence_is_held_against_what_reviewers_left_as_it_was() -> None:
    project = factories.project()
    confirmed(read_document(project))
    confirmed(read_document(project), total_amount="9.00", currency="INR")
    told = [(one.low, one.n, one.share_right) for one in accuracy.bins(asked(project))]
    assert told == [(0.6, 2, 0.5), (0.95, 2, 1.0)]
    of_name = accuracy.bins(asked(project), "supplier_name")
    assert [(one.n, round(one.mean_confidence, 3)) for one in of_name] == [(2, 0.97)]


def test_nothing_is_told_of_projects_that_one_may_not_see() -> None:
    mine, other = factories.project(), factories.project()
    confirmed(read_document(other, reasons=SAMPLE))
    stranger = asked(mine)
    assert accuracy.types(stranger.user) == {}
    assert accuracy.reviewed(stranger).total == Tally()
    assert accuracy.bins(stranger) == []
    assert sum(accuracy.sampled(stranger), Sampled()) == Sampled()
    assert sum(one.documents for one in accuracy.through(stranger)) == 0
    chief = factories.user(is_superuser=True)
    assert accuracy.types(chief) == {"bill": "Bill"}
    assert accuracy.reviewed(asked(other, chief, project=mine)).total == Tally()
    assert accuracy.reviewed(asked(other, chief, project=other)).total.values == 2


def test_accuracy_outlives_the_documents() -> None:
    project = factories.project()
    confirmed(read_document(project))
    Upload.objects.all().delete()
    assert accuracy.reviewed(asked(project)).total == Tally(values=2, right=2)
