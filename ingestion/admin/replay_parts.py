"""What a replay is started with, and its picture: rows of fields, each a bar of parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms

from documents.language import Prompt, Purpose
from documents.models import DocumentType, ModelUse, Project, Role, SchemaVersion
from ingestion.changes import Change, Tally
from ingestion.replay import WHICH_TOLD, FieldLine, Which

_PARTS = (Change.SAME, Change.CHANGED, Change.ADDED, Change.LOST)


class ReplayForm(forms.Form):
    """What to read again, and on what. documents: ids with commas, of those that were chosen."""

    project = forms.ModelChoiceField(Project.objects.none(), empty_label=None)
    type = forms.ModelChoiceField(
        DocumentType.objects.filter(schema_versions__isnull=False).distinct(), empty_label=None
    )
    schema = forms.ModelChoiceField(
        SchemaVersion.objects.select_related("type"), required=False, empty_label="the newest"
    )
    prompt = forms.ModelChoiceField(
        Prompt.objects.none(), required=False, empty_label="the active one"
    )
    model_use = forms.ChoiceField(
        label="Language model",
        required=False,
        choices=[("", "as the type says"), *ModelUse.choices],
    )
    which = forms.ChoiceField(
        label="Documents", required=False, choices=[(one.value, WHICH_TOLD[one]) for one in Which]
    )
    limit = forms.IntegerField(
        label="At most",
        required=False,
        min_value=1,
        help_text="Documents; first those that a person confirmed. Empty: all.",
    )
    documents = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects = Project.objects.open_to(user, Role.OPERATOR)
        cast(Any, self.fields["project"]).queryset = projects
        prompts = Prompt.objects.filter(purpose=Purpose.EXTRACT).select_related("project")
        own = prompts.filter(project=None) | prompts.filter(project__in=projects)
        cast(Any, self.fields["prompt"]).queryset = own
        if self.data.get("documents") or self.initial.get("documents"):
            for name in ("which", "limit"):
                del self.fields[name]
            for name in ("project", "type"):
                self.fields[name].widget = forms.HiddenInput()

    def clean_documents(self) -> list[UUID] | None:
        told = self.cleaned_data["documents"]
        try:
            return [UUID(one) for one in told.split(",")] if told else None
        except ValueError as fault:
            raise forms.ValidationError("These are no documents.", "documents") from fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a bar. x, width: per cent of it."""

    name: str
    x: float
    width: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A field with its bars. table: the name by which it is chosen, "" where the row above is
    of the same table."""

    line: FieldLine
    chosen_by: str
    parts: tuple[Part, ...]
    before: float
    after: float


def rows_of(lines: tuple[FieldLine, ...], schema: Mapping[str, Any]) -> list[Row]:
    found: list[Row] = []
    seen: set[str] = set()
    known = schema.get("properties") or {}
    for line in lines:
        table = line.name.partition(".")[0]
        is_first = table in known and table not in seen
        seen.add(table)
        found.append(
            Row(
                line=line,
                chosen_by=table if is_first else "",
                parts=parts_of(line.tally),
                before=share(line.tally.right_before, line.tally.known),
                after=share(line.tally.right_after, line.tally.known),
            )
        )
    return found


def parts_of(tally: Tally) -> tuple[Part, ...]:
    """What became of the values of a field, as stretches of a bar from left to right."""
    counts = {one: getattr(tally, one.value) for one in _PARTS}
    total, at, made = sum(counts.values()), 0.0, []
    for one, count in counts.items():
        if count:
            width = share(count, total)
            made.append(Part(name=one.value, x=round(at, 2), width=width, count=count))
            at += width
    return tuple(made)


def share(part: int, whole: int) -> float:
    """In per cent; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
