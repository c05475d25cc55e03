"""The page that says how much was read right, and whether confidence means what it says."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from documents import accuracy
from documents.accuracy import PERIODS, Asked, Line, Reviewed, Sampled, Through
from documents.admin import operates
from documents.models import Project
from documents.reliability import Bin, calibration_error
from ingestion.charts import TONES, Chart, Stroke
from ingestion.charts_shares import Shares, over_time, percent, said_and_true, spark


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table: its counts as text, and a small line of the share over time."""

    line: Line
    right: str
    spark: tuple[Stroke, ...]


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Filters: type, project, period, field. What is not known is left at its default."""
    projects = list(Project.objects.visible_to(request.user))
    chosen = request.GET.get("project", "")
    project = next((one for one in projects if one.slug == chosen), None)
    types = accuracy.types(request.user, project)
    type_slug = request.GET.get("type", "")
    period = request.GET.get("period", "")
    asked = Asked(
        user=request.user,
        project=project,
        type_slug=type_slug if type_slug in types else next(iter(types), ""),
        period=period if period in PERIODS else "12w",
    )
    context = {
        **admin.site.each_context(request),
        "title": "Accuracy",
        "projects": projects,
        "types": types,
        "periods": PERIODS,
        "asked": asked,
        "period": PERIODS[asked.period],
        "may_sample": operates(request, project),
        **(_shown(asked, request.GET.get("field", "")) if types else {}),
    }
    return TemplateResponse(request, "admin/ingestion/accuracy.html", context)


def _shown(asked: Asked, of_field: str) -> dict[str, Any]:
    """What the template shows of a type. Seven queries, however much there is."""
    found = accuracy.reviewed(asked, of_field)
    chosen = next((line for line in found.fields if line.key == of_field), None)
    if of_field and chosen is None:
        return _shown(asked, "")
    through, samples = accuracy.through(asked), accuracy.sampled(asked)
    bins = accuracy.bins(asked, of_field)
    sample = sum(samples, Sampled())
    passed = Through(
        documents=sum(one.documents for one in through),
        straight=sum(one.straight for one in through),
    )
    return {
        "chosen": chosen,
        "reviewed": found,
        "documents": accuracy.documents(asked),
        "shares": _shares(found),
        "fields": [_row(line) for line in found.fields],
        "versions": [_row(line) for line in found.versions],
        "sample": sample,
        "sample_shares": {
            "documents": percent(sample.documents_wrong, sample.documents),
            "values": percent(sample.values_wrong, sample.values),
            "at_most": f"{100 * sample.at_most:.0f} %",
        },
        "through": passed,
        "through_share": percent(passed.straight, passed.documents),
        "charts": [
            _right(asked, found),
            _confidence(bins),
            _straight(asked, through, passed),
            _wrong_inside(asked, samples, sample),
        ],
    }


def _shares(found: Reviewed) -> dict[str, str]:
    total = found.total
    return {
        "values": f"{total.values:,}",
        "right_values": f"{total.right:,}",
        "right": percent(total.right, total.values),
        "wrong": percent(total.wrong, total.values),
        "missed": percent(total.missed, total.values),
    }


def _row(line: Line) -> Row:
    of_spans = [(tally.right, tally.values) for tally in line.spans]
    share = percent(line.total.right, line.total.values)
    return Row(line=line, right=share, spark=tuple(spark(of_spans)))


def _right(asked: Asked, found: Reviewed) -> Chart:
    """One line a version; a value that was not read at all belongs to none."""
    shown = found.versions[:TONES]
    series = [
        Shares(
            name=line.name,
            tone=f"tone-{at + 1}",
            values=[(tally.right, tally.values) for tally in line.spans],
        )
        for at, line in enumerate(shown)
    ]
    read = found.total.read
    told = f"{found.total.right:,} of {read:,} values that were read were right."
    title = "Right among the values that were read, by version"
    return over_time("right", title, asked.spans(), series, told=told)


def _confidence(bins: list[Bin]) -> Chart:
    n, apart = sum(one.n for one in bins), calibration_error(bins)
    told = (
        f"What {n:,} values were said to be and what they were lie {100 * apart:.1f} points apart."
        if n
        else "No value with a confidence of its own was reviewed in this time."
    )
    return said_and_true("confidence", "Confidence said, and share right", bins, told=told)


def _straight(asked: Asked, through: list[Through], passed: Through) -> Chart:
    series = [
        Shares(
            name="Straight through",
            tone="tone-3",
            values=[(one.straight, one.documents) for one in through],
        )
    ]
    told = f"{passed.straight:,} of {passed.documents:,} documents needed nobody."
    title = "Documents that needed nobody"
    return over_time("straight", title, asked.spans(), series, told=told)


def _wrong_inside(asked: Asked, samples: list[Sampled], sample: Sampled) -> Chart:
    series = [
        Shares(
            name="Values wrong",
            tone="tone-fault",
            values=[(one.values_wrong, one.values) for one in samples],
        )
    ]
    told = (
        f"{sample.values_wrong:,} of {sample.values:,} values of sampled documents were wrong."
        if sample.documents
        else "No sample was reviewed in this time."
    )
    title = "Wrong values among those accepted without a person"
    return over_time("wrong", title, asked.spans(), series, told=told)
