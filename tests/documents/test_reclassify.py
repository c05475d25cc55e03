"""A person's word for what a paper is: written on its pages, and kept by every later run."""

import pytest

from documents import assembly, drafts, review
from documents.errors import Conflict
from documents.models import (
    AuditEvent,
    Correction,
    Document,
    DocumentReading,
    DocumentType,
    Page,
    Upload,
)
from tests import factories

pytestmark = pytest.mark.django_db


def challan() -> DocumentType:
    kind = DocumentType.objects.create(slug="challan", name="Challan", description="Goods sent")
    kind.schema_versions.create(number=1, schema={"type": "object", "properties": {}})
    return kind


def document(pages: int = 1, type_slug: str = "bill", **values: object) -> Document:
    upload = factories.upload()
    made = factories.document(upload, type_slug, **values)
    kind = DocumentType.objects.filter(slug=type_slug).first()
    for number in range(1, pages + 1):
        factories.page(
            upload,
            number,
            document=made,
            position=number,
            type=kind,
            text="x",
            signals={"label": 2},
        )
    return made


def test_another_type_empties_the_document_names_its_pages_and_is_told() -> None:
    made, user, kind = document(2, payload={"total_amount": "9.00"}), factories.user(), challan()
    done = review.reclassify(made.pk, user, version=1, kind=kind)
    assert (done.type, done.status, done.payload, done.version) == (kind, "draft_pending", {}, 2)
    assert done.schema_version == kind.schema_versions.get()
    pages = Page.objects.filter(document=made)
    told = list(
        pages.order_by("number").values_list("type__slug", "type_confidence", "type_engine")
    )
    assert told == [("challan", 1.0, "person")] * 2
    event = AuditEvent.objects.get()
    assert (event.verb, event.detail) == (
        "document.reclassified",
        {"was": "bill", "type": "challan"},
    )


def test_no_other_paper_finds_the_number_that_it_had_as_of_another_type() -> None:
    made = document(payload={"document_number": "INV-0042", "supplier_name": "Ada"})
    assert made.schema_version is not None
    DocumentReading.objects.create(document=made, schema_version=made.schema_version)
    made = review.correct(made.pk, factories.user(), version=1, values={"/total_amount": "9.00"})
    assert made.identity["number"] == "INV-0042"
    done = review.reclassify(made.pk, factories.user(), version=2, kind=challan())
    assert (done.identity, done.keys) == ({"kind": "challan"}, [])
    assert not DocumentReading.objects.exists()


def test_the_same_type_keeps_the_values_and_settles_the_doubt() -> None:
    doubt = [{"code": "type_unsure", "field": "", "message": "?"}]
    made = document(payload={"total_amount": "9.00"}, reasons=doubt, type_confidence=0.55)
    bill = DocumentType.objects.get(slug="bill")
    done = review.reclassify(made.pk, factories.user(), version=1, kind=bill)
    assert (done.payload, done.reasons, done.type_confidence) == ({"total_amount": "9.00"}, [], 1)


def test_a_bill_that_is_none_becomes_unknown_and_keeps_the_history_of_its_values() -> None:
    made, user = document(), factories.user()
    review.correct(made.pk, user, version=1, values={"/total_amount": "9.00"})
    done = review.reclassify(made.pk, user, version=2, kind=None)
    assert (done.status, done.type, done.payload, done.reviewer) == ("unknown", None, {}, None)
    assert Correction.objects.filter(document=made).exists()
    assert Page.objects.get(document=made).type_engine == "person"


@pytest.mark.parametrize(("status", "version"), [("draft_created", 1), ("draft_pending", 7)])
def test_a_settled_or_changed_document_is_refused(status: str, version: int) -> None:
    made = document(status=status)
    with pytest.raises(Conflict):
        review.reclassify(made.pk, factories.user(), version=version, kind=None)
    assert Page.objects.get().type_engine == ""


def test_values_of_the_old_type_that_are_read_meanwhile_are_not_written() -> None:
    made = document()
    old = made.schema_version
    assert old is not None
    draft = drafts.Draft(
        payload={"total_amount": "9.00"},
        evidence={},
        confidence=1,
        status="draft_created",
        reasons=[],
    )
    review.reclassify(made.pk, factories.user(), version=1, kind=challan())
    assert not review.save_draft(made, old, draft)
    assert Document.objects.get().payload == {}


def test_assembling_again_leaves_the_named_pages_one_paper_of_their_type() -> None:
    made, kind = document(2, "", status="unknown"), challan()
    review.reclassify(made.pk, factories.user(), version=1, kind=kind)
    upload = Upload.objects.get()
    for number in (3, 4):
        factories.page(upload, number, text="x", signals={"starts": 0.1}, type=kind)
    assembly.assemble(upload)
    papers = Document.objects.order_by("first_page").values_list("first_page", "type__slug")
    assert list(papers) == [(1, "challan"), (3, "challan")]
    assert Page.objects.filter(document=made).count() == 2
