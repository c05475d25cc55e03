"""Real workers that read slowly: cancelled, limited, killed and told to stop."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import psutil
import pytest

from tests.acceptance.test_site import call, pdf, send, wait
from tests.conftest import Site, running_site
from tests.servers import wait_until

pytestmark = pytest.mark.acceptance
PAGE_S = 8


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Every page takes PAGE_S seconds; two workers."""
    environment = {
        "DOCKET_SLOW_PAGE_MS": str(PAGE_S * 1000),
        "DOCKET_WORKERS": "2",
        "DOCKET_BACKOFF_BASE_S": "0",
    }
    with running_site(tmp_path_factory.mktemp("slow") / "var", **environment) as made:
        yield made


def statuses(site: Site, job: dict[str, Any], stage: str = "ocr") -> list[str]:
    question = "SELECT status FROM ingestion_step WHERE job_id = %s AND stage = %s ORDER BY first"
    return [status for (status,) in site.ask(question, job["job"], stage)]


def family(site: Site) -> list[psutil.Process]:
    return psutil.Process(site.processes[1].pid).children(recursive=True)


def engines(site: Site) -> set[int]:
    found = set()
    for process in family(site):
        # One that ended since it was listed has no command line any more.
        with suppress(psutil.NoSuchProcess):
            if "ingestion.engines.child" in " ".join(process.cmdline()):
                found.add(process.pid)
    return found


def test_a_cancelled_step_stops_within_five_seconds(slow: Site) -> None:
    job = send(slow, "letter.pdf", pdf("A letter that nobody wants any more."))
    wait_until(lambda: statuses(slow, job) == ["running"], "the page is read")
    at_work = engines(slow)
    assert call(slow, f"/api/v1/jobs/{job['job']}/cancel", data=b"")["status"] == "cancelled"
    asked_at = time.monotonic()
    wait_until(lambda: at_work - engines(slow) != set(), "its engine is stopped", limit_s=PAGE_S)
    assert time.monotonic() - asked_at < 5
    assert statuses(slow, job) == ["skipped"]
    assert statuses(slow, job, "split") == ["done", "done"]


def test_a_page_over_its_limit_fails_after_its_attempts_and_frees_its_worker(slow: Site) -> None:
    slow.manage(
        "shell",
        "--no-imports",
        "-c",
        "from documents.models import Project; from ingestion.models import Limits;"
        "Limits.objects.create(project=Project.objects.get(), step_limit_s={'ocr': 2})",
    )
    try:
        told = wait(slow, send(slow, "long.pdf", pdf("A page that takes too long.")), limit_s=60)
    finally:
        slow.ask("DELETE FROM ingestion_limits RETURNING project_id")
    assert (told["status"], told["pages_failed"]) == ("completed", 1)
    [(code, history)] = slow.ask(
        "SELECT error_code, history FROM ingestion_step WHERE job_id = %s AND stage = 'ocr'",
        told["job"],
    )
    assert code == "time_limit"
    runs = json.loads(history) if isinstance(history, str) else history
    assert [run["code"] for run in runs] == ["time_limit"] * 3
    for run in runs:
        took = seconds(run["ended"]) - seconds(run["started"])
        assert 2 <= took < 2 + 5


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_a_cluster_whose_main_process_was_killed_is_ended_and_started_afresh(slow: Site) -> None:
    members = family(slow)
    main = psutil.Process(slow.processes[1].pid).children()[0]
    assert len(members) >= 4
    main.kill()
    _, left = psutil.wait_procs(members, timeout=15)
    assert not left
    wait_until(lambda: len(family(slow)) >= 4, "the new cluster has its workers")


def test_stopping_lets_the_steps_at_work_end_and_begins_no_other(slow: Site) -> None:
    wait_until(lambda: len(family(slow)) >= 5, "the cluster has its workers")
    job = send(slow, "book.pdf", pdf(*[f"Page {number} of a book." for number in range(4)]))
    wait_until(lambda: statuses(slow, job).count("running") == 2, "two pages are read")
    members = family(slow)
    asked_at = time.monotonic()
    os.kill(slow.processes[1].pid, signal.SIGTERM)
    slow.processes[1].wait(timeout=60)
    # The pages at work end within PAGE_S; a third would have taken PAGE_S more.
    assert time.monotonic() - asked_at < PAGE_S + 5
    assert sorted(statuses(slow, job)) == ["done", "done", "queued", "queued"]
    _, left = psutil.wait_procs(members, timeout=5)
    assert not left
    assert not list((slow.var / "run" / "clusters").glob("*.pid"))
