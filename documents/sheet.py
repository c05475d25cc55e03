"""The fields of one document as a form shows them.

Pure: no queries, no request. Templates show these values and decide nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Any

from documents import checks, drafts, field_checks, fields, packets, schemas, suggestions, trust
from documents.edits import NO_MARKS, Marks
from documents.presentation import Badge, in_order, is_table, shown_value
from documents.sheet_values import Field, Finding, Items, Row, Sum
from documents.suggestions import Suggestion
from documents.typed import kind_of, label_of

SOURCES = {
    "signed": "signed QR code",
    "embedded": "data in the file",
    "layer": "text of the PDF",
    "ocr": "read by OCR",
    "derived": "worked out from other values",
    "model": "language model",
    "person": "entered by a person",
}

_STATES = {
    "proven": Badge(label="Proven", icon="shield", tone="good"),
    "confirmed": Badge(label="Confirmed", icon="check", tone="good"),
    "corrected": Badge(label="Corrected", icon="pencil", tone="good"),
    "entered": Badge(label="Entered", icon="pencil", tone="good"),
    "read": Badge(label="Sure", icon="check", tone="plain"),
    "unsure": Badge(label="Unsure", icon="eye", tone="warn"),
    "failed": Badge(label="Check failed", icon="alert", tone="bad"),
    "missing": Badge(label="Missing", icon="alert", tone="bad"),
    "left_out": Badge(label="Left empty", icon="eye", tone="warn"),
    "empty": Badge(label="", icon="", tone="quiet"),
}
_DOUBTFUL = frozenset({"unsure", "failed", "missing", "left_out"})
_SUMS_OF_ROWS = frozenset({"lines_add_up", "value_adds_up"})
_MOST_SUGGESTIONS = 5


class Sheet:
    """The fields and tables of one document, in the order of its schema.

    typed: JSON Pointer -> what a person typed and has not saved, shown as it was typed; beside:
    the same where somebody else's value is shown; marks: what came with it; faults: JSON
    Pointer -> why the schema does not take the value; made: the checks, where they are not those
    of `payload`; is_confirmed: a person confirmed the whole."""

    def __init__(
        self,
        *,
        type_slug: str,
        schema: Mapping[str, Any],
        payload: Mapping[str, Any],
        evidence: Mapping[str, Any],
        thresholds: trust.Thresholds,
        typed: Mapping[str, str] = MappingProxyType({}),
        beside: Mapping[str, str] = MappingProxyType({}),
        marks: Marks = NO_MARKS,
        faults: Mapping[str, str] = MappingProxyType({}),
        made: Sequence[checks.Check] | None = None,
        is_confirmed: bool = False,
    ) -> None:
        self._type_slug = type_slug
        self._schema = schema
        self._payload = payload
        self._evidence = evidence
        self._thresholds = thresholds
        self._typed = typed
        self._beside = beside
        self._marks = marks
        self._faults = faults
        self._is_confirmed = is_confirmed
        run = field_checks.run(type_slug, schema, payload) if made is None else made
        self._checks = tuple(run)
        self._required = {f"/{name}" for name in schemas.required_fields(schema)}
        properties = in_order(type_slug, schema)
        simple = {n: s for n, s in properties.items() if not is_table(s)}
        self.fields = tuple(self._field(f"/{name}", spec) for name, spec in simple.items())
        self.tables = tuple(
            self._items(name, spec)
            for name, spec in properties.items()
            if is_table(spec) and not spec.get("x-hidden")
        )

    @property
    def shown(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.is_open)

    @property
    def folded(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if not field.is_open)

    @property
    def doubts(self) -> int:
        """How many values a person has not looked at yet and should."""
        return sum(field.is_doubtful for field in (*self.fields, *self.cells))

    @property
    def reads(self) -> dict[str, str]:
        """html_id -> how a text is taken, where that is not as it was typed."""
        return {
            field.html_id: taken
            for field in (*self.fields, *self.cells)
            if field.is_changed
            and field.pointer not in self._faults
            and (taken := shown_value(drafts.get(self._payload, field.pointer))) != field.value
        }

    @property
    def cells(self) -> Iterator[Field]:
        for table in self.tables:
            for row in table.rows:
                yield from row.cells

    @cached_property
    def _checks_of(self) -> Mapping[str, list[checks.Check]]:
        found: dict[str, list[checks.Check]] = defaultdict(list)
        for check in self._checks:
            for pointer in check.fields:
                found[pointer].append(check)
        return found

    def _items(self, name: str, spec: Mapping[str, Any]) -> Items:
        columns: Mapping[str, Any] = spec["items"].get("properties") or {}
        count = len(self._payload.get(name) or ())
        rows = tuple(self._row(name, at, columns, self._evidence) for at in range(count))
        return Items(
            name=name,
            label=str(spec.get("title") or name.replace("_", " ").capitalize()),
            columns=tuple(label_of(column, columns[column]) for column in columns),
            rows=rows,
            # What was read in rows that are gone is kept behind the last one.
            blank=self._row(name, count, columns, {}),
            sums=tuple(self._sum(name, column, columns[column], rows) for column in columns),
        )

    def _row(
        self, name: str, at: int, columns: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> Row:
        pointer = f"/{name}/{at}"
        cells = (
            self._field(f"{pointer}/{column}", columns[column], evidence) for column in columns
        )
        return Row(
            number=at + 1,
            pointer=pointer,
            cells=tuple(cells),
            is_removed=pointer in self._marks.removed,
        )

    def _sum(self, name: str, column: str, spec: Mapping[str, Any], rows: Sequence[Row]) -> Sum:
        kept = [f"{row.pointer}/{column}" for row in rows if not row.is_removed]
        told = [shown_value(drafts.get(self._payload, pointer)) for pointer in kept]
        numbers = [n for n in map(fields.normalise_amount, told) if n is not None]
        compared = self._compared(kept)
        is_summed = column.endswith(("amount", "value", "total")) or compared is not None
        if not numbers or not is_summed or kind_of(spec, "") != "amount":
            return Sum()
        value = format(sum(numbers, Decimal(0)), "f")
        if compared is None:
            return Sum(value=value)
        pointer = next(p for p in compared.fields if p.count("/") == 1)
        label = schemas.title_of(self._schema, pointer)
        return Sum(
            value=value,
            printed=f"{label} {shown_value(drafts.get(self._payload, pointer))}",
            tone="good" if compared.passed else "warn",
            message=compared.message,
        )

    def _compared(self, cells: Sequence[str]) -> checks.Check | None:
        """The check that holds the sum of these cells against a value beside the table."""
        for check in self._checks_of.get(cells[0], ()) if cells else ():
            if check.code in _SUMS_OF_ROWS and any(p.count("/") == 1 for p in check.fields):
                return check
        return None

    def _field(
        self, pointer: str, spec: Mapping[str, Any], evidence: Mapping[str, Any] | None = None
    ) -> Field:
        known = self._evidence if evidence is None else evidence
        proof: Mapping[str, Any] = known.get(pointer) or {}
        value = shown_value(drafts.get(self._payload, pointer))
        made = self._checks_of.get(pointer, []) + packets.kept(pointer, proof)
        if pointer.count("/") > 1:
            # A sum that does not close is told once, below its column.
            made = [c for c in made if c.passed or c.code not in _SUMS_OF_ROWS]
        findings = [Finding(passed=c.passed, message=c.message) for c in made]
        if pointer in self._faults:
            findings.insert(0, Finding(passed=False, message=self._faults[pointer]))
        state = "failed" if pointer in self._faults else self._state(pointer, value, proof, made)
        is_accepted = bool(proof.get("accepted")) or pointer in self._marks.accepted
        page, box = _place(proof)
        marked = self._marks.places.get(pointer)
        typed = self._typed.get(pointer, value)
        return Field(
            pointer=pointer,
            html_id=pointer.strip("/").replace("/", "-"),
            label=label_of(pointer.rpartition("/")[2], spec),
            kind=kind_of(spec, typed),
            options=tuple(str(option) for option in spec.get("enum") or () if option is not None),
            value=typed,
            is_required=pointer in self._required,
            state=_STATES[state],
            detail=self._detail(pointer, state, value, proof),
            note=str(proof.get("note") or "") if value else "",
            findings=tuple(findings),
            suggestions=self._suggestions(pointer, value, state, proof),
            page=page,
            box=box,
            at=",".join(str(round(n)) for n in (marked.page, *marked.box)) if marked else "",
            joint=", " if "commas" in str(spec.get("x-hint")) else " ",
            is_doubtful=state in _DOUBTFUL and not is_accepted,
            is_accepted=is_accepted,
            is_changed=pointer in self._typed,
            beside=self._beside.get(pointer, ""),
            is_hidden=bool(spec.get("x-hidden")),
        )

    def _state(
        self, pointer: str, value: str, proof: Mapping[str, Any], made: Sequence[checks.Check]
    ) -> str:
        if not value:
            if pointer in self._required:
                return "missing"
            return "left_out" if shown_value(proof.get("candidate")) else "empty"
        if any(not check.passed and check.severity == "error" for check in made):
            return "failed"
        if not proof or proof["source"] == "person":
            return "corrected" if proof.get("read") else "entered"
        passed = [check.code for check in made if check.passed]
        now = {**proof, "checks": passed}
        if trust.is_settled(now, self._thresholds.of(pointer)):
            return "proven" if trust.is_proven(now) else "read"
        is_accepted = proof.get("accepted") or pointer in self._marks.accepted
        return "confirmed" if is_accepted or self._is_confirmed else "unsure"

    def _detail(self, pointer: str, state: str, value: str, proof: Mapping[str, Any]) -> str:
        """How the value came, in a few words: "read by OCR, 87%; 97% asked"."""
        if not proof or state in ("empty", "missing", "left_out"):
            return ""
        if proof["source"] == "person":
            was = shown_value((proof.get("read") or {}).get("value"))
            return f"was read as “{was[:60]}”" if was and was != value else "by a person"
        source = SOURCES.get(str(proof["source"]), str(proof["source"]))
        told = f"{source}, {float(proof['confidence']):.0%}"
        asked = self._thresholds.of(pointer)
        return f"{told}; {asked:.0%} asked" if state == "unsure" else told

    def _suggestions(
        self, pointer: str, value: str, state: str, proof: Mapping[str, Any]
    ) -> tuple[Suggestion, ...]:
        offered = list(_runners_up(proof)) if state in (*_DOUBTFUL, "read", "corrected") else []
        if state == "failed" and pointer.count("/") == 1:
            offered = offered[: _MOST_SUGGESTIONS - suggestions.MOST] + list(
                suggestions.repairs(
                    self._type_slug, self._schema, self._payload, pointer, self._checks
                )
            )
        fresh: dict[str, Suggestion] = {}
        for other in offered:
            if other.value and other.value != value:
                fresh.setdefault(other.value, other)
        own = self._beside.get(pointer)
        typed = () if own is None else (Suggestion(value=own, why="you typed this"),)
        return (*typed, *fresh.values())[:_MOST_SUGGESTIONS]


def _runners_up(proof: Mapping[str, Any]) -> Iterator[Suggestion]:
    if candidate := shown_value(proof.get("candidate")):
        why = "the page may say"
        if trust.is_unprinted(proof):
            why = "the language model says so; no page prints it"
        yield Suggestion(value=candidate, why=why)
    before = proof.get("read") or {}
    for other in proof.get("alternatives") or ():
        yield Suggestion(value=str(other), why="another reading")
    yield Suggestion(value=shown_value(before.get("value")), why="as it was read")
    for other in before.get("alternatives") or ():
        yield Suggestion(value=str(other), why="another reading")


def _place(proof: Mapping[str, Any]) -> tuple[int, str]:
    """Where to look: the place of the value, else of what was read there before it."""
    for found in (proof, proof.get("read") or {}):
        if found.get("page") and found.get("box"):
            return int(found["page"]), ",".join(str(round(side)) for side in found["box"])
    return int(proof.get("page") or 0), ""
