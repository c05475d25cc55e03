"""Whether text decodes to something like language: garbled fonts keep the shape of words."""

import re
import unicodedata

import numpy as np

MOST_UNREADABLE = 0.03
LEAST_WORDS_JUDGED = 12
LEAST_PLAUSIBLE = 0.6
LEAST_LETTERS_JUDGED = 80
LEAST_LETTER_LIKENESS = 0.55

# Shares of a..z in running English, German, French and Spanish, averaged and rounded.
_LETTERS = np.array(
    [8.9, 1.5, 3.2, 4.3, 15.5, 1.4, 1.7, 3.2, 7.0, 0.4, 0.5, 4.5, 2.7, 7.9, 6.2, 2.2, 0.6, 6.7,
     7.2, 7.2, 4.0, 1.2, 0.9, 0.3, 0.9, 0.5]
)  # fmt: skip
_VOWELS = frozenset("aeiouy")


def is_legible(text: str, unmapped: int = 0) -> bool:
    """Whether `text` decodes to something like language; `unmapped` of its characters are
    known to have no meaning in their font."""
    printed = [character for character in text if not character.isspace()]
    if not printed:
        return False
    bad = unmapped + sum(_is_unreadable(character) for character in printed)
    if bad > MOST_UNREADABLE * len(printed):
        return False
    words = re.findall(r"[^\W\d_]{3,}", text)
    if len(words) >= LEAST_WORDS_JUDGED:
        plausible = sum(_is_plausible(word) for word in words)
        if plausible < LEAST_PLAUSIBLE * len(words):
            return False
    return _has_usual_letters(text)


def _is_unreadable(character: str) -> bool:
    return character == "\ufffd" or unicodedata.category(character) in ("Co", "Cc", "Cn", "Cs")


def _is_plausible(word: str) -> bool:
    """A word with a vowel, or in another script, or an abbreviation in capitals."""
    plain = unicodedata.normalize("NFD", word.lower())
    if not plain[0].isascii():
        return True
    return bool(_VOWELS & set(plain)) or (word.isupper() and len(word) <= 5)


def _has_usual_letters(text: str) -> bool:
    """Whether the letters a..z are as frequent as in European languages; a font whose letters
    are exchanged keeps the shape of its words but not that."""
    codes = np.frombuffer(text.lower().encode("ascii", "ignore"), dtype=np.uint8)
    counts = np.bincount(codes, minlength=128)[97:123].astype(np.float64)
    if counts.sum() < LEAST_LETTERS_JUDGED:
        return True
    likeness = counts @ _LETTERS / (np.linalg.norm(counts) * np.linalg.norm(_LETTERS))
    return bool(likeness >= LEAST_LETTER_LIKENESS)
