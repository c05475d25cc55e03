"""What a person enters into the values of a document, and what becomes of them. Pure.

The same code serves a save and the checks that run while somebody types.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from documents import drafts


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands. page: 1.. of the upload; box: left, top, right, bottom in pixels of
    that page's image."""

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What comes with entered values. places: JSON Pointer -> where the person found it;
    accepted: pointers of values that they looked at and left; removed: rows that go
    ("/line_items/2")."""

    places: Mapping[str, Place] = field(default_factory=lambda: MappingProxyType({}))
    accepted: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    pointer: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Payload and evidence as they are after an edit, and every value that changed. moved: where
    rows of a table that lost some are now ("/items/2" -> "/items/1")."""

    payload: dict[str, Any]
    evidence: dict[str, Any]
    changes: tuple[Change, ...]
    moved: Mapping[str, str]


def apply(
    payload: Mapping[str, Any],
    evidence: Mapping[str, Any],
    values: Mapping[str, Any],
    marks: Marks = NO_MARKS,
) -> Edited:
    """Enter `values` (JSON Pointer -> value, "" for none) and `marks`; the arguments stay as
    they are. ValueError for a pointer that names no field."""
    new_payload: dict[str, Any] = deepcopy(dict(payload))
    new_evidence: dict[str, Any] = {pointer: dict(found) for pointer, found in evidence.items()}
    changes = []
    names = _without_gaps(payload, values)
    for pointer, value in values.items():
        place = marks.places.get(pointer)
        if pointer.rpartition("/")[0] in marks.removed:
            continue
        new, pointer = None if value == "" else value, names.get(pointer, pointer)
        old = drafts.get(new_payload, pointer)
        if new != old:
            drafts.put(new_payload, pointer, new)
            new_evidence[pointer] = drafts.entered(new_evidence.get(pointer), old)
            changes.append(Change(pointer=pointer, old=old, new=new))
        if place is not None and new is not None:
            found = new_evidence.setdefault(pointer, drafts.entered(None, old))
            found |= {"page": place.page, "box": list(place.box)}
    for pointer in marks.accepted & new_evidence.keys():
        found = new_evidence[pointer]
        if found["source"] != "person" and drafts.get(new_payload, pointer) is not None:
            found["accepted"] = True
    gone = {row for row in marks.removed if isinstance(drafts.get(payload, row), Mapping)}
    for pointer, found in new_evidence.items():
        if pointer.rpartition("/")[0] in gone:
            left = drafts.entered(found, drafts.get(payload, pointer))
            new_evidence[pointer] = {**left, "page": 0}
    moved = _take_rows(new_payload, gone)
    now = [replace(change, pointer=moved_to(change.pointer, moved)) for change in changes]
    return Edited(
        payload=new_payload,
        evidence={moved_to(pointer, moved): found for pointer, found in new_evidence.items()},
        changes=(*now, *_emptied(payload, gone)),
        moved=moved,
    )


def _without_gaps(payload: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """New rows moved up over those that were left empty: old pointer -> new pointer."""
    filled: dict[str, set[int]] = {}
    for pointer, value in values.items():
        parts = pointer.split("/")
        if len(parts) == 4 and parts[2].isdigit() and value not in ("", None):
            filled.setdefault(parts[1], set()).add(int(parts[2]))
    moved: dict[str, str] = {}
    for name, numbers in filled.items():
        stored = len(rows) if isinstance(rows := payload.get(name), list) else 0
        added = sorted(number for number in numbers if number >= stored)
        moved |= {f"/{name}/{old}": f"/{name}/{stored + at}" for at, old in enumerate(added)}
    return {
        pointer: f"{moved[row]}/{column}"
        for pointer in values
        for row, _, column in [pointer.rpartition("/")]
        if row in moved
    }


def _emptied(payload: Mapping[str, Any], gone: Iterable[str]) -> list[Change]:
    return [
        Change(pointer=f"{row}/{column}", old=old, new=None)
        for row in sorted(gone)
        for column, old in drafts.get(payload, row).items()
        if old is not None
    ]


def _take_rows(payload: dict[str, Any], gone: Iterable[str]) -> dict[str, str]:
    """Take rows out of `payload`: where each row is now. What was read in one that is gone moves
    behind the last row, where the accuracy of the reading still finds it."""
    moved: dict[str, str] = {}
    for name in {row.split("/")[1] for row in gone}:
        rows = payload[name]
        kept = [at for at in range(len(rows)) if f"/{name}/{at}" not in gone]
        out = [at for at in range(len(rows)) if f"/{name}/{at}" in gone]
        payload[name] = [rows[at] for at in kept]
        moved |= {f"/{name}/{old}": f"/{name}/{new}" for new, old in enumerate([*kept, *out])}
    return moved


def moved_to(pointer: str, rows: Mapping[str, str]) -> str:
    row, _, column = pointer.rpartition("/")
    return f"{rows[row]}/{column}" if row in rows else pointer
