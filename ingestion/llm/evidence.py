"""Where the pages print what a model says, and how far it is believed for it. Pure.

Every value is looked for: a text by its letters and digits, an amount by its number, a date by
its day, however they are written; then through the signs that OCR takes for one another; then
by likeness, where the digits are the same. A row is looked for as a row: its cells beside one
another. What stands nowhere is kept as a proposal (page 0) that no draft takes
(`documents.trust`), and a row of which most is nowhere is dropped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from documents.fields import detect_currencies, parse_date, squeeze
from ingestion.engines.base import FieldReading, PageInput, ValueSource
from ingestion.engines.rules.locale import Locale
from ingestion.engines.rules.printed import Place, Print, Sort, is_level
from ingestion.llm.answers import Proposal
from ingestion.llm.shape import Kind

# How far a value is believed for where it was found; times the confidence of the worst word
# there. That it is printed does not say that it is the value that was asked for.
EXACT, IN_PARTS, LIKENED, FUZZY = 0.9, 0.75, 0.6, 0.7
ELSEWHERE = 0.5
# A value of one or two signs stands on most pages for something else.
SHORT, TELLING_CHARS = 0.5, 3
ABSENT = 0.05
NOT_PRINTED = "the language model says so, and no page prints it"
SWAPPED, SWAPPABLE = 0.7, "day and month could be swapped"
LEAST_LIKENESS = 0.88
_LEAST_FUZZY_CHARS = 6
_LEAST_PART_CHARS = 4
_MOST_ANCHORS = 50
_SORTS = {
    Kind.AMOUNT: Sort.AMOUNT,
    Kind.WHOLE: Sort.AMOUNT,
    Kind.DATE: Sort.DATE,
    Kind.MOMENT: Sort.MOMENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paper:
    """A document's pages, their print for many questions, and how they write."""

    pages: Sequence[PageInput]
    print: Print
    locale: Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where a value stands, None for nowhere, and what that is worth, 0..1."""

    place: Place | None
    worth: float


_NOWHERE = _Found(place=None, worth=ABSENT)


def located(
    proposals: Sequence[Proposal], pages: Sequence[PageInput], locale: Locale
) -> tuple[FieldReading, ...]:
    """The proposals as readings with page, box and confidence; page 0 for what is nowhere."""
    paper = _Paper(pages=pages, print=Print(pages), locale=locale)
    single = [one for one in proposals if one.pointer.count("/") == 1]
    rows = [one for one in proposals if one.pointer.count("/") == 3]
    found = [_reading(one, _sought(one, paper), locale) for one in single]
    return (*found, *_located_rows(rows, paper))


def _sought(said: Proposal, paper: _Paper) -> _Found:
    """The best place of a value anywhere on the pages."""
    if said.value is None:
        return _NOWHERE
    value = str(said.value)
    if said.kind == Kind.CURRENCY:
        return _currency(value, paper)
    places = _places(said, paper)
    if places:
        is_text = said.kind not in _SORTS
        is_short = is_text and len(squeeze(value)) < TELLING_CHARS
        # Of a total the last: the same amount stands in the lines of a bill with one line.
        place = places[-1] if said.pointer.startswith("/total_") else places[0]
        return _Found(place=place, worth=SHORT if is_short else EXACT)
    if said.kind in _SORTS or len(squeeze(value)) < _LEAST_FUZZY_CHARS:
        return _NOWHERE
    return _alike(value, paper.print, is_code=said.kind == Kind.CODE)


def _places(said: Proposal, paper: _Paper) -> list[Place]:
    """All places that print the value, however it is written."""
    if said.value is None:
        return []
    return list(paper.print.places(_SORTS.get(said.kind, Sort.TEXT), (str(said.value),)))


def _alike(value: str, paper: Print, *, is_code: bool) -> _Found:
    """A text that is not printed to the letter: misread, in parts, or nearly so."""
    if (place := next(paper.places_likened(value), None)) is not None:
        return _Found(place=place, worth=LIKENED)
    if is_code:
        return _NOWHERE
    if (parts := _parts(value, paper)) is not None:
        return _Found(place=parts, worth=IN_PARTS)
    if (near := paper.nearest(value, least=LEAST_LIKENESS)) is not None:
        return _Found(place=near[0], worth=FUZZY * near[1])
    return _NOWHERE


def _parts(value: str, paper: Print) -> Place | None:
    """The first part of a text of which every part between commas is printed on one page, as
    those of an address in a column."""
    parts = [part for part in value.split(",") if squeeze(part)]
    if len(parts) < 2 or max(len(squeeze(part)) for part in parts) < _LEAST_PART_CHARS:
        return None
    first = next(paper.places(Sort.TEXT, parts[:1]), None)
    if first is None:
        return None
    for part in parts[1:]:
        if not any(p.page == first.page for p in paper.places(Sort.TEXT, (part,))):
            return None
    return first


def _currency(code: str, paper: _Paper) -> _Found:
    """By its code or its sign; a bare $ is what the paper's country pays with."""
    if (place := next(paper.print.places(Sort.TEXT, (code,)), None)) is not None:
        return _Found(place=place, worth=EXACT)
    for page in paper.pages:
        signs = dict(detect_currencies(page.text))
        if code in signs or (signs and paper.locale.currency == code):
            return _Found(place=Place(page=page.number, box=None, raw=code), worth=EXACT)
    return _NOWHERE


