"""The embedded Postgres: made, shared, found again, ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from config import database


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a folder with spaces" / "var"
    yield folder
    database.stop(folder)


def pid_of(var: Path) -> int:
    return int((var / "pg" / "data" / "postmaster.pid").read_text().split()[0])


def test_a_server_is_made_shared_by_processes_survives_a_kill_and_keeps_its_data(
    var: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path; from config import database;"
        "database.start(Path(sys.argv[1]))"
    )
    starters = [subprocess.Popen([sys.executable, "-c", code, str(var)]) for _ in range(3)]
    assert [starter.wait(timeout=120) for starter in starters] == [0, 0, 0]
    assert database.is_running(var)
    with database._connect(var, database.NAME) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("CREATE EXTENSION vector")
    server = pid_of(var)
    os.kill(server, signal.SIGKILL)
    psutil.Process(server).wait(timeout=10)
    assert not database.is_running(var)
    database.start(var)
    with database._connect(var, database.NAME) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert database.stop(var)
    assert not database.is_running(var)
    # A pid that was reused is not taken for a server.
    (var / "pg" / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert not database.stop(var)
    database.start(var)
    assert database.is_running(var)


def test_a_password_is_asked_for_and_readable_by_its_owner_only(var: Path) -> None:
    import psycopg

    database.start(var)
    assert (var / "pgpass").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match=r"password|fe_sendauth"):
        psycopg.connect(
            host=str(database.socket_folder(var)),
            user=database.USER,
            dbname=database.NAME,
            passfile="/nonexistent",
        )


def test_folders_above_var_keep_their_mode(tmp_path: Path) -> None:
    outer = tmp_path / "private"
    outer.mkdir(mode=0o700)
    var = outer / "deep" / "var"
    database.start(var)
    try:
        assert outer.stat().st_mode & 0o777 == 0o700
        assert database.is_running(var)
    finally:
        database.stop(var)


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere() -> None:
    long = Path("/" + "x" * 100)
    folder = database.socket_folder(long)
    assert len(str(folder)) < database.SOCKET_PATH_LIMIT_BYTES


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p%40w@h:5433/db?sslmode=require", ("h", "5433", "db", "u", "p@w")),
        ("postgresql:///db?host=/run/pg", ("/run/pg", "", "db", "", "")),
    ],
)
def test_a_database_url_is_understood(url: str, expected: tuple[str, ...]) -> None:
    found = database.from_url(url)
    assert tuple(found[k] for k in ("HOST", "PORT", "NAME", "USER", "PASSWORD")) == expected


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="postgres://"):
        database.from_url("mysql://h/db")
