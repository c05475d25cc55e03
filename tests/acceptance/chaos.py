"""Workers, engines, the cluster, Postgres and the storage are shot at while papers are read.

    python -m tests.acceptance.chaos [--runs N] [--seed S] [--seconds T] [--pages N] [--jobs N]

Each run has a folder and a database of its own and prints a JSON object; its `complaints` are
what does not hold afterwards. Exit code 0 only if no run has any. The same seed makes the
same papers and the same order of faults; when they hit is up to the machine.
"""

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.acceptance import aftermath

ROOT = Path(__file__).resolve().parents[2]
STORAGE_GONE_S = 10
# How long after its time a run waits for a victim of a fault that found none yet.
LATE_S = 60
SETTLE_LIMIT_S = 150
SCANS_IN_A_FILE = 5
PROJECT = "chaos"
T = TypeVar("T")

# -- papers --------------------------------------------------------------------------------


def make_papers(folder: Path, *, pages: int, scans: int, jobs: int, seed: int) -> list[bytes]:
    """PDFs with `pages` pages in all, `scans` of them pictures without a text layer."""
    import pypdfium2

    words = ["make_samples", str(folder), "--count", str(pages), "--seed", str(seed)]
    _manage(*words, "--variants", "born_digital")
    source = pypdfium2.PdfDocument.new()
    for file in sorted(folder.glob("*.pdf")):
        with pypdfium2.PdfDocument(file) as paper:
            source.import_pages(paper)
        if len(source) >= pages:
            break
    assert len(source) >= pages, f"only {len(source)} pages were drawn"
    pictures = [source[n].render(scale=2).to_pil().convert("RGB") for n in range(scans)]
    made = [
        _bound(pictures[first : first + SCANS_IN_A_FILE])
        for first in range(0, scans, SCANS_IN_A_FILE)
    ]
    layered = list(range(scans, pages))
    files = jobs - len(made)
    for number in range(files):
        with pypdfium2.PdfDocument.new() as paper:
            paper.import_pages(source, layered[number::files])
            buffer = io.BytesIO()
            paper.save(buffer)
            made.append(buffer.getvalue())
    return made


def _bound(pictures: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pictures[0].save(buffer, "PDF", save_all=True, append_images=pictures[1:], resolution=144)
    return buffer.getvalue()


def _manage(*words: str) -> None:
    subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, check=True, stdout=sys.stderr)


