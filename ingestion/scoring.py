"""How a reading is scored against the truth; pure.

Words: `word_f1` is 2 |A and B| / (|A| + |B|) on the multiset of `[A-Za-z0-9.,/%$-]+` in lower
case; `cer` the Levenshtein distance over the length of the truth, white space folded. Values:
a text is exact after NFKC, case folding and dropping all but letters and digits; dates and
amounts are compared by value; fuzzy is rapidfuzz's ratio / 100 of the same.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from documents import fields

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


@dataclass(slots=True)
class _Count:
    right: int = 0
    filled: int = 0
    asked: int = 0
    fuzzy: float = 0.0


@dataclass(slots=True)
class FieldScore:
    """Adds up documents; `metrics` gives the stable names of the design."""

    counts: dict[str, _Count] = field(default_factory=lambda: defaultdict(_Count))
    cells: _Count = field(default_factory=_Count)
    has_tables: bool = False
    documents: int = 0
    exact_documents: int = 0
    straight: int = 0
    straight_wrong: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        file: str,
        truth: Mapping[str, Any],
        payload: Mapping[str, Any],
        *,
        is_straight_through: bool,
    ) -> None:
        """One document: only the fields that `truth` names are scored."""
        wrong = []
        has_wrong_value = False
        for name, expected in truth.items():
            if name in _TABLES:
                self._add_rows(expected or [], payload.get(name) or [])
                continue
            want, got = normal(name, expected), normal(name, payload.get(name))
            count = self.counts[name]
            count.asked += bool(want)
            count.filled += bool(got)
            count.right += bool(want) and want == got
            count.fuzzy += fuzz.ratio(want, got) / 100 if want else 0.0
            if want != got:
                wrong.append({"file": file, "field": name, "truth": expected})
                wrong[-1]["found"] = payload.get(name)
                has_wrong_value |= bool(got)
        self.documents += 1
        self.exact_documents += not wrong
        self.straight += is_straight_through
        self.straight_wrong += is_straight_through and has_wrong_value
        self.errors += wrong

    def _add_rows(self, truth: Sequence[Any], found: Sequence[Any]) -> None:
        self.has_tables = True
        free = list(found)
        for row in truth:
            same, at = max(
                ((_same_cells(row, other), at) for at, other in enumerate(free)), default=(0, -1)
            )
            self.cells.right += same
            if same:
                del free[at]
        for rows, attribute in ((truth, "asked"), (found, "filled")):
            cells = sum(bool(normal(k, v)) for row in rows for k, v in row.items())
            setattr(self.cells, attribute, getattr(self.cells, attribute) + cells)

    def metrics(self) -> dict[str, float]:
        """`fields.<name>.{exact,precision,f1,fuzzy}`; `mean_exact` over all true values."""
        result: dict[str, float] = {}
        for name, count in sorted(self.counts.items()):
            if not count.asked:
                continue
            result[f"fields.{name}.exact"] = count.right / count.asked
            result[f"fields.{name}.precision"] = count.right / max(1, count.filled)
            result[f"fields.{name}.f1"] = 2 * count.right / max(1, count.asked + count.filled)
            result[f"fields.{name}.fuzzy"] = count.fuzzy / count.asked
        asked = sum(count.asked for count in self.counts.values())
        result["mean_exact"] = sum(c.right for c in self.counts.values()) / max(1, asked)
        result["documents_exact"] = self.exact_documents / max(1, self.documents)
        if self.has_tables:
            cells = self.cells.asked + self.cells.filled
            result["line_items_f1"] = 2 * self.cells.right / max(1, cells)
        result["straight_through_rate"] = self.straight / max(1, self.documents)
        result["straight_through_error_rate"] = self.straight_wrong / max(1, self.straight)
        return result


def _same_cells(row: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    return sum(
        bool(normal(name, value)) and normal(name, value) == normal(name, other.get(name))
        for name, value in row.items()
    )
