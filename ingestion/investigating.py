"""What members do with questions over a project: ask, stop, ask again, delete.

A question that wants an answer goes through the queue before others: somebody waits for it. A
list is looked up at once, whenever it is shown; where no rule knows some of its words, a job asks
a language model for filters, which are only proposed."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from documents.errors import NotAllowed, SenderError
from documents.models import AnyUser, Document, Project, Role, record
from ingestion import ledger
from ingestion.llm import places
from ingestion.models import Job, JobStatus, Kind, Priority
from search import listing, queries
from search.investigation import MAX_QUESTION_CHARS, Form, Investigation
from search.listing import rows, table
from search.listing.filters import Understood

PROCESSING, READY, FAILED, CANCELLED = "processing", "ready", "failed", "cancelled"


def ask(project: Project, question: str, *, user: AnyUser | None) -> Investigation:
    """Have a question answered; its job is on its way when this returns. SenderError where it
    is empty or too long."""
    asked = _cleaned(question)
    with transaction.atomic():
        made = Investigation.objects.create(
            project=project,
            form=Form.ANSWER,
            question=asked,
            created_by_id=user.pk if user is not None else None,
        )
        _set_to_work(made, user)
    return made


def make_list(project: Project, question: str, *, user: AnyUser | None) -> Investigation:
    """Turn a question into filters, and have a language model asked about what no rule knows of
    it. SenderError where it is empty or too long."""
    asked = _cleaned(question)
    understood = listing.understand(asked, project)
    with transaction.atomic():
        made = Investigation.objects.create(
            project=project,
            form=Form.LIST,
            question=asked,
            filters=understood.as_json(),
            is_found=True,
            created_by_id=user.pk if user is not None else None,
            finished_at=timezone.now(),
        )
        if settings.HAS_MODEL and understood.left_out:
            _set_to_work(made, user)
    return made


def _set_to_work(made: Investigation, user: AnyUser | None) -> None:
    job = Job.objects.create(
        kind=Kind.INVESTIGATION,
        project=made.project,
        investigation=made,
        priority=Priority.HIGH,
        created_by_id=made.created_by_id,
    )
    record("job.created", job, actor=user, project=made.project)
    ledger.submit(job)


def _cleaned(question: str) -> str:
    asked = queries.clean(question)
    if not asked:
        raise SenderError("Write a question.", "question_empty")
    if len(asked) > MAX_QUESTION_CHARS:
        raise SenderError(
            f"A question has at most {MAX_QUESTION_CHARS:,} characters.", "question_too_long"
        )
    return asked


def status(asked: Investigation) -> str:
    """That of its job; of a list, or once the job's row has been deleted, by what is there."""
    job: Job | None = getattr(asked, "job", None)
    if job is None or asked.form == Form.LIST:
        return READY if asked.finished_at else CANCELLED
    if job.is_open:
        return PROCESSING
    ended = {JobStatus.FAILED.value: FAILED, JobStatus.CANCELLED.value: CANCELLED}
    return ended.get(job.status, READY)


def is_at_work(asked: Investigation) -> bool:
    """Whether an answer, or filters that a model proposes, may still come."""
    job: Job | None = getattr(asked, "job", None)
    return job is not None and job.is_open


def may_steer(user: AnyUser, asked: Investigation) -> bool:
    """Whoever asked may stop, repeat and delete it; so may the project's operators."""
    is_own = user.pk is not None and asked.created_by_id == user.pk
    seen = Project.objects.visible_to(user) if is_own else None
    mine = seen if seen is not None else Project.objects.open_to(user, Role.OPERATOR)
    return mine.filter(pk=asked.project_id).exists()


def cancel(asked: Investigation, user: AnyUser) -> None:
    """Raises NotAllowed, or Conflict where it has ended."""
    ledger.cancel(_steered(asked, user), user)


def retry(asked: Investigation, user: AnyUser) -> None:
    """Raises NotAllowed, or Conflict where nothing failed."""
    ledger.retry(_steered(asked, user), user)


def delete(asked: Investigation, user: AnyUser) -> None:
    """Delete a question with its answer and its job, also while it is worked on: the worker
    loses its lease and saves nothing. Raises NotAllowed."""
    if not may_steer(user, asked):
        raise NotAllowed()
    with transaction.atomic():
        # As everybody does: the job before what hangs on it.
        jobs = Job.objects.filter(investigation=asked).select_for_update()
        # Nothing would lead from a document that is deleted later to what it was quoted in.
        places.forget(jobs=list(jobs.values_list("pk", flat=True)), documents=[])
        record("investigation.deleted", asked, actor=user, project=asked.project)
        asked.delete()


def _steered(asked: Investigation, user: AnyUser) -> UUID:
    if not may_steer(user, asked):
        raise NotAllowed()
    job_id = Job.objects.filter(investigation=asked).values_list("pk", flat=True).first()
    if job_id is None:
        raise SenderError("A list is looked up anew whenever it is shown.", "no_job")
    return job_id


def as_json(asked: Investigation) -> dict[str, Any]:
    """A question without its passages and rows; from rows with `project` and `job`."""
    job: Job | None = getattr(asked, "job", None)
    return {
        "id": str(asked.pk),
        "project": asked.project.slug,
        "form": asked.form,
        "question": asked.question,
        "status": status(asked),
        "job": str(job.pk) if job is not None else None,
        "error": {"code": job.error_code, "message": job.error_message}
        if job is not None and job.error_code and not asked.finished_at
        else None,
        "found": asked.is_found,
        "answer": asked.answer,
        "notice": asked.notice,
        "engine": asked.engine,
        "created_at": asked.created_at,
        "finished_at": asked.finished_at,
    }


def as_json_whole(
    asked: Investigation, viewer: AnyUser | queries.Everyone, *, limit: int = 100
) -> dict[str, Any]:
    """With citations and passages, or filters, rows and sums as the viewer may see them."""
    told = as_json(asked)
    if asked.form == Form.ANSWER:
        return told | _visible_places(asked, viewer)
    understood = Understood.from_json(asked.filters)
    found = table.found_by(viewer, asked.project, understood.filters)
    sums = rows.sums(found, understood.filters)
    return told | {
        **understood.as_json(),
        "is_at_work": is_at_work(asked),
        "proposal": asked.filters.get("proposal"),
        "count": sum(one.count for one in sums),
        "sums": [table.sum_as_json(one) for one in sums],
        "documents": table.documents_as_json(found, understood.filters, limit=limit),
    }


def _visible_places(asked: Investigation, viewer: AnyUser | queries.Everyone) -> dict[str, Any]:
    """Citations and passages of documents that are there and that the viewer gets to see."""
    told = {"citations": asked.citations, "passages": asked.passages}
    ids = {place["document"] for places in told.values() for place in places}
    own = Document.objects.filter(project=asked.project_id, pk__in=ids)
    if not isinstance(viewer, queries.Everyone):
        own = own.visible_to(viewer)
    seen = set(map(str, own.values_list("pk", flat=True)))
    return {
        name: [place for place in places if place["document"] in seen]
        for name, places in told.items()
    }
