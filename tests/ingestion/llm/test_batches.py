"""Questions of low priority that wait for a batch: sent once, paid half, and never lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from documents.language import LlmCall, ModelBatch
from documents.models import Document, Page, Project
from ingestion import ledger
from ingestion.llm import batches, lines, places
from ingestion.models import Job, JobStatus, Limits, Priority, Step
from tests import factories
from tests import llm_server as servers
from tests.ingestion.llm import crude
from tests.llm_server import LlmServer

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
TEXT = (
    "bill start total_amount=118.00\nsupplier_name: Acme Traders\n"
    "document_date: 31/03/2024\ntotal_amount: 118.00\n"
)


@pytest.fixture(autouse=True)
def _gathered_at_once(settings: Settings, llm_server: LlmServer) -> None:
    settings.MODEL_BATCH_GATHER_S = 0
    settings.MODEL_PRICES = ["scripted=100/100"]
    llm_server.script(crude.answer)


def patient(**limits: Any) -> Project:
    """A project whose jobs of low priority wait for batches."""
    home = factories.project()
    Limits.objects.create(project=home, model_batches=True, **limits)
    return home


def waiting(drain: Drain, text: str = TEXT, **more: Any) -> Job:
    """A job of low priority that has gone as far as it can without an answer."""
    home = more.pop("in_project", None) or patient()
    return drain(factories.job(text, in_project=home, priority=Priority.LOW, **more))


def look() -> None:
    """A round of the chore, with every batch due."""
    ModelBatch.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    batches.look_after()


def rounds(number: int = 2) -> None:
    for _ in range(number):
        look()


def posts(server: LlmServer, path: str) -> int:
    return sum(1 for one in server.requests if one.path.endswith(path) and one.body is not None)


def document_of(job: Job) -> Document:
    return Document.objects.get(upload=job.upload)


def test_a_job_of_low_priority_waits_for_its_batch_and_pays_half(
    drain: Drain, llm_server: LlmServer
) -> None:
    job = waiting(drain)
    step = Step.objects.get(job=job, stage="extract")
    assert (step.status, step.error_code, step.attempts) == ("queued", lines.WAITS, 0)
    assert step.run_after > timezone.now()
    assert "waits for a batch" in step.error_message
    rounds()
    assert drain(job).status == JobStatus.COMPLETED
    assert document_of(job).payload["supplier_name"] == "Acme Traders"
    assert llm_server.chats == []
    call = LlmCall.objects.get()
    assert (call.status, call.requests, call.request) == ("done", 1, None)
    assert call.cost_microcents == (call.input_tokens + call.output_tokens) * 5_000
    assert (posts(llm_server, "/files"), posts(llm_server, "/batches")) == (1, 1)
    assert llm_server.files == {}


@pytest.mark.parametrize("priority", [Priority.NORMAL, Priority.LOW])
def test_without_the_projects_word_or_of_another_priority_nothing_waits(
    drain: Drain, llm_server: LlmServer, priority: Priority
) -> None:
    home = patient() if priority == Priority.NORMAL else factories.project()
    job = drain(factories.job(TEXT, in_project=home, priority=priority))
    assert job.status == JobStatus.COMPLETED
    assert len(llm_server.chats) == 1
    assert not ModelBatch.objects.exists()


def test_pages_are_classified_by_batch_too_and_many_jobs_share_one(
    drain: Drain, llm_server: LlmServer
) -> None:
    home = patient()
    jobs = [waiting(drain, f"invoice {n}\fletter {n}", in_project=home) for n in range(3)]
    rounds()
    assert [drain(job).status for job in jobs] == [JobStatus.RUNNING] * 3
    rounds()
    assert [drain(job).status for job in jobs] == [JobStatus.COMPLETED] * 3
    for job in jobs:
        page = Page.objects.select_related("type").get(upload=job.upload, number=1)
        assert page.type is not None
        assert page.type.slug == "bill"
    classified = LlmCall.objects.filter(purpose="classify")
    assert len({call.batch_id for call in classified}) == 1
    assert llm_server.chats == []


def test_a_batch_that_is_slow_holds_no_worker_and_is_asked_less_and_less(
    drain: Drain, llm_server: LlmServer
) -> None:
    llm_server.batch_statuses.extend(["validating", "in_progress", "finalizing"])
    job = waiting(drain)
    look()
    waits = []
    for _ in range(3):
        look()
        batch = ModelBatch.objects.get()
        assert batch.status == "sent"
        waits.append((batch.next_at - timezone.now()).total_seconds())
        assert ledger.claim("test-worker") is None
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]
    look()
    assert drain(job).status == JobStatus.COMPLETED
    assert posts(llm_server, "/batches") == 1


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_what_a_batch_did_not_answer_in_time_is_asked_directly(
    drain: Drain, llm_server: LlmServer, status: str
) -> None:
    llm_server.batch_statuses.append(status)
    llm_server.answers(servers.cut())
    job = waiting(drain)
    rounds()
    assert drain(job).status == JobStatus.COMPLETED
    assert document_of(job).payload["supplier_name"] == "Acme Traders"
    assert len(llm_server.chats) == 1
    failed = LlmCall.objects.get(status="failed")
    assert (failed.error_code, failed.cost_microcents) == (batches.NO_ANSWER, 0)


LINES = {
    "an error": (servers.fails(500), batches.NO_ANSWER),
    "a refusal": (servers.refuses(), "model_refused"),
    "no JSON": (servers.says("What?"), "model_invalid"),
    "cut short": (servers.truncated({"supplier_name": "Acme Traders"}), "model_truncated"),
}


@pytest.mark.parametrize(("reply", "code"), LINES.values(), ids=list(LINES))
def test_a_line_without_a_good_answer_is_asked_directly_and_the_others_stand(
    drain: Drain, llm_server: LlmServer, reply: servers.Reply, code: str
) -> None:
    home = patient()
    jobs = [waiting(drain, TEXT + f"no {n}", in_project=home) for n in range(2)]
    llm_server.answers(reply)
    rounds()
    for job in jobs:
        assert drain(job).status == JobStatus.COMPLETED
        assert document_of(job).payload["supplier_name"] == "Acme Traders"
    assert LlmCall.objects.get(status="failed").error_code == code
    assert len(llm_server.chats) == 1


def test_a_batch_that_fails_or_a_server_without_batches_leaves_all_to_be_asked_directly(
    drain: Drain, llm_server: LlmServer
) -> None:
    llm_server.batch_statuses.append("failed")
    job = waiting(drain)
    rounds()
    assert drain(job).status == JobStatus.COMPLETED
    llm_server.knows_batches = False
    other = waiting(drain, TEXT + "other")
    rounds()
    assert drain(other).status == JobStatus.COMPLETED
    assert len(llm_server.chats) == 2
    assert set(ModelBatch.objects.values_list("status", flat=True)) == {"failed"}


def test_a_server_that_is_away_is_asked_again_until_nobody_waits_longer(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    job = waiting(drain)
    url = settings.OPENAI_BASE_URL
    LlmCall.objects.update(endpoint="http://127.0.0.1:9/v1")
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    look()
    batch = ModelBatch.objects.get()
    assert (batch.status, batch.polls) == ("new", 1)
    ModelBatch.objects.update(created_at=timezone.now() - timedelta(hours=2))
    look()
    assert ModelBatch.objects.get().status == "failed"
    settings.OPENAI_BASE_URL = url
    LlmCall.objects.update(endpoint=url)
    assert drain(job).status == JobStatus.COMPLETED
    assert len(llm_server.chats) == 1


def test_a_batch_whose_beginning_was_not_heard_of_is_found_and_not_begun_again(
    drain: Drain, llm_server: LlmServer
) -> None:
    job = waiting(drain)
    llm_server.begins.append(servers.cut())
    look()
    batch = ModelBatch.objects.get()
    assert (batch.status, batch.number) == ("new", "")
    look()
    batch.refresh_from_db()
    assert (batch.status, batch.number) == ("sent", "batch-1")
    look()
    assert drain(job).status == JobStatus.COMPLETED
    assert (posts(llm_server, "/files"), posts(llm_server, "/batches")) == (1, 1)


def test_results_that_are_looked_at_again_change_nothing(
    drain: Drain, llm_server: LlmServer
) -> None:
    job = waiting(drain)
    rounds()
    # As if it had died after the last row and before it closed the batch.
    ModelBatch.objects.update(status="sent")
    look()
    assert drain(job).status == JobStatus.COMPLETED
    assert posts(llm_server, "/batches") == 1
    assert LlmCall.objects.count() == 1


def test_a_budget_is_kept_before_it_is_sent_and_settled_afterwards(
    drain: Drain, llm_server: LlmServer
) -> None:
    home = patient(model_cents_a_day=1_000)
    waiting(drain, in_project=home)
    line = LlmCall.objects.get()
    assert line.reserved_microcents == -(-line.reserved_tokens * 10_000 // 2)
    Limits.objects.update(model_cents_a_day=line.reserved_microcents // 1_000_000 + 1)
    other = waiting(drain, TEXT + "another", in_project=home)
    held = Step.objects.get(job=other, stage="extract")
    assert (held.status, held.error_code) == ("queued", "model_busy")
    assert LlmCall.objects.count() == 1
    rounds()
    assert 0 < LlmCall.objects.get().cost_microcents < line.reserved_microcents


def test_a_budget_that_is_spent_lets_nothing_into_a_batch(
    drain: Drain, llm_server: LlmServer
) -> None:
    job = waiting(drain, in_project=patient(model_tokens_a_day=10))
    assert job.status == JobStatus.COMPLETED
    assert {reason["code"] for reason in document_of(job).reasons} >= {"model_budget"}
    assert not LlmCall.objects.exists()


def test_lines_take_no_place_of_requests(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    settings.MODEL_PARALLEL = 1
    waiting(drain)
    drain(factories.job(TEXT + "urgent"))
    assert len(llm_server.chats) == 1


def test_questions_of_cancelled_jobs_are_not_sent(drain: Drain, llm_server: LlmServer) -> None:
    job = waiting(drain)
    Job.objects.filter(pk=job.pk).update(status=JobStatus.CANCELLED)
    rounds()
    assert posts(llm_server, "/files") == 0
    assert LlmCall.objects.get().status == "failed"


def test_deleted_documents_leave_no_word_in_the_lines_that_wait(
    drain: Drain, llm_server: LlmServer
) -> None:
    job = waiting(drain)
    places.forget(jobs=[job.pk], documents=[])
    call = LlmCall.objects.get()
    assert (call.status, call.request, call.cost_microcents) == ("failed", None, 0)
    rounds()
    assert posts(llm_server, "/files") == 0
    sent = waiting(drain, TEXT + "sent")
    look()
    places.forget(jobs=[sent.pk], documents=[])
    look()
    call = LlmCall.objects.get(job=sent.pk)
    assert (call.status, call.answer, call.request) == ("failed", None, None)
    assert call.cost_microcents == call.reserved_microcents


def test_without_a_model_the_chore_asks_nothing(settings: Settings) -> None:
    settings.HAS_MODEL = False
    assert batches.look_after() == {}
