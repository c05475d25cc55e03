"""How fast the pages are, over HTTP, on the database of DOCKET_VAR (see `bench.crowd`).

    python -m bench.pages_timed [--repeat N] [--only TEXT] [--as NAME] [--limit-ms N]

Asks every page of the site and some of its lists narrowed down, each as `operator` and as the
members `many` and `few`, of a gunicorn of its own with two workers, once to warm up and N times
to measure. Prints the fastest answer, the median, the 95th percentile (milliseconds), what the
page asks of the database (queries, counted in this process) and its size (kB). The exit code is
1 where a 95th percentile is above the limit (100)."""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings as site  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Max  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from config import database, settings  # noqa: E402
from documents.models import Document, Page, Project  # noqa: E402
from ingestion.models import Job  # noqa: E402
from tests import sitemap  # noqa: E402

NAMES = ("operator", "many", "few")
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    path: str
    status: int
    seconds: list[float]
    queries: int
    size_bytes: int

    def at(self, share: float) -> float:
        """Milliseconds that `share` of the answers took at most."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> int:
    asked = _arguments()
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    worst = 0.0
    with gunicorn() as port:
        for name in [asked.name] if asked.name else NAMES:
            user = get_user_model().objects.get(username=name)
            client = Client(headers={"host": HOST}, raise_request_exception=False)
            client.force_login(user)
            print(f"\n{name}\n  min   p50   p95  queries    kB  page", flush=True)
            for path in _paths(client, user):
                if asked.only in path:
                    timing = _time(port, client, path, asked.repeat)
                    _tell(timing, asked.limit_ms)
                    worst = max(worst, timing.at(0.95))
    return int(worst > asked.limit_ms)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose address has this in it")
    parser.add_argument("--as", dest="name", default="", choices=("", *NAMES))
    parser.add_argument("--limit-ms", type=float, default=100)
    return parser.parse_args()


@contextmanager
def gunicorn() -> Iterator[int]:
    """A web server on this database for the length of a block; gives its port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    words = ["gunicorn", "config.wsgi", f"--bind={HOST}:{port}", "--threads=8", "--workers=2"]
    log = open(settings.VAR / "timed.log", "ab")  # noqa: SIM115  (the child keeps it open)
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=log, stderr=log)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _paths(client: Client, user: Any) -> Iterator[str]:
    """Every page that this user may see with rows of theirs, then lists narrowed down."""
    samples = _samples(user)
    for address in sitemap.addresses(samples, is_complete=False):
        if address.is_admin and not user.is_staff:
            continue
        answer = client.get(address.path)
        if answer.status_code == 200 and address.name != "original":
            yield address.path
    yield from _narrowed(samples)


def _samples(user: Any) -> dict[str, Any]:
    """The longest document that the user sees, its upload and its job."""
    seen = Document.objects.visible_to(user)
    longest = Page.objects.visible_to(user).aggregate(n=Max("position"))["n"]
    last = Page.objects.visible_to(user).filter(position=longest).select_related("document").first()
    document = last.document if last and last.document else seen.latest("pk")
    job = Job.objects.filter(upload=document.upload_id).latest("pk")
    return {
        "document_id": document.pk,
        "upload_id": document.upload_id,
        "job_id": job.pk,
        "usual": seen.filter(status="draft_pending").latest("pk").pk,
        "project": Project.objects.visible_to(user).order_by("pk").last().slug,  # type: ignore[union-attr]
    }


def _narrowed(samples: dict[str, Any]) -> Iterator[str]:
    project = samples["project"]
    yield f"/documents/{samples['usual']}"
    yield f"/documents/{samples['document_id']}?q=steel&page=2"
    for query in ("status=draft_pending", "type=eway_bill", f"project={project}", "page=40"):
        yield f"/documents?{query}"
    yield "/documents?file=bill-2026-0"
    for query in ("status=failed", "status=open", f"project={project}", "page=40"):
        yield f"/jobs?{query}"
    for words in ("steel", "invoice+total+transport", "INV/2026", "nothinglikethis"):
        yield f"/search?q={words}"
        yield f"/search?q={words}&mode=lexical&project={project}"
    yield "/statistics?period=30d"


def _time(port: int, client: Client, path: str, repeat: int) -> Timing:
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    line = http.client.HTTPConnection(HOST, port, timeout=60)
    cookie = client.cookies[site.SESSION_COOKIE_NAME].value
    headers = {"Cookie": f"{site.SESSION_COOKIE_NAME}={cookie}"}
    seconds, status, size = [], 0, 0
    for _ in range(repeat + 2):
        start = time.perf_counter()
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        size, status = len(answer.read()), answer.status
        seconds.append(time.perf_counter() - start)
    line.close()
    # One for each worker of the server.
    return Timing(
        path=path, status=status, seconds=seconds[2:], queries=len(asked), size_bytes=size
    )


def _tell(timing: Timing, limit_ms: float) -> None:
    p95 = timing.at(0.95)
    numbers = (
        f"{timing.at(0):5.0f} {timing.at(0.5):5.0f} {p95:5.0f}{'!' if p95 > limit_ms else ' '}"
    )
    failed = "" if timing.status == 200 else f"  ANSWERS {timing.status}"
    size = timing.size_bytes / 1000
    print(f"{numbers} {timing.queries:7} {size:6.0f}  {timing.path}{failed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
