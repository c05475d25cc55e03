"""A cluster leaves nobody behind."""

import socket
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from config import stop
from ingestion import cluster, workers
from ingestion.cluster import Cluster
from ingestion.models import Step, WorkerBeat
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """The cluster works on the tests' database, in which the tables are, and is noted apart
    from those that serve this folder."""
    monkeypatch.setattr(cluster, "_NOTES", tmp_path / "clusters")
    found = connection.get_connection_params()
    options = {k: str(found[k]) for k in ("host", "port", "password", "passfile") if found.get(k)}
    address = f"postgresql://{found['user']}@/{found['dbname']}?{urlencode(options)}"
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)


def family(pid: int) -> list[psutil.Process]:
    head = psutil.Process(pid)
    return [head, *head.children(recursive=True)]


def started() -> tuple[Cluster, list[psutil.Process]]:
    """A cluster with its sentinel and workers."""
    made = Cluster()
    made.start()
    assert made._process is not None
    deadline = time.monotonic() + 30
    while len(family(made._process.pid)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    return made, family(made._process.pid)


def are_gone(processes: list[psutil.Process]) -> bool:
    _, left = psutil.wait_procs(processes, timeout=10)
    return not left


def test_stopping_a_cluster_ends_all_of_it() -> None:
    made, members = started()
    made.stop(grace_s=20)
    assert len(members) >= 4
    assert are_gone(members)


def test_a_cluster_is_silent_when_work_waits_and_nobody_on_this_host_shows_itself() -> None:
    job = factories.job()
    assert not cluster.is_silent()
    Step.objects.filter(job=job).update(run_after=timezone.now() - timedelta(seconds=61))
    assert cluster.is_silent()
    workers.set_paused(True)
    assert not cluster.is_silent()
    workers.set_paused(False)
    WorkerBeat.objects.create(
        name="here",
        host=socket.gethostname(),
        pid=1,
        started_at=timezone.now(),
        seen_at=timezone.now(),
    )
    assert not cluster.is_silent()


def test_a_cluster_whose_main_process_was_killed_is_ended_and_started_afresh() -> None:
    made, members = started()
    members[0].kill()
    members[0].wait(timeout=10)
    made.tend()
    try:
        assert made.is_running()
        assert are_gone(members)
    finally:
        made.stop(grace_s=20)


def test_make_stop_ends_what_a_killed_command_left_behind(settings: Settings) -> None:
    made, members = started()
    assert stop.stop_processes(cluster._NOTES) >= 1
    assert are_gone(members)
    made.stop(grace_s=1)
