"""Two hosts on one Postgres and one bucket; the link of one is cut in the middle of its work.

    python -m tests.acceptance.two_hosts [--seed S]     as root; prints a JSON object

Each host is a network namespace with a name and a folder of its own, so that nothing but the
network joins them. What must hold afterwards is what must hold after `make chaos`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import servers
from tests.acceptance import aftermath, chaos

ROOT = Path(__file__).resolve().parents[2]
PAGES, JOBS = 24, 3
WORKERS = 2
# Longer than a lease: when the link is back, the far host has been given up.
CUT_S = 42
SLOW_MS = {"near": "200", "far": "45000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A namespace with its own name, address and folder, running `manage.py work`."""

    name: str
    link: str
    process: "subprocess.Popen[bytes]"
    log: Path


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def network(mark: str, subnet: str) -> Iterator[str]:
    """A bridge; yields our own address on it."""
    bridge = f"dkb{mark}"
    ip("link", "add", bridge, "type", "bridge")
    try:
        ip("addr", "add", f"{subnet}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        yield f"{subnet}.1"
    finally:
        ip("link", "del", bridge)


@contextmanager
def host(
    name: str, *, mark: str, address: str, environment: dict[str, str], folder: Path
) -> Iterator[Host]:
    space, link = f"dk{mark}{name}", f"dk{mark}{name[:3]}"
    inside = ["ip", "netns", "exec", space]
    ip("netns", "add", space)
    try:
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", link, "master", f"dkb{mark}", "up")
        subprocess.run([*inside, "ip", "addr", "add", f"{address}/24", "dev", "eth0"], check=True)
        for device in ("eth0", "lo"):
            subprocess.run([*inside, "ip", "link", "set", device, "up"], check=True)
        (folder / name).mkdir()
        log = folder / f"{name}.log"
        own = {"DOCKET_VAR": str(folder / name), "DOCKET_SLOW_PAGE_MS": SLOW_MS[name]}
        start = f"hostname {name} && exec {sys.executable} manage.py work"
        with open(log, "wb") as sink:
            process = subprocess.Popen(
                [*inside, "unshare", "--uts", "sh", "-c", start],
                cwd=ROOT,
                env=environment | own,
                stdout=sink,
                stderr=sink,
            )
        try:
            yield Host(name=name, link=link, process=process, log=log)
        finally:
            process.terminate()
            process.wait(timeout=90)
    finally:
        ip("netns", "del", space)


def run(seed: int) -> dict[str, Any]:
    mark = str(os.getpid() % 10_000)
    with ExitStack() as stack:
        ours = stack.enter_context(network(mark, f"10.{60 + os.getpid() % 100}.7"))
        postgres = stack.enter_context(servers.postgres_over_tcp(ours))
        bucket = stack.enter_context(servers.s3(ours))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="docket-hosts-")))
        os.environ |= bucket.environment | {
            "DATABASE_URL": postgres.url,
            "SECRET_KEY": "the-same-on-every-host-" + "x" * 30,
            "DOCKET_VAR": str(folder / "door"),
            "DOCKET_WORKERS": str(WORKERS),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        _prepare()
        papers = chaos.make_papers(folder / "papers", pages=PAGES, scans=0, jobs=JOBS, seed=seed)
        prefix = ours.rpartition(".")[0]
        hosts = {
            name: stack.enter_context(
                host(
                    name,
                    mark=mark,
                    address=f"{prefix}.{number}",
                    environment=dict(os.environ),
                    folder=folder,
                )
            )
            for number, name in enumerate(SLOW_MS, start=2)
        }
        told = _cut_one_off(hosts, papers)
        told["complaints"] += _of_blobs(bucket)
        return {"seed": seed, "pages": PAGES, "jobs": JOBS} | told


def _prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from documents.models import Project

    call_command("migrate", verbosity=0)
    Project.objects.create(name=chaos.PROJECT, slug=chaos.PROJECT)
    with connection.cursor() as cursor:
        cursor.execute(aftermath.WATCH)


def _cut_one_off(hosts: dict[str, Host], papers: list[bytes]) -> dict[str, Any]:
    from ingestion import queue
    from ingestion.models import Job, Step

    far, began = hosts["far"], time.monotonic()

    def alive() -> set[str]:
        return {name for name, _ in queue.living_workers()}

    def pages_of_far() -> int:
        reading = Step.objects.filter(status="running", stage="ocr", worker__startswith="far:")
        return reading.count()

    servers.wait_until(lambda: alive() == {"near", "far"}, "both hosts are alive")
    sender = threading.Thread(target=_submit, args=(papers,))
    sender.start()
    servers.wait_until(lambda: pages_of_far() > 0, "the far host reads a page")
    # It has the file by then and is in the middle of the page.
    time.sleep(4)
    held = pages_of_far()
    ip("link", "set", far.link, "down")
    time.sleep(CUT_S)
    ip("link", "set", far.link, "up")
    sender.join()
    servers.wait_until(
        lambda: Job.objects.count() == JOBS and not Job.objects.is_open().exists(),
        "all jobs ended",
        limit_s=120,
    )
    servers.wait_until(lambda: "far" in alive(), "the far host is back", limit_s=60)
    servers.wait_until(lambda: b"step.lost" in far.log.read_bytes(), "its results are refused")
    found = [*aftermath.of_jobs(JOBS), *aftermath.of_pages(PAGES), *aftermath.of_steps()]
    return {
        "seconds": round(time.monotonic() - began, 1),
        "held_when_cut": held,
        "refused": far.log.read_bytes().count(b"step.lost"),
        "complaints": found,
    }


def _submit(papers: list[bytes]) -> None:
    import io

    from django.db import connection

    from documents.models import Project
    from ingestion import intake

    project = Project.objects.get(slug=chaos.PROJECT)
    for number, paper in enumerate(papers):
        name = f"{number}.pdf"
        intake.receive(io.BytesIO(paper), filename=name, project=project, user=None)
    connection.close()


def _of_blobs(bucket: servers.S3) -> list[str]:
    stored = set(bucket.names())
    known = aftermath.known_blobs()
    found = [f"blob without a row: {name}" for name in sorted(stored - known)]
    return found + [f"row without its blob: {name}" for name in sorted(known - stored)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    told = run(parser.parse_args().seed)
    print(json.dumps(told), flush=True)
    return int(bool(told["complaints"]))


if __name__ == "__main__":
    sys.exit(main())
