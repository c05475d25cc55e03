"""Submits to Docket, or to django-q2's own broker.

python -m bench.queues.submit steps [STEPS-A-JOB]     "1": a job of one step
python -m bench.queues.submit tasks                   "1": a task of django-q2
python -m bench.queues.submit pages WORKERS           "many N": a text of N pages, awaited
"""

import io
import sys
import time

import django

django.setup()

from django.db import transaction  # noqa: E402
from django_q.tasks import async_task  # noqa: E402

from bench.queues import stamps  # noqa: E402
from documents.models import Project  # noqa: E402
from ingestion import intake, ledger  # noqa: E402
from ingestion.models import Job, Kind  # noqa: E402


def submit_job(steps: int) -> Job:
    """A job of `steps` steps that do nothing, by the same verb that intake uses."""
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench"})
    with transaction.atomic():
        job = Job.objects.create(kind=Kind.PROCESS, project=project, options={"steps": steps})
        ledger.submit(job)
    return job


def submit_steps(number: int, a_job: int) -> None:
    for begin in range(0, number, a_job):
        submit_job(min(a_job, number - begin))


def submit_tasks(number: int) -> None:
    with transaction.atomic():
        for _ in range(number):
            async_task("bench.queues.stamps.stamp")


def read_pages(number: int) -> None:
    """Take in a text of so many pages and wait until its job has ended."""
    project, _ = Project.objects.get_or_create(slug="bench", defaults={"name": "bench"})
    text = "\f".join(f"page {n} of {time.time_ns()}" for n in range(1, number + 1))
    receipt = intake.receive(
        io.BytesIO(text.encode()), filename="bench.txt", project=project, user=None
    )
    job = receipt.job
    while job.is_open:
        time.sleep(0.01)
        job.refresh_from_db(fields=["status"])
    if job.status != "completed":
        raise SystemExit(f"The job of the pages ended as {job.status}.")


def main() -> None:
    what = sys.argv[1]
    if what == "steps":
        a_job = int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize
        stamps.serve(lambda: submit_steps(1, 1), lambda number: submit_steps(number, a_job))
    elif what == "tasks":
        stamps.serve(lambda: submit_tasks(1), submit_tasks)
    else:
        stamps.serve(lambda: read_pages(1), read_pages)


if __name__ == "__main__":
    main()
