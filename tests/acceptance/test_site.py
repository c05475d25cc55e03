"""A real web server and real workers: what goes in over HTTP is found by its text."""

import base64
import io
import json
import os
import signal
import time
import urllib.parse
import urllib.request
from typing import Any

import psutil
import pytest
from reportlab.pdfgen.canvas import Canvas

from tests.conftest import Site

pytestmark = pytest.mark.acceptance


def call(site: Site, path: str, *, data: bytes | None = None, kind: str = "") -> Any:
    request = urllib.request.Request(f"{site.url}{path}", data=data)
    word = base64.b64encode(f"{site.username}:{site.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {word}")
    if kind:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def send(site: Site, filename: str, content: bytes) -> dict[str, Any]:
    mark = "docket-test-boundary"
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    job: dict[str, Any] = call(
        site, "/api/v1/jobs", data=body, kind=f"multipart/form-data; boundary={mark}"
    )
    return job


def wait(site: Site, job: dict[str, Any], limit_s: float = 180) -> dict[str, Any]:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        told: dict[str, Any] = call(site, f"/api/v1/jobs/{job['job']}")
        if told["status"] in ("completed", "failed", "cancelled"):
            return told
        time.sleep(0.2)
    raise AssertionError(f"the job did not end in {limit_s} s: {told}")


def pdf(*pages: str) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for text in pages:
        for row, line in enumerate(text.split("\n")):
            canvas.drawString(72, 790 - 10 * row, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_a_file_sent_over_http_is_read_by_a_real_worker_and_found_by_its_text(site: Site) -> None:
    text = (
        "The heron stands in shallow water and waits.\n"
        "A letter about birds of the wetland, with nothing to pay in it."
    )
    told = wait(site, send(site, "birds.pdf", pdf(text)))
    assert (told["status"], told["pages"], told["error"]) == ("completed", 1, None)
    assert told["page_types"] == ["unknown"]
    query = urllib.parse.quote("heron in shallow water")
    hits = call(site, f"/api/v1/search?q={query}")["hits"]
    assert hits[0]["file"] == "birds.pdf"
    assert hits[0]["page"] == 1
    document = call(site, f"/api/v1/documents/{hits[0]['document']}")
    assert "heron" in document["pages"][0]["text"]


def test_workers_killed_five_times_lose_no_page_and_double_none(site: Site) -> None:
    # Full pages, so that the job lasts longer than five deaths and rebirths of a worker.
    rows = "\n".join(f"{n} units of article {n * 31} at the price of {n}.50" for n in range(70))
    pages = [f"Page {n} of the ledger\nentry number {n * 7919}\n{rows}" for n in range(1, 61)]
    job = send(site, "ledger.pdf", pdf(*pages))
    killed = 0
    # The step of a killed worker waits out its lease of 30 s; near the end of a stage nothing
    # else may be left to kill, so there is time for several leases.
    deadline = time.monotonic() + 200
    while killed < 5 and time.monotonic() < deadline:
        busy = _busy_worker(site, job["job"])
        if busy:
            os.kill(busy, signal.SIGKILL)
            killed += 1
        time.sleep(0.05)
    told = wait(site, job, limit_s=240)
    assert killed == 5
    assert (told["status"], told["pages_read"], told["pages_failed"]) == ("completed", 60, 0)
    counts = _shell(site, _COUNTS, job["job"])
    assert counts["pages"] == list(range(1, 61))
    assert counts["texts"] == 60
    assert counts["chunked_pages"] == 60
    assert counts["losses"] >= 1


def _shell(site: Site, code: str, job: str) -> dict[str, Any]:
    done = site.manage("shell", "--no-imports", "-c", f"job = {job!r}\n{code}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _busy_worker(site: Site, job: str) -> int:
    """The pid of a living worker that holds a lease of the job; 0 for none."""
    question = "SELECT worker FROM ingestion_step WHERE job_id = %s AND status = 'running'"
    rows = site.ask(question, job)
    pids = [int(name.rsplit(":", 1)[1]) for (name,) in rows]
    # A dead worker's step stays running until its lease runs out.
    return next((pid for pid in pids if psutil.pid_exists(pid)), 0)


_COUNTS = """
import json
from django.db.models import Sum
from documents.models import Page
from ingestion.models import Job, Step
from search.models import Chunk
upload = Job.objects.get(pk=job).upload_id
pages = Page.objects.filter(upload_id=upload)
print(json.dumps({
    "pages": list(pages.order_by("number").values_list("number", flat=True)),
    "texts": pages.filter(text__contains="entry number").count(),
    "chunked_pages": Chunk.objects.filter(document__upload_id=upload).values("page")
    .distinct().count(),
    "losses": Step.objects.filter(job=job).aggregate(n=Sum("losses"))["n"],
}))
"""