# -- the run -------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Chaos:
    """One run. `faults` counts what was done, `log` says when."""

    seed: int
    seconds: float
    var: Path
    supervisor: subprocess.Popen[bytes]
    faults: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        self.log.append(f"{time.monotonic() - self.began:6.1f} {text}")
        print(self.log[-1], file=sys.stderr, flush=True)

    # -- whom to hit

    def cluster(self) -> psutil.Process | None:
        return _first(_children(psutil.Process(self.supervisor.pid)))

    def sentinel(self) -> psutil.Process | None:
        main = self.cluster()
        return _first(_children(main)) if main else None

    def workers(self) -> list[psutil.Process]:
        """The sentinel's children: workers, and django-q2's pusher and monitor among them."""
        sentinel = self.sentinel()
        return _children(sentinel) if sentinel else []

    def engines(self) -> list[psutil.Process]:
        return [child for worker in self.workers() for child in _children(worker)]

    # -- faults

    def kill_worker(self, rng: random.Random) -> None:
        self._kill("worker", rng, self.workers())

    def kill_idle_worker(self, rng: random.Random) -> None:
        busy = set(asked(_busy_pids))
        self._kill("idle worker", rng, [p for p in self.workers() if p.pid not in busy])

    def kill_engine(self, rng: random.Random) -> None:
        self._kill("engine", rng, self.engines())

    def kill_sentinel(self, rng: random.Random) -> None:
        self._kill("sentinel", rng, [p for p in [self.sentinel()] if p])

    def kill_cluster(self, rng: random.Random) -> None:
        main = self.cluster()
        self._kill("main process", rng, [p for p in [main] if p])

    def end_backends(self, rng: random.Random) -> None:
        share = rng.choice((0.3, 1.0))
        count = asked(lambda: _end_backends(share))
        self._count("backends", f"{count} Postgres backends ended")

    def restart_postgres(self, rng: random.Random) -> None:
        from config import database

        server = database._Server.of(self.var)
        server.control("stop", "-m", "immediate", limit_s=60)
        time.sleep(rng.uniform(0.2, 3))
        database.start(self.var)
        self._count("postgres", "Postgres crashed and was started again")

    def take_storage(self, rng: random.Random) -> None:
        """A file stands where the folder was: every read and write fails."""
        media, aside = self.var / "media", self.var / "media.aside"
        media.rename(aside)
        media.touch()
        self._count("storage", f"storage gone for {STORAGE_GONE_S} s")
        time.sleep(STORAGE_GONE_S)
        media.unlink()
        aside.rename(media)
        self.say("storage back")

    def _kill(self, what: str, rng: random.Random, found: list[psutil.Process]) -> None:
        if not found:
            self.say(f"no {what} to kill")
            return
        victim = rng.choice(found)
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return
        self._count(what, f"killed {what} {victim.pid}")

    def _count(self, what: str, told: str) -> None:
        self.faults[what] += 1
        self.say(told)

    def rage(self) -> None:
        """Each fault at least once, the cheap ones again and again, until the time is over."""
        rng = random.Random(self.seed)
        storage = threading.Thread(target=self._storage_once, args=(rng.uniform(0.2, 0.7),))
        storage.start()
        once: list[Callable[[random.Random], None]] = [
            self.kill_worker,
            self.kill_idle_worker,
            self.kill_engine,
            self.kill_sentinel,
            self.kill_cluster,
            self.end_backends,
            self.restart_postgres,
        ]
        again = [self.kill_worker] * 4 + [self.kill_idle_worker] * 3 + [self.kill_engine] * 4
        again += [self.kill_sentinel, self.kill_cluster, self.end_backends, self.restart_postgres]
        rng.shuffle(once)
        pause_s = min(4.0, self.seconds / 12)
        while True:
            left_s = self.began + self.seconds - time.monotonic()
            if left_s < 0 and (not once or left_s < -LATE_S):
                break
            time.sleep(min(max(left_s, 0.5), rng.uniform(0.5, 1.5) * pause_s))
            is_due, count = bool(once), self.faults.total()
            fault = once.pop() if is_due else rng.choice(again)
            fault(rng)
            if is_due and self.faults.total() == count:
                once.insert(0, fault)
        storage.join()

    def _storage_once(self, share: float) -> None:
        time.sleep(share * self.seconds)
        self.take_storage(random.Random(self.seed))


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def _first(found: list[psutil.Process]) -> psutil.Process | None:
    return found[0] if found else None


def asked(question: Callable[[], T], limit_s: float = 60) -> T:
    """The answer to a question to the database, asked again while that is away."""
    from django.db import Error, connection

    deadline = time.monotonic() + limit_s
    while True:
        try:
            return question()
        except Error:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _busy_pids() -> list[int]:
    from ingestion.models import Step

    names = Step.objects.filter(status="running").values_list("worker", flat=True)
    return [int(name.rpartition(":")[2]) for name in names]


def _end_backends(share: float) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < %s",
            [share],
        )
        return int((cursor.fetchone() or (0,))[0])


