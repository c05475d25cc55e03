"""The fields of a type in the admin: the editor, what a change means, versions and what they
differ in. Who may do what is asked by `search/admin.py`."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse

from documents import field_checks, schemas, types
from documents.differences import DiffLine, compared
from documents.errors import DocketError
from documents.models import AuditEvent, DocumentType, SchemaVersion
from documents.type_fields import FieldKind, FieldRow, labels_in, rows_of, shipped_properties, told
from documents.types import Effects

BLANK_ROWS = 4
BLANK_COLUMNS = 3
MOST_FIELDS = 80
MOST_COLUMNS = 20
"""Together they stay below Django's bound on the number of fields of a form."""

_OFFERED = [(kind.value, kind.label) for kind in FieldKind if kind != FieldKind.OTHER]
_OF_COLUMNS = [choice for choice in _OFFERED if choice[0] != FieldKind.LIST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a change means, shown before it is saved. seen: names the schema that was shown."""

    effects: Effects
    lines: list[DiffLine]
    number: int
    seen: str


class ColumnForm(forms.Form):
    """A column of a list as a row; a row without a title is none."""

    name = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(max_length=60, required=False)
    kind = forms.ChoiceField(choices=_OF_COLUMNS, required=False)
    hint = forms.CharField(max_length=300, required=False)

    def row(self) -> FieldRow:
        said = self.cleaned_data
        return FieldRow(
            name=said["name"],
            title=said["title"].strip(),
            kind=FieldKind(said["kind"] or FieldKind.TEXT),
            hint=said["hint"].strip(),
        )


Columns = formset_factory(ColumnForm, extra=BLANK_COLUMNS, max_num=MOST_COLUMNS)


class FieldForm(forms.Form):
    """A field of a type; one without a title is none. Of a field that comes with Docket only
    the hint, the sample and whether it is required or hidden can be changed."""

    name = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(max_length=60, required=False)
    kind = forms.ChoiceField(choices=_OFFERED)
    is_required = forms.BooleanField(required=False, label="Must be filled")
    is_hidden = forms.BooleanField(required=False, label="Hidden: folded away, asked of no model")
    labels = forms.CharField(
        max_length=400, required=False, label="Also printed as (commas between)"
    )
    hint = forms.CharField(
        max_length=300, required=False, label="Hint, for a language model and for people"
    )
    sample = forms.CharField(max_length=200, required=False, label="A sample value")
    checks = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Checks"
    )

    def __init__(
        self, *args: Any, row: FieldRow | None, known: Sequence[FieldRow], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.of_row, self.known = row, known
        self.is_shipped = row is not None and row.is_shipped
        if row is not None:
            self.initial = _initial(row)
        chosen: Any = self.fields["checks"]
        chosen.choices = _checks_for(row, known)
        if self.is_shipped:
            kinds: Any = self.fields["kind"]
            kinds.choices = FieldKind.choices
            for name in ("name", "title", "kind", "labels", "checks"):
                self.fields[name].disabled = True
        self.columns = None if self.is_shipped or not self._may_have_columns() else self._columns()

    def _may_have_columns(self) -> bool:
        return self.of_row is None or self.of_row.kind == FieldKind.LIST

    def _columns(self) -> BaseFormSet[ColumnForm]:
        columns = self.of_row.columns if self.of_row else ()
        return Columns(
            self.data if self.is_bound else None,
            prefix=f"{self.prefix}-columns",
            initial=[
                {"name": one.name, "title": one.title, "kind": one.kind, "hint": one.hint}
                for one in columns
            ],
        )

    @property
    def summary(self) -> str:
        """The field in a few words, for the line under which it is folded."""
        if self.of_row is None:
            return "A new field"
        marks = [self.of_row.kind.label.lower()]
        marks += ["must be filled"] * self.of_row.is_required + ["hidden"] * self.of_row.is_hidden
        return f"{self.of_row.title}: {', '.join(marks)}"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors or not cleaned.get("title", "").strip():
            return cleaned
        if cleaned["kind"] == FieldKind.LIST and self.columns and not self.columns.is_valid():
            raise ValidationError("Look at its columns.", "columns")
        cleaned["sample"] = types.sample_of(FieldKind(cleaned["kind"]), cleaned["sample"])
        for name, fault in types.row_faults(self.row(), self.known).items():
            self.add_error(name, fault)
        return cleaned

    def row(self) -> FieldRow:
        said = self.cleaned_data
        columns = _titled(self.columns or ()) if said["kind"] == FieldKind.LIST else []
        return FieldRow(
            name=said["name"],
            title=said["title"].strip(),
            kind=FieldKind(said["kind"]),
            labels=labels_in(said["labels"]),
            is_required=said["is_required"],
            hint=said["hint"].strip(),
            sample=said["sample"],
            checks=tuple(said["checks"]),
            is_hidden=said["is_hidden"],
            columns=tuple(form.row() for form in columns),
            is_shipped=self.is_shipped,
        )


class FieldsOf(BaseFormSet[FieldForm]):
    """The fields of a type, those that are there first. known: its rows as they are."""

    def __init__(self, *args: Any, known: Sequence[FieldRow], **kwargs: Any) -> None:
        self.known = known
        super().__init__(*args, **kwargs)

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        is_there = index is not None and index < len(self.known)
        row = self.known[index] if is_there and index is not None else None
        return {"row": row, "known": self.known}

    def rows(self) -> list[FieldRow]:
        return [form.row() for form in _titled(self)]


Fields = cast(
    type[FieldsOf],
    formset_factory(FieldForm, formset=FieldsOf, extra=BLANK_ROWS, max_num=MOST_FIELDS),
)


F = TypeVar("F", FieldForm, ColumnForm)


def _titled(found: Iterable[F]) -> list[F]:
    """Those of valid forms that are filled in."""
    return [form for form in found if form.cleaned_data.get("title", "").strip()]


def _initial(row: FieldRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "kind": row.kind,
        "is_required": row.is_required,
        "is_hidden": row.is_hidden,
        "labels": ", ".join(row.labels),
        "hint": row.hint,
        "sample": row.sample,
        "checks": list(row.checks),
    }


def _checks_for(row: FieldRow | None, known: Sequence[FieldRow]) -> list[tuple[str, str]]:
    """What fits the kind of a field; of a new one, everything with the kind beside it."""
    if row is None:
        return [
            (one.name, f"{one.told} ({', '.join(kind.label.lower() for kind in one.kinds)})")
            for one in field_checks.offers(known)
        ]
    return [(one.name, one.told) for one in field_checks.offers(known) if types.fits(one, row)]


# -- pages ------------------------------------------------------------------------------------


def edit(request: HttpRequest, kind: DocumentType) -> HttpResponse:
    """The editor. A change that touches documents that are there is shown before it is saved."""
    last = kind.schema_versions.order_by("-number").first()
    before: Mapping[str, Any] = last.schema if last else {}
    known = rows_of(before, shipped_properties(kind.slug))
    initial = [_initial(row) for row in known]
    formset = Fields(request.POST or None, initial=initial, known=known)
    preview = None
    if request.method == "POST":
        number = last.number if last else 0
        if request.POST.get("version", str(number)) != str(number):
            messages.error(request, "Somebody else has changed the fields; here they are anew.")
            return redirect(request.path)
        if formset.is_valid():
            try:
                preview = _preview(request, kind, formset, last)
                if preview is None:
                    return _save(request, kind, formset)
            except DocketError as fault:
                messages.error(request, fault.message)
        else:
            messages.error(request, "Nothing was saved: look at the fields that are open.")
    context = {
        "title": f"Fields of {kind.name}",
        "kind": kind,
        "formset": formset,
        "preview": preview,
        "version": last,
        "is_shipped": kind.slug in schemas.SHIPPED,
        "replay_url": replay_url(),
        "history": history(kind),
    }
    return _page(request, "admin/documents/documenttype/fields.html", context)


def _preview(
    request: HttpRequest, kind: DocumentType, formset: FieldsOf, last: SchemaVersion | None
) -> Preview | None:
    """None where nothing is to be shown first: no change, no documents, or shown already."""
    after = types.schema_after(kind, formset.rows())
    seen = hashlib.sha256(json.dumps(after, sort_keys=True).encode()).hexdigest()
    if last is None or after == last.schema or request.POST.get("sure") == seen:
        return None
    effects = types.effects(kind, after)
    if not effects.documents:
        return None
    shipped = shipped_properties(kind.slug)
    lines = compared(told(last.schema, shipped), told(after, shipped))
    return Preview(effects=effects, lines=lines, number=last.number + 1, seen=seen)


def _save(request: HttpRequest, kind: DocumentType, formset: FieldsOf) -> HttpResponse:
    made = types.save_fields(kind, formset.rows(), request.user)
    messages.success(request, f"Its fields are saved as version {made.number}.")
    return redirect("admin:documents_documenttype_change", kind.pk)


def versions(request: HttpRequest, kind: DocumentType, number: int) -> HttpResponse:
    """What a version changed: against the one before, or against ?with=number."""
    shipped = shipped_properties(kind.slug)
    there = {one.number: one for one in kind.schema_versions.order_by("number")}
    chosen = there.get(number)
    if chosen is None:
        raise Http404
    asked = request.GET.get("with", "")
    other = there.get(int(asked)) if asked.isdecimal() and len(asked) < 9 else None
    earlier = [one for one in there.values() if one.number < number]
    before = other or (earlier[-1] if earlier else None)
    context = {
        "title": f"Fields of {kind.name}, version {number}",
        "kind": kind,
        "chosen": chosen,
        "before": before,
        "others": [one for one in reversed(there.values()) if one.number != number],
        "lines": compared(
            told(before.schema if before else {}, shipped), told(chosen.schema, shipped)
        ),
    }
    return _page(request, "admin/documents/documenttype/version.html", context)


def history(kind: DocumentType) -> list[tuple[SchemaVersion, str]]:
    """Versions, newest first, and who made each; "Docket" for those that it ships."""
    subject = f"{kind._meta.label_lower}:{kind.pk}"
    events = AuditEvent.objects.filter(verb="type.fields_changed", subject=subject)
    makers = {event.detail.get("version"): event.actor for event in events.select_related("actor")}
    found = kind.schema_versions.order_by("-number")
    return [(one, _name(makers.get(one.number))) for one in found]


def _name(user: Any) -> str:
    return user.get_username() if user is not None else "Docket"


def replay_url() -> str:
    """The address of replays; "" where there are none."""
    try:
        return reverse("admin:ingestion_replay_changelist")
    except NoReverseMatch:
        return ""


def _page(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
