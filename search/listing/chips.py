"""The filters of a list as chips: each says what it is, leads to the list without it, and to the
field of the form that changes it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from search.listing import table
from search.listing.filters import Filters
from search.listing.form import AMOUNTS, PERIODS, as_query

# What goes together, by the field of the form that changes it.
_PARTS = (
    ("type", ("type",)),
    ("supplier", ("suppliers", "supplier_text")),
    ("recipient", ("recipients", "recipient_text")),
    *((name, (name,)) for name in ("number", "ewb_number", "gstin", "vehicle", "currency")),
)
_LAST_PARTS = (("status", ("status",)), ("order", ("order", "limit")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """field: of the form; without: what the address says without this filter, "" where the form
    has no room for it, so that it cannot be taken away."""

    name: str
    value: str
    field: str
    without: str


def removable(filters: Filters, types: Mapping[str, str]) -> list[Chip]:
    """In the order of `table.chips`; types: slug -> name."""
    told = table.chips(filters, types)
    parts = list(_parts(filters))
    return [
        Chip(
            name=name,
            value=value,
            field=field,
            without=urlencode({"changed": "1", **as_query(rest)}) if rest is not None else "",
        )
        for (name, value), (field, rest) in zip(told, parts, strict=True)
    ]


def _parts(filters: Filters) -> Iterator[tuple[str, Filters | None]]:
    """For each filter that is set the field of the form and the filters without it."""
    empty = Filters()
    yield from _plain(_PARTS, filters, empty)
    for kind, room in (("amount", AMOUNTS), ("period", PERIODS)):
        held: tuple[Any, ...] = getattr(filters, f"{kind}s")
        for at in range(len(held)):
            # Those beyond the form's room are kept whatever it says.
            rest: Any = {f"{kind}s": (*held[:at], *held[at + 1 :])}
            field = f"{kind}_{at}_{'value' if kind == 'amount' else 'first'}"
            yield field, replace(filters, **rest) if len(held) <= room else None
    yield from _plain(_LAST_PARTS, filters, empty)


def _plain(
    parts: tuple[tuple[str, tuple[str, ...]], ...], filters: Filters, empty: Filters
) -> Iterator[tuple[str, Filters | None]]:
    for field, names in parts:
        bare: Any = {name: getattr(empty, name) for name in names}
        if any(getattr(filters, name) != value for name, value in bare.items()):
            yield field, replace(filters, **bare)
