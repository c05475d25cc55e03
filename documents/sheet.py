"""The fields of one document as a form shows them and sends them back.

Pure: no queries, no request. Templates show these values and decide nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents import checks, drafts, field_checks, fields, packets, schemas, trust
from documents.presentation import Badge, Highlight, highlight, in_order, is_table, shown_value

LONG_CHARS = 24

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
    "person": Badge(label="Entered", icon="pencil", tone="good"),
    "read": Badge(label="Read", icon="check", tone="plain"),
    "unsure": Badge(label="Unsure", icon="eye", tone="warn"),
    "failed": Badge(label="Check failed", icon="alert", tone="bad"),
    "missing": Badge(label="Required", icon="alert", tone="bad"),
    "left_out": Badge(label="Left empty", icon="eye", tone="warn"),
    "empty": Badge(label="", icon="", tone="quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check that was made on a value, as a sentence."""

    passed: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value in its input. kind: text, long, amount, date, time, integer, choice, fixed;
    is_unprinted: its candidate is a language model's, and no page prints it."""

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
    candidate: str
    findings: tuple[Finding, ...]
    is_unprinted: bool = False
    is_hidden: bool = False

    @property
    def passed(self) -> int:
        return sum(finding.passed for finding in self.findings)

    @property
    def is_open(self) -> bool:
        """Whether it belongs among the fields that are shown at once; a hidden one only where
        a check failed."""
        if self.is_hidden and all(finding.passed for finding in self.findings):
            return False
        return bool(self.value or self.candidate or self.is_required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    number: int
    cells: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list of rows of a document, such as its line items."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    blank: Row


class Sheet:
    """The fields and tables of one document, in the order of its schema.

    typed: JSON Pointer -> what a person typed and could not be saved; it is shown instead."""

    def __init__(
        self,
        *,
        type_slug: str,
        schema: Mapping[str, Any],
        payload: Mapping[str, Any],
        evidence: Mapping[str, Any],
        thresholds: trust.Thresholds,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        self._schema = schema
        self._payload = payload
        self._evidence = evidence
        self._thresholds = thresholds
        self._typed = typed or {}
        self._checks = field_checks.run(type_slug, schema, payload)
        required = {f"/{name}" for name in schemas.required_fields(schema)}
        self._required = required
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

    def highlights(self, page: int) -> tuple[Highlight, ...]:
        """The places on page `page` from which values were read."""
        return tuple(self._highlights(page))

    def _highlights(self, page: int) -> Iterator[Highlight]:
        cells = [cell for table in self.tables for row in table.rows for cell in row.cells]
        for field in (*self.fields, *cells):
            proof = self._evidence.get(field.pointer) or {}
            if proof.get("page") == page and proof.get("box"):
                yield highlight(
                    proof["box"], html_id=field.html_id, label=field.label, tone=field.state.tone
                )

    def _items(self, name: str, spec: Mapping[str, Any]) -> Items:
        columns: Mapping[str, Any] = spec["items"].get("properties") or {}
        filled = len(self._payload.get(name) or ())
        pointers = [p.split("/") for p in self._typed if p.startswith(f"/{name}/")]
        filled = max([filled, *(int(p[2]) + 1 for p in pointers if self._typed["/".join(p)])])
        return Items(
            label=str(spec.get("title") or name.replace("_", " ").capitalize()),
            columns=tuple(_label(column, columns[column]) for column in columns),
            rows=tuple(self._row(name, number, columns) for number in range(filled)),
            blank=self._row(name, filled, columns),
        )

    def _row(self, name: str, number: int, columns: Mapping[str, Any]) -> Row:
        cells = (self._field(f"/{name}/{number}/{column}", columns[column]) for column in columns)
        return Row(number=number + 1, cells=tuple(cells))

    def _field(self, pointer: str, spec: Mapping[str, Any]) -> Field:
        proof: Mapping[str, Any] = self._evidence.get(pointer) or {}
        value = shown_value(drafts.get(self._payload, pointer))
        findings = [c for c in self._checks if pointer in c.fields] + packets.kept(pointer, proof)
        state = self._state(pointer, value, proof, findings)
        typed = self._typed.get(pointer, value)
        return Field(
            pointer=pointer,
            html_id=pointer.strip("/").replace("/", "-"),
            label=_label(pointer.rpartition("/")[2], spec),
            kind=_kind(spec, typed),
            options=tuple(str(option) for option in spec.get("enum") or () if option is not None),
            value=typed,
            is_required=pointer in self._required,
            state=_STATES[state],
            detail=_detail(state, value, proof),
            note=str(proof.get("note") or "") if value else "",
            candidate="" if value else shown_value(proof.get("candidate")),
            findings=tuple(Finding(passed=c.passed, message=c.message) for c in findings),
            is_unprinted=bool(proof) and trust.is_unprinted(proof),
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
            return "person"
        passed = [check.code for check in made if check.passed]
        now = {**proof, "checks": passed}
        if not trust.is_settled(now, self._thresholds.of(pointer)):
            return "unsure"
        return "proven" if trust.is_proven(now) else "read"


def parse_typed(schema: Mapping[str, Any], posted: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form (named by JSON Pointer) as values that the schema may take.

    What cannot be understood stays as it was typed, so that validation can say why."""
    return {
        pointer: _parse(_spec(schema, pointer), text.replace("\r\n", "\n").strip())
        for pointer, text in posted.items()
        if pointer.startswith("/")
    }


def changed(payload: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Those of `values` that differ from what the document holds, as text."""
    return {
        pointer: shown_value(value)
        for pointer, value in values.items()
        if shown_value(value) != shown_value(drafts.get(payload, pointer))
    }


def _spec(schema: Mapping[str, Any], pointer: str) -> Mapping[str, Any]:
    node: Any = schema
    for part in pointer.split("/")[1:]:
        node = node.get("items") if part.isdigit() else (node.get("properties") or {}).get(part)
        if not isinstance(node, Mapping):
            return {}
    return node if isinstance(node, Mapping) else {}


def _parse(spec: Mapping[str, Any], text: str) -> Any:
    match _kind(spec, text):
        case "integer" if re.fullmatch(r"-?\d{1,15}", text):
            return int(text)
        case "date" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            found = fields.parse_date(text)
            return found.value if found else text
        case "time" if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text):
            return fields.parse_timestamp(text) or text
        case "amount" if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            return fields.parse_amount(text) or text
        case "text" if "A-Z]{15}" in str(spec.get("pattern")):
            return fields.normalise_gstin(text) or text
        case _:
            return text


def _label(name: str, spec: Mapping[str, Any]) -> str:
    return str(spec.get("title") or name.replace("_", " ").capitalize())


def _kind(spec: Mapping[str, Any], text: str) -> str:
    types = spec.get("type") or ()
    kinds = {types} if isinstance(types, str) else set(types)
    pattern = str(spec.get("pattern") or "")
    if spec.get("enum"):
        return "choice"
    if "integer" in kinds:
        return "integer"
    if kinds & {"array", "object", "number", "boolean"}:
        return "fixed"
    if spec.get("format") == "date":
        return "date"
    if pattern.startswith("^-?[0-9]"):
        return "amount"
    if "T[0-9]" in pattern:
        return "time"
    return "long" if "\n" in text or len(text) > LONG_CHARS else "text"


def _detail(state: str, value: str, proof: Mapping[str, Any]) -> str:
    """How the value came, in a few words: "read by OCR, 87 %"."""
    if not proof or state in ("empty", "missing", "left_out"):
        return ""
    source = SOURCES.get(str(proof["source"]), str(proof["source"]))
    if proof["source"] == "person":
        return "by a person"
    return f"{source}, {float(proof['confidence']):.0%}"
