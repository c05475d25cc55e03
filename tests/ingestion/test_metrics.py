"""/metrics: what is counted stays counted, whoever counted it, and only some may read it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from config import metrics as counted
from documents.models import Role
from ingestion import ledger, metrics, tasks, upkeep, workers
from ingestion.models import Job, Priority, Step, Tally, WorkerBeat
from tests import factories

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = {"Authorization": "Bearer a-token"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_process_that_has_counted_nothing(settings: Settings) -> Iterator[None]:
    settings.METRICS_TOKEN = "a-token"
    metrics._begin_anew()
    yield
    metrics._begin_anew()


def scraped() -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = Client().get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    return {
        counted.key(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def runs(**labels: str) -> float:
    return scraped().get(counted.key("docket_steps_total", labels), 0)


def fall_silent() -> None:
    """All processes that have written, for a long time."""
    Tally.objects.update(seen_at=timezone.now() - timedelta(seconds=metrics.SILENT_S + 60))


# -- what is counted -----------------------------------------------------------------------


def test_steps_are_counted_by_what_they_came_to(drain: Callable[[Job], Job]) -> None:
    drain(factories.job("fine\fdamaged\funavailable"))
    told = scraped()
    ocr = {
        outcome: told.get(f'docket_steps_total{{outcome="{outcome}",stage="ocr"}}', 0)
        for outcome in ("done", "failed", "retried", "lost", "skipped")
    }
    assert ocr == {"done": 1, "failed": 2, "retried": 2, "lost": 0, "skipped": 0}
    assert told["docket_pages_read_total{}"] == 1
    assert told['docket_step_seconds_count{stage="ocr"}'] == 5


def test_a_slice_that_is_halved_is_counted_so(drain: Callable[[Job], Job]) -> None:
    drain(factories.job("fine\fsplitcrash"))
    workers._beat_now(None)
    assert runs(stage="split", outcome="halved") == 1
    assert scraped()["docket_engine_restarts_total{}"] >= 1


def test_a_run_whose_job_was_cancelled_is_counted_as_skipped(fake_engines: Settings) -> None:
    job = factories.job()
    step = ledger.claim("test-worker")
    assert step is not None
    ledger.cancel(job.pk, None)
    tasks.run(step)
    assert runs(stage="split", outcome="skipped") == 1
    assert runs(stage="split", outcome="done") == 0


def test_a_run_whose_worker_vanished_is_counted_once(fake_engines: Settings) -> None:
    factories.job("busy")
    for stage in ("split", "split", "ocr", "ocr", "ocr"):
        step = ledger.claim("test-worker")
        assert step is not None
        assert step.stage == stage
        if stage == "ocr" and not step.losses:
            past = timezone.now() - timedelta(seconds=1)
            Step.objects.filter(pk=step.pk).update(lease_until=past)
        else:
            tasks.run(step)
    assert runs(stage="ocr", outcome="lost") == 1
    assert runs(stage="ocr", outcome="retried") == 2


def test_embedding_is_counted_in_texts_and_seconds(drain: Callable[[Job], Job]) -> None:
    drain(factories.job("steel to Pune\fbills of March"))
    told = scraped()
    assert told["docket_texts_embedded_total{}"] == 2
    assert told["docket_embed_seconds_total{}"] > 0
    assert told["docket_chunks{}"] == 2
    assert told["docket_index_bytes{}"] > 0


def test_a_search_is_counted_by_its_way_and_written_after_the_request(client: Client) -> None:
    project = factories.project()
    client.force_login(factories.user(Role.VIEWER, project))
    client.get("/search", {"q": "steel", "mode": "lexical"})
    assert Tally.objects.count() == 1
    told = scraped()
    assert told['docket_search_seconds_count{mode="lexical"}'] == 1
    assert told['docket_search_seconds_bucket{le="+Inf",mode="lexical"}'] == 1


def test_a_worker_that_runs_dry_leaves_nothing_uncounted(fake_engines: Settings) -> None:
    tasks.work()
    factories.job()
    tasks.work()
    (row,) = Tally.objects.all()
    assert row.counts['docket_steps_total{outcome="done",stage="embed"}'] == 1


# -- adding up -----------------------------------------------------------------------------


def test_processes_add_up_and_so_do_their_buckets() -> None:
    for seconds in (0.02, 0.3, 3):
        counted.step_ended("ocr", "done", seconds)
    metrics.write_counts()
    metrics._begin_anew()
    counted.step_ended("ocr", "done", 1000)
    told = scraped()
    assert told['docket_steps_total{outcome="done",stage="ocr"}'] == 4
    edges = [*map(float, counted.STEP_BUCKETS_S), float("inf")]
    counts = [
        told[f'docket_step_seconds_bucket{{le="{"+Inf" if edge > 1e9 else edge}",stage="ocr"}}']
        for edge in edges
    ]
    assert counts == sorted(counts)
    assert (counts[0], counts[-2], counts[-1]) == (1, 3, 4)
    assert told['docket_step_seconds_count{stage="ocr"}'] == 4
    assert told['docket_step_seconds_sum{stage="ocr"}'] == pytest.approx(1003.32)


def test_no_counter_falls_when_rows_are_folded_and_none_doubles_when_a_process_comes_back() -> None:
    counted.step_ended("ocr", "done", 1)
    counted.step_ended("ocr", "done", 1)
    before = scraped()
    fall_silent()
    assert metrics.fold() == 1
    assert [row.name for row in Tally.objects.all()] == [metrics.RETIRED]
    after = scraped()
    assert all(after[name] == count for name, count in before.items() if "_steps_total" in name)
    counted.step_ended("ocr", "done", 1)
    assert runs(stage="ocr", outcome="done") == 3
    fall_silent()
    assert metrics.fold() == 1
    assert runs(stage="ocr", outcome="done") == 3


def test_the_hourly_chore_folds_silent_rows_and_leaves_the_others() -> None:
    counted.step_ended("ocr", "done", 1)
    metrics.write_counts()
    fall_silent()
    metrics._begin_anew()
    counted.step_ended("ocr", "done", 1)
    metrics.write_counts()
    assert upkeep.tidy()["tallies"] == 1
    assert Tally.objects.count() == 2
    assert runs(stage="ocr", outcome="done") == 2


_FORK = """
import os, django
django.setup()
from config import metrics as counted
from ingestion import metrics
counted.step_ended("ocr", "done", 1.0)
name = metrics._row.name
if os.fork() == 0:
    counted.step_ended("ocr", "done", 1.0)
    own = metrics._less(counted.counts(), metrics._row.base)
    print(own['docket_steps_total{outcome="done",stage="ocr"}'], metrics._row.name != name)
    os._exit(0)
