"""Repairs that come round: who does them, what they mend, what they clear away."""

import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ, Task

from documents import ids
from documents.models import Document, Upload
from ingestion import intake, ledger, tasks, upkeep
from ingestion.errors import Interrupted
from ingestion.models import Chore, Job, Kind, Priority, Step, StepStatus
from search.models import Chunk
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
Drain = Callable[[Job], Job]


def old_id(hours: float) -> UUID:
    """An upload's id as it was made so many hours ago."""
    milliseconds = int((timezone.now() - timedelta(hours=hours)).timestamp() * 1000)
    return UUID(int=(ids.uuid7().int & ((1 << 80) - 1)) | milliseconds << 80)


def test_each_chore_is_done_once_when_it_is_due_and_not_again_before_its_time() -> None:
    assert upkeep.run_due() == list(upkeep.CHORES)
    assert upkeep.run_due() == []
    Chore.objects.filter(name="reap").update(next_at=timezone.now())
    assert upkeep.run_due() == ["reap"]


def test_one_chore_that_fails_does_not_keep_the_others_from_their_turn() -> None:
    class Broken:
        def __call__(self) -> dict[str, object]:
            raise RuntimeError

    chores = dict(upkeep.CHORES)
    assert upkeep.run_due(chores | {"reap": (60, Broken())}) == [
        "reap",
        "tidy",
        "sweep",
        "batches",
        "reembed",
    ]
    assert Chore.objects.get(name="reap").told == {"error": "RuntimeError"}


def test_blobs_without_a_row_go_but_young_ones_and_those_in_use_stay(drain: Drain) -> None:
    job = drain(factories.job("kept"))
    for hours in (0.5, 2):
        name = f"uploads/{old_id(hours)}/original.pdf"
        default_storage.save(name, ContentFile(b"x"))
    assert upkeep.tidy()["blobs"] == 1
    folders, _ = default_storage.listdir("uploads")
    assert len(folders) == 2
    assert str(job.upload_id) in folders


def test_old_steps_and_results_go_and_failures_stay(drain: Drain) -> None:
    completed = drain(factories.job("fine"))
    partly = drain(factories.job("fine\fdamaged"))
    Job.objects.update(completed_at=timezone.now() - timedelta(days=91))
    for hours in (1, 25):
        at = timezone.now() - timedelta(hours=hours)
        Task.objects.create(id=f"t{hours}", name="t", func="f", started=at, stopped=at)
    told = upkeep.tidy()
    assert (told["results"], Task.objects.count()) == (1, 1)
    assert not Step.objects.filter(job=completed).exists()
    assert Step.objects.filter(job=partly, status=StepStatus.FAILED).exists()
    completed.refresh_from_db()
    assert (completed.status, completed.pages_read) == ("completed", 1)


def test_the_sweep_indexes_what_fell_behind_and_takes_up_lone_uploads(drain: Drain) -> None:
    drain(factories.job("bill start\fother"))
    Document.objects.update(text_version=F("text_version") + 1)
    receipt = intake.receive(
        io.BytesIO(b"nobody took it up"), filename="a.txt", project=factories.project(), user=None
    )
    lone = receipt.job.file
    Job.objects.filter(pk=receipt.job.pk).delete()
    Upload.objects.filter(pk=lone.pk).update(created_at=timezone.now() - timedelta(hours=2))
    assert upkeep.sweep() == {"indexed": 2, "taken_up": 1}
    assert upkeep.sweep() == {"indexed": 0, "taken_up": 0}
    again = drain(Job.objects.get(kind=Kind.PROCESS))
    assert (again.status, again.processed) == ("completed", 2)
    assert set(
        Chunk.objects.filter(document__in=again.documents.all()).values_list(
            "text_version", flat=True
        )
    ) == {2}
    taken = Job.objects.get(upload=lone)
    assert (taken.status, taken.priority) == ("completed", 3)


def test_lost_tokens_are_sent_again_and_doubled_ones_do_no_harm(drain: Drain) -> None:
    job = factories.job()
    OrmQ.objects.all().delete()
    upkeep.reap()
    assert OrmQ.objects.exists()
    for _ in range(3):
        tasks.work()
    job.refresh_from_db()
    assert job.status == "completed"
    assert set(Step.objects.filter(job=job).values_list("status", flat=True)) == {"done"}


def test_a_batch_whose_sender_died_is_closed_after_an_hour(drain: Drain) -> None:
    project = factories.project()
    batch = intake.open_batch(project, user=None, priority=Priority.NORMAL)
    drain(factories.job("fine", in_project=project, batch=batch))
    assert ledger.advance_stuck() == 0
    Job.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert ledger.advance_stuck() == 1
    batch.refresh_from_db()
    assert batch.status == "completed"


def test_what_went_away_under_a_step_costs_no_attempt_but_not_for_ever() -> None:
    factories.job()
    step = ledger.claim("worker")
    assert step is not None
    cause = Interrupted("The file storage did not answer.", "storage_unavailable")
    ledger.interrupt(step, cause)
    step.refresh_from_db()
    assert (step.status, step.attempts, step.losses) == (StepStatus.QUEUED, 0, 1)
    assert step.run_after > timezone.now()
    assert [run["code"] for run in step.history] == ["storage_unavailable"]
    Step.objects.filter(pk=step.pk).update(run_after=timezone.now(), losses=10)
    again = ledger.claim("worker")
    assert again is not None
    ledger.interrupt(again, cause)
    again.refresh_from_db()
    assert (again.status, again.error_code) == (StepStatus.FAILED, "storage_unavailable")
