"""Vectors of another embedder are made by jobs of low priority while search goes on."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ingestion import ledger, reembedding, tasks, workers
from ingestion.errors import Interrupted
from ingestion.models import Job, JobStatus, Kind, Priority, Step, StepStatus
from ingestion.stages import embed
from search import embedders, indexing, queries
from search.models import Chunk, ChunkVector, Embedder
from tests import factories, llm_server
from tests.ingestion.conftest import work_off
from tests.llm_server import LlmServer
from tests.search.corpus import use_embedder

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]
BIRDS = ("grey heron", "red kite", "blue tit")


@pytest.fixture
def birds(drain: Drain, fake_engines: Any) -> list[Job]:
    """A document for each, with vectors of the embedder `hashed`."""
    use_embedder(fake_engines, "Hashed")
    project = factories.project()
    return [drain(factories.job(text, in_project=project)) for text in BIRDS]


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server.running() as made:
        yield made


def use_server(settings: Any, server: LlmServer, **more: str) -> None:
    options = {"model": "m", "dimension": 64, "base_url": server.url, "timeout_s": 2, **more}
    settings.ENGINES = {
        **settings.ENGINES,
        "embed": {"BACKEND": "search.engines.openai.OpenAI", "OPTIONS": options},
    }


def found(words: str) -> str:
    hits = queries.find(queries.EVERYONE, words, mode="dense").hits
    return hits[0].text if hits else ""


def jobs() -> list[Job]:
    return list(Job.objects.filter(kind=Kind.PROCESS).order_by("created_at"))


def test_a_change_is_worked_off_and_switches_by_itself(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    assert reembedding.look_after() == {"planned": 3, "switched": False, "cleared": 0}
    (job,) = jobs()
    assert job.priority == Priority.LOW
    assert reembedding.look_after()["planned"] == 0, "an open job has them"
    assert found("kite") == "red kite"
    assert drain(job).status == JobStatus.COMPLETED
    assert embedders.active().name == "hashed"
    assert reembedding.look_after()["switched"]
    assert (embedders.active().name, found("kite")) == ("wide", "red kite")
    Embedder.objects.filter(name="hashed").update(changed_at=timezone.now() - timedelta(hours=1))
    assert reembedding.look_after() == {"planned": 0, "switched": False, "cleared": 3}
    assert set(Embedder.objects.values_list("name", flat=True)) & {"hashed"} == set()
    assert not indexing.stale_documents().exists()


def test_no_more_jobs_are_planned_at_once_than_a_few_batches(
    birds: list[Job], drain: Drain, fake_engines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "JOBS_AT_ONCE", 2)
    fake_engines.BACKLOG_BATCH = 1
    use_embedder(fake_engines, "Wide")
    assert reembedding.look_after()["planned"] == 2
    assert len(jobs()) == 2
    drain(jobs()[1])
    assert reembedding.look_after()["planned"] == 1
    drain(jobs()[2])
    assert reembedding.look_after()["switched"]


def test_a_worker_that_is_lost_costs_nothing_that_was_made(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    work_off(1)
    made = dict(ChunkVector.objects.filter(embedder__name="wide").values_list("chunk", "pk"))
    assert len(made) == 1
    lost = ledger.claim("a worker that dies")
    assert lost is not None
    Step.objects.filter(pk=lost.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    drain(jobs()[0])
    after = dict(ChunkVector.objects.filter(embedder__name="wide").values_list("chunk", "pk"))
    assert len(after) == 3
    assert made.items() <= after.items()
    assert reembedding.look_after()["switched"]


def test_a_cancelled_job_is_planned_again_for_what_is_lacking(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    work_off(1)
    ledger.cancel(jobs()[0].pk, None)
    assert reembedding.look_after()["planned"] == 2
    drain(jobs()[1])
    assert reembedding.look_after()["switched"]


def test_what_comes_meanwhile_is_found_and_needs_no_job_of_its_own(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    late = drain(factories.job("white owl"))
    assert found("owl") == "white owl"
    vectors = ChunkVector.objects.filter(document__upload=late.upload)
    assert {vector.embedder.name for vector in vectors} == {"hashed", "wide"}
    assert reembedding.look_after()["switched"]
    assert found("owl") == "white owl"


def test_a_passage_that_is_too_long_for_the_new_one_gets_the_mean_of_its_parts(
    drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Hashed")
    drain(factories.job("one two three four five six seven eight nine ten"))
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    drain(jobs()[0])
    (row,) = ChunkVector.objects.filter(embedder__name="wide")
    assert Chunk.objects.count() == 1
    assert sum(float(number) ** 2 for number in row.dense) == pytest.approx(1, abs=0.01)


def test_where_the_old_engine_is_gone_new_documents_are_found_by_words_and_then_by_the_new_one(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    Embedder.objects.filter(name="hashed").update(
        config={"BACKEND": "tests.faulty_engines_search.Unavailable"}
    )
    late = drain(factories.job("white owl"))
    assert late.status == JobStatus.COMPLETED
    assert [hit.text for hit in queries.find(queries.EVERYONE, "owl").hits] == ["white owl"]
    assert reembedding.look_after()["switched"]
    assert found("owl") == "white owl"


def test_a_server_that_cannot_be_asked_is_told_of_and_gets_no_document(
    birds: list[Job], drain: Drain, fake_engines: Any, server: LlmServer
) -> None:
    use_server(fake_engines, server)
    server.embeds(llm_server.fails(401))
    assert reembedding.look_after()["planned"] == 0
    due = embedders.coming()
    assert due is not None
    assert "refused with 401" in due.fault
    assert found("kite") == "red kite"
    drain(factories.job("white owl"))
    assert len(server.requests) == 1, "what comes meanwhile does not wait for it either"
    assert reembedding.look_after()["planned"] == 4
    drain(jobs()[0])
    assert reembedding.look_after()["switched"]
    name = f"m-64@{server.url.removeprefix('http://').removesuffix('/v1')}"
    assert (embedders.active().name, found("owl")) == (name, "white owl")


def test_the_same_model_at_another_address_makes_all_vectors_anew(
    birds: list[Job], drain: Drain, fake_engines: Any, server: LlmServer
) -> None:
    def move_to(there: LlmServer) -> str:
        use_server(fake_engines, there)
        before = embedders.active().name
        # No process of before the move is left.
        Embedder.objects.update(wanted_at=timezone.now() - timedelta(hours=1))
        assert reembedding.look_after()["planned"] == len(BIRDS)
        assert embedders.active().name == before, "search goes on with the old vectors"
        drain(jobs()[-1])
        assert reembedding.look_after()["switched"]
        return embedders.active().name

    with llm_server.running() as other:
        assert move_to(server) != move_to(other)
        # The passages, and the question.
        assert found("kite") == "red kite"
        assert len([asked for asked in other.requests if asked.path.endswith("/embeddings")]) >= 2


def test_a_host_without_the_key_leaves_the_server_to_those_that_have_it(
    birds: list[Job], fake_engines: Any, server: LlmServer
) -> None:
    use_server(fake_engines, server, api_key="sk-one")
    assert reembedding.look_after()["planned"] == 3
    use_embedder(fake_engines, "Hashed")
    step = ledger.claim("a worker of the other host")
    assert step is not None
    tasks.run(step)
    step.refresh_from_db()
    assert step.status == StepStatus.QUEUED
    ledger.cancel(jobs()[0].pk, None)
    asked = len(server.requests)
    assert reembedding.look_after()["planned"] == 0
    due = embedders.coming()
    assert due is not None
    assert (due.fault, len(server.requests)) == ("", asked)


def test_a_server_that_fails_within_a_batch_is_asked_again(
    birds: list[Job], drain: Drain, fake_engines: Any, server: LlmServer
) -> None:
    use_server(fake_engines, server)
    reembedding.look_after()
    server.embeds(llm_server.fails(503), llm_server.too_many("0.1"), llm_server.cut())
    assert drain(jobs()[0]).status == JobStatus.COMPLETED
    assert reembedding.look_after()["switched"]


def test_search_says_that_it_went_by_words_where_the_server_is_away_after_the_switch(
    birds: list[Job], drain: Drain, fake_engines: Any, server: LlmServer
) -> None:
    use_server(fake_engines, server)
    reembedding.look_after()
    drain(jobs()[0])
    assert reembedding.look_after()["switched"]
    server.embeds(llm_server.fails(500))
    answer = queries.find(queries.EVERYONE, "kite")
    assert "words only" in answer.notice
    assert answer.hits[0].text == "red kite"


def test_the_switch_meets_a_step_that_has_old_vectors_in_its_hands(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    late = factories.job("white owl")
    while (step := ledger.claim("test-worker")) is not None and step.stage != "embed":
        tasks.run(step)
    assert step is not None
    result = embed.work(step, workers.Caller(step))
    use_embedder(fake_engines, "Wide")
    assert embedders.follow_settings()
    assert embedders.switch(leaving_out=True)
    with pytest.raises(Interrupted) as caught:
        ledger.finish(step, result, elapsed_s=0)
    ledger.interrupt(step, caught.value)
    assert drain(late).status == JobStatus.COMPLETED
    vectors = ChunkVector.objects.filter(document__upload=late.upload)
    assert [vector.embedder.name for vector in vectors] == ["wide"]


def test_documents_whose_vectors_cannot_be_made_are_told(
    birds: list[Job], drain: Drain, fake_engines: Any
) -> None:
    use_embedder(fake_engines, "Wide")
    reembedding.look_after()
    due = embedders.coming()
    assert due is not None
    assert reembedding.given_up(due) == 0, "their job is open"
    (job,) = jobs()
    Step.objects.filter(job=job).update(status=StepStatus.FAILED, finished_at=timezone.now())
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    assert reembedding.given_up(due) == 3