os.wait()
"""


def test_a_forked_process_counts_only_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-uc", "import os;" + _FORK],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings", "DOCKET_VAR": str(django_settings.VAR)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1.0", "True"]


# -- how things stand ----------------------------------------------------------------------


def test_what_waits_is_told_by_priority_and_apart_from_what_backs_off() -> None:
    factories.job(priority=Priority.URGENT)
    old, later = factories.job(), factories.job()
    Step.objects.filter(job=old).update(run_after=timezone.now() - timedelta(minutes=10))
    Step.objects.filter(job=later).update(run_after=timezone.now() + timedelta(minutes=10))
    told = scraped()
    assert told['docket_queue_depth{priority="urgent"}'] == 1
    assert told['docket_queue_depth{priority="normal"}'] == 1
    assert told['docket_queue_depth{priority="low"}'] == 0
    assert told["docket_steps_waiting_later{}"] == 1
    assert told["docket_queue_oldest_seconds{}"] == pytest.approx(600, abs=30)
    assert told['docket_jobs{status="queued"}'] == 3


def test_workers_are_busy_or_silent_at_their_step(fake_engines: Settings) -> None:
    for name in ("busy", "silent"):
        factories.job()
        step = ledger.claim(name)
        assert step is not None
        now = timezone.now()
        seen_at = now if name == "busy" else now - timedelta(minutes=5)
        WorkerBeat.objects.create(
            name=name, host=name, pid=1, step=step, memory_bytes=7, started_at=now, seen_at=seen_at
        )
    workers.set_paused(True)
    told = scraped()
    states = {state: told[f'docket_workers{{state="{state}"}}'] for state in ("busy", "silent")}
    assert states == {"busy": 1, "silent": 1}
    assert told["docket_engine_memory_bytes{}"] == 7
    assert (told["docket_workers_paused{}"], told["docket_hosts_paused{}"]) == (1, 0)


# -- who may read it -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer a-tokem", "Bearer a-token-and-more", "Basic a-token"]
)
def test_who_does_not_know_the_token_reads_nothing(client: Client, sent: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == 403
    assert b"docket_" not in answer.content


def test_without_a_token_in_the_settings_none_opens(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    for sent in ("Bearer ", "Bearer a-token"):
        assert client.get("/metrics", headers={"Authorization": sent}).status_code == 403


def test_a_superuser_reads_it_in_the_browser_and_an_operator_does_not(client: Client) -> None:
    client.force_login(factories.user(Role.OPERATOR, factories.project(), is_staff=True))
    assert client.get("/metrics").status_code == 403
    client.force_login(factories.user(is_superuser=True))
    assert client.get("/metrics").status_code == 200
