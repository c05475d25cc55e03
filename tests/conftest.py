"""The database of the tests, what is left out where something is missing, and the live site."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pytest_django.fixtures import Settings

from config import database, settings
from tests.llm_server import llm_server  # noqa: F401
from tests.servers import redis_is_installed

if settings.EMBEDDED_DATABASE:
    database.start(settings.VAR)

ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = ROOT.parent / "shared" / "data"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What cannot run here is skipped by name; CI prints the names."""
    for item in items:
        if "browser" in item.keywords and not CHROMIUM:
            item.add_marker(pytest.mark.skip(reason="browser: no chromium on this machine"))
        if "redis" in item.keywords and not redis_is_installed():
            item.add_marker(pytest.mark.skip(reason="redis: no redis-server on this machine"))
        if "real_data" in item.keywords and not REAL_DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason="real_data: no folder shared/data"))


LEFT_OUT = ("browser", "real_data", "redis", "namespaces")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every browser and real-data test that was left out."""
    for report in terminalreporter.stats.get("skipped", []):
        marks = [mark for mark in LEFT_OUT if mark in report.keywords]
        if marks:
            terminalreporter.write_line(f"LEFT OUT ({', '.join(marks)}): {report.nodeid}")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where a browser can be installed, a browser test that was left out is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("DOCKET_REQUIRE_BROWSER") and any("browser" in r.keywords for r in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _own_storage(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Blobs of a test lie in a folder of their own."""
    folder = tmp_path_factory.mktemp("storage")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder / "media"), "allow_overwrite": True},
        },
    }
    settings.SCRATCH = folder / "scratch"
    settings.SCRATCH.mkdir()


@pytest.fixture(autouse=True)
def _counts_were_just_written() -> None:
    """A process writes its counts after a request now and then: not amid a count of queries."""
    from ingestion import metrics

    metrics._row.at = time.monotonic()


@pytest.fixture(autouse=True)
def _shipped_rows(request: pytest.FixtureRequest) -> None:
    """The rows that migrations make; a test with transactions of its own empties all tables."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        return
    request.getfixturevalue("transactional_db" if marker.kwargs.get("transaction") else "db")
    make_shipped_types()
    make_shipped_prompts()


def make_shipped_types() -> None:
    """The document types, where an earlier test emptied their table."""
    from django.apps import apps

    if not apps.get_model("documents", "DocumentType").objects.exists():
        import_module("documents.migrations.0002_shipped_types").create(apps, None)
        import_module("documents.migrations.0004_state_of_types").switch_on(apps, None)


def make_shipped_prompts() -> None:
    """The prompts, likewise; the cache of them is of another test's rows."""
    from django.apps import apps

    from documents import prompts

    prompts.forget()
    if not apps.get_model("documents", "Prompt").objects.exists():
        for name in ("0009_shipped_prompts", "0020_prompt_of_list_filters"):
            import_module(f"documents.migrations.{name}").create(apps, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A real web server and real workers with a database of their own."""

    url: str
    username: str
    password: str
    project: str
    var: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """gunicorn and `manage.py work`, in this order."""

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command against the site's database."""
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
        )

    def ask(self, question: str, *values: object) -> list[Any]:
        """Rows of the site's database. A new Python process a question would be slow."""
        with psycopg.connect(
            host=str(database.socket_folder(self.var)),
            user=database.USER,
            dbname=database.NAME,
            passfile=str(self.var / "pgpass"),
        ) as connection:
            return connection.execute(question, values).fetchall()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Starts embedded Postgres, gunicorn and `manage.py work` as subprocesses."""
    with running_site(tmp_path_factory.mktemp("site") / "var") as made:
        yield made


@contextmanager
def running_site(var: Path, **more: str) -> Iterator[Site]:
    """A site with a database of its own; `more` is added to its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DJANGO")
    }
    environment |= {
        "DOCKET_VAR": str(var),
        "DOCKET_PORT": str(port),
        "DJANGO_SUPERUSER_PASSWORD": "a-long-test-word",
    }
    environment.pop("DATABASE_URL", None)
    environment |= more
    made = Site(
        url=f"http://127.0.0.1:{port}",
        username="operator",
        password="a-long-test-word",
        project="default",
        var=var,
        environment=environment,
    )
    processes = made.processes
    try:
        made.manage("migrate", "-v0")
        made.manage("createsuperuser", "--noinput", "--username=operator", "--email=o@example.org")
        made.manage("shell", "--no-imports", "-c", _MAKE_PROJECT)
        web = ["-m", "gunicorn", "config.wsgi", "--threads=8", f"--bind=127.0.0.1:{port}"]
        for words in (web, ["manage.py", "work"]):
            with open(var / f"{words[-1].strip('-')[:4]}.log", "wb") as log:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, *words], cwd=ROOT, env=environment, stdout=log, stderr=log
                    )
                )
        _wait_for(f"{made.url}/login")
        yield made
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
        database.stop(var)


_MAKE_PROJECT = (
    "from documents.models import Project;"
    "Project.objects.get_or_create(slug='default', defaults={'name': 'Default'})"
)


def _wait_for(url: str, limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} did not answer in {limit_s:g} s")
