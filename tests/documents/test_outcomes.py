"""What is kept of a review: which values were right as read."""

from typing import Any
from uuid import uuid4

import pytest

from documents import accuracy, outcomes, review
from documents.models import AnyUser, Document, Outcome
from tests import factories

pytestmark = pytest.mark.django_db


def found(**values: Any) -> dict[str, Any]:
    return {
        "page": 1, "box": None, "source": "ocr", "confidence": 0.8, "score": 0.7, "raw": "",
        "note": "", "alternatives": [], "checks": [], "failed": [], "basis": "bare",
        "engine": "rules 1",
    } | values  # fmt: skip


def read_document(**values: Any) -> Document:
    payload = {"supplier_name": "Ada", "document_date": "2024-03-31", "total_amount": "8.00"}
    return factories.document(
        payload=payload, evidence={f"/{name}": found() for name in payload}, **values
    )


def told() -> dict[str, tuple[str, bool]]:
    return {o.field: (o.source, o.is_right) for o in Outcome.objects.all()}


def test_a_confirmation_tells_right_values_from_corrected_and_missed_ones() -> None:
    document, user = read_document(), factories.user()
    review.confirm(
        document.pk, user, version=1, values={"/total_amount": "9.00", "/currency": "INR"}
    )
    assert told() == {
        "supplier_name": ("ocr", True),
        "document_date": ("ocr", True),
        "total_amount": ("ocr", False),
        "currency": ("", False),
    }
    wrong = Outcome.objects.get(field="total_amount")
    assert (wrong.score, wrong.confidence, wrong.engine) == (0.7, 0.8, "rules 1")


def test_a_value_corrected_earlier_is_still_held_against_what_was_read() -> None:
    document, user = read_document(), factories.user()
    review.correct(document.pk, user, version=1, values={"/total_amount": "9.00"})
    review.confirm(document.pk, user, version=2, values={"/total_amount": "8.00"})
    assert told()["total_amount"] == ("ocr", True)


def test_confirming_again_replaces_what_was_kept() -> None:
    document, user = read_document(), factories.user()
    review.confirm(document.pk, user, version=1, values={})
    review.reopen(document.pk, user, version=2)
    review.confirm(document.pk, user, version=3, values={"/supplier_name": "Bob"})
    assert told()["supplier_name"] == ("ocr", False)
    assert Outcome.objects.count() == 3


def test_a_candidate_that_a_person_takes_up_was_right() -> None:
    document, user = read_document(), factories.user()
    document.evidence["/due_date"] = found(candidate="2024-04-30")
    document.evidence["/irn"] = found(candidate="0" * 64)
    document.save()
    review.confirm(document.pk, user, version=1, values={"/due_date": "2024-04-30"})
    assert told()["due_date"] == ("ocr", True)
    assert "irn" not in told()


def test_a_sampled_document_is_told_apart_even_after_a_correction() -> None:
    document = read_document(reasons=[{"code": "sampled", "field": "", "message": ""}])
    user = factories.user()
    review.correct(document.pk, user, version=1, values={"/supplier_name": "Bob"})
    review.confirm(document.pk, user, version=2, values={})
    assert Outcome.objects.filter(is_sample=True).count() == 3


SAMPLED = [{"code": "sampled", "field": "", "message": ""}]


def asked(user: AnyUser) -> accuracy.Asked:
    return accuracy.Asked(user=user, type_slug="bill", period="30d")


def test_a_sample_that_a_person_refuses_was_accepted_in_error() -> None:
    document, user = read_document(reasons=SAMPLED), factories.user(is_superuser=True)
    review.reject(document.pk, user, version=1, reason="A copy")
    drawn = sum(accuracy.sampled(asked(user)), accuracy.Sampled())
    assert (drawn.documents, drawn.documents_wrong, drawn.values_wrong) == (1, 1, 1)
    assert accuracy.reviewed(asked(user)).fields == []
    assert not [*outcomes.samples("bill")]


def test_a_refused_document_that_was_no_sample_leaves_nothing() -> None:
    document, user = read_document(), factories.user()
    review.reject(document.pk, user, version=1, reason="")
    assert not Outcome.objects.exists()


def test_a_sample_that_is_refused_after_all_tells_nothing_of_its_values() -> None:
    document, user = read_document(reasons=SAMPLED), factories.user()
    review.confirm(document.pk, user, version=1, values={})
    review.reopen(document.pk, user, version=2)
    review.reject(document.pk, user, version=3, reason="A copy")
    (row,) = Outcome.objects.all()
    assert (row.pointer, row.is_sample, row.is_right) == ("", True, False)


def test_outcomes_outlive_their_document() -> None:
    document, user = read_document(), factories.user()
    review.confirm(document.pk, user, version=1, values={})
    document.delete()
    assert Outcome.objects.filter(document=None).count() == 3


def test_about_the_share_that_was_asked_for_is_drawn() -> None:
    ids = [uuid4() for _ in range(2000)]
    drawn = [one for one in ids if outcomes.is_drawn(one, 0.1)]
    assert 120 < len(drawn) < 290
    assert not any(outcomes.is_drawn(one, 0) for one in ids)
    assert all(outcomes.is_drawn(one, 1) for one in ids)
