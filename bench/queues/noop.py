"""A stage that does nothing, and the same as a task of django-q2."""

from collections.abc import Iterable

from bench.queues.stamps import stamp
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target


def targets(job: Job) -> Iterable[Target]:
    return [Target(first=n, last=n) for n in range(1, job.options["steps"] + 1)]


def work(step: Step, call: Call) -> None:
    stamp()


def save(step: Step, result: None) -> Iterable[Target]:
    return ()


def failed(step: Step) -> None:
    """It cannot fail."""
