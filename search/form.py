"""What a person asks of the search page, read from its address: one form for all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms

from documents import presentation
from documents.derived import SUPPLIER_CHARS
from documents.models import AnyUser, DocumentStatus, DocumentType, Project
from search.queries import Mode
from search.scope import UNKNOWN, Narrow

MODE_LABELS = {
    Mode.HYBRID: "Words and meaning",
    Mode.LEXICAL: "Words only",
    Mode.DENSE: "Meaning only",
}
FILTERS = ("project", "type", "status", "supplier", "first", "last", "least", "most")
# Chips: what is shown before the value; of a range both ends are one chip.
_RANGES = {"first": "last", "least": "most"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter at work. fields: what it stands for; without: the page's address but for it."""

    name: str
    value: str
    fields: tuple[str, ...]
    without: str


class SearchForm(forms.Form):
    q = forms.CharField(label="Search for", required=False)
    type = forms.ChoiceField(required=False)
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any status"),
            *((s.value, presentation.STATUS_BADGES[s].label) for s in DocumentStatus),
        ],
    )
    supplier = forms.CharField(required=False, max_length=SUPPLIER_CHARS)
    first = forms.DateField(label="Dated from", required=False)
    last = forms.DateField(label="Dated to", required=False)
    least = forms.DecimalField(label="Total from", required=False, max_digits=18, decimal_places=3)
    most = forms.DecimalField(label="Total to", required=False, max_digits=18, decimal_places=3)
    mode = forms.ChoiceField(
        label="By", choices=[(mode.value, MODE_LABELS[mode]) for mode in Mode], required=False
    )
    like = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: AnyUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["project"] = forms.ModelChoiceField(
            Project.objects.visible_to(viewer),
            to_field_name="slug",
            required=False,
            empty_label="All projects",
        )
        kinds: Any = self.fields["type"]
        named = DocumentType.objects.order_by("name").values_list("slug", "name")
        kinds.choices = [("", "All types"), *named, (UNKNOWN, "Unknown type")]
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        for name in ("least", "most"):
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})
        self.fields["supplier"].widget.attrs["list"] = "suppliers"
        self.fields["supplier"].widget.attrs["autocomplete"] = "off"

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = self.cleaned_data
        for low, high in _RANGES.items():
            begin, end = chosen.get(low), chosen.get(high)
            if begin is not None and end is not None and begin > end:
                self.add_error(high, "This is before the beginning.")
        return chosen

    @property
    def narrow(self) -> Narrow:
        """The filters of a valid form, but for the project."""
        return Narrow(**{name: self.cleaned_data[name] for name in FILTERS if name != "project"})

    @property
    def parameters(self) -> dict[str, str]:
        """What a valid form says, without what it leaves open; for addresses and for keeping."""
        chosen = self.cleaned_data
        told = {name: _told(chosen[name]) for name in ("q", *FILTERS, "mode", "like")}
        if told["q"]:
            told["like"] = ""
        if told["mode"] == Mode.HYBRID:
            told["mode"] = ""
        return {name: value for name, value in told.items() if value}

    def chips(self) -> list[Chip]:
        """The filters of a valid form."""
        chosen = self.cleaned_data
        told = []
        for name in FILTERS:
            fields = (name, _RANGES[name]) if name in _RANGES else (name,)
            if name in _RANGES.values() or not any(map(_told, map(chosen.get, fields))):
                continue
            without = {k: v for k, v in self.parameters.items() if k not in fields}
            label, value = self._chip(name)
            told.append(Chip(name=label, value=value, fields=fields, without=query(without)))
        return told

    def _chip(self, name: str) -> tuple[str, str]:
        chosen = self.cleaned_data
        if name in _RANGES:
            ends = chosen[name], chosen[_RANGES[name]]
            return ("Dated", _days(*ends)) if name == "first" else ("Total", _amounts(*ends))
        if name == "project":
            return "Project", chosen[name].name
        if name == "supplier":
            return "Supplier", chosen[name]
        choices: Any = self.fields[name]
        return name.capitalize(), dict(choices.choices)[chosen[name]]


def query(parameters: Mapping[str, str]) -> str:
    """With the question mark; never empty, so that as a link it leads to the page itself."""
    return f"?{urlencode(parameters)}"


def _told(value: Any) -> str:
    if isinstance(value, Project):
        return value.slug
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return "" if value is None else str(value)


def _days(first: date | None, last: date | None) -> str:
    if first and last:
        told = presentation.told_date(first)
        return told if first == last else f"{told} to {presentation.told_date(last)}"
    return f"from {presentation.told_date(first)}" if first else f"until {_day(last)}"


def _day(day: date | None) -> str:
    return presentation.told_date(day) if day else ""


def _amounts(least: Decimal | None, most: Decimal | None) -> str:
    low, high = (f"{value.normalize():,f}" if value is not None else "" for value in (least, most))
    if low and high:
        return low if low == high else f"{low} to {high}"
    return f"at least {low}" if low else f"at most {high}"
