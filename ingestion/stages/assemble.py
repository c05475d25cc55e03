"""assemble: once all pages are classified, make documents of them."""

from collections.abc import Iterable

from documents import assembly
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target


def targets(job: Job) -> Iterable[Target]:
    return [Target()]


def work(step: Step, call: Call) -> None:
    """Nothing slow: which pages belong together is decided where it is written."""


def save(step: Step, result: None) -> Iterable[Target]:
    count = assembly.assemble(step.job.file)
    Job.objects.filter(pk=step.job_id).update(documents_made=count)
    return ()


def failed(step: Step) -> None:
    """The job fails and says why."""
