"""The whole way of a page, with engines that read plain text."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings

from documents.models import Document, Grouping, Page
from ingestion import intake, ledger
from ingestion.models import Job, Step
from search.models import Chunk
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]

BILL = "bill supplier_name=Ada document_date=2024-03-31 total_amount=12.50"


def pages(job: Job) -> list[Page]:
    return list(Page.objects.filter(upload=job.upload).order_by("number"))


def test_a_bill_goes_from_the_door_to_a_proven_document_and_into_the_index(drain: Drain) -> None:
    job = drain(factories.job(BILL))
    document = Document.objects.get(upload=job.upload)
    assert (job.status, job.pages_total, job.pages_read) == ("completed", 1, 1)
    assert document.status == "draft_created"
    assert document.payload["total_amount"] == "12.50"
    assert document.evidence["/total_amount"]["page"] == 1
    assert Chunk.objects.filter(document=document).count() == 1
    assert job.started_at
    assert job.completed_at


def test_pages_without_a_type_make_one_unknown_document_until_a_start_is_seen(
    drain: Drain,
) -> None:
    job = drain(factories.job("one\ftwo\fstart three\ffour"))
    found = Document.objects.filter(upload=job.upload).order_by("first_page")
    assert [(d.status, [p.number for p in d.pages.order_by("position")]) for d in found] == [
        ("unknown", [1, 2]),
        ("unknown", [3, 4]),
    ]


def test_a_document_a_page_gives_as_many_documents_as_pages_and_again_the_same_rows(
    drain: Drain,
) -> None:
    project = factories.project(grouping=Grouping.PER_PAGE)
    text = "\f".join(f"{BILL} n={n}" if n % 2 else f"page {n}" for n in range(1, 8))
    first = drain(factories.job(text, in_project=project))
    before = list(Document.objects.filter(project=project).order_by("first_page").values("pk"))
    again = factories.job(text, in_project=project, options=intake.Options(anew=True))
    assert again.pk != first.pk
    drain(again)
    after = list(Document.objects.filter(project=project).order_by("first_page").values("pk"))
    assert len(before) == 7
    assert before == after
    owners = [p.document.first_page if p.document else None for p in pages(first)]
    assert owners == [1, 2, 3, 4, 5, 6, 7]


def test_every_page_of_a_grouped_job_is_in_exactly_one_document(drain: Drain) -> None:
    job = drain(factories.job("\f".join(["one", BILL, "start two", "crash", "three"])))
    owners = [p.document_id for p in pages(job)]
    assert None not in owners
    assert Document.objects.filter(upload=job.upload).count() == len(set(owners))


def test_a_failed_page_is_a_document_of_its_own_and_the_rest_completes(drain: Drain) -> None:
    job = drain(factories.job("one\fdamaged\ftwo"))
    failed = Document.objects.get(upload=job.upload, first_page=2)
    assert job.status == "completed"
    assert (job.pages_read, job.pages_failed) == (2, 1)
    assert failed.reasons[0]["code"] == "page_failed"
    assert pages(job)[1].error_code == "page_damaged"


def test_a_page_that_kills_its_engine_fails_after_its_attempts_with_the_reason(
    drain: Drain,
) -> None:
    job = drain(factories.job("one\fcrash\ftwo"))
    step = Step.objects.get(job=job, stage="ocr", first=2)
    assert job.status == "completed"
    assert (step.status, step.attempts, step.error_code) == ("failed", 3, "engine_crashed")
    assert "SIGABRT" in step.error_message


def test_a_page_that_hangs_is_stopped_at_the_limit(drain: Drain, fake_engines: Settings) -> None:
    fake_engines.STEP_LIMIT_S = {**fake_engines.STEP_LIMIT_S, "ocr": 1}
    fake_engines.MAX_ATTEMPTS = 1
    job = drain(factories.job("one\fhang"))
    assert pages(job)[1].error_code == "time_limit"
    assert job.status == "completed"


def test_a_page_that_eats_memory_is_stopped_at_the_limit(
    drain: Drain, fake_engines: Settings
) -> None:
    fake_engines.ENGINE_MEMORY_BYTES = 400_000_000
    fake_engines.MAX_ATTEMPTS = 1
    job = drain(factories.job("one\fswell"))
    assert pages(job)[1].error_code == "memory_limit"


def test_garbage_from_an_engine_fails_the_page_and_nothing_is_saved(drain: Drain) -> None:
    job = drain(factories.job("one\fgarbage"))
    assert pages(job)[1].error_code == "engine_garbage"
    assert pages(job)[1].text == ""


def test_a_slice_that_kills_the_engine_is_halved_until_the_guilty_page_stands_alone(
    drain: Drain,
) -> None:
    text = "\f".join("splitcrash" if n == 5 else f"page {n}" for n in range(1, 9))
    job = drain(factories.job(text))
    failed = Step.objects.filter(job=job, stage="split", status="failed")
    assert [(s.first, s.last) for s in failed] == [(5, 5)]
    assert len(pages(job)) == 8
    assert job.status == "completed"


def test_a_page_that_cannot_be_classified_is_unknown_and_keeps_its_text(drain: Drain) -> None:
    job = drain(factories.job("\f".join([BILL, "start two", "unclassifiable", f"{BILL} x=1"])))
    assert job.status == "completed"
    assert [page.type.slug if page.type else "" for page in pages(job)] == ["bill", "", "", "bill"]
    assert "unclassifiable" in pages(job)[2].text


def test_a_file_that_cannot_be_opened_fails_the_job_with_its_reason(drain: Drain) -> None:
    job = drain(factories.job("unopenable"))
    assert (job.status, job.error_code) == ("failed", "file_damaged")
    assert "send it again" in job.error_message
    assert job.failed_at


def test_a_transient_fault_is_tried_three_times(drain: Drain) -> None:
    job = drain(factories.job("unavailable"))
    step = Step.objects.get(job=job, stage="ocr")
    assert (step.status, step.attempts, step.error_code) == ("failed", 3, "engine_unavailable")


def test_a_retry_takes_up_the_failed_page_and_what_follows(drain: Drain) -> None:
    job = drain(factories.job("one\fdamaged"))
    with open(_path(job), "w", encoding="utf-8") as file:
        file.write("one\ftwo")
    ledger.retry(job.pk, None)
    drain(job)
    assert job.status == "completed"
    assert (job.pages_read, job.pages_failed) == (2, 0)
    assert [d.first_page for d in Document.objects.filter(upload=job.upload)] == [1]
    assert Chunk.objects.filter(document__upload=job.upload).count() == 2


def _path(job: Job) -> str:
    from documents import files

    return files.local_path(job.file)


def test_a_second_run_never_touches_a_document_that_a_person_confirmed(drain: Drain) -> None:
    from documents import review

    project = factories.project()
    first = drain(factories.job(BILL, in_project=project))
    document = Document.objects.get(upload=first.upload)
    user = factories.user()
    document = review.reopen(document.pk, user, version=document.version)
    values = {"/supplier_name": "Grace"}
    review.confirm(document.pk, user, version=document.version, values=values)
    drain(factories.job(BILL, in_project=project, options=intake.Options(anew=True)))
    document.refresh_from_db()
    assert Document.objects.filter(project=project).count() == 1
    assert document.payload["supplier_name"] == "Grace"
    assert document.status == "draft_created"


def test_a_text_that_was_read_anew_reaches_the_index(drain: Drain) -> None:
    project = factories.project()
    first = drain(factories.job("heron", in_project=project))
    Page.objects.filter(upload=first.upload).update(text="misread")
    Chunk.objects.update(text="misread")
    drain(factories.job("heron", in_project=project, options=intake.Options(anew=True)))
    assert [chunk.text for chunk in Chunk.objects.all()] == ["heron"]


def test_a_second_run_keeps_what_a_person_corrected_but_did_not_confirm(drain: Drain) -> None:
    from documents import review
    from documents.models import Correction

    project = factories.project()
    first = drain(factories.job(f"{BILL} \fstart two", in_project=project))
    document = Document.objects.get(upload=first.upload, first_page=1)
    Document.objects.filter(pk=document.pk).update(status="draft_pending")
    values = {"/supplier_name": "Grace"}
    review.correct(document.pk, factories.user(), version=document.version, values=values)
    other = Document.objects.get(upload=first.upload, first_page=2)
    project.grouping = Grouping.PER_PAGE
    project.save()
    text = f"{BILL} \fstart two"
    drain(factories.job(text, in_project=project, options=intake.Options(anew=True)))
    document.refresh_from_db()
    assert document.payload["supplier_name"] == "Grace"
    assert Correction.objects.filter(document=document).count() == 1
    seen = other.version
    other.refresh_from_db()
    assert other.version > seen


def test_a_page_is_embedded_once_however_often_the_job_runs(drain: Drain) -> None:
    project = factories.project()
    for _ in range(2):
        options = intake.Options(anew=True)
        job = drain(factories.job("one\ftwo", in_project=project, options=options))
        assert job.status == "completed"
    assert Chunk.objects.filter(project=project).count() == 2
