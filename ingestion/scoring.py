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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from documents import fields
from ingestion import assignment

_WORD = re.compile(r"[A-Za-z0-9.,/%$-]+")
_DATES = ("_date", "valid_until")
_TIMES = ("_at",)
_AMOUNTS = (
    "_amount",
    "unit_price",
    "quantity",
    "discount",
    "tax_rate",
    "round_off",
    "_value",
    "_km",
)
_TABLES = ("line_items", "items")
Row = Mapping[str, Any]


def word_f1(truth: str, text: str) -> float:
    expected = Counter(_WORD.findall(truth.lower()))
    found = Counter(_WORD.findall(text.lower()))
    both = expected.total() + found.total()
    return 2 * (expected & found).total() / both if both else 1.0


def cer(truth: str, text: str) -> float:
    """Characters wrong per character of the truth; may exceed 1."""
    expected, found = (" ".join(t.split()) for t in (truth, text))
    return Levenshtein.distance(expected, found) / max(1, len(expected))


def normal(name: str, value: object, kind: str = "") -> str:
    """A value of the field `name` in the form in which it is compared; "" for none.

    kind: date, time, amount or text; by the field's name where it is not told."""
    if value is None:
        return ""
    text = str(value)
    match kind or _kind_by_name(name):
        case "date":
            found = fields.parse_date(text)
            return found.value if found else _folded(text)
        case "time":
            return fields.parse_timestamp(text) or _folded(text)
        case "amount":
            number = fields.normalise_amount(fields.parse_amount(text) or text)
            return f"{number.normalize():f}" if number is not None else _folded(text)
        case _:
            return _folded(text)


def _kind_by_name(name: str) -> str:
    for kind, ends in (("date", _DATES), ("time", _TIMES), ("amount", _AMOUNTS)):
        if name.endswith(ends):
            return kind
    return "text"


def kinds_of(schema: Row) -> dict[str, str]:
    """The kind of each field ("name") and column ("table.column") that a type's schema tells
    of."""
    kinds: dict[str, str] = {}
    for name, spec in (schema.get("properties") or {}).items():
        columns = (spec.get("items") or {}).get("properties") or {}
        kinds |= {f"{name}.{column}": _kind_by_schema(of) for column, of in columns.items()}
        kinds[name] = _kind_by_schema(spec)
    return kinds


def _kind_by_schema(spec: Row) -> str:
    pattern = str(spec.get("pattern") or "")
    if spec.get("format") == "date":
        return "date"
    if "T[0-9]" in pattern:
        return "time"
    is_number = {"integer", "number"} & {
        *([t] if isinstance(t := spec.get("type"), str) else t or ())
    }
    return "amount" if is_number or pattern.startswith("^-?[0-9]") else "text"


def _folded(text: str) -> str:
    kept = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in kept if c.isalnum())


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


def score(
    truth: Row, payload: Row, evidence: Mapping[str, Row], schema: Row | None = None
) -> list[Value]:
    """The values that `truth` names. evidence: as `documents.models.Document.evidence`;
    schema: that of the document, which says what is a date and what an amount."""
    kinds = kinds_of(schema or {})
    values: list[Value] = []
    for name, expected in truth.items():
        if name in _TABLES or isinstance(expected, list):
            values += _cells(name, expected or [], payload.get(name) or [], evidence, kinds)
        else:
            proof = evidence.get(f"/{name}")
            values.append(_value(f"/{name}", name, expected, payload.get(name), proof, kinds))
    return values


def _value(
    pointer: str, name: str, expected: Any, found: Any, proof: Row | None, kinds: Mapping[str, str]
) -> Value:
    read = found if found is not None or proof is None else proof.get("candidate")
    column, kind = name.rpartition(".")[2], kinds.get(name, "")
    return Value(
        pointer=pointer,
        field=name,
        truth=expected,
        found=found,
        want=normal(column, expected, kind),
        got=normal(column, found, kind),
        read=normal(column, read, kind),
        confidence=None if proof is None else float(proof["confidence"]),
    )


def _cells(
    name: str,
    truth: Sequence[Row],
    found: Sequence[Row],
    evidence: Mapping[str, Row],
    kinds: Mapping[str, str],
) -> Iterator[Value]:
    """Cells of a table; a truth without rows says of every cell that it should not be there."""
    columns = list(dict.fromkeys(column for row in truth or found for column in row))
    of_columns = {column: kinds.get(f"{name}.{column}", "") for column in columns}
    place = dict(paired(truth, found, of_columns))
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
                kinds,
            )


def paired(
    truth: Sequence[Row], found: Sequence[Row], columns: Mapping[str, str]
) -> list[tuple[int, int]]:
    """Which row of the truth is which that was found: most right cells, then most alike; rows
    that share no letter are not paired.

    columns: name -> kind."""
    if not truth or not found:
        return []
    wanted, got = (
        [[normal(name, row.get(name), kind) for name, kind in columns.items()] for row in rows]
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
