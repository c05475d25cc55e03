"""Text as BM25 sees it: words, their terms, and the numbers that stand for terms. Pure.

A word is what a reader takes for one: `boundary-layer`, `INV/2024-25/001`, `1,04,571.50`.
Its terms are the word without its punctuation and each of its parts, folded and stemmed, so
that an identifier is found however it is typed, whole or by part:

    INV/2024-25/001   inv202425001, inv, 2024, 25, 001
    27AAPFU0939F1ZV   27aapfu0939f1zv, 27, aapfu, 0939, zv
    1,04,571.50       10457150, 104571
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

MAX_TERMS = 1_000
MAX_WORD_CHARS = 64

# Python's \w leaves out the vowel signs of Indian scripts; 0964-0965 are their full stops.
_CHAR = r"(?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0966-\u0dff])"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060"
_WORD = re.compile(rf"{_CHAR}+(?:(?:-\n|[-‐‑/\\.:_@&+'’#{_INVISIBLE}]|(?<=\d),(?=\d)){_CHAR}+)*")
_PART = re.compile(rf"{_CHAR}+")
_RUN = re.compile(r"\d+|[^\W\d_]+")
_MARK = re.compile(r"[\u0300-\u036f]")
_DROPPED = re.compile(f"[{_INVISIBLE}]")
_AMOUNT = re.compile(r"(\d[\d.,]*)[.,](\d{1,2})")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
# A mixed word of this length or more is taken apart where letters meet digits.
_MIXED_CHARS = 5

# Words that carry grammar, not subject; a query uses them only when it has no others.
_GRAMMAR = """
    a about after all also an and any are as at be because been before being between both but
    by can could did do does done during each for from had has have having how if in into is
    it its may me might more most must my no nor not of off on once only or other our out over
    own same shall she should so some such than that the their them then there these they this
    those through to too under until up upon very was we were what when where which while who
    whom whose why will with within without would you your
"""
STOP_WORDS = frozenset(_GRAMMAR.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a text: its place (characters, end not included) and its terms."""

    start: int
    end: int
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermCount:
    """The terms of a text as numbers, ascending, how often each occurs, and the words."""

    terms: tuple[int, ...]
    frequencies: tuple[int, ...]
    length: int


def words(text: str) -> Iterator[Word]:
    """The words of `text` in order."""
    for match in _WORD.finditer(text):
        yield Word(start=match.start(), end=match.end(), terms=terms_of(match.group()))


def count(text: str) -> TermCount:
    """What the index keeps of `text`; of more than MAX_TERMS terms the most frequent."""
    length = 0
    found: Counter[int] = Counter()
    for word in words(text):
        length += 1
        found.update(number(term) for term in word.terms)
    kept = sorted(found.most_common(MAX_TERMS))
    return TermCount(
        terms=tuple(term for term, _ in kept),
        frequencies=tuple(times for _, times in kept),
        length=length,
    )


@lru_cache(maxsize=65_536)
def terms_of(word: str) -> tuple[str, ...]:
    """The terms of one word, the word as a whole first, none twice."""
    folded = fold(word)
    if amount := _AMOUNT.fullmatch(folded):
        units = re.sub(r"\D", "", amount[1])
        return units + amount[2].ljust(2, "0"), units
    parts = _PART.findall(folded)
    whole = "".join(parts)
    found = [stem(whole)]
    if len(parts) > 1:
        found += [stem(part) for part in parts]
    for part in parts:
        runs = _RUN.findall(part)
        if len(runs) > 1 and len(part) >= _MIXED_CHARS:
            found += [stem(run) for run in runs if len(run) > 1]
    for run in _CJK.findall(whole):
        found += [run[at : at + 2] for at in range(len(run) - 1)]
    return tuple(dict.fromkeys(found))


def fold(word: str) -> str:
    """NFKC, case folded, without accents and invisible characters."""
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", word)).casefold()
    if plain.isascii():
        return plain
    return unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", plain)))


_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=65_536)
def stem(term: str) -> str:
    """The English stem of a term of plain letters; any other term as it is."""
    if term.isascii() and term.isalpha():
        term = _stemmer.stemWord(term)
    return term[:MAX_WORD_CHARS]


def number(term: str) -> int:
    """A signed 32-bit number that stands for `term`, the same on every machine."""
    return zlib.crc32(term.encode("utf-8", "replace")) - (1 << 31)


def is_stop_word(word: str) -> bool:
    return fold(word) in STOP_WORDS
