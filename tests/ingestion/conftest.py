"""Ground for tests of the queue: engines that read plain text, and a worker in this process."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from ingestion import ledger, tasks, workers
from ingestion.models import Job, Step


def use_fake_engines(settings: Any, **options: Any) -> None:
    settings.ENGINES = {
        "read": {"BACKEND": "tests.faulty_engines.Reader", "OPTIONS": options},
        "classify": {"BACKEND": "tests.faulty_engines.Classifier"},
        "extract": {"BACKEND": "tests.faulty_engines.Extractor"},
        "embed": {"BACKEND": "tests.faulty_engines.Embedder"},
    }


@pytest.fixture(autouse=True)
def _chores_are_not_due() -> None:
    """The worker in this process lives through all tests; no test is to pay for another's time."""
    tasks._last_chores = time.monotonic()


@pytest.fixture
def fake_engines(settings: Settings) -> Iterator[Settings]:
    """Engines of tests/faulty_engines.py in a child of this process, ended afterwards."""
    use_fake_engines(settings)
    settings.BACKOFF_BASE_S = 0
    workers.host.cache_clear()
    yield settings
    workers.host().close()
    workers.host.cache_clear()


@pytest.fixture
def drain(fake_engines: Settings) -> Callable[[Job], Job]:
    """Work until nothing is ready; returns the job as it stands then."""

    def work(job: Job, limit: int = 500) -> Job:
        for _ in range(limit):
            step = ledger.claim("test-worker")
            if step is None:
                break
            tasks.run(step)
        job.refresh_from_db()
        return job

    return work


def statuses(job: Job, stage: str) -> list[str]:
    return list(Step.objects.filter(job=job, stage=stage).values_list("status", flat=True))


def work_off(steps: int) -> Step:
    """Do so many steps, one after the other; returns the last, as it was claimed."""
    done: list[Step] = []
    for _ in range(steps):
        step = ledger.claim("test-worker")
        assert step is not None
        tasks.run(step)
        done.append(step)
    return done[-1]
