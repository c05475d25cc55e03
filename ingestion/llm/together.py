"""Rules and a model each have read a document: what stands, and what a person has to settle. Pure.

    both say the same                        the rules' reading, and that the model agrees
    they differ, the rules' is carried by    the rules'; the model's is an alternative
    the file or certain by a check
    they differ, else                        the proven one, else the better evidenced one; the
                                             other is an alternative and a conflict, for a person
    one holds a part of the other            the rules'; the model's is an alternative
    only the model has a value               the model's
    only the rules have one                  the rules'

What the model says and no page prints stands against nothing: where the rules have a value it
is left out, unless it is the same. Rows are paired by what they hold; rows that only the model
has are added after the others, and a person is told where both read rows and not as many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rapidfuzz import fuzz

from documents import checks, drafts, trust
from documents.drafts import Reading
from documents.fields import fold, normalise_amount, squeeze
from ingestion.assignment import assign
from ingestion.llm.shape import Kind, Shape

# A value that rules found so poorly gives way to one that the model read and a page prints.
POOR, WELL_FOUND = 0.6, 0.85
# Names that share all words of the shorter one, and addresses of nearly the same words.
NEARLY = 90.0
# Every row is held against every other; longer tables are paired in their order.
_MOST_PAIRS = 90_000
_NUMBERS = frozenset({Kind.AMOUNT, Kind.WHOLE})
ROWS_DIFFER = "rows_differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What both together come to. conflicts: what a person has to settle, see
    `documents.drafts`; objections: {"code", "field", "message"}."""

    readings: list[Reading]
    conflicts: list[Reading]
    objections: list[dict[str, str]]


def weigh(
    rules: Sequence[Reading], model: Sequence[Reading], *, type_slug: str, shape: Shape
) -> Weighed:
    """Both readings of a document as one, best value per pointer."""
    by_rules = {one.pointer: one for one in rules}
    rows = paired_rows(rules, model, shape)
    by_model = {one.pointer: one for one in rows.model}
    proofs = _Proofs(type_slug, by_rules, by_model)
    readings, conflicts = [], []
    for pointer in dict.fromkeys([*by_rules, *by_model]):
        mine, its = by_rules.get(pointer), by_model.get(pointer)
        if mine is None or its is None:
            only = mine if mine is not None else its
            readings += [only] if only is not None else []
            continue
        taken, against = _settled(mine, its, shape.kind_of(pointer), proofs)
        readings.append(taken)
        conflicts += [against] if against is not None else []
    return Weighed(readings=readings, conflicts=conflicts, objections=rows.objections)


def _settled(
    mine: Reading, its: Reading, kind: Kind, proofs: "_Proofs"
) -> tuple[Reading, Reading | None]:
    """What stands of two readings of one value, and what stands against it."""
    likeness = likeness_of(mine.value, its.value, kind)
    if likeness == SAME:
        return (replace(mine, agrees=its.engine) if its.page else mine), None
    if not its.page:
        return mine, None
    kept = _beside(mine, its)
    is_final = mine.source in trust.CARRIED or proofs.is_certain(mine.pointer)
    if is_final or likeness == ALIKE:
        return kept, None
    if _gives_way(mine, its, proofs):
        return _beside(its, mine), mine
    return kept, its


def _gives_way(mine: Reading, its: Reading, proofs: "_Proofs") -> bool:
    """Whether the model's value stands: proven where the rules' is not, or found better."""
    if proofs.of_rules(mine.pointer):
        return False
    if proofs.of_model(mine.pointer):
        return True
    return mine.confidence < POOR and its.confidence >= WELL_FOUND


def _beside(taken: Reading, other: Reading) -> Reading:
    value = str(other.value)
    others = tuple(one for one in taken.alternatives if one != value)
    return replace(taken, alternatives=(value, *others)[:5])


SAME, ALIKE, OTHER = "same", "alike", "other"


def likeness_of(one: Any, other: Any, kind: Kind) -> str:
    """Whether two values are the same, nearly so (of texts), or not."""
    first, second = str(one), str(other)
    if kind in _NUMBERS:
        return SAME if normalise_amount(first) == normalise_amount(second) else OTHER
    if squeeze(first) == squeeze(second):
        return SAME
    if kind != Kind.TEXT or not any(char.isspace() for char in first.strip() + second.strip()):
        return OTHER
    return ALIKE if fuzz.token_set_ratio(fold(first), fold(second)) >= NEARLY else OTHER


