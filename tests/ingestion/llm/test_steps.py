"""How a step waits for a language model, and what its job says meanwhile."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.engines import EngineBusy, EngineUnavailable
from documents.language import LlmCall, ModelServer
from ingestion import ledger, waiting
from ingestion.ledger import outcome
from ingestion.llm import breaker, places
from ingestion.models import Step, StepStatus
from ingestion.removal import delete_job
from ingestion.sentences import Situation, sentence
from tests import factories

pytestmark = pytest.mark.django_db
ENDPOINT = "http://models.example.org:8080/v1"


def claimed() -> Step:
    factories.job()
    step = ledger.claim("test-worker")
    assert step is not None
    return step


def wait_s(step: Step) -> float:
    return (Step.objects.get(pk=step.pk).run_after - timezone.now()).total_seconds()


def test_a_step_comes_again_when_the_server_allows_it_and_not_before() -> None:
    step = claimed()
    fault = EngineUnavailable("Too much.", "model_unavailable", 90)
    assert ledger.fail(step, fault, elapsed_s=1) == outcome.RETRIED
    assert 85 < wait_s(step) <= 91
    assert Step.objects.get(pk=step.pk).attempts == 1


def test_no_server_keeps_a_step_for_hours() -> None:
    step = claimed()
    ledger.fail(step, EngineUnavailable("Too much.", "model_unavailable", 86_400), elapsed_s=1)
    assert 590 < wait_s(step) <= 601


def test_a_job_whose_server_is_left_alone_says_so_and_costs_no_attempt() -> None:
    server = ModelServer.objects.create(
        endpoint=ENDPOINT,
        model="m",
        failures=5,
        silent_since=timezone.now() - timedelta(minutes=2),
        closed_until=timezone.now() + timedelta(seconds=60),
    )
    step = claimed()
    with pytest.raises(EngineBusy) as paused:
        breaker.check(ENDPOINT, "m")
    ledger.fail(step, paused.value, elapsed_s=0)
    again = Step.objects.get(pk=step.pk)
    assert (again.status, again.attempts) == (StepStatus.QUEUED, 0)
    assert 55 < wait_s(step) <= 61
    at_large = Situation(now=timezone.now(), workers=frozenset({("h", 1)}))
    facts = waiting._facts([step.job], at_large, most=1)[step.job.pk]
    told = sentence(step.job, facts, at_large)
    since = f"{timezone.localtime(server.silent_since):%H:%M:%S}"
    then = f"{timezone.localtime(server.closed_until):%H:%M:%S}"
    assert told.startswith("It tries again in ")
    assert told.endswith(
        f"The language model at models.example.org has not answered since {since}; it is asked "
        f"again at {then}."
    )


def test_a_server_that_only_asked_for_patience_is_not_called_silent() -> None:
    later = timezone.now() + timedelta(seconds=60)
    ModelServer.objects.create(endpoint=ENDPOINT, model="m", failures=1, closed_until=later)
    with pytest.raises(EngineBusy, match="wants to be left alone"):
        breaker.check(ENDPOINT, "m")


def test_a_job_that_is_deleted_leaves_its_bill_but_no_words() -> None:
    job = factories.job("Total 1,234.50")
    kept = {"project": job.project, "purpose": "extract", "lapses_at": timezone.now()}
    about = {"answer": {"total": "1,234.50"}, "status": "done", "cost_microcents": 7, "job": job.pk}
    calls = [LlmCall.objects.create(**kept, **about, key=f"{at:064d}") for at in range(2)]
    failed = LlmCall.objects.create(
        **kept, key="0" * 64, status="failed", job=job.pk, error_message="of 1,234.50"
    )
    other = LlmCall.objects.create(**kept, key="f" * 64, status="done", answer={"total": "5"})
    ledger.cancel(job.pk, None)
    delete_job(job.pk, None)
    for call in (*calls, failed, other):
        call.refresh_from_db()
    assert [(call.answer, call.cost_microcents) for call in calls] == [({}, 7), ({}, 7)]
    assert failed.error_message == ""
    assert other.answer == {"total": "5"}
    assert places.reuse(job.project_id, f"{0:064d}") is None
