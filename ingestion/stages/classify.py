"""classify: say of each page that was read what kind of paper it is."""

from collections.abc import Iterable

from documents.models import DocumentType, Page
from ingestion.engines.base import PageType, TypeOption
from ingestion.models import Job, Step
from ingestion.stages import ocr
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import page_input


def targets(job: Job) -> Iterable[Target]:
    unread = set(
        Page.objects.filter(upload_id=job.upload_id)
        .exclude(error_code="")
        .values_list("number", flat=True)
    )
    return [target for target in ocr.targets(job) if target.first not in unread]


def work(step: Step, call: Call) -> PageType:
    page = Page.objects.select_related("upload").get(
        upload_id=step.job.upload_id, number=step.first
    )
    options = tuple(
        TypeOption(slug=kind.slug, description=kind.description)
        for kind in DocumentType.objects.all()
    )
    found: tuple[PageType, ...] = call(
        "classify",
        "classify",
        pages=(page_input(page, with_attachments=page.number == 1),),
        types=options,
    )
    return found[0]


def save(step: Step, result: PageType) -> Iterable[Target]:
    Page.objects.filter(upload_id=step.job.upload_id, number=step.first).update(
        type=DocumentType.objects.filter(slug=result.type).first() if result.type else None,
        type_confidence=min(1.0, max(0.0, result.confidence)),
        runner_up=result.runner_up,
        runner_up_confidence=result.runner_up_confidence,
        type_engine=f"{result.engine} {result.engine_version}",
        signals={
            "starts": result.starts,
            "document_number": result.document_number,
            "label": result.page_label,
            "count": result.page_count,
        },
    )
    return ()


def failed(step: Step) -> None:
    """The page keeps its text and is found by search; without a type it is unknown."""
    Page.objects.filter(upload_id=step.job.upload_id, number=step.first).update(
        type=None, type_confidence=0, signals={}
    )
