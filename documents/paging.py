"""One screenful of a long list, found by where the one before it ended.

Rows are in the order of their ids, which are UUIDv7 and so tell when the row was made. Nothing
is counted and nothing skipped: the thousandth screenful costs what the first does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

ROWS = 50
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screenful(Generic[M]):
    """newer, older: for an address, as `newer=` or `older=`; "" where there is nothing more."""

    rows: Sequence[M]
    newer: str
    older: str


def screenful(
    rows: "QuerySet[Any, M]", *, newer: str = "", older: str = "", size: int = ROWS
) -> Screenful[M]:
    """The newest rows; with `newer` those just above that id, with `older` those below it. What
    is no id is ignored. One query."""
    above, below = id_of(newer), id_of(older)
    if above:
        found = list(rows.filter(pk__gt=above).order_by("pk")[: size + 1])
        if len(found) > size:
            return _of(found[:size][::-1], has_newer=True, has_older=True)
        # The top is shown whole, not only what is new of it.
        above = None
    bounded = rows.filter(pk__lt=below) if below else rows
    found = list(bounded.order_by("-pk")[: size + 1])
    return _of(found[:size], has_newer=bool(below), has_older=len(found) > size)


def _of(rows: Sequence[M], *, has_newer: bool, has_older: bool) -> Screenful[M]:
    return Screenful(
        rows=rows,
        newer=str(rows[0].pk) if rows and has_newer else "",
        older=str(rows[-1].pk) if rows and has_older else "",
    )


def id_of(text: str) -> UUID | None:
    """The id that an address has; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
