"""Two runs of `manage.py evaluate` over the same folder, document by document; pure.

A value is better when its score rose: of fields and types from wrong to right, of texts and
questions by more than SAME. A document is better when the scores of its values rose together.
A value that only one run names is a cell of a row that the truth does not have: where it is
absent there is nothing wrong."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from documents.errors import SenderError
from documents.reliability import sign_test
from ingestion.runs import Run

SAME = 0.0005
_ABSENT: Mapping[str, Any] = {"score": 1.0, "truth": None, "found": None}


class OtherDataset(SenderError):
    """The runs were made over different folders, or over files that have changed since."""

    code = "other_dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A value that another run found otherwise. verdict: better, worse, or other: found
    otherwise and neither. name: a JSON Pointer, "page 2", "word_f1", "hybrid_ndcg_10"."""

    name: str
    verdict: str
    truth: Any
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A document with values that changed. verdict: better, worse or same."""

    document: str
    verdict: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """documents: all that were compared; moved: those in which something changed."""

    documents: int
    moved: tuple[Moved, ...]
    metrics: Mapping[str, tuple[float | None, float | None]]

    def counts(self) -> dict[str, Any]:
        """How many documents got better, worse, stayed; p_value is that of the sign test."""
        told = Counter(one.verdict for one in self.moved)
        better, worse = told["better"], told["worse"]
        return {
            "better": better,
            "worse": worse,
            "same": self.documents - better - worse,
            "p_value": round(sign_test(better, worse), 4),
        }

    def by_field(self) -> dict[str, dict[str, int]]:
        """Values that got better and worse, by field; the rows of a table together."""
        told: dict[str, dict[str, int]] = {}
        for change in (change for one in self.moved for change in one.changes):
            of = told.setdefault(field_of(change.name), {"better": 0, "worse": 0, "other": 0})
            of[change.verdict] += 1
        return dict(sorted(told.items()))

    def as_json(self) -> dict[str, Any]:
        return {
            "documents": self.counts(),
            "values": self.by_field(),
            "metrics": {name: list(pair) for name, pair in self.metrics.items()},
            "changes": [asdict(one) for one in self.moved],
        }


def check_same(run: Run, *, kind: str, fingerprint: str) -> None:
    """Raises OtherDataset."""
    if run["kind"] != kind:
        raise OtherDataset(f"The other run scored {run['kind']}, this one {kind}.")
    if run["fingerprint"] != fingerprint:
        raise OtherDataset(
            "The other run was made over another folder, or its files or its truth have changed "
            "since: make both runs over the same."
        )


def compare(before: Run, after: Run) -> Comparison:
    """Raises OtherDataset where the runs are not of the same folder and kind."""
    check_same(before, kind=after["kind"], fingerprint=after["fingerprint"])
    old = {one["document"]: one["values"] for one in before["documents"]}
    new = {one["document"]: one["values"] for one in after["documents"]}
    if old.keys() != new.keys():
        raise OtherDataset("The runs do not hold the same documents.")
    moved = [_moved(name, old[name], new[name]) for name in new]
    return Comparison(
        documents=len(new),
        moved=tuple(one for one in moved if one.changes),
        metrics=dict(_metrics(before["metrics"], after["metrics"])),
    )


def field_of(name: str) -> str:
    """ "/line_items/2/unit" -> "line_items.unit", "page 2" -> "page"."""
    parts = [part for part in name.strip("/").split("/") if not part.lstrip("+").isdigit()]
    return ".".join(parts).partition(" ")[0]


def _moved(document: str, old: Run, new: Run) -> Moved:
    changes = tuple(_changes(old, new))
    names = dict.fromkeys([*old, *new])
    rise = sum(_of(new, name)["score"] - _of(old, name)["score"] for name in names)
    return Moved(document=document, verdict=_verdict(rise, "same"), changes=changes)


def _changes(old: Run, new: Run) -> Iterator[Change]:
    for name in dict.fromkeys([*old, *new]):
        one, other = _of(old, name), _of(new, name)
        verdict = _verdict(other["score"] - one["score"], "other")
        if verdict == "other" and (one["score"] > 1 - SAME or one["found"] == other["found"]):
            continue
        yield Change(
            name=name,
            verdict=verdict,
            truth=(new.get(name) or one)["truth"],
            before=one["found"],
            after=other["found"],
        )


def _of(values: Run, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = values.get(name, _ABSENT)
    return found


def _verdict(rise: float, otherwise: str) -> str:
    if abs(rise) <= SAME:
        return otherwise
    return "better" if rise > 0 else "worse"


def _metrics(
    old: Mapping[str, float], new: Mapping[str, float]
) -> Iterator[tuple[str, tuple[float | None, float | None]]]:
    """Those that differ, in the order in which they are told."""
    for name in dict.fromkeys([*new, *old]):
        pair = (old.get(name), new.get(name))
        if pair[0] != pair[1]:
            yield name, pair
