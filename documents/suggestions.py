"""What else a doubtful value may be: runners-up of the reading, and repairs that its checks pass.

Pure. A repair changes one character. It is offered, never made: more than one may fit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from documents import drafts, field_checks, fields, trust
from documents.checks import Check

MOST = 3
"""So many are offered for one value; more are a list to read, no help."""

_CONFUSED = ("0OQD", "1IL7", "2Z7", "5S6", "8B3", "6G8", "4A", "9G4", "VY", "UV", "MN", "CG", "EF")
_CAPITALS_AND_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
# Checks that a value with one wrong character fails and hardly any other one passes.
_TELLING = trust.SUMS | {"gstin_checksum", "irn_matches", "vehicle_format", "ewb_number_format"}

_OF_ROWS = frozenset({"lines_add_up", "value_adds_up"})
_MOST_ROWS = 60
"""Each try makes all checks of the rows again, and a person waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A value to take, and why, to be read after it: "1180.00: another reading"."""

    value: str
    why: str


def repairs(
    type_slug: str,
    schema: Mapping[str, Any],
    payload: Mapping[str, Any],
    pointer: str,
    findings: Sequence[Check],
) -> tuple[Suggestion, ...]:
    """Values one character away from the one at `pointer` that pass a check which it fails.

    pointer: of a field beside the tables; findings: all checks of `payload`. A value that makes
    another check fail is left out."""
    value = drafts.get(payload, pointer)
    own = {f.code for f in findings if not f.passed and pointer in f.fields} & _TELLING
    if not own or not isinstance(value, str):
        return ()
    needed = payload if own & _OF_ROWS else _without_tables(payload)
    if sum(len(rows) for rows in needed.values() if isinstance(rows, list)) > _MOST_ROWS:
        return ()
    failing = _failing(findings)

    def cured() -> Iterator[Suggestion]:
        for variant in _variants(value, own):
            tried = {**needed, pointer.strip("/"): variant}
            made = field_checks.run(type_slug, schema, tried)
            passed = [c for c in made if c.passed and c.code in own and pointer in c.fields]
            if passed and _failing(made) <= failing:
                yield Suggestion(value=variant, why="one character away, passes the check")

    return tuple(islice(cured(), MOST))


def _without_tables(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in payload.items() if not isinstance(value, list)}


def _failing(findings: Iterable[Check]) -> set[tuple[str, tuple[str, ...]]]:
    return {(check.code, check.fields) for check in findings if not check.passed}


def _variants(value: str, own: set[str]) -> Iterator[str]:
    """Texts one character away, those that an OCR engine confuses first."""
    is_amount = fields.normalise_amount(value) is not None and not own - trust.SUMS
    alphabet = _DIGITS if is_amount or value.isdigit() else _CAPITALS_AND_DIGITS
    likely: list[str] = []
    rest: list[str] = []
    for at, char in enumerate(value):
        if char.upper() not in alphabet:
            continue
        twins = {twin for group in _CONFUSED if char.upper() in group for twin in group}
        for other in alphabet:
            if other != char.upper():
                made = f"{value[:at]}{other}{value[at + 1 :]}"
                (likely if other in twins else rest).append(made)
    if is_amount and "." not in value and len(value) > 2:
        likely.append(f"{value[:-2]}.{value[-2:]}")
    # Of the rest of a text many would fit by chance; a digit in an amount is told by its sum.
    yield from likely
    if is_amount or own & {"gstin_checksum"}:
        yield from rest
