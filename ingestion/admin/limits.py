"""A project's limits in the admin: a field of seconds for each stage instead of JSON."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from documents.admin import OfProjects, operates
from documents.models import Project, Role, record
from documents.presentation import told_cost
from ingestion import pipeline, queue, spending, unpriced
from ingestion.models import Limits
from ingestion.presentation import STAGE_NAMES


def longest_s() -> int:
    """Seconds that a step may take at most: then django-q2 ends the task that works on it."""
    return int(settings.TASK_TIMEOUT_S - settings.TASK_RESERVE_S)


class _Seconds(forms.IntegerField):
    def __init__(self, stage: str) -> None:
        shipped = settings.STEP_LIMIT_S[stage]
        super().__init__(
            label=f"{STAGE_NAMES.get(stage, stage)}: seconds a step",
            required=False,
            min_value=1,
            max_value=longest_s(),
            help_text=f"1 to {longest_s()}; empty: {shipped}, as the settings say.",
        )


def _told(unit: str, shipped: int) -> str:
    """What an empty budget means, and when a day begins."""
    usual = f"{shipped:,} {unit}" if shipped else "no limit"
    return f"A day of UTC. Empty: {usual}, as the settings say; 0: no limit."


class LimitsForm(forms.ModelForm[Limits]):
    class Meta:
        model = Limits
        fields = [
            "project",
            "steps_at_once",
            "failed_page_is_fatal",
            "job_limit_s",
            "model_tokens_a_day",
            "model_cents_a_day",
            "model_batches",
        ]
        labels = {
            "job_limit_s": "Seconds a job",
            "model_tokens_a_day": "Language models: tokens a day",
            "model_cents_a_day": "Language models: US cents a day",
            "model_batches": "Language models: batches for low priority",
        }

    split = _Seconds("split")
    ocr = _Seconds("ocr")
    classify = _Seconds("classify")
    assemble = _Seconds("assemble")
    extract = _Seconds("extract")
    replay = _Seconds("replay")
    embed = _Seconds("embed")
    answer = _Seconds("answer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for stage in pipeline.STAGES:
            self.fields[stage].initial = self.instance.step_limit_s.get(stage)
        self.fields["model_tokens_a_day"].help_text = _told("tokens", settings.MODEL_TOKENS_A_DAY)
        self.fields["model_cents_a_day"].help_text = _told("cents", settings.MODEL_CENTS_A_DAY)
        if not self.instance._state.adding:
            spent = spending.budget_of(self.instance.project)
            self.fields["model_tokens_a_day"].help_text += f" Today: {spent.tokens:,} tokens."
            self.fields["model_cents_a_day"].help_text += f" Today: {told_cost(spent.microcents)}."
            if spent.unpriced:
                told = f" {unpriced.told(spent.unpriced)}"
                self.fields["model_cents_a_day"].help_text += told

    def clean_job_limit_s(self) -> int | None:
        limit_s: int | None = self.cleaned_data["job_limit_s"]
        if limit_s is not None and limit_s < 1:
            raise forms.ValidationError("At least one second, or empty.")
        return limit_s

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = {stage: cleaned.get(stage) for stage in pipeline.STAGES}
        self.instance.step_limit_s = {name: limit for name, limit in chosen.items() if limit}
        return cleaned


@admin.register(Limits)
class LimitsAdmin(OfProjects):
    """How much of a project's work may go on at once, and for how long: its operators say."""

    form = LimitsForm
    list_display = [
        "project",
        "steps_at_once",
        "job_limit_s",
        "stages",
        "failed_page_is_fatal",
        "budget",
    ]

    @admin.display(description="seconds a step")
    def stages(self, row: Limits) -> str:
        limits = row.step_limit_s.items()
        return ", ".join(f"{STAGE_NAMES.get(stage, stage)}: {s} s" for stage, s in limits) or "–"

    @admin.display(description="language models a day")
    def budget(self, row: Limits) -> str:
        tokens, cents = row.model_tokens_a_day, row.model_cents_a_day
        told = [f"{tokens:,} tokens"] if tokens else []
        told += [told_cost(cents * spending.MICROCENTS)] if cents else []
        return ", ".join(told) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limits]:
        mine = Project.objects.open_to(request.user, Role.OPERATOR)
        return Limits.objects.filter(project__in=mine).select_related("project")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return Project.objects.open_to(request.user, Role.OPERATOR).exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or operates(request, obj.project)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or operates(request, obj.project)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["project"]

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        mine = Project.objects.open_to(request.user, Role.OPERATOR)
        kwargs["queryset"] = mine.filter(limits__isnull=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Limits, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._changed(request, obj, sorted(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Limits) -> None:
        self._changed(request, obj, ["all"])
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, rows: QuerySet[Limits]) -> None:
        for row in rows:
            self.delete_model(request, row)

    def _changed(self, request: HttpRequest, row: Limits, names: list[str]) -> None:
        """Told to the audit; workers look again, since what was held back may be free now."""
        record("limits.changed", row, actor=request.user, project=row.project, changed=names)
        queue.wake_all()
