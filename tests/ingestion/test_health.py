"""Probes: they need no login, tell what is missing, and answer whatever is away."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.signing import SignedPackage
from django_q.status import Stat, Status
from pytest_django.fixtures import Settings

from ingestion import health, workers
from ingestion.models import Step
from tests import factories

ROOT = Path(__file__).resolve().parent.parent.parent
with_database = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _look_anew() -> Iterator[None]:
    for check in health.CHECKS:
        check.forget()
    yield
    # Let no check outlive its test's database.
    health.look()


@pytest.fixture
def cluster(transactional_db: None) -> Iterator[None]:
    """A cluster that has reported, as django-q2's sentinel does every second."""
    told = SignedPackage.dumps(Status(os.getpid(), "cluster"), True)
    get_broker().set_stat(Stat.get_key("cluster"), told, 30)
    yield
    # No table of a model: no test empties it.
    cache.clear()


def test_healthz_asks_neither_who_it_is_nor_the_database(client: Client) -> None:
    client.cookies["sessionid"] = "a-session-that-would-be-looked-up"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


@with_database
def test_a_sound_system_is_ready_without_a_login(client: Client, cluster: None) -> None:
    answer = client.get("/readyz?workers=1")
    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert set(checks) == {"database", "migrations", "storage", "workers", "queue"}
    assert checks["workers"] == {"ok": True, "clusters": 1, "paused": False}


@with_database
def test_missing_workers_are_told_and_fail_only_where_they_are_asked_for(client: Client) -> None:
    told = client.get("/readyz")
    assert told.status_code == 200
    assert told.json()["checks"]["workers"]["ok"] is False
    assert client.get("/readyz?workers=1").status_code == 503


@with_database
def test_a_paused_system_is_ready_and_says_so(client: Client, cluster: None) -> None:
    workers.set_paused(True)
    answer = client.get("/readyz?workers=1")
    assert answer.status_code == 200
    assert answer.json()["checks"]["workers"]["paused"] is True


@with_database
def test_a_long_queue_is_told_and_is_no_reason_to_take_no_requests(client: Client) -> None:
    factories.job()
    factories.job()
    Step.objects.update(run_after=timezone.now() - timedelta(hours=5))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    queue = answer.json()["checks"]["queue"]
    assert (queue["depth"], queue["later"]) == (2, 0)
    assert queue["oldest_s"] == pytest.approx(18_000, abs=60)


@with_database
def test_a_migration_that_is_not_applied_is_no_ready_system(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    names = {name for app, name in recorder.applied_migrations() if app == "search"}
    try:
        recorder.record_unapplied("search", max(names))
        answer = client.get("/readyz")
    finally:
        recorder.record_applied("search", max(names))
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"] == {"ok": False, "unapplied": 1}


@with_database
def test_a_storage_that_takes_nothing_is_no_ready_system(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a-file").touch()
    place = {"location": str(tmp_path / "a-file" / "media")}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": place},
    }
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["database"]["ok"] is True
    assert checks["storage"]["ok"] is False
    assert str(tmp_path) not in answer.content.decode()


@with_database
def test_the_storage_is_left_as_it_was(client: Client, settings: Settings) -> None:
    assert client.get("/readyz").status_code == 200
    media = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
    assert not [path for path in media.rglob("*") if path.is_file()]


_ASK = """
import json, time, django
django.setup()
from django.test import Client
from config import metrics as counted
counted.step_ended("ocr", "done", 1.0)
told = {}
for name in ("/healthz", "/readyz", "/readyz again", "/metrics", "/login"):
    path = name.split()[0]
    began = time.monotonic()
    headers = {"Authorization": "Bearer a-token", "Host": "docket.test"}
    answer = Client(raise_request_exception=False).get(path, headers=headers)
    text = answer.content.decode(errors="replace") if path != "/login" else ""
    told[name] = [answer.status_code, time.monotonic() - began, text]
print(json.dumps(told))
"""


def ask_in_production(port: int) -> dict[str, Any]:
    """The answers of a process in production, by plain http, whose database is at `port`."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"postgres://docket:hidden-word@127.0.0.1:{port}/x?connect_timeout=5",
            "SECRET_KEY": "k" * 60,
            "DOCKET_ENV": "production",
            "DOCKET_ALLOWED_HOSTS": "docket.test",
            "DOCKET_METRICS_TOKEN": "a-token",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("database", ["refuses", "says nothing"])
def test_without_a_database_a_process_in_production_is_alive_and_says_soon_that_it_is_not_ready(
    database: str,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if database == "says nothing":
            silent.listen(50)
        told = ask_in_production(silent.getsockname()[1])
    assert told["/healthz"][0] == 200
    status, seconds, text = told["/readyz"]
    assert status == 503
    assert seconds < 5
    checks = json.loads(text)["checks"]
    assert not any(checks[name]["ok"] for name in ("database", "migrations", "workers"))
    assert checks["storage"]["ok"] is True
    assert "hidden-word" not in text
    # Many who ask must not hold up all threads for as long.
    status, seconds, _ = told["/readyz again"]
    assert status == 503
    assert seconds < 0.5
    assert told["/metrics"][0] == 503
    # All else is sent to HTTPS.
    assert told["/login"][0] == 301
