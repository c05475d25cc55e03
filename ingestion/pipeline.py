"""STAGES, in their order, and nothing else."""

from ingestion.stages import assemble, classify, embed, extract, ocr, split
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
    )
}


def after(name: str) -> list[Stage]:
    """The stages that follow `name`, in order."""
    names = list(STAGES)
    return [STAGES[later] for later in names[names.index(name) + 1 :]]
