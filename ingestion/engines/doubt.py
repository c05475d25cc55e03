"""Whether what an OCR engine read can be believed without asking a better one.

Pure functions on a reading; the numbers are measured by `bench/reading.py`.
"""

import re

from ingestion.engines.layout import Reading

SURE_MEAN = 0.88
SURE_LOW_SHARE = 0.10
LOW_CONFIDENCE = 0.60
LEAST_WORDS = 8

_VOWELS = frozenset("aeiouy")


def is_sure(reading: Reading) -> bool:
    """Whether most words were read with confidence and look like words."""
    words = reading.words
    if len(words) < LEAST_WORDS:
        return False
    low = sum(word.confidence < LOW_CONFIDENCE for word in words) / len(words)
    return reading.confidence >= SURE_MEAN and low <= SURE_LOW_SHARE


def merit(reading: Reading) -> float:
    """What a reading is worth against another one of the same page: letters and digits, each
    counted as far as its word is believed; junk of single marks counts nothing."""
    return sum(
        len(re.findall(r"\w", word.text)) * max(0.0, word.confidence - 0.3)
        for word in reading.words
    )
