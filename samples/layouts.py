"""What every layout is: a way to draw one kind of paper, and which of its fields it prints."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from samples.sheet import Look, Sheet

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Generic[P]):
    """`columns` are the line fields that it prints, `hides` the fields that it does not."""

    name: str
    draw: Callable[[Sheet, Look, P], None]
    columns: tuple[str, ...] = ()
    hides: frozenset[str] = frozenset()
