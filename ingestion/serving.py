"""The web server and the workers as processes of one terminal: `make up` and `make demo`."""

import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from django.conf import settings
from django.contrib.auth import get_user_model

from config import stop
from documents.models import Project

START_LIMIT_S = 60
GRACE_S = 40
OPERATOR = "operator"


class CannotServe(Exception):
    """The web server cannot be started; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What runs: the address and the two processes."""

    url: str
    web: subprocess.Popen[bytes]
    work: subprocess.Popen[bytes]

    def is_alive(self) -> bool:
        return self.web.poll() is None and self.work.poll() is None


@contextmanager
def serving() -> Iterator[Serving]:
    """Web server and workers for the length of a block. Raises CannotServe."""
    port = _free_port()
    runs = settings.VAR / "run"
    if stop.noted(runs):
        raise CannotServe("Docket already runs from this folder; `make stop` ends it.")
    log = open(settings.VAR / "docket.log", "ab")  # noqa: SIM115  (the children keep it open)
    words = [
        [
            *("-m", "gunicorn", "config.wsgi", f"--bind={settings.HOST}:{port}"),
            *("--worker-class=gthread", "--threads=8", "--timeout=120"),
        ],
        ["manage.py", "work"],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, *line],
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        for line in words
    ]
    web, work = processes
    shown = "localhost" if settings.HOST in ("0.0.0.0", "::") else settings.HOST  # noqa: S104
    made = Serving(url=f"http://{shown}:{port}", web=web, work=work)
    try:
        stop.note(runs, "web", web.pid)
        stop.note(runs, "work", work.pid)
        _wait_for(made)
        yield made
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        for file in runs.glob("*.pid"):
            file.unlink(missing_ok=True)
        log.close()


def wait_for_end(served: Serving) -> None:
    """Return at Ctrl-C or SIGTERM, or when one of the processes has ended."""
    is_ending = False

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal is_ending
        is_ending = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while not is_ending and served.is_alive():
        time.sleep(0.3)


def make_operator() -> str:
    """The password of a new superuser `operator`; "" where there is one already.

    Makes the project `default` as well, where files go that name no other."""
    Project.objects.get_or_create(slug="default", defaults={"name": "Default"})
    users = get_user_model().objects
    if users.filter(username=OPERATOR).exists():
        return ""
    password = secrets.token_urlsafe(9)
    users.create_superuser(OPERATOR, password=password)
    return password


def _free_port() -> int:
    """The port of the settings, or the next free one of the ten after it."""
    for port in range(settings.PORT, settings.PORT + 10):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, port))
            except OSError:
                continue
            return port
    raise CannotServe(
        f"Ports {settings.PORT} to {settings.PORT + 9} are taken; set DOCKET_PORT to a free one."
    )


def _wait_for(made: Serving) -> None:
    # As the proxy in front of a production site asks: over HTTPS, by a name that is allowed.
    name = next((h.lstrip(".") for h in settings.ALLOWED_HOSTS if h != "*"), "localhost")
    headers = {"X-Forwarded-Proto": "https", "Host": name}
    probe = urllib.request.Request(f"{made.url}/login", headers=headers)  # noqa: S310
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and made.is_alive():
        try:
            urllib.request.urlopen(probe, timeout=5)  # noqa: S310
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise CannotServe(f"The web server did not start; {settings.VAR / 'docket.log'} says why.")
