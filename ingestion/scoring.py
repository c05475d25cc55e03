"""How a reading is scored against the truth; pure.

Words: `word_f1` is 2 |A and B| / (|A| + |B|) on the multiset of `[A-Za-z0-9.,/%$-]+` in lower
case; `cer` the Levenshtein distance over the length of the truth, white space folded. Values:
a text is exact after NFKC, case folding and dropping all but letters and digits; dates and
amounts are compared by value; fuzzy is rapidfuzz's ratio / 100 of the same.

Only what the truth names is scored: a field that it names, and of a table the columns that
any of its rows names. A value that the truth names as empty and that was filled is wrong.
Rows of tables are paired so that the most cells are right, then so that the rows are most
alike; what is left over on either side stands alone.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from documents import fields, reliability
from ingestion import assignment

_WORD = re.compile(r"[A-Za-z0-9.,/%$-]+")
_DATES = ("_date", "valid_until")
_AMOUNTS = ("_amount", "unit_price", "quantity", "discount", "tax_rate", "round_off", "_value")
_TABLES = ("line_items", "items")


def word_f1(truth: str, text: str) -> float:
    expected = Counter(_WORD.findall(truth.lower()))
    found = Counter(_WORD.findall(text.lower()))
    both = expected.total() + found.total()
    return 2 * (expected & found).total() / both if both else 1.0


def cer(truth: str, text: str) -> float:
    """Characters wrong per character of the truth; may exceed 1."""
    expected, found = (" ".join(t.split()) for t in (truth, text))
    return Levenshtein.distance(expected, found) / max(1, len(expected))


def normal(name: str, value: object) -> str:
    """A value of the field `name` in the form in which it is compared; "" for none."""
    if value is None:
        return ""
    text = str(value)
    if name.endswith(_DATES):
        found = fields.parse_date(text)
        return found.value if found else _folded(text)
    if name.endswith(_AMOUNTS):
        amount = fields.parse_amount(text)
        number = fields.normalise_amount(amount or text)
        return f"{number.normalize():f}" if number is not None else _folded(text)
    return _folded(text)


def _folded(text: str) -> str:
    kept = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in kept if c.isalnum())


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value that the truth names, beside what was found for it.

    pointer: "/name", "/table/row/column" by the row of the truth, "/table/+n/column" in the
    n-th row that the truth does not have. field: "name" or "table.column". want, got and read
    are in the form that is compared. read: what stood in the document or, where that was too
    doubtful to stand, its candidate; confidence, 0..1, is that of `read`; None without one."""

    pointer: str
    field: str
    truth: Any
    found: Any
    want: str
    got: str
    read: str
    confidence: float | None

    @property
    def is_right(self) -> bool:
        return self.want == self.got

    @property
    def is_wrong(self) -> bool:
        """Filled, and not with what is true; an empty value is no wrong one."""
        return bool(self.got) and self.want != self.got

    @property
    def is_cell(self) -> bool:
        return "." in self.field

    @property
    def fuzzy(self) -> float:
        return fuzz.ratio(self.want, self.got) / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One document of the truth, scored. key: its file, and its pages where a file has many."""

    key: str
    file: str
    is_straight_through: bool
    values: Sequence[Value]

    @property
    def is_exact(self) -> bool:
        """All fields beside the tables are right."""
        return all(value.is_right for value in self.values if not value.is_cell)


def score(truth: Row, payload: Row, evidence: Mapping[str, Row]) -> list[Value]:
    """The values that `truth` names. evidence: as `documents.models.Document.evidence`."""
    values: list[Value] = []
    for name, expected in truth.items():
        if name in _TABLES:
            values += _cells(name, expected or [], payload.get(name) or [], evidence)
        else:
            pointer = f"/{name}"
            values.append(_value(pointer, name, expected, payload.get(name), evidence.get(pointer)))
    return values


def _value(pointer: str, name: str, expected: Any, found: Any, proof: Row | None) -> Value:
    column = name.rpartition(".")[2]
    read = found if found is not None or proof is None else proof.get("candidate")
    return Value(
        pointer=pointer,
        field=name,
        truth=expected,
        found=found,
        want=normal(column, expected),
        got=normal(column, found),
        read=normal(column, read),
        confidence=None if proof is None else float(proof["confidence"]),
    )


def _cells(
    name: str, truth: Sequence[Row], found: Sequence[Row], evidence: Mapping[str, Row]
) -> Iterator[Value]:
    """Cells of a table; a truth without rows says of every cell that it should not be there."""
    columns = list(dict.fromkeys(column for row in truth or found for column in row))
    place = dict(_paired(truth, found, columns))
    extra = [at for at in range(len(found)) if at not in place.values()]
    rows = [(str(number), row, place.get(number)) for number, row in enumerate(truth)]
    rows += [(f"+{number}", {}, at) for number, at in enumerate(extra)]
    for mark, row, at in rows:
        for column in columns:
            yield _value(
                f"/{name}/{mark}/{column}",
                f"{name}.{column}",
                row.get(column),
                None if at is None else found[at].get(column),
                evidence.get(f"/{name}/{at}/{column}"),
            )


def _paired(
    truth: Sequence[Row], found: Sequence[Row], columns: Sequence[str]
) -> list[tuple[int, int]]:
    """Which row of the truth is which that was found: most right cells, then most alike."""
    if not truth or not found:
        return []
    wanted, got = (
        [[normal(column, row.get(column)) for column in columns] for row in rows]
        for rows in (truth, found)
    )
    a, b = np.array(wanted, dtype=object), np.array(got, dtype=object)
    same = ((a[:, None, :] == b[None, :, :]) & (a != "")[:, None, :]).sum(axis=2)
    alike = process.cdist(
        [" ".join(row) for row in wanted], [" ".join(row) for row in got], scorer=fuzz.ratio
    )
    # All rows together are less alike than one right cell weighs.
    most = 100 * min(a.shape[0], b.shape[0]) + 1
    return assignment.assign(same.astype(np.int64) * most + alike.astype(np.int64))


# -- adding up ------------------------------------------------------------------------------


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
