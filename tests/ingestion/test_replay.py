"""Documents read again beside their values, what that changes, and who takes it over."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DeadlockDetected
from pytest_django.fixtures import Settings

from documents import relations, review
from documents.errors import Conflict, SenderError
from documents.language import Prompt, Purpose
from documents.models import (
    AuditEvent,
    Document,
    DocumentReading,
    DocumentType,
    Project,
    Role,
    SchemaVersion,
)
from ingestion import adoption, ledger, replay
from ingestion.changes import Tally
from ingestion.models import Job, JobStatus, Kind, Step, StepStatus
from ingestion.replay import Which
from ingestion.replay_models import Adopted, Replay, ReplayResult
from ingestion.stages import extract
from tests import factories
from tests.ingestion.conftest import work_off

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
TEXT = "bill document_number=N{0} currency=INR supplier_name=S{0} irn={0:064d}"


@pytest.fixture(autouse=True)
def _obedient(fake_engines: Settings) -> None:
    backend = {"BACKEND": "tests.faulty_engines.ObedientExtractor"}
    fake_engines.ENGINES = {**fake_engines.ENGINES, "extract": backend}


def bill_without_irn() -> tuple[SchemaVersion, SchemaVersion]:
    """The newest schema of bills before and after it got one more field."""
    kind = DocumentType.objects.get(slug="bill")
    full = kind.schema_versions.latest("number")
    properties = {name: spec for name, spec in full.schema["properties"].items() if name != "irn"}
    full.schema = {**full.schema, "properties": properties}
    full.save()
    return full, kind.schema_versions.create(
        number=full.number + 1,
        schema={**full.schema, "properties": {**properties, "irn": {"title": "IRN"}}},
    )


def read(drain: Drain, project: Project, *numbers: int) -> list[Document]:
    for number in numbers:
        drain(factories.job(TEXT.format(number), in_project=project))
    return list(Document.objects.filter(project=project).order_by("created_at"))


def confirm(document: Document, **values: Any) -> Document:
    given = {"document_date": "2026-01-02", "total_amount": "10.00", **values}
    told = {f"/{name}": value for name, value in given.items()}
    return review.confirm(document.pk, factories.user(), version=document.version, values=told)


def planted(document: Document, **values: Any) -> None:
    """Change what a document holds, behind the back of everything."""
    Document.objects.filter(pk=document.pk).update(payload={**document.payload, **values})


def replayed(drain: Drain, project: Project, **asked: Any) -> Replay:
    made = replay.start(DocumentType.objects.get(slug="bill"), project, user=None, **asked)
    assert drain(made.job).status == JobStatus.COMPLETED
    return made


def tallies(made: Replay) -> dict[str, Tally]:
    return {line.name: line.tally for line in replay.report(made).fields}


def test_the_report_tells_what_a_changed_schema_and_planted_values_differ_in(drain: Drain) -> None:
    project, (_, new) = factories.project(), bill_without_irn()
    SchemaVersion.objects.filter(pk=new.pk).delete()
    first, second, _ = read(drain, project, 1, 2, 3)
    newer = first.type.schema_versions.create(number=9, schema=new.schema)  # type: ignore[union-attr]
    planted(first, currency="EUR")
    planted(second, supplier_name=None, due_date="2026-03-04")
    before = list(Document.objects.order_by("pk").values())
    made = replayed(drain, project)
    assert made.schema_version == newer
    assert tallies(made) == {
        "document_number": Tally(same=3),
        "currency": Tally(same=2, changed=1),
        "supplier_name": Tally(same=2, added=1),
        "due_date": Tally(lost=1),
        "irn": Tally(added=3),
    }
    found = replay.report(made)
    assert (found.documents, found.differing, found.reviewed) == (3, 3, 0)
    assert found.total == Tally(same=7, changed=1, added=4, lost=1)
    assert [one.document for one in replay.differing(made, "currency")] == [first]
    assert list(Document.objects.order_by("pk").values()) == before


def test_both_readings_are_held_against_what_a_person_confirmed(drain: Drain) -> None:
    project = factories.project()
    (document,) = read(drain, project, 1)
    row = DocumentReading.objects.get()
    row.readings = [
        r | ({"value": "EUR"} if r["pointer"] == "/currency" else {}) for r in row.readings
    ]
    row.save()
    planted(document, currency="EUR")
    document.refresh_from_db()
    confirm(document, currency="INR", supplier_name="Somebody else")
    made = replayed(drain, project)
    by = tallies(made)
    assert by["currency"] == Tally(changed=1, known=1, right_after=1)
    assert by["currency"].net == 1
    assert by["supplier_name"] == Tally(same=1, known=1)
    assert by["document_number"] == Tally(same=1, known=1, right_before=1, right_after=1)
    assert by["total_amount"] == Tally(missed=1, known=1)
    (told,) = ReplayResult.objects.get().difference
    assert (told["truth"], told["was_right"], told["is_right"]) == ("INR", False, True)


def test_what_needs_no_person_is_counted_before_and_after(drain: Drain) -> None:
    project = factories.project()
    full = TEXT + " document_date=2026-01-02 total_amount=10.00"
    job = drain(factories.job(full.format(1), in_project=project))
    document = Document.objects.get(upload=job.upload)
    assert document.status == "draft_created"
    kind = DocumentType.objects.get(slug="bill")
    newest = kind.schema_versions.latest("number").schema
    asks = {**newest, "x-required": [*newest["x-required"], "due_date"]}
    strict = kind.schema_versions.create(number=9, schema=asks)
    found = replay.report(replayed(drain, project, schema=strict))
    assert (found.straight_before, found.straight_after) == (1, 0)


def test_a_cancelled_replay_is_taken_up_again_and_reads_nothing_twice(drain: Drain) -> None:
    project = factories.project()
    read(drain, project, *range(6))
    made = replay.start(DocumentType.objects.get(slug="bill"), project, user=None)
    work_off(2)
    ledger.cancel(made.job_id, None)
    early = dict(ReplayResult.objects.values_list("document", "made_at"))
    assert len(early) == 2
    ledger.retry(made.job_id, None)
    job = drain(made.job)
    assert (job.status, job.processed, job.errors) == (JobStatus.COMPLETED, 6, 0)
    assert ReplayResult.objects.count() == 6
    late = dict(ReplayResult.objects.values_list("document", "made_at"))
    assert late.items() >= early.items()


def test_a_document_that_cannot_be_read_again_is_an_error_of_its_own(drain: Drain) -> None:
    project = factories.project()
    good, bad = read(drain, project, 1, 2)
    bad.pages.update(text="unreadable")
    job = replayed(drain, project).job
    job.refresh_from_db()
    assert (job.processed, job.errors) == (2, 1)
    assert [one.document for one in ReplayResult.objects.all()] == [good]
    failed = Step.objects.get(job=job, status=StepStatus.FAILED)
    assert failed.error_code == "unreadable"
    bad.refresh_from_db()
    assert "extract_failed" not in {reason["code"] for reason in bad.reasons}


def test_adopting_writes_values_evidence_and_schema_and_twice_is_harmless(drain: Drain) -> None:
    project, (_, new) = factories.project(), bill_without_irn()
    SchemaVersion.objects.filter(pk=new.pk).delete()
    (document,) = read(drain, project, 1)
    newer = document.type.schema_versions.create(number=9, schema=new.schema)  # type: ignore[union-attr]
    made = replayed(drain, project)
    user = factories.user()
    assert adoption.adopt(made, user=user) == adoption.Outcome(adopted=1)
    document.refresh_from_db()
    assert document.payload["irn"] == f"{1:064d}"
    assert document.evidence["/irn"]["source"] == "layer"
    assert (document.schema_version, document.reviewer) == (newer, None)
    version = document.version
    assert adoption.adopt(made, user=user).skipped == {"already_adopted": 1}
    document.refresh_from_db()
    assert document.version == version
    verbs = AuditEvent.objects.filter(actor=user).values_list("verb", flat=True)
    assert sorted(verbs) == ["document.adopted", "replay.adopted"]
    made.refresh_from_db()
    assert made.adopted_by == user


def test_what_a_person_settled_or_changed_is_never_adopted(drain: Drain) -> None:
    project = factories.project()
    documents = read(drain, project, *range(5))
    confirmed, rejected, corrected, changed, late = documents
    for document in documents:
        planted(document, currency="EUR")
        document.refresh_from_db()
    confirm(confirmed)
    user = factories.user()
    made = replayed(drain, project)
    review.reject(rejected.pk, user, version=rejected.version, reason="no")
    review.correct(corrected.pk, user, version=corrected.version, values={"/currency": "USD"})
    planted(changed, currency="GBP")
    confirm(late)
    outcome = adoption.adopt(made, user=user)
    assert outcome == adoption.Outcome(
        skipped={"confirmed": 2, "rejected": 1, "corrected": 1, "changed_since": 1}
    )
    now = [Document.objects.get(pk=one.pk).payload["currency"] for one in documents]
    assert now == ["EUR", "EUR", "USD", "GBP", "EUR"]


def test_chosen_fields_of_chosen_documents_are_adopted_and_nothing_else(drain: Drain) -> None:
    project = factories.project()
    first, second = read(drain, project, 1, 2)
    for document in (first, second):
        planted(document, currency="EUR", supplier_name="Planted")
    made = replayed(drain, project)
    done = adoption.adopt(made, user=None, documents=[first.pk], fields=["currency"])
    assert done.adopted == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.payload["currency"], first.payload["supplier_name"]) == ("INR", "Planted")
    assert second.payload["currency"] == "EUR"
    result = ReplayResult.objects.get(document=first)
    assert (result.adopted, result.adopted_fields) == (Adopted.SOME, ["currency"])
    again = adoption.adopt(made, user=None, documents=[first.pk], fields=["currency"])
    assert again.skipped == {"already_adopted": 1}
    assert adoption.adopt(made, user=None).adopted == 2
    first.refresh_from_db()
    assert first.payload["supplier_name"] == "S1"


def test_one_paper_that_is_adopted_does_not_keep_its_relatives_from_it(drain: Drain) -> None:
    project = factories.project()
    text = TEXT + " document_date=2026-01-02 total_amount=10.00"
    for number in range(3):
        drain(factories.job(text.format(7) + f" copy {number}", in_project=project))
    for document in Document.objects.all():
        planted(document, currency="EUR")
    made = replayed(drain, project)
    assert adoption.adopt(made, user=None).adopted == 3
    codes = [{r["code"] for r in one.reasons} for one in Document.objects.order_by("created_at")]
    assert ["duplicate" in found for found in codes] == [False, True, True]


def test_a_replay_at_work_is_not_adopted_and_a_late_document_is_left_for_another_call(
    drain: Drain,
) -> None:
    project = factories.project()
    read(drain, project, 1, 2)
    made = replay.start(DocumentType.objects.get(slug="bill"), project, user=None)
    with pytest.raises(Conflict, match="still at work"):
        adoption.adopt(made, user=None)
    drain(made.job)
    assert adoption.adopt(made, user=None, limit_s=-1) == adoption.Outcome(left=2)
    with pytest.raises(SenderError, match="no field shoe_size"):
        adoption.adopt(made, user=None, fields=["shoe_size"])


def test_what_was_adopted_or_settled_takes_none_of_the_time_of_another_call(
    drain: Drain,
) -> None:
    project = factories.project()
    first, second, _ = read(drain, project, 1, 2, 3)
    made = replayed(drain, project)
    adoption.adopt(made, user=None, documents=[first.pk])
    confirm(second)
    told = {"already_adopted": 1, "confirmed": 1}
    assert adoption.adopt(made, user=None, limit_s=-1) == adoption.Outcome(left=1, skipped=told)
    assert adoption.adopt(made, user=None) == adoption.Outcome(adopted=1, skipped=told)


def test_adopting_locks_a_document_with_its_relatives_and_not_before(drain: Drain) -> None:
    project = factories.project()
    read(drain, project, 1)
    made = replayed(drain, project)
    with CaptureQueriesContext(connection) as queries:
        adoption.adopt(made, user=None)
    locks = [one["sql"] for one in queries if "FOR NO KEY UPDATE" in one["sql"]]
    assert len(locks) == 1
    assert "ORDER BY" in locks[0]


def test_a_deadlock_is_tried_once_more_and_a_deleted_document_is_left_alone(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = factories.project()
    read(drain, project, 1, 2)
    made = replayed(drain, project)
    saved, tries = relations.save_reading, []

    def deadlocked(*told: Any, **named: Any) -> bool:
        tries.append(told)
        if len(tries) == 1:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return saved(*told, **named)

    def delete_others(done: int, _total: int) -> None:
        if done == 1:
            ReplayResult.objects.filter(adopted="").delete()

    monkeypatch.setattr(relations, "save_reading", deadlocked)
    outcome = adoption.adopt(made, user=None, on_progress=delete_others)
    assert outcome == adoption.Outcome(adopted=1, skipped={"changed_since": 1})


def test_nothing_is_adopted_of_a_result_that_is_deleted_at_that_moment(
    drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, saved = factories.project(), relations.save_reading
    (document,) = read(drain, project, 1)
    planted(document, currency="EUR")
    made = replayed(drain, project)

    def deleting(*told: Any, **named: Any) -> bool:
        ReplayResult.objects.all().delete()
        return saved(*told, **named)

    monkeypatch.setattr(relations, "save_reading", deleting)
    outcome = adoption.adopt(made, user=None)
    assert outcome == adoption.Outcome(skipped={"changed_since": 1})
    document.refresh_from_db()
    assert document.payload["currency"] == "EUR"


@pytest.mark.parametrize("what", ["text", "type"])
def test_what_was_read_off_a_document_that_changed_under_it_is_never_adopted(
    drain: Drain, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    project, untouched = factories.project(), extract.read
    (document,) = read(drain, project, 1)
    planted(document, currency="EUR")

    def read_meanwhile(*told: Any) -> relations.Read:
        found = untouched(*told)
        change: dict[str, Any] = {"text_version": F("text_version") + 1}
        if what == "type":
            change = {"type": DocumentType.objects.get(slug="eway_bill")}
        Document.objects.filter(pk=document.pk).update(**change)
        return found

    monkeypatch.setattr(extract, "read", read_meanwhile)
    made = replayed(drain, project)
    assert adoption.adopt(made, user=None).adopted == 0
    assert ReplayResult.objects.count() == (1 if what == "text" else 0)
    document.refresh_from_db()
    assert document.payload["currency"] == "EUR"


def test_documents_are_chosen_by_what_a_person_did(drain: Drain) -> None:
    project = factories.project()
    first, second, third = read(drain, project, 1, 2, 3)
    confirm(second)
    review.reject(third.pk, factories.user(), version=third.version, reason="no")

    def chosen(**asked: Any) -> set[Document]:
        kind = DocumentType.objects.get(slug="bill")
        return set(replay.start(kind, project, user=None, **asked).job.documents.all())

    assert chosen() == {first, second}
    assert chosen(limit=1) == {second}
    assert chosen(which=Which.CONFIRMED) == {second}
    assert chosen(which=Which.OPEN) == {first}
    assert chosen(documents=[first.pk, third.pk]) == {first}


def test_a_replay_is_refused_where_it_could_not_run(drain: Drain) -> None:
    project, kind = factories.project(), DocumentType.objects.get(slug="bill")
    eway = SchemaVersion.objects.get(type__slug="eway_bill")
    theirs = Prompt.objects.create(
        purpose=Purpose.EXTRACT, number=90, template="x", project=factories.project()
    )
    for code, asked in (
        ("no_documents", {}),
        ("other_schema", {"schema": eway}),
        ("other_prompt", {"prompt": theirs}),
    ):
        with pytest.raises(SenderError) as refused:
            replay.start(kind, project, user=None, **asked)
        assert refused.value.code == code
    assert not Job.objects.filter(kind=Kind.REPLAY).exists()


def test_the_database_refuses_a_result_of_a_confirmed_document_that_was_adopted(
    drain: Drain,
) -> None:
    project = factories.project()
    read(drain, project, 1)
    replayed(drain, project)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReplayResult.objects.update(is_reviewed=True, adopted=Adopted.ALL)


def test_who_is_no_member_sees_no_replay(drain: Drain) -> None:
    project = factories.project()
    read(drain, project, 1)
    made = replayed(drain, project)
    assert not Replay.objects.visible_to(factories.user()).exists()
    viewer = factories.user(Role.VIEWER, project)
    assert list(Replay.objects.visible_to(viewer)) == [made]