class _Proofs:
    """Which values pass a check that a misread one fails, each in its own reader's company."""

    def __init__(
        self, type_slug: str, rules: Mapping[str, Reading], model: Mapping[str, Reading]
    ) -> None:
        self._slug = type_slug
        self._rules, self._model = rules, {p: one for p, one in model.items() if one.page}
        self._by_rules = self._passed(rules)
        # What only the rules read stands beside the model's values too.
        self._by_model = self._passed({**rules, **self._model})

    def of_rules(self, pointer: str) -> bool:
        return bool(trust.PROOFS & self._by_rules.get(pointer, frozenset()))

    def is_certain(self, pointer: str) -> bool:
        return bool(trust.CERTAIN & self._by_rules.get(pointer, frozenset()))

    def of_model(self, pointer: str) -> bool:
        """Among the model's other values, or alone among the rules'."""
        proofs = trust.PROOFS - trust.NO_PROOF_OF_ROLE
        if proofs & self._by_model.get(pointer, frozenset()):
            return True
        swapped = self._passed({**self._rules, pointer: self._model[pointer]})
        return bool(proofs & swapped.get(pointer, frozenset()))

    def _passed(self, readings: Mapping[str, Reading]) -> dict[str, frozenset[str]]:
        payload: dict[str, Any] = {}
        for pointer, reading in readings.items():
            drafts.put(payload, pointer, reading.value)
        passed: dict[str, frozenset[str]] = {}
        for check in checks.run_checks(self._slug, payload):
            for pointer in check.fields if check.passed else ():
                passed[pointer] = passed.get(pointer, frozenset()) | {check.code}
        return passed


# -- rows ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRows:
    """The model's readings with the row numbers of the rules' that they belong to."""

    model: list[Reading]
    objections: list[dict[str, str]]


def paired_rows(rules: Sequence[Reading], model: Sequence[Reading], shape: Shape) -> PairedRows:
    """Give each of the model's rows the number of the rules' row that it is, or a new one.

    Where the rules' rows are carried by the file, rows of the model's alone are left out."""
    made = [one for one in model if one.pointer.count("/") == 1]
    objections: list[dict[str, str]] = []
    for rows in shape.lists:
        mine, its = _rows_of(rules, rows.name), _rows_of(model, rows.name)
        pairs = dict(_pairs(mine, its, shape))
        is_carried = any(one.source in trust.CARRIED for row in mine.values() for one in row)
        new = max(mine, default=-1) + 1
        for number, row in its.items():
            if number not in pairs and is_carried:
                continue
            at = pairs.get(number)
            if at is None:
                at, new = new, new + 1
            made += [_renumbered(one, at) for one in row]
        if mine and its and len(mine) != len(its) and not is_carried:
            objections.append(_told(rows.name, rows.title, len(mine), len(its)))
    return PairedRows(model=made, objections=objections)


def _rows_of(readings: Sequence[Reading], name: str) -> dict[int, list[Reading]]:
    rows: dict[int, list[Reading]] = {}
    for one in readings:
        _, head, *rest = one.pointer.split("/")
        if head == name and len(rest) == 2:
            rows.setdefault(int(rest[0]), []).append(one)
    return rows


def _pairs(
    mine: Mapping[int, Sequence[Reading]], its: Mapping[int, Sequence[Reading]], shape: Shape
) -> Iterator[tuple[int, int]]:
    """(row of the model, row of the rules), as many cells as can be the same."""
    ours, theirs = list(mine), list(its)
    if len(ours) * len(theirs) > _MOST_PAIRS:
        yield from zip(theirs, ours, strict=False)
        return
    weights = np.zeros((len(theirs), len(ours)), dtype=np.int64)
    for r, one in enumerate(theirs):
        for c, other in enumerate(ours):
            weights[r, c] = _shared(its[one], mine[other], shape)
    for row, column in assign(weights):
        yield theirs[row], ours[column]


def _shared(its: Sequence[Reading], mine: Sequence[Reading], shape: Shape) -> int:
    """How much two rows have in common: 2 for each cell that is the same, 1 for one alike."""
    known = {one.pointer.rpartition("/")[2]: one for one in mine}
    weights = {SAME: 2, ALIKE: 1, OTHER: 0}
    shared = 0
    for one in its:
        other = known.get(one.pointer.rpartition("/")[2])
        if other is not None:
            kind = shape.kind_of(one.pointer)
            shared += weights[likeness_of(one.value, other.value, kind)]
    return shared


def _renumbered(reading: Reading, number: int) -> Reading:
    _, name, _, column = reading.pointer.split("/")
    return replace(reading, pointer=f"/{name}/{number}/{column}")


def _told(name: str, title: str, mine: int, its: int) -> dict[str, str]:
    message = f"{title}: the rules read {mine} rows here, the language model {its}."
    return {"code": ROWS_DIFFER, "field": name, "message": message}
