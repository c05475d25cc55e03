"""Reads the fields of a type that the rules do not know, by the labels that its schema names.

A property's labels are its `title` and what its `x-labels` lists; "number" and "date" in a
title also stand for their short forms. What kind of value stands beside a label follows from
the property: a date, a time, an amount, a whole number, a pattern, the number of a paper
(where the title says number), else the words as printed. Lists are left to a person.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from documents.fields import find_amounts, fold
from documents.schemas import AMOUNT_PATTERN, MOMENT_PATTERN
from ingestion.engines.base import FieldReading, PageInput
from ingestion.engines.rules import parsers
from ingestion.engines.rules.labels import Lexicon, compiled
from ingestion.engines.rules.layout import read_lines
from ingestion.engines.rules.locale import Locale, locale_of
from ingestion.engines.rules.near import Neighbourhood, Parsed, Parser, reading_of

_SHORT = {"number": ("no", "nr", "num"), "no": ("number",), "date": ("dt", "dated")}
_NUMBERS = frozenset({"number", "no", "nr", "num", "id", "reference", "ref", "code"})
_OWN, _OTHER, _VAGUE = 1.0, 0.97, 0.75
_LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A property that holds one value."""

    name: str
    title: str
    spec: Mapping[str, Any]

    @property
    def is_date(self) -> bool:
        return self.spec.get("format") == "date"

    @property
    def words(self) -> list[str]:
        return re.findall(r"[^\W_]+", fold(self.title))


def read_labelled(
    pages: Sequence[PageInput], schema: Mapping[str, Any]
) -> tuple[tuple[FieldReading, ...], tuple[str, ...]]:
    """The readings, best per field, and the names of fields whose label is printed without a
    value that fits."""
    fields = list(_fields(schema))
    lines = read_lines(pages)
    if not lines or not fields:
        return (), ()
    near = Neighbourhood(lines, _lexicon(tuple(_labels(fields))))
    locale = locale_of("\n".join(line.text for line in lines))
    readings = []
    for field in fields:
        found = near.candidates(field.name, _parser(field, locale))
        if found:
            value = int(found[0].value) if _is_whole(field) else None
            readings.append(reading_of(f"/{field.name}", found[0], others=found[1:], value=value))
    read = {reading.pointer for reading in readings}
    labelled = sorted(name for name in near.fields() if f"/{name}" not in read)
    return tuple(readings), tuple(labelled)


def _fields(schema: Mapping[str, Any]) -> Iterator[_Field]:
    for name, spec in (schema.get("properties") or {}).items():
        if isinstance(spec, Mapping) and not {"array", "object"} & set(_types(spec)):
            yield _Field(name=name, title=str(spec.get("title") or name), spec=spec)


def _types(spec: Mapping[str, Any]) -> list[str]:
    named = spec.get("type") or "string"
    return [named] if isinstance(named, str) else [str(one) for one in named]


def _is_whole(field: _Field) -> bool:
    return "integer" in _types(field.spec)


def _labels(fields: Sequence[_Field]) -> Iterator[tuple[str, float, str]]:
    """(field, weight, phrase): the title, the labels given with it, and short forms of both.

    Where the schema has one date only, a bare "Date" is likely to be it."""
    for field in fields:
        given = [str(label) for label in field.spec.get("x-labels") or ()]
        for weight, label in [(_OWN, field.title), *((_OTHER, one) for one in given)]:
            words = re.findall(r"[^\W_]+", fold(label)[:_LONGEST_LABEL])
            if words:
                yield field.name, weight, " ".join(words)
                for short in _SHORT.get(words[-1], ()):
                    yield field.name, weight, " ".join([*words[:-1], short])
    dates = [field for field in fields if field.is_date]
    if len(dates) == 1:
        yield dates[0].name, _VAGUE, "date"
        yield dates[0].name, _VAGUE, "dated"


@lru_cache(maxsize=32)
def _lexicon(labels: tuple[tuple[str, float, str], ...]) -> Lexicon:
    """What is named first keeps a phrase that two fields share."""
    meanings: dict[str, tuple[str, float, str]] = {}
    for meaning in labels:
        meanings.setdefault(meaning[2], meaning)
    return compiled(meanings.values())


def _parser(field: _Field, locale: Locale) -> Parser:
    pattern = str(field.spec.get("pattern") or "")
    if field.is_date:
        return parsers.day(month_first=locale.month_first)
    if pattern == AMOUNT_PATTERN:
        return _amount(locale)
    if pattern == MOMENT_PATTERN:
        return parsers.moment
    if _is_whole(field):
        return _whole
    if pattern:
        return _of_pattern(pattern)
    if field.words and field.words[-1] in _NUMBERS:
        return parsers.document_number
    return parsers.plain_text


def _amount(locale: Locale) -> Parser:
    def parse(text: str) -> Parsed | None:
        found = find_amounts(text[:80], decimal_comma=locale.decimal_comma)
        if not found:
            return None
        first = found[0]
        certainty = 1.0 if first.decimals == 2 else 0.85
        return Parsed(value=first.value, start=first.start, end=first.end, certainty=certainty)

    return parse


def _whole(text: str) -> Parsed | None:
    match = re.match(r"\D{0,12}?(?<![\d.,])(\d{1,3}(?:,\d{2,3})+|\d{1,9})(?![\d.,]*\d)", text[:60])
    if match is None:
        return None
    return Parsed(value=match[1].replace(",", ""), start=match.start(1), end=match.end(1))


def _of_pattern(pattern: str) -> Parser:
    """The first words, written together, that are what the schema's pattern asks for."""
    asked = re.compile(pattern)

    def parse(text: str) -> Parsed | None:
        words = list(re.finditer(r"[^\s:;,|]+", text[:80]))
        for first in range(len(words)):
            for last in range(first, min(first + 4, len(words))):
                start, end = words[first].start(), words[last].end()
                printed = "".join(word.group() for word in words[first : last + 1])
                for value in (printed, printed.upper(), text[start:end]):
                    if asked.search(value):
                        return Parsed(value=value, start=start, end=end)
        return None

    return parse
