"""Which row of a table is which in another reading, and in what a person confirmed. Pure.

Rows at the beginning and the end that are the same in both are taken for the same. Of those
between, the rows are paired as `ingestion/scoring.py` pairs them, and what is left over on both
sides in its order: a row in which every cell was misread is still that row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion import scoring

Table = Sequence[Mapping[str, Any]]
Pairs = dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Where a row stands in each table, from 0; None where that has no such row."""

    old: int | None = None
    new: int | None = None
    true: int | None = None

    @property
    def number(self) -> int:
        """In the new table, else in the old one, else in the true one."""
        return next(at for at in (self.new, self.old, self.true) if at is not None)


def rows(old: Table, new: Table, true: Table, kinds: Mapping[str, str]) -> Iterator[Row]:
    """Every row of each table once. Where a row is known to be true, both readings are held
    against that, and against each other only by what that leaves.

    kinds: of each column "date", "amount" and so on, as `scoring.normal` takes them."""
    of_new, of_old = pairs(true, new, kinds), pairs(true, old, kinds)
    for at in range(len(true)):
        yield Row(old=of_old.get(at), new=of_new.get(at), true=at)
    free_old, free_new = _free(old, of_old.values()), _free(new, of_new.values())
    both = pairs([old[at] for at in free_old], [new[at] for at in free_new], kinds)
    for at, number in enumerate(free_old):
        yield Row(old=number, new=free_new[both[at]] if at in both else None)
    taken = set(both.values())
    for at, number in enumerate(free_new):
        if at not in taken:
            yield Row(new=number)


def pairs(one: Table, other: Table, kinds: Mapping[str, str]) -> Pairs:
    """By the row of `one` that of `other`; as many as the shorter table has."""
    shorter = min(len(one), len(other))
    head = _same(one, other, shorter)
    tail = _same(one[head:][::-1], other[head:][::-1], shorter - head)
    found = {at: at for at in range(head)}
    found |= {len(one) - at: len(other) - at for at in range(1, tail + 1)}
    middle = (one[head : len(one) - tail], other[head : len(other) - tail])
    found |= {head + at: head + to for at, to in scoring.paired(*middle, kinds)}
    free = zip(_free(one, found), _free(other, found.values()), strict=False)
    return found | dict(free)


def _same(one: Table, other: Table, most: int) -> int:
    """How many rows from the first on are equal."""
    return next((at for at in range(most) if one[at] != other[at]), most)


def _free(table: Table, taken: Any) -> list[int]:
    held = set(taken)
    return [at for at in range(len(table)) if at not in held]
