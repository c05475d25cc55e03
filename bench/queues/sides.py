"""The queues that are compared: how each is started, submitted to, and stopped.

Each Docket has a database of its own in one embedded Postgres, so that they can be up together.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench.queues import stamps
from config import database, settings

ROOT = Path(__file__).resolve().parents[2]
VAR = settings.VAR
OTHERS = VAR / "venv" / "bin"
TEMPLATE = "bench_template"
WORKERS = 2
STUCK_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Side:
    """worker and submit are commands; `many` is how many units one round drains; `left` asks
    the side's database how much of what was submitted is not done."""

    name: str
    worker: list[str]
    submit: list[str]
    many: int = 3000
    database: str = ""
    left: str = ""
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("DOCKET_")}
        return plain | {
            "PYTHONPATH": str(ROOT),
            "DOCKET_VAR": str(VAR),
            "DOCKET_WORKERS": str(WORKERS),
            "DJANGO_SETTINGS_MODULE": "bench.queues.settings",
            "BENCH_DATABASE": self.database,
            "BENCH_CONNINFO": conninfo(self.database),
            "BENCH_STAMPS": str(self.stamps),
            **self.env,
        }

    @property
    def stamps(self) -> Path:
        return VAR / "bench" / f"{self.name}.stamps"


def docket(name: str, *, broker: str = "", steps_a_job: int = 0, workers: int = WORKERS) -> Side:
    return Side(
        name=name,
        worker=[sys.executable, "manage.py", "qcluster"],
        submit=[sys.executable, "-m", "bench.queues.submit", "steps"]
        + ([str(steps_a_job)] if steps_a_job else []),
        database=f"bench_{name.replace('-', '_')}",
        left="SELECT count(*) FROM ingestion_step WHERE status <> 'done'",
        env={"DOCKET_BROKER": broker, "DOCKET_WORKERS": str(workers)},
    )


def django_q2(name: str) -> Side:
    """Its own ORM broker, with the very settings that Docket gives to django-q2."""
    return Side(
        name=name,
        worker=[sys.executable, "manage.py", "qcluster"],
        submit=[sys.executable, "-m", "bench.queues.submit", "tasks"],
        database="bench_django_q2",
        # Its schedule may put a message of its own there just as the cluster ends.
        left="SELECT greatest(0, count(*) - 2) FROM django_q_ormq",
        env={"DOCKET_BROKER": "polling"},
    )


def procrastinate() -> Side:
    app = "--app=bench.queues.with_procrastinate.app"
    command = [str(OTHERS / "procrastinate"), app, "worker", f"--concurrency={WORKERS}"]
    return Side(
        name="procrastinate",
        worker=command,
        submit=[str(OTHERS / "python"), "-m", "bench.queues.with_procrastinate"],
        database="bench_procrastinate",
        left="SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'",
    )


def celery(redis: str) -> Side:
    app = "--app=bench.queues.with_celery"
    command = [str(OTHERS / "celery"), app, "worker", f"--concurrency={WORKERS}"]
    return Side(
        name="celery-redis",
        worker=command,
        submit=[str(OTHERS / "python"), "-m", "bench.queues.with_celery"],
        many=6000,
        env={"BENCH_REDIS": redis},
    )


# -- running them --------------------------------------------------------------------------


@contextmanager
def running(side: Side, *, command: list[str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The side's workers, ended with the block: SIGTERM to the main process, then the group."""
    with open(VAR / "bench" / f"{side.name}.log", "ab") as log:
        process = subprocess.Popen(
            command or side.worker,
            cwd=ROOT,
            env=side.environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Submitter:
    """A process that submits to one side when it is told to."""

    def __init__(self, side: Side, command: list[str] | None = None) -> None:
        self._process = subprocess.Popen(
            command or side.submit,
            cwd=ROOT,
            env=side.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(VAR / "bench" / f"{side.name}.submit.log", "ab"),  # noqa: SIM115
            text=True,
        )
        self._read()

    def __enter__(self) -> "Submitter":
        return self

    def __exit__(self, *fault: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"A submitter ended; see {VAR / 'bench'}/*.submit.log.")
        return line

    def tell(self, line: str) -> tuple[float, float]:
        """The times just before and just after submitting."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        called, committed = map(float, self._read().split())
        return called, committed


def await_stamps(side: Side, number: int) -> None:
    """Wait until so many units have begun; gives up when none began for STUCK_S."""
    seen, moved = -1, time.monotonic()
    while (count := stamps.count(side.stamps)) < number:
        if count > seen:
            seen, moved = count, time.monotonic()
        if time.monotonic() - moved > STUCK_S:
            log = VAR / "bench" / f"{side.name}.log"
            raise SystemExit(f"{side.name} stands still at {count} of {number}; see {log}.")
        time.sleep(0.002)


def check_all_done(side: Side) -> None:
    """Refuse a measurement of units that began but were not written down as done."""
    if not side.left:
        return
    with psycopg.connect(conninfo(side.database)) as connection:
        [left] = connection.execute(side.left.encode()).fetchone() or (0,)
    if left:
        raise SystemExit(f"{side.name}: {left} units are not done after the queue was drained.")


# -- what they stand on ----------------------------------------------------------------------


def conninfo(name: str) -> str:
    host = database.socket_folder(VAR)
    return f"host={host} user={database.USER} dbname={name} passfile={VAR / 'pgpass'}"


def make_databases(names: list[str]) -> None:
    """A fresh database for each name, copied from one that was migrated."""
    database.start(VAR)
    with psycopg.connect(conninfo("postgres"), autocommit=True) as connection:
        for name in (TEMPLATE, *names):
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{TEMPLATE}"'.encode())
        template = Side(name="template", worker=[], submit=[], database=TEMPLATE)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity=0"],
            cwd=ROOT,
            env=template.environment(),
            check=True,
        )
        for name in names:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"'.encode())
        connection.execute(b"CHECKPOINT")


@contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis of our own without persistence; "" where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        yield ""
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with open(VAR / "bench" / "redis.log", "ab") as log:
        server = subprocess.Popen([program, *words], cwd=VAR / "bench", stdout=log)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()
