"""What stands on a sheet: fields with their states, rows, sums. Values that templates show."""

from dataclasses import dataclass

from documents.presentation import Badge
from documents.suggestions import Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check that was made on a value, as a sentence."""

    passed: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value in its input. kind: text, long, amount, date, time, integer, choice, fixed;
    page, box: where it stands, 0 and "" where that is not known, the box as "left,top,right,
    bottom"; at: the place that a person marked and has not saved, as a form sends it; joint:
    what stands between words of two lines; is_accepted: a person looked and left it; beside:
    what they typed where somebody else's value stands now."""

    pointer: str
    html_id: str
    label: str
    kind: str
    options: tuple[str, ...]
    value: str
    is_required: bool
    state: Badge
    detail: str
    note: str
    findings: tuple[Finding, ...]
    suggestions: tuple[Suggestion, ...]
    page: int
    box: str
    at: str
    joint: str
    is_doubtful: bool
    is_accepted: bool
    is_changed: bool
    beside: str
    is_hidden: bool = False

    @property
    def passed(self) -> int:
        return sum(finding.passed for finding in self.findings)

    @property
    def is_told(self) -> bool:
        """Whether a cell has something to say of its value."""
        return self.is_doubtful or not all(finding.passed for finding in self.findings)

    @property
    def is_open(self) -> bool:
        """Whether it belongs among the fields that are shown at once; a hidden one only where
        a check failed."""
        if self.is_hidden and all(finding.passed for finding in self.findings):
            return False
        return bool(self.value or self.suggestions or self.is_required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """pointer: "/line_items/2"; is_removed: it goes with the next save."""

    number: int
    pointer: str
    cells: tuple[Field, ...]
    is_removed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The sum of a column, "" where it has none, and what the paper prints for it."""

    value: str = ""
    printed: str = ""
    tone: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of rows of a document, such as its line items. sums: one a column."""

    name: str
    label: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    blank: Row
    sums: tuple[Sum, ...]

    @property
    def has_sums(self) -> bool:
        return any(made.value for made in self.sums)
