"""What two texts differ in, line by line, readable without colour. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

AROUND = 3
"""Lines that are shown unchanged before and after each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of a comparison. sign: "+" new, "-" gone, " " the same, "…" lines left out."""

    sign: str
    text: str

    @property
    def tone(self) -> str:
        return {"+": "new", "-": "gone", "…": "skipped"}.get(self.sign, "same")

    @property
    def told(self) -> str:
        """For who cannot see the sign."""
        return {"+": "new", "-": "gone"}.get(self.sign, "")


def compared(before: str, after: str) -> list[DiffLine]:
    """All changed lines with a few around each; [] where the texts are the same."""
    if before == after:
        return []
    return list(_lines(before.splitlines(), after.splitlines()))


def _lines(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    seen = 0
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND):
        if group[0][1] > seen:
            yield _skipped(group[0][1] - seen)
        for verb, a, b, c, d in group:
            if verb == "equal":
                yield from (DiffLine(sign=" ", text=line) for line in old[a:b])
                continue
            yield from (DiffLine(sign="-", text=line) for line in old[a:b])
            yield from (DiffLine(sign="+", text=line) for line in new[c:d])
        seen = group[-1][2]
    if len(old) > seen:
        yield _skipped(len(old) - seen)


def _skipped(count: int) -> DiffLine:
    lines = "1 line" if count == 1 else f"{count} lines"
    return DiffLine(sign="…", text=f"{lines} the same")


def as_text(value: Mapping[str, Any]) -> str:
    """JSON as it is compared: a key a line."""
    return json.dumps(value, indent=2, ensure_ascii=False)
