"""Whether what an OCR engine read can be believed without asking a better one.

Pure functions on a reading; the numbers are measured by `bench/reading.py`.
"""

import re
from dataclasses import dataclass

import numpy as np

from ingestion.engines.base import Word
from ingestion.engines.layout import Reading

LOW_CONFIDENCE = 0.60
MOST_LOW = 0.10
NONSENSE_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """What an engine's reading must reach; engines count their confidence differently."""

    mean: float
    words: int


# Tesseract's mean confidence follows its word F1 closely (correlation 0.91 on receipts): at
# 0.92 it reads office print at 0.97 and more, and no receipt gets there. RapidOCR stays above
# 0.93 on all upright pages and falls below 0.70 on pages that stand on their head.
_BARS = {"tesseract": _Bar(mean=0.92, words=8), "rapidocr": _Bar(mean=0.88, words=2)}

# How many words in a hundred are right where the two engines read a place differently, by the
# confidence of each: of 750 such places on receipts and office pages, clean and spoilt,
# RapidOCR was right in 700; Tesseract only where it was sure of itself and RapidOCR was not.
_RIGHT = {
    "tesseract": ((0.0, 0.5, 0.8, 0.88, 0.93, 0.97), (0.05, 0.3, 0.5, 0.65, 0.8, 0.92)),
    "rapidocr": (
        (0.0, 0.5, 0.7, 0.85, 0.92, 0.96, 0.985, 1.0),
        (0.05, 0.3, 0.6, 0.78, 0.85, 0.9, 0.96, 0.99),
    ),
}


def is_sure(reading: Reading) -> bool:
    """Whether most of the page was read with confidence."""
    words = reading.words
    bar = _BARS[reading.engine]
    if len(words) < bar.words:
        return False
    low = sum(word.confidence < LOW_CONFIDENCE for word in words) / len(words)
    return reading.confidence >= bar.mean and low <= MOST_LOW


def is_nonsense(reading: Reading) -> bool:
    """Whether it reads as print that stands on its head or is in another script: Tesseract's
    confidence in such pages was 0.18 to 0.39, in upright ones, bad receipts too, 0.60 and more."""
    return reading.confidence < NONSENSE_CONFIDENCE


def is_sideways(reading: Reading) -> bool:
    """Whether most words of several letters stand taller than wide: Tesseract reads columns
    of turned print without saying so."""
    boxes = [word.box for word in reading.words if word.box and len(word.text) >= 3]
    tall = sum(box.bottom - box.top > box.right - box.left for box in boxes)
    return 2 * tall > len(boxes)


def belief(engine: str, word: Word) -> float:
    """How probable it is that a word is right where another engine reads otherwise; on one
    scale for all engines. A merged reading counts as that of the engine named first."""
    confidences, shares = _RIGHT[engine.partition("+")[0]]
    return float(np.interp(word.confidence, confidences, shares))


def merit(reading: Reading) -> float:
    """What a reading is worth against another one of the same page: letters and digits, each
    counted as far as its word is believed; junk of single marks counts nothing."""
    return sum(
        len(re.findall(r"\w", word.text)) * max(0.0, belief(reading.engine, word) - 0.15)
        for word in reading.words
    )