def submit(chaos: Chaos, papers: list[bytes]) -> None:
    """Send the papers one after the other over the first two thirds of the time; a sender
    whose file was not taken sends it again."""
    from django.db import Error, connection

    from documents.models import Project
    from ingestion import intake

    for number, paper in enumerate(papers):
        time.sleep(0.66 * chaos.seconds / len(papers))
        while True:
            try:
                project = Project.objects.get(slug=PROJECT)
                intake.receive(
                    io.BytesIO(paper), filename=f"{number}.pdf", project=project, user=None
                )
                break
            except (Error, OSError) as fault:
                connection.close()
                chaos.say(f"file {number} not taken: {type(fault).__name__}")
                time.sleep(1)
        chaos.say(f"file {number} taken in")
    connection.close()


def settle(chaos: Chaos, jobs: int) -> None:
    from ingestion.models import Job

    deadline = time.monotonic() + SETTLE_LIMIT_S
    while time.monotonic() < deadline:
        open_jobs = asked(lambda: list(Job.objects.is_open().values_list("pk", flat=True)))
        if not open_jobs and asked(aftermath.tokens) == 0:
            break
        time.sleep(1)
    chaos.say("settled")


# -- the command ---------------------------------------------------------------------------


def one_run(asked_for: argparse.Namespace) -> int:
    var = Path(tempfile.mkdtemp(prefix="docket-chaos-")) / "var"
    os.environ |= {"DOCKET_VAR": str(var), "DOCKET_SLOW_PAGE_MS": "200", "DOCKET_WORKERS": "2"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ.pop("DATABASE_URL", None)
    from config import database

    var.mkdir()
    database.start(var)
    try:
        told = _shake(asked_for, var)
    finally:
        database.stop(var)
    print(json.dumps(told), flush=True)
    if told["complaints"]:
        print(f"kept for a look: {var}", file=sys.stderr)
        return 1
    shutil.rmtree(var.parent)
    return 0


def _shake(asked_for: argparse.Namespace, var: Path) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from documents.models import Project

    call_command("migrate", verbosity=0)
    Project.objects.create(name=PROJECT, slug=PROJECT)
    with connection.cursor() as cursor:
        cursor.execute(aftermath.WATCH)
    with tempfile.TemporaryDirectory() as folder:
        papers = make_papers(
            Path(folder),
            pages=asked_for.pages,
            scans=asked_for.scans,
            jobs=asked_for.jobs,
            seed=asked_for.seed,
        )
    with open(var / "work.log", "wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "work"], cwd=ROOT, stdout=log, stderr=log
        )
    chaos = Chaos(seed=asked_for.seed, seconds=asked_for.seconds, var=var, supervisor=supervisor)
    try:
        while not chaos.workers():
            time.sleep(0.2)
        sender = threading.Thread(target=submit, args=(chaos, papers))
        sender.start()
        chaos.rage()
        sender.join()
        settle(chaos, asked_for.jobs)
    finally:
        supervisor.terminate()
        supervisor.wait(timeout=90)
    aftermath.let_an_hour_pass(var)
    return {
        "seed": asked_for.seed,
        "pages": asked_for.pages,
        "jobs": asked_for.jobs,
        "seconds": round(time.monotonic() - chaos.began, 1),
        "faults": dict(chaos.faults),
        "complaints": aftermath.complaints(var, jobs=asked_for.jobs, pages=asked_for.pages),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="0: by chance; it is printed")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--scans", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=12)
    asked_for = parser.parse_args()
    asked_for.seed = asked_for.seed or random.SystemRandom().randrange(1, 1_000_000)
    print(f"seed {asked_for.seed}", file=sys.stderr, flush=True)
    if asked_for.runs == 1:
        return one_run(asked_for)
    rest = [
        f"--{name}={getattr(asked_for, name)}" for name in ("seconds", "pages", "scans", "jobs")
    ]
    bad = 0
    for number in range(asked_for.runs):
        words = ["-m", "tests.acceptance.chaos", f"--seed={asked_for.seed + number}", *rest]
        bad += subprocess.run([sys.executable, *words], cwd=ROOT).returncode != 0
    print(f"{asked_for.runs - bad} of {asked_for.runs} runs hold", file=sys.stderr)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
