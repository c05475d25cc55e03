"""Pages and readings for tests of what a model says of them."""

from collections.abc import Sequence
from typing import Any

from documents import schemas
from documents.drafts import Reading
from documents.schemas import AMOUNT_PATTERN
from ingestion.engines.base import Box, PageInput, TextSource, Word
from ingestion.llm.shape import Shape, shape_of

LINE_PX, SIGN_PX = 20.0, 10.0
TEXT = {"type": ["string", "null"], "maxLength": 1000}
DATE = {"type": ["string", "null"], "format": "date"}
AMOUNT = {"type": ["string", "null"], "pattern": AMOUNT_PATTERN}


def page(text: str, number: int = 1, *, ocr: float | None = None) -> PageInput:
    """A page whose words stand where they stand in the text, LINE_PX a line, SIGN_PX a sign.
    ocr: the confidence of its words; None: a text layer."""
    words = []
    for row, line in enumerate(text.splitlines()):
        at = 0
        for part in line.split(" "):
            if part:
                box = Box(
                    left=at * SIGN_PX,
                    top=row * LINE_PX,
                    right=(at + len(part)) * SIGN_PX,
                    bottom=row * LINE_PX + 14,
                )
                words.append(Word(text=part, box=box, confidence=1.0 if ocr is None else ocr))
            at += len(part) + 1
    return PageInput(
        number=number,
        text=text,
        words=tuple(words),
        width_px=1000,
        height_px=1400,
        source=TextSource.LAYER if ocr is None else TextSource.OCR,
    )


def bill_shape() -> Shape:
    return shape_of("bill", schemas.shipped_schema("bill"))


def reading(pointer: str, value: Any, **more: Any) -> Reading:
    """Read by rules from a text layer, where `more` says nothing else."""
    made: dict[str, Any] = {
        "raw": str(value),
        "page": 1,
        "box": (1, 2, 3, 4),
        "source": "layer",
        "confidence": 0.8,
    }
    return Reading(pointer=pointer, value=value, **made | more)


def by_model(pointer: str, value: Any, **more: Any) -> Reading:
    known = {"source": "model", "confidence": 0.9, "engine": "scripted extract v1"}
    return reading(pointer, value, **known | more)


def values(readings: Sequence[Any]) -> dict[str, Any]:
    return {one.pointer: one.value for one in readings}
