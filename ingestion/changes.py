"""What a second reading of a document changes, value by value, and which of the two is right.

Pure. Rows of tables are held against each other by what stands in them (`alignment.py`): one
that comes in between makes no other differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple, Self

from documents import drafts, schemas, trust
from ingestion import alignment, scoring


class Change(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    LOST = "lost"
    # Neither reading has it, though a person found it on the paper.
    MISSED = "missed"


class Tally(NamedTuple):
    """Values of a field: how many of each change; of how many the truth is known, and how many
    of those were right before and are right after."""

    same: int = 0
    changed: int = 0
    added: int = 0
    lost: int = 0
    missed: int = 0
    known: int = 0
    right_before: int = 0
    right_after: int = 0

    @property
    def n(self) -> int:
        return sum(self[:5])

    @property
    def differ(self) -> int:
        return self.changed + self.added + self.lost

    @property
    def net(self) -> int:
        """How many more are right than before."""
        return self.right_after - self.right_before

    def plus(self, other: Self) -> "Tally":
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value before and after; None is no value. pointer: in the new reading; of a row that it
    does not have in the old one, else in the truth. truth: what a person confirmed, and with it
    was_right and is_right, are None where nobody has (truth may be None, too, where there is
    nothing on the paper)."""

    pointer: str
    kind: Change
    old: Any
    new: Any
    truth: Any = None
    was_right: bool | None = None
    is_right: bool | None = None

    @property
    def field(self) -> str:
        """ "line_items.hsn_code", whatever its row."""
        return trust.field_of(self.pointer)

    @property
    def is_difference(self) -> bool:
        return self.kind not in (Change.SAME, Change.MISSED)

    def as_json(self) -> dict[str, Any]:
        told = asdict(self) | {"field": self.field, "kind": self.kind.value}
        known = ("truth", "was_right", "is_right")
        return told if self.was_right is not None else {k: told[k] for k in told if k not in known}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a person confirmed, on the schema of that time: of a field that this did not have
    nothing is known."""

    payload: Mapping[str, Any]
    schema: Mapping[str, Any]


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    schema: Mapping[str, Any],
    truth: Truth | None = None,
) -> list[Difference]:
    """Every value that either payload has, or the truth, in the order of the pointers.

    schema: the one of `new`, which says what is an amount."""
    found = [
        _difference(values, schema, truth)
        for above, sides in _parts(old, new, truth.payload if truth else {}, schema)
        for values in _together(above, *sides)
    ]
    kept = [one for one in found if (one.old, one.new, one.truth) != (None, None, None)]
    return sorted(kept, key=lambda one: _place(one.pointer))


Payload = Mapping[str, Any]


def _parts(
    old: Payload, new: Payload, true: Payload, schema: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[Payload, Payload, Payload]]]:
    """The values beside the tables, then each row of a table; with the pointer of each part."""
    sides = (old, new, true)
    names = {name for side in sides for name, value in side.items() if _is_table(value)}
    plain = [{name: side[name] for name in side if name not in names} for side in sides]
    yield "", (plain[0], plain[1], plain[2])
    all_kinds = scoring.kinds_of(schema)
    for name in sorted(names):
        tables = [_table(side.get(name)) for side in sides]
        columns = {column for table in tables for row in table for column in row}
        kinds = {column: all_kinds.get(f"{name}.{column}", "") for column in sorted(columns)}
        for row in alignment.rows(tables[0], tables[1], tables[2], kinds):
            places = zip(tables, (row.old, row.new, row.true), strict=True)
            a, b, c = ({} if at is None else table[at] for table, at in places)
            yield f"/{name}/{row.number}", (a, b, c)


def _table(value: Any) -> alignment.Table:
    return value if _is_table(value) else ()


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(row, Mapping) for row in value)


def _together(above: str, old: Payload, new: Payload, true: Payload) -> "Iterator[_Values]":
    sides = [dict(leaves(one, above)) for one in (old, new, true)]
    for pointer in dict.fromkeys(pointer for side in sides for pointer in side):
        a, b, c = (side.get(pointer) for side in sides)
        yield _Values(pointer=pointer, old=a, new=b, true=c)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    pointer: str
    old: Any
    new: Any
    true: Any


def _difference(values: _Values, schema: Mapping[str, Any], truth: Truth | None) -> Difference:
    spec = spec_of(schema, values.pointer)
    is_known = truth is not None and bool(spec_of(truth.schema, values.pointer))
    return Difference(
        pointer=values.pointer,
        kind=_change(values.old, values.new, spec),
        old=values.old,
        new=values.new,
        truth=values.true if is_known else None,
        was_right=is_alike(values.old, values.true, spec) if is_known else None,
        is_right=is_alike(values.new, values.true, spec) if is_known else None,
    )


def _change(old: Any, new: Any, spec: Mapping[str, Any]) -> Change:
    if old is None and new is None:
        return Change.MISSED
    if old is None:
        return Change.ADDED
    if new is None:
        return Change.LOST
    return Change.SAME if is_alike(old, new, spec) else Change.CHANGED


def is_alike(one: Any, other: Any, spec: Mapping[str, Any]) -> bool:
    """Equal; amounts by what they are worth, since "100" is no other amount than "100.00"."""
    if one == other:
        return True
    if spec.get("pattern") != schemas.AMOUNT_PATTERN or None in (one, other):
        return False
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False


def leaves(payload: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """JSON Pointer and value of all that is filled."""
    for name, value in payload.items():
        pointer = f"{above}/{name}"
        if isinstance(value, Mapping):
            yield from leaves(value, pointer)
        elif isinstance(value, list):
            yield from leaves({str(at): row for at, row in enumerate(value)}, pointer)
        elif value not in (None, ""):
            yield pointer, value


def spec_of(schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    """What a schema says of the value at a pointer; empty where it has no such field."""
    node: Mapping[str, Any] = schema
    for part in pointer.split("/")[1:]:
        below = node.get("items") if part.isdigit() else (node.get("properties") or {}).get(part)
        if not isinstance(below, Mapping):
            return {}
        node = below
    return node


def _place(pointer: str) -> list[tuple[bool, int, str]]:
    """Rows in the order of their numbers: 2 before 10."""
    return [
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pointer.split("/")
    ]


def counts(differences: Iterable[Difference]) -> dict[str, Tally]:
    """By field: "total_amount", "line_items.hsn_code"."""
    found: dict[str, Tally] = {}
    for one in differences:
        found[one.field] = found.get(one.field, Tally()).plus(tally_of(one))
    return found


def tally_of(one: Difference) -> Tally:
    return Tally(
        **{one.kind.value: 1},
        known=int(one.was_right is not None),
        right_before=int(bool(one.was_right)),
        right_after=int(bool(one.is_right)),
    )


def as_read(payload: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a document as they were before a person gave others."""
    values: dict[str, Any] = {}
    for pointer, value in leaves(payload):
        drafts.put(values, pointer, value)
    for pointer, found in evidence.items():
        if found["source"] == "person":
            drafts.put(values, pointer, (found.get("read") or {}).get("value"))
    return values
