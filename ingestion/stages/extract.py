"""extract: read the fields of each document that has a type, and weigh what was read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef

from documents import relations
from documents.models import Document, DocumentReading, DocumentStatus, Page, SchemaVersion
from documents.relations import Read
from ingestion import limits
from ingestion.engines.base import Extraction, PageInput
from ingestion.llm import asking, beside
from ingestion.llm.beside import AS_USUAL, How
from ingestion.llm.reading import Paper
from ingestion.models import Job, Kind, Step, StepStatus
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import (
    as_reading,
    count_processed,
    documents_of,
    packet_of,
    page_input,
    wants,
)

# How many waiting documents are looked through for company, for each that a request may hold.
LOOKED_THROUGH = 3


def targets(job: Job) -> Iterable[Target]:
    if not wants(job, "extract"):
        return []
    open_states = (DocumentStatus.DRAFT_PENDING, DocumentStatus.DRAFT_CREATED)
    ids = documents_of(job).filter(
        Exists(SchemaVersion.objects.filter(type=OuterRef("type"))),
        reviewer__isnull=True,
        status__in=open_states,
    )
    return [Target(document=pk) for pk in ids.order_by("first_page").values_list("pk", flat=True)]


def work(step: Step, call: Call) -> Read:
    assert step.document_id is not None  # noqa: S101
    document = Document.objects.select_related("type", "project").get(pk=step.document_id)
    assert document.type is not None  # noqa: S101
    schema = document.type.schema_versions.select_related("type").latest("number")
    may_wait = settings.HAS_MODEL and limits.may_wait_for_batches(step.job)
    has_company = settings.MODEL_BATCH_DOCUMENTS > 1 and not may_wait
    how = How(
        job=step.job_id,
        is_last=asking.is_last_run(step),
        others=partial(_others, step, schema, call) if has_company else None,
        may_wait=may_wait,
    )
    return read(document, schema, call, how)


def _others(step: Step, schema: SchemaVersion, call: Call) -> Iterator[tuple[Read, Paper]]:
    """Documents of the same type whose steps of the same job wait for their turn and will ask
    a model, with what the rules read."""
    assert step.document_id is not None  # noqa: S101
    waiting = Step.objects.filter(job=step.job_id, stage=step.stage, status=StepStatus.QUEUED)
    same = Document.objects.filter(type=schema.type, pk__in=waiting.values("document"))
    # Newer ids are of later pages, so that each looks at those that follow it.
    ahead = same.select_related("type", "project").order_by("first_page", "pk")
    for document in ahead[: LOOKED_THROUGH * settings.MODEL_BATCH_DOCUMENTS]:
        pages = _pages_of(document)
        inputs = _inputs_of(pages)
        rules = _by_rules(schema, inputs, call)
        if beside.is_asked(rules, document):
            yield rules, beside.paper_of(rules, document, inputs, job=step.job_id)


def read(document: Document, schema: SchemaVersion, call: Call, how: How = AS_USUAL) -> Read:
    """What a document says on this version of its type's schema: by rules, and by a language
    model where one is to be asked. Outside any transaction."""
    pages = _pages_of(document)
    inputs = _inputs_of(pages)
    rules = _by_rules(schema, inputs, call)
    if not settings.HAS_MODEL:
        return rules
    signals = [page.signals for page in pages]
    return beside.read(rules, document, inputs, signals, call=call, how=how)


def _pages_of(document: Document) -> list[Page]:
    rows = Page.objects.filter(document=document).select_related("upload")
    return list(rows.order_by("position"))


def _inputs_of(pages: Iterable[Page]) -> tuple[PageInput, ...]:
    return tuple(page_input(page, with_attachments=page.number == 1) for page in pages)


def _by_rules(schema: SchemaVersion, pages: tuple[PageInput, ...], call: Call) -> Read:
    found: Extraction = call(
        "extract",
        "extract",
        type=schema.type.slug,
        schema=json.dumps(schema.schema),
        pages=pages,
    )
    return Read(
        schema=schema,
        readings=[as_reading(reading) for reading in found.readings],
        conflicts=[as_reading(reading) for reading in found.conflicts],
        objections=[asdict(objection) for objection in found.objections],
        labelled=found.labelled,
        engine=f"{found.engine} {found.engine_version}",
    )


def save(step: Step, result: Read) -> Iterable[Target]:
    assert step.document_id is not None  # noqa: S101
    relations.save_reading(step.document_id, result, packet=packet_of(step.document_id))
    if step.job.kind == Kind.PROCESS:
        count_processed(step)
    return ()


def failed(step: Step) -> None:
    count_processed(step)
    reason = {"code": "extract_failed", "field": "", "message": step.error_message}
    assert step.document_id is not None  # noqa: S101
    # What an earlier run read is weighed no more: this reason would be lost with it.
    DocumentReading.objects.filter(document=step.document_id).delete()
    Document.objects.filter(pk=step.document_id, reviewer__isnull=True).update(reasons=[reason])
