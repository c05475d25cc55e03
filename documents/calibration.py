"""What a reading's score is worth: the share of readings like it that turned out right.

An engine's own confidence does not carry over from one kind of paper to another. So scores
are held against what became of earlier values: for every group of readings (field, source,
basis) a curve that never falls with the score, fitted by pooling adjacent violators (Ayer et
al. 1955, "An empirical distribution function for sampling with incomplete information").
Every share is pulled towards a half as if one more had been right and one wrong (Laplace's
rule of succession), so that few values never look like certainty.

Pure; which curves are in force is `active`, the one function that asks the database.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

ANY = "*"
# A group with fewer values asks a wider one.
LEAST_VALUES = 30
_FOLDER = Path(__file__).parent / "curves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A reading whose truth is known. field: "total_amount", "line_items.hsn_code"; basis: see
    `documents.trust.basis_of`; score: the engine's own confidence, 0..1."""

    field: str
    source: str
    basis: str
    score: float
    is_right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """confidence: 0..1; right of values: how many readings like it were right, 0 of 0 where
    none like it are known."""

    confidence: float
    right: int = 0
    values: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Readings with a score of at least `score` (and below the next step's)."""

    score: float
    right: int
    values: int

    @property
    def share(self) -> float:
        return (self.right + 1) / (self.values + 2)


class Curves:
    """The curves of one document type, by group; wider groups stand in for small ones."""

    def __init__(self, groups: Mapping[str, Sequence[Step]]) -> None:
        self._groups = {name: tuple(steps) for name, steps in groups.items()}

    def worth(self, *, field: str, source: str, basis: str, score: float) -> Worth:
        """The confidence of a reading: its step's share, and what that was made of.

        A score below all that were ever judged is worth less than the lowest of them, in
        proportion: that all good readings were right says nothing of worse ones."""
        lowest: Step | None = None
        for name in _names(field, source, basis):
            steps = self._groups.get(name)
            if not steps:
                continue
            at = bisect_right([step.score for step in steps], score) - 1
            if at >= 0:
                share = min(steps[at].share, lowest.share if lowest else 1.0)
                return Worth(
                    confidence=round(share, 4), right=steps[at].right, values=steps[at].values
                )
            lowest = lowest or steps[0]
        if lowest is not None:
            return Worth(confidence=round(lowest.share * score / lowest.score, 4))
        return Worth(confidence=score)

    def knows(self, *, source: str, basis: str) -> bool:
        """Whether enough readings of a source with this basis were judged to have a curve."""
        return f"{ANY} {source} {basis}" in self._groups

    def over(self, wider: "Curves") -> "Curves":
        """These curves, with those of `wider` for groups that have none here."""
        return Curves({**wider._groups, **self._groups})

    def as_json(self) -> dict[str, list[list[float]]]:
        """Group -> [[score, right, values], ...], scores ascending."""
        return {
            name: [[step.score, step.right, step.values] for step in steps]
            for name, steps in sorted(self._groups.items())
        }

    @classmethod
    def from_json(cls, groups: Mapping[str, Any]) -> Self:
        """ValueError for anything that `as_json` does not give."""
        try:
            return cls(
                {
                    str(name): [
                        Step(score=float(score), right=int(right), values=int(values))
                        for score, right, values in steps
                    ]
                    for name, steps in groups.items()
                }
            )
        except (TypeError, AttributeError, ValueError) as error:
            raise ValueError("these are no calibration curves") from error


NONE = Curves({})


def fit(samples: Iterable[Sample]) -> Curves:
    """Curves for every group of samples that is large enough."""
    groups: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for sample in samples:
        for name in _names(sample.field, sample.source, sample.basis):
            groups[name].append((sample.score, sample.is_right))
    return Curves(
        {name: pooled(found) for name, found in groups.items() if len(found) >= LEAST_VALUES}
    )


def pooled(found: Iterable[tuple[float, bool]]) -> list[Step]:
    """(score, is right) as steps of which each has a greater share of right ones than the one
    before: neighbours that break the order are pooled."""
    counts: dict[float, list[int]] = {}
    for score, is_right in found:
        count = counts.setdefault(round(score, 3), [0, 0])
        count[0] += is_right
        count[1] += 1
    steps: list[Step] = []
    for score, (right, values) in sorted(counts.items()):
        step = Step(score=score, right=right, values=values)
        while steps and _mean(steps[-1]) >= _mean(step):
            last = steps.pop()
            step = Step(
                score=last.score, right=last.right + step.right, values=last.values + step.values
            )
        steps.append(step)
    return _thick(steps)


def _thick(steps: Sequence[Step]) -> list[Step]:
    """Steps of at least LEAST_VALUES values: a handful of lucky readings at one score make no
    step of their own. The lucky join the step below them."""
    made: list[Step] = []
    for step in steps:
        thin = made and (made[-1].values < LEAST_VALUES or step.values < LEAST_VALUES)
        if thin:
            last = made.pop()
            step = Step(
                score=last.score, right=last.right + step.right, values=last.values + step.values
            )
        made.append(step)
    return made


def _mean(step: Step) -> float:
    return step.right / step.values


def _names(field: str, source: str, basis: str) -> tuple[str, ...]:
    """The groups of a reading, narrowest first."""
    return (
        f"{field} {source} {basis}",
        f"{field} {source} {ANY}",
        f"{ANY} {source} {basis}",
        f"{ANY} {source} {ANY}",
    )


@cache
def shipped(type_slug: str) -> Curves:
    """The curves that come with Docket; none for types of the operator's own."""
    path = _FOLDER / f"{type_slug}.json"
    if not path.is_file():
        return NONE
    return Curves.from_json(json.loads(path.read_text(encoding="utf-8"))["curves"])


def active(type_slug: str) -> Curves:
    """The curves in force: the newest that were switched on here, else the shipped ones."""
    from documents.models import Calibration

    own = Calibration.objects.filter(type_slug=type_slug, is_active=True).first()
    return Curves.from_json(own.curves) if own is not None else shipped(type_slug)
