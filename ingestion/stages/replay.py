"""replay: read one document again as extract does, and keep what comes out beside its values.

No document is written. What was read and what became of it is held against what the document
holds; of one that a person confirmed, what the engine had read of it before, and both against
what the person confirmed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, Q

from config.engines import EngineError
from documents import drafts, relations
from documents.drafts import Draft
from documents.models import Document, DocumentStatus
from documents.relations import Read
from ingestion import changes
from ingestion.adoption import basis_of
from ingestion.changes import Truth
from ingestion.llm import asking
from ingestion.llm.beside import How
from ingestion.models import Job, Step, StepStatus
from ingestion.replay_models import Replay, ReplayResult
from ingestion.stages import extract
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import documents_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """text_version: the document's when it was read."""

    replay: Replay
    read: Read
    text_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a document was read as until now. truth: None where no person confirmed it."""

    values: dict[str, Any]
    was_straight: bool
    truth: Truth | None = None


def targets(job: Job) -> Iterable[Target]:
    ids = documents_of(job).order_by("upload", "first_page").values_list("pk", flat=True)
    return [Target(document=pk) for pk in ids]


def work(step: Step, call: Call) -> Replayed:
    assert step.document_id is not None  # noqa: S101
    replay = Replay.objects.select_related("type", "schema_version__type", "prompt").get(
        job=step.job_id
    )
    document = Document.objects.select_related("type", "project").get(pk=step.document_id)
    if document.type_id != replay.type_id:
        raise EngineError("It has been given another type since.", "type_changed")
    how = How(
        prompt=replay.prompt,
        use=replay.model_use,
        job=step.job_id,
        is_last=asking.is_last_run(step),
    )
    read = extract.read(document, replay.schema_version, call, how)
    return Replayed(replay=replay, read=read, text_version=document.text_version)


def save(step: Step, result: Replayed) -> Iterable[Target]:
    assert step.document_id is not None  # noqa: S101
    document = Document.objects.select_related("type", "project", "schema_version").get(
        pk=step.document_id
    )
    if document.type_id == result.replay.type_id:
        found = _held_against(document, result.read)
        if document.text_version != result.text_version:
            found["basis"] = ""  # read off a text that is gone: nothing to adopt
        ReplayResult.objects.update_or_create(
            replay=result.replay, document=document, defaults=found
        )
    _count(step)
    return ()


def failed(step: Step) -> None:
    _count(step)


def _held_against(document: Document, read: Read) -> dict[str, Any]:
    """The columns of a `ReplayResult`."""
    old = relations.stored_reading(document.pk)
    draft, before = relations.would_be(document, read), _before(document, old)
    found = changes.compare(before.values, draft.payload, read.schema.schema, before.truth)
    return {
        "document_version": document.version,
        "basis": basis_of(document, old),
        "readings": [asdict(one) for one in read.readings],
        "conflicts": [asdict(one) for one in read.conflicts],
        "objections": list(read.objections),
        "labelled": list(read.labelled),
        "engine": read.engine,
        "payload": draft.payload,
        "evidence": draft.evidence,
        "confidence": draft.confidence,
        "draft_status": draft.status,
        "reasons": draft.reasons,
        "difference": [one.as_json() for one in found if one.is_difference],
        "counts": changes.counts(found),
        "differs": any(one.is_difference for one in found),
        "is_reviewed": before.truth is not None,
        "was_straight": before.was_straight,
        "is_straight": _is_straight(draft.status, draft.reasons),
    }


def _before(document: Document, old: Read | None) -> Before:
    """What the engine made of the document when nobody had changed it."""
    if document.reviewer_id is None:
        return Before(
            values=document.payload,
            was_straight=_is_straight(document.status, document.reasons),
        )
    draft: Draft | None = None
    if old is not None and old.schema.type_id == document.type_id:
        draft = relations.would_be(document, old)
    return Before(
        values=draft.payload if draft else changes.as_read(document.payload, document.evidence),
        was_straight=draft is not None and _is_straight(draft.status, draft.reasons),
        truth=_truth(document),
    )


def _truth(document: Document) -> Truth | None:
    if document.status != DocumentStatus.DRAFT_CREATED or document.schema_version is None:
        return None
    return Truth(payload=document.payload, schema=document.schema_version.schema)


def _is_straight(status: str, reasons: Sequence[dict[str, str]]) -> bool:
    """Whether nothing but the draw of a sample asks for a person."""
    codes = {reason["code"] for reason in reasons}
    return status == DocumentStatus.DRAFT_CREATED or codes == {drafts.SAMPLED}


def _count(step: Step) -> None:
    """How many documents of the job have been gone through, and how many failed."""
    ended = Step.objects.filter(job=step.job_id, stage=step.stage).aggregate(
        processed=Count("pk", filter=Q(status__in=(StepStatus.DONE, StepStatus.FAILED))),
        errors=Count("pk", filter=Q(status=StepStatus.FAILED)),
    )
    Job.objects.filter(pk=step.job_id).update(**ended)
