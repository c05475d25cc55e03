"""Adds up scored documents to the metrics of an evaluation; pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from documents import reliability
from ingestion.scoring import Paper, Value


@dataclass(slots=True)
class _Count:
    right: int = 0
    filled: int = 0
    asked: int = 0
    fuzzy: float = 0.0

    def add(self, value: Value) -> None:
        self.asked += bool(value.want)
        self.filled += bool(value.got)
        self.right += bool(value.want) and value.is_right
        self.fuzzy += value.fuzzy if value.want else 0.0

    def metrics(self, name: str) -> dict[str, float]:
        """Precision over what was filled, recall (`exact` is its older name) over what is
        true, F1 of both; fuzzy is the mean over what is true."""
        recall = self.right / max(1, self.asked)
        return {
            f"{name}.exact": recall,
            f"{name}.precision": self.right / max(1, self.filled),
            f"{name}.recall": recall,
            f"{name}.f1": 2 * self.right / max(1, self.asked + self.filled),
            f"{name}.fuzzy": self.fuzzy / max(1, self.asked),
        }


def metrics(papers: Sequence[Paper]) -> dict[str, float]:
    """The stable names of DESIGN section 7, and beside them those of cells and of what goes
    straight through.

    straight_through_error_rate: documents with any wrong value, cells included, among those
    that went straight through; straight_through_value_error_rate: wrong values among all that
    were filled in those. `..._at_most`: what the first hardly exceeds (95 %)."""
    values = [value for paper in papers for value in paper.values]
    counts = _counted(values, lambda value: value.field)
    result: dict[str, float] = {}
    for name, count in sorted(counts.items()):
        if count.asked:
            result |= count.metrics(name if "." in name else f"fields.{name}")
    whole = _counted(values, lambda value: "cells" if value.is_cell else "fields")
    result["mean_exact"] = whole["fields"].right / max(1, whole["fields"].asked)
    result["documents_exact"] = _share(papers, lambda paper: paper.is_exact)
    if "cells" in whole:
        cells = whole["cells"].metrics("line_items")
        names = ("precision", "recall", "f1", "fuzzy")
        result |= {f"line_items_{name}": cells[f"line_items.{name}"] for name in names}
        result["line_items_rows_exact"] = _rows_exact(papers)
        result["documents_and_items_exact"] = _share(
            papers, lambda paper: all(value.is_right for value in paper.values)
        )
    told = counts_of(papers)
    straight, accepted = told["straight_through"], told["accepted_values"]
    result["straight_through_rate"] = straight / max(1, told["documents"])
    result["straight_through_error_rate"] = told["straight_through_wrong"] / max(1, straight)
    result["straight_through_value_error_rate"] = told["accepted_wrong"] / max(1, accepted)
    result["straight_through_error_rate_at_most"] = reliability.at_most(
        told["straight_through_wrong"], straight
    )
    result["expected_calibration_error"] = reliability.calibration_error(bins_of(papers))
    return result


def counts_of(papers: Sequence[Paper]) -> dict[str, int]:
    """What the rates of `metrics` were made of."""
    straight = [paper for paper in papers if paper.is_straight_through]
    accepted = [value for paper in straight for value in paper.values if value.got]
    return {
        "documents": len(papers),
        "values": sum(bool(value.want) for paper in papers for value in paper.values),
        "straight_through": len(straight),
        "straight_through_wrong": sum(any(v.is_wrong for v in p.values) for p in straight),
        "accepted_values": len(accepted),
        "accepted_wrong": sum(value.is_wrong for value in accepted),
    }


def by_field(papers: Sequence[Paper]) -> dict[str, dict[str, int]]:
    """How many values of each field are true, were filled, and are right."""
    counts = _counted((v for paper in papers for v in paper.values), lambda value: value.field)
    return {
        name: {"true": count.asked, "filled": count.filled, "right": count.right}
        for name, count in sorted(counts.items())
    }


def bins_of(papers: Sequence[Paper]) -> list[reliability.Bin]:
    """Confidence against truth, over all values that were read; candidates included."""
    return reliability.binned(
        (value.confidence, value.read == value.want)
        for paper in papers
        for value in paper.values
        if value.read and value.confidence is not None
    )


def _counted(values: Iterable[Value], key: Callable[[Value], str]) -> dict[str, _Count]:
    counts: dict[str, _Count] = defaultdict(_Count)
    for value in values:
        counts[key(value)].add(value)
    return counts


def _share(papers: Sequence[Paper], holds: Callable[[Paper], bool]) -> float:
    return sum(holds(paper) for paper in papers) / max(1, len(papers))


def _rows_exact(papers: Sequence[Paper]) -> float:
    """Rows of the truth of which every cell is right."""
    rows: dict[tuple[str, str], bool] = {}
    for paper in papers:
        for value in paper.values:
            row = value.pointer.rpartition("/")[0]
            if value.is_cell and "/+" not in row:
                rows[paper.key, row] = rows.get((paper.key, row), True) and value.is_right
    return sum(rows.values()) / max(1, len(rows))
