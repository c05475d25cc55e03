"""What a person does to a document, and what the wrong state refuses."""

import pytest
from django.db import IntegrityError

from documents import review
from documents.errors import Conflict
from documents.models import AuditEvent, Correction, Document
from documents.review import NotReady, ValueRefused
from tests import factories

pytestmark = pytest.mark.django_db
FULL = {"/supplier_name": "Ada", "/document_date": "2024-03-31", "/total_amount": "9.00"}


def test_confirming_writes_values_their_history_and_an_audit_event() -> None:
    document, user = factories.document(), factories.user()
    done = review.confirm(document.pk, user, version=1, values=FULL)
    assert (done.status, done.reviewer, done.version) == ("draft_created", user, 2)
    assert done.evidence["/total_amount"]["source"] == "person"
    assert Correction.objects.filter(document=document).count() == 3
    assert AuditEvent.objects.get().verb == "document.confirmed"


def test_a_document_with_a_gap_cannot_be_confirmed() -> None:
    document = factories.document()
    with pytest.raises(NotReady, match="Supplier"):
        review.confirm(document.pk, factories.user(), version=1, values={})
    assert Document.objects.get().status == "draft_pending"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [("/document_date", "soon"), ("/no_field", "x"), ("/supplier_name/1", "x")],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_changes(pointer: str, value: str) -> None:
    document = factories.document()
    with pytest.raises(ValueRefused):
        review.correct(document.pk, factories.user(), version=1, values={pointer: value})
    assert Document.objects.get().payload == {}
    assert not Correction.objects.exists()


def test_two_people_cannot_overwrite_each_other() -> None:
    document, user = factories.document(), factories.user()
    review.correct(document.pk, user, version=1, values={"/supplier_name": "Ada"})
    with pytest.raises(Conflict, match="reload"):
        review.correct(document.pk, user, version=1, values={"/supplier_name": "Bob"})


def test_rejecting_keeps_the_reason_and_reopening_takes_it_back() -> None:
    document, user = factories.document(), factories.user()
    rejected = review.reject(document.pk, user, version=1, reason="a copy")
    assert (rejected.status, rejected.reasons[0]["message"]) == ("rejected", "a copy")
    assert review.reopen(document.pk, user, version=2).status == "draft_pending"


def test_a_confirmed_document_can_be_neither_confirmed_nor_rejected() -> None:
    document, user = factories.document(), factories.user()
    review.confirm(document.pk, user, version=1, values=FULL)
    with pytest.raises(Conflict):
        review.confirm(document.pk, user, version=2, values={})
    with pytest.raises(Conflict):
        review.reject(document.pk, user, version=2, reason="")


def test_a_document_in_review_cannot_be_reopened() -> None:
    with pytest.raises(Conflict):
        review.reopen(factories.document().pk, factories.user(), version=1)


def test_a_draft_never_overwrites_what_a_person_settled() -> None:
    from documents.drafts import Draft

    document, user = factories.document(), factories.user()
    review.confirm(document.pk, user, version=1, values=FULL)
    draft = Draft(payload={}, evidence={}, confidence=0, status="draft_pending", reasons=[])
    schema = document.schema_version
    assert schema is not None
    assert not review.save_draft(document, schema, draft)
    assert Document.objects.get().payload["supplier_name"] == "Ada"


def test_the_database_refuses_a_confirmed_document_without_a_type() -> None:
    document = factories.document(type_slug="")
    with pytest.raises(IntegrityError, match="document_confirmed_has_a_type"):
        Document.objects.filter(pk=document.pk).update(status="draft_created")


def test_the_database_refuses_two_documents_with_the_same_first_page() -> None:
    document = factories.document()
    with pytest.raises(IntegrityError, match="document_once_per_first_page"):
        factories.document(document.upload)
