"""A replay whose worker is killed with -9: before it saves a document, while, and afterwards."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from documents.models import Document, DocumentType
from ingestion import replay
from ingestion.models import Job, JobStatus, Step, StepStatus
from ingestion.replay_models import Replay, ReplayResult
from tests import factories
from tests.servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]
TEXT = "bill document_number=N{0} currency=INR supplier_name=S{0}"
PAPERS = 4
_WORKER = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
told = json.loads(sys.argv[1])
connection.settings_dict["NAME"] = told["database"]
settings.ENGINES = told["engines"]
from ingestion import ledger, tasks
while step := ledger.claim("victim"):
    tasks.run(step)
"""
_SLOW_SAVE = """
CREATE FUNCTION slow_save() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END';
CREATE TRIGGER slow_save AFTER INSERT ON ingestion_replayresult
FOR EACH ROW EXECUTE FUNCTION slow_save();
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "read"


@pytest.fixture
def papers(drain: Drain, fake_engines: Settings, log: Path) -> Replay:
    """A replay of PAPERS documents that nobody disturbed; some differ by now."""
    use(fake_engines, log)
    project = factories.project()
    for number in range(PAPERS):
        drain(factories.job(TEXT.format(number), in_project=project))
    for document in Document.objects.order_by("pk")[:2]:
        changed = {**document.payload, "currency": "EUR"}
        Document.objects.filter(pk=document.pk).update(payload=changed)
    made = started(project)
    drain(made.job)
    log.unlink()
    return made


def use(settings: Any, log: Path, victim: str = "") -> None:
    backend = {
        "BACKEND": "tests.faulty_engines.WorkerKiller",
        "OPTIONS": {"log": str(log), "victim": victim},
    }
    settings.ENGINES = {**settings.ENGINES, "extract": backend}


def started(project: Any) -> Replay:
    return replay.start(DocumentType.objects.get(slug="bill"), project, user=None)


def worker(settings: Any) -> "subprocess.Popen[bytes]":
    told = {"database": connection.settings_dict["NAME"], "engines": settings.ENGINES}
    return subprocess.Popen([sys.executable, "-c", _WORKER, json.dumps(told)])


def is_sleeping() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')")
        return bool(cursor.fetchone()[0])


def killed_after_reading(settings: Any, log: Path, made: Replay) -> None:
    use(settings, log, victim="N1")
    assert worker(settings).wait(timeout=60) == -signal.SIGKILL
    assert log.read_text().split()[-1] == "N1"


def killed_while_saving(settings: Any, log: Path, made: Replay) -> None:
    use(settings, log)
    with connection.cursor() as cursor:
        cursor.execute(_SLOW_SAVE)
        try:
            kill(settings, is_sleeping)
        finally:
            # Waits for the transaction of the one that is dead.
            cursor.execute("DROP FUNCTION slow_save CASCADE")
    assert not ReplayResult.objects.filter(replay=made).exists()


def killed_after_saving(settings: Any, log: Path, made: Replay) -> None:
    use(settings, log)
    kill(settings, ReplayResult.objects.filter(replay=made).exists)


def kill(settings: Any, is_time: Callable[[], bool]) -> None:
    process = worker(settings)
    try:
        wait_until(is_time, "the worker is where it is to be killed")
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("killed", [killed_after_reading, killed_while_saving, killed_after_saving])
def test_a_killed_worker_has_one_document_read_once_more_and_nothing_doubled(
    drain: Drain,
    fake_engines: Settings,
    papers: Replay,
    log: Path,
    killed: Callable[[Any, Path, Replay], None],
) -> None:
    made = started(papers.project)
    killed(fake_engines, log, made)
    early = dict(ReplayResult.objects.filter(replay=made).values_list("document", "made_at"))
    running = Step.objects.filter(job=made.job, status=StepStatus.RUNNING)
    running.update(lease_until=timezone.now() - timedelta(seconds=1))
    use(fake_engines, log)
    job = drain(made.job)
    assert (job.status, job.processed, job.errors) == (JobStatus.COMPLETED, PAPERS, 0)
    reads = Counter(log.read_text().split())
    assert len(reads) == PAPERS
    assert max(reads.values()) <= 2
    assert sum(reads.values()) <= PAPERS + 1
    late = dict(ReplayResult.objects.filter(replay=made).values_list("document", "made_at"))
    assert len(late) == PAPERS
    assert late.items() >= early.items(), "what was saved is not saved again"
    assert replay.report(made) == replay.report(papers)
