"""STAGES, in their order, and which of them a kind of job goes through; nothing else."""

from ingestion.models import Kind
from ingestion.stages import answer, assemble, classify, embed, extract, ocr, replay, split
from ingestion.stages.base import Stage

STAGES = {
    stage.name: stage
    for stage in (
        Stage(name="split", module=split, is_fatal=True),
        Stage(name="ocr", module=ocr),
        Stage(name="classify", module=classify),
        Stage(name="assemble", module=assemble, is_fatal=True),
        Stage(name="extract", module=extract),
        Stage(name="embed", module=embed, is_fatal=True),
        Stage(name="replay", module=replay),
        Stage(name="answer", module=answer, is_fatal=True),
    )
}
PAGE_STAGES = ("split", "ocr")
"""Stages whose failed step is a failed page."""
_OF_FILES = ("split", "ocr", "classify", "assemble", "extract", "embed")
OF_KIND = {
    Kind.FILE: _OF_FILES,
    Kind.CAPTURE: _OF_FILES,
    Kind.PROCESS: ("ocr", "extract", "embed"),
    Kind.REPLAY: ("replay",),
    Kind.BATCH: (),
    Kind.INVESTIGATION: ("answer",),
}


def after(kind: str, name: str) -> list[Stage]:
    """The stages of a kind of job that follow `name`, in order; all of them for ""."""
    names = OF_KIND[Kind(kind)]
    begin = names.index(name) + 1 if name else 0
    return [STAGES[later] for later in names[begin:]]