def _located_rows(said: Sequence[Proposal], paper: _Paper) -> Iterator[FieldReading]:
    """The rows of which the pages print at least half, numbered anew."""
    kept: dict[str, int] = {}
    for base, group in groupby(said, key=lambda one: one.pointer.rpartition("/")[0]):
        row = list(group)
        places = _of_row(row, paper)
        found = [_reading(one, at, paper.locale) for one, at in zip(row, places, strict=True)]
        if 2 * sum(one.page > 0 for one in found) < len(found):
            continue
        name = base.split("/")[1]
        number = kept.get(name, 0)
        kept[name] = number + 1
        for one in found:
            yield replace(one, pointer=f"/{name}/{number}/{one.pointer.rpartition('/')[2]}")


def _of_row(row: Sequence[Proposal], paper: _Paper) -> list[_Found]:
    """Where the cells of a row stand: beside its longest text, else anywhere."""
    texts = [one for one in row if one.kind == Kind.TEXT and one.value is not None]
    head = max(texts, key=lambda one: len(str(one.value)), default=None)
    if head is None:
        return [_elsewhere(one, paper) for one in row]
    sought = _sought(head, paper)
    anchors: list[Place | None] = [*_places(head, paper)[:_MOST_ANCHORS]] or [sought.place]
    cells = {one.pointer: _places(one, paper) for one in row if one is not head}
    anchor = max(anchors, key=lambda at: sum(_beside(of, at) is not None for of in cells.values()))
    made = []
    for one in row:
        beside = _beside(cells.get(one.pointer, ()), anchor)
        if one is head:
            made.append(replace(sought, place=anchor))
        else:
            made.append(_Found(place=beside, worth=EXACT) if beside else _elsewhere(one, paper))
    return made


def _beside(places: Sequence[Place], anchor: Place | None) -> Place | None:
    """The first of some places that is at the height of the anchor."""
    if anchor is None or anchor.box is None:
        return None
    at = anchor.box
    return next((p for p in places if p.page == anchor.page and is_level(p.box, at)), None)


def _elsewhere(said: Proposal, paper: _Paper) -> _Found:
    found = _sought(said, paper)
    return replace(found, worth=min(found.worth, ELSEWHERE))


def _reading(said: Proposal, found: _Found, locale: Locale) -> FieldReading:
    place = found.place
    if place is None or said.value is None:
        return FieldReading(
            pointer=said.pointer,
            value=said.said if said.value is None else said.value,
            raw=said.said,
            page=0,
            box=None,
            source=ValueSource.MODEL,
            confidence=ABSENT,
            note=said.note or NOT_PRINTED,
        )
    reading = FieldReading(
        pointer=said.pointer,
        value=said.value,
        raw=place.raw,
        page=place.page,
        box=place.box,
        source=ValueSource.MODEL,
        confidence=round(found.worth * place.confidence, 3),
    )
    return _in_order(reading, locale) if said.kind == Kind.DATE else reading


def _in_order(reading: FieldReading, locale: Locale) -> FieldReading:
    """A date in the paper's own order of day and month, where the model took the other one."""
    day = parse_date(reading.raw, month_first=locale.month_first)
    if day is None or not day.other or reading.value not in (day.value, day.other):
        return reading
    other = day.other if reading.value == day.value else str(reading.value)
    confidence = reading.confidence if reading.value == day.value else SWAPPED * reading.confidence
    return replace(
        reading,
        value=day.value,
        confidence=round(confidence, 3),
        alternatives=(other,),
        note=SWAPPABLE,
    )
