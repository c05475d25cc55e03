"""Servers that tests start for themselves: Postgres over TCP, S3 and Redis.

Each is a context manager, listens on an address of the caller's choice and a free port, and
ends what it started together with its data. `stop` and `start` in between keep the address,
so that a test can take a server away from running workers and give it back.
"""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3  # type: ignore[import-untyped]
import psycopg

from config import database

LOOPBACK = "127.0.0.1"
START_LIMIT_S = 60
STOP_LIMIT_S = 10
BUCKET = "docket"


class NotInstalled(Exception):
    """A program that a server needs is not on this machine; the message names its package."""


def free_port(address: str = LOOPBACK) -> int:
    """A port of `address` that nobody listened on a moment ago."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(is_true: Callable[[], bool], what: str, limit_s: float = START_LIMIT_S) -> None:
    """Ask every 50 ms; AssertionError with `what` after the limit."""
    deadline = time.monotonic() + limit_s
    while not is_true():
        assert time.monotonic() < deadline, f"not in {limit_s:g} s: {what}"
        time.sleep(0.05)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A Postgres with pgvector that asks for a password over TCP.

    `settings` are given to each start as `-c name=value`; the environment of a process that is
    to use it needs `DATABASE_URL` and a `SECRET_KEY`."""

    address: str
    port: int
    var: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        place = f"{_bracketed(self.address)}:{self.port}/{database.NAME}"
        return f"postgres://{database.USER}:{quote(self.password, safe='')}@{place}"

    @property
    def password(self) -> str:
        return (self.var / "pgpass").read_text().strip().rsplit(":", 1)[1]

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def start(self) -> None:
        """Start it on the same port and data, after a crash too; returns when it answers."""
        options = {
            **database.SERVER_SETTINGS,
            "listen_addresses": self.address,
            "port": str(self.port),
            "unix_socket_directories": "",
            **self.settings,
        }
        words = " ".join(shlex.quote(f"-c{name}={value}") for name, value in options.items())
        # The class behind `database.start` knows how root hands a server to another account.
        # Its own start is no use here: that one listens on a socket only.
        server = database._Server.of(self.var)
        server.control("start", "-l", "{home}/log", "-o", words, limit_s=START_LIMIT_S)
        wait_until(self.answers, f"Postgres at {self.address}:{self.port}")

    def stop(self, mode: str = "fast") -> None:
        """mode: `smart`, `fast`, or `immediate`, which is a crash without a last write."""
        database._Server.of(self.var).control("stop", "-m", mode, limit_s=START_LIMIT_S)

    def is_alive(self) -> bool:
        return database._Server.of(self.var).is_alive()


@contextmanager
def postgres_over_tcp(
    address: str = LOOPBACK, *, settings: dict[str, str] | None = None
) -> Iterator[Postgres]:
    """A new, empty database for the length of a block."""
    folder = Path(tempfile.mkdtemp(prefix="docket-pg-"))
    # The account that the server runs as must pass through; what lies in it is 0600 or 0700.
    folder.chmod(0o711)
    made = Postgres(
        address=address, port=free_port(address), var=folder / "var", settings=settings or {}
    )
    try:
        database.start(made.var)
        database.stop(made.var)
        with open(made.var / "pg" / "data" / "pg_hba.conf", "a") as rules:
            rules.write("host all all 0.0.0.0/0 scram-sha-256\nhost all all ::/0 scram-sha-256\n")
        made.start()
        yield made
    finally:
        if made.is_alive():
            made.stop("immediate")
        # Where the server's account cannot read the wheel, a copy of it lies here.
        shutil.rmtree(database._private_folder(made.var), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """An S3 in memory with one empty bucket. `environment` is what Docket needs to use it."""

    endpoint: str
    bucket: str
    environment: dict[str, str]

    def names(self, bucket: str = BUCKET) -> list[str]:
        """The names of all objects of a bucket, in order."""
        pages = _client(self.endpoint).get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def _client(endpoint: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def s3(address: str = LOOPBACK) -> Iterator[S3]:
    """moto's server in a process of its own, for the length of a block."""
    port = free_port(address)
    command = [sys.executable, "-m", "moto.server", "-H", address, "-p", str(port)]
    with _process(command):
        _wait_for_port(address, port)
        endpoint = f"http://{_bracketed(address)}:{port}"
        _client(endpoint).create_bucket(Bucket=BUCKET)
        yield S3(
            endpoint=endpoint,
            bucket=BUCKET,
            environment={
                "DOCKET_STORAGE": "s3",
                "DOCKET_S3_BUCKET": BUCKET,
                "DOCKET_S3_ENDPOINT": endpoint,
                "DOCKET_S3_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
        )


@dataclass(slots=True, kw_only=True)
class Redis:
    """A Redis that keeps nothing: what lay in it is lost by `stop`."""

    address: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{_bracketed(self.address)}:{self.port}/0"

    def start(self) -> None:
        """Start it on the same port, empty; returns when it listens."""
        program = shutil.which("redis-server")
        if program is None:
            raise NotInstalled("redis-server (apt-get install redis-server)")
        settings = {
            "bind": self.address,
            "port": str(self.port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            # Without it Redis refuses every client that does not come over loopback.
            "protected-mode": "no",
            "daemonize": "no",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        self.process = _spawn([program, *words])
        _wait_for_port(self.address, self.port)

    def stop(self) -> None:
        if self.process is not None:
            _end(self.process)
            self.process = None


def redis_is_installed() -> bool:
    return shutil.which("redis-server") is not None


@contextmanager
def redis(address: str = LOOPBACK) -> Iterator[Redis]:
    """An empty Redis for the length of a block. Raises NotInstalled."""
    with tempfile.TemporaryDirectory(prefix="docket-redis-") as folder:
        made = Redis(address=address, port=free_port(address), folder=Path(folder))
        try:
            made.start()
            yield made
        finally:
            made.stop()


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = _spawn(command)
    try:
        yield process
    finally:
        _end(process)


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the terminal is for the test, which then ends this.
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MOTO_")},
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_port(address: str, port: int) -> None:
    def listens() -> bool:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            return False
        return True

    wait_until(listens, f"{address}:{port} listens")
