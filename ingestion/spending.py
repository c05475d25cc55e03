"""What language models did, what it cost and how long it took, as the admin tells it.

Every question starts from the user and is one query over `LlmCall`, however many calls there
are. Days are those of UTC, as budgets are. A reused answer counts on the day of the call that
it was taken from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import TruncDay
from django.utils import timezone

from documents.language import CallStatus, LlmCall, ModelServer, Purpose
from documents.models import AnyUser, Project
from documents.presentation import told_cost
from ingestion import unpriced
from ingestion.models import Limits
from ingestion.statistics import Percentile

PERIODS = {"7d": 7, "30d": 30, "90d": 90}
ROWS = 50
NEARLY = 0.97
MICROCENTS = 1_000_000
"""In one US cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose calls, of which project (None: all that the user sees), of how many days."""

    user: AnyUser
    project: Project | None
    days: int

    @property
    def since(self) -> datetime:
        return _today() - timedelta(days=self.days - 1)

    def dates(self) -> list[date]:
        return [(self.since + timedelta(days=at)).date() for at in range(self.days)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Calls of one project, purpose, prompt, model or day: how many, what they cost.

    requests: sent to the server, repairs counted; reused: answers that cost nothing;
    cost in millionths of a US cent; p50, p95: seconds of calls that were answered;
    of_document, of_page: the averages over the documents and pages that were asked about."""

    name: str
    calls: int
    requests: int
    reused: int
    failed: int
    input_tokens: int
    output_tokens: int
    microcents: int
    p50_s: float | None
    p95_s: float | None
    of_document: "Average"
    of_page: "Average"

    @property
    def cost(self) -> str:
        return told_cost(self.microcents)

    @property
    def tokens(self) -> str:
        """In and out."""
        return f"{self.input_tokens:,} / {self.output_tokens:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """What one document or page took. count: of how many this is the average."""

    count: int
    tokens: float
    microcents: float
    seconds: float

    @property
    def told(self) -> str:
        """ "1,240 tokens, 0.031 ¢, 2.1 s"; a dash of nothing."""
        if not self.count:
            return "–"
        return f"{self.tokens:,.0f} tokens, {told_cost(self.microcents)}, {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a project has spent today of tokens and of millionths of a cent, of what it may;
    None where there is no limit. Calls at work count with the most that they may cost.
    unpriced: models that it would ask, but may not, since the limit is one of money and they
    have no price."""

    project: Project
    tokens: int
    tokens_a_day: int | None
    microcents: int
    cents_a_day: int | None
    unpriced: tuple[str, ...] = ()

    @property
    def shares(self) -> list[tuple[str, float]]:
        """Each limit as a sentence and how much of it is spent, 0..1."""
        told = []
        if self.tokens_a_day:
            sentence = f"{self.tokens:,} of {self.tokens_a_day:,} tokens"
            told.append((sentence, min(1.0, self.tokens / self.tokens_a_day)))
        if self.cents_a_day:
            limit = self.cents_a_day * MICROCENTS
            sentence = f"{told_cost(self.microcents)} of {told_cost(limit)}"
            told.append((sentence, min(1.0, self.microcents / limit)))
        return told

    @property
    def is_spent(self) -> bool:
        """As good as: a call that would pass the limit is not made."""
        return any(share >= NEARLY for _, share in self.shares)

    @property
    def told_unpriced(self) -> str:
        return unpriced.told(self.unpriced)

    @property
    def told(self) -> str:
        """In a few words, with or without a limit."""
        spent = f"{self.tokens:,} tokens, {told_cost(self.microcents)}"
        return "; ".join(sentence for sentence, _ in self.shares) or f"{spent}, without a limit"


def calls_of(asked: Asked) -> QuerySet[LlmCall]:
    seen: QuerySet[LlmCall] = LlmCall.objects.visible_to(asked.user)
    if asked.project is not None:
        seen = seen.filter(project=asked.project)
    return seen.filter(created_at__gte=asked.since).order_by()


def overall(asked: Asked) -> Line:
    return _line("All", calls_of(asked).aggregate(**_MEASURES))


def by_project(asked: Asked) -> list[Line]:
    return [_line(row["project__name"], row) for row in _grouped(asked, "project__name")]


def by_purpose(asked: Asked) -> list[Line]:
    named = dict(Purpose.choices)
    rows = _grouped(asked, "purpose")
    return [_line(str(named.get(row["purpose"], row["purpose"])), row) for row in rows]


def by_model(asked: Asked) -> list[Line]:
    return [_line(row["model"], row) for row in _grouped(asked, "model")]


def by_prompt(asked: Asked) -> list[Line]:
    columns = ("prompt__purpose", "prompt__number", "prompt__project__name")
    return [
        _line(_prompt_name(*(row[column] for column in columns)), row)
        for row in _grouped(asked, *columns)
    ]


def by_day(asked: Asked) -> Mapping[date, Line]:
    day: Any = TruncDay("created_at", tzinfo=UTC)
    rows: Any = calls_of(asked).annotate(day=day).values("day").annotate(**_MEASURES)
    return {row["day"].date(): _line(f"{row['day']:%Y-%m-%d}", row) for row in rows}


def failures(asked: Asked) -> Sequence[tuple[date, str, int]]:
    """(day, code, how many) of calls without a good answer."""
    day: Any = TruncDay("created_at", tzinfo=UTC)
    failed = calls_of(asked).filter(status=CallStatus.FAILED).annotate(day=day)
    rows = failed.values_list("day", "error_code").annotate(n=Count("pk"))
    return [(at.date(), code or "unnamed", n) for at, code, n in rows]


def budgets(user: AnyUser) -> list[Budget]:
    """Of each project that the user sees and that has a limit or spent today. Three queries."""
    found = _budgets(list(Project.objects.visible_to(user)))
    return [one for one in found if one.shares or one.tokens]


def limited() -> list[Budget]:
    """Of each project that has a limit. Three queries."""
    return [one for one in _budgets(list(Project.objects.all())) if one.shares]


def _budgets(projects: list[Project]) -> list[Budget]:
    limits = Limits.objects.in_bulk([project.pk for project in projects])
    calls = LlmCall.objects.filter(project__in=projects, created_at__gte=_today()).order_by()
    spent = {row["project"]: row for row in calls.values("project").annotate(**_SPENT)}
    return [_budget(one, limits.get(one.pk), spent.get(one.pk, {})) for one in projects]


def budget_of(project: Project) -> Budget:
    """Of one project. Two queries."""
    calls = LlmCall.objects.filter(project=project, created_at__gte=_today())
    limits = Limits.objects.filter(project=project).first()
    return _budget(project, limits, calls.aggregate(**_SPENT))


def servers() -> list[ModelServer]:
    return list(ModelServer.objects.order_by("endpoint", "model"))


def _today() -> datetime:
    return timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _budget(project: Project, limits: Limits | None, spent: Mapping[str, Any]) -> Budget:
    tokens = limits.model_tokens_a_day if limits else None
    cents = limits.model_cents_a_day if limits else None
    cents_a_day = settings.MODEL_CENTS_A_DAY if cents is None else cents
    return Budget(
        project=project,
        tokens=spent.get("tokens") or 0,
        tokens_a_day=settings.MODEL_TOKENS_A_DAY if tokens is None else tokens,
        microcents=spent.get("microcents") or 0,
        cents_a_day=cents_a_day,
        unpriced=unpriced.models(project) if cents_a_day else (),
    )


def _grouped(asked: Asked, *columns: str) -> list[dict[str, Any]]:
    """The measures by columns, the dearest first."""
    found: Any = calls_of(asked).values(*columns).annotate(**_MEASURES)
    return list(found.order_by("-microcents", "-input_sum", *columns)[:ROWS])


_IS_PENDING = Q(status=CallStatus.PENDING)
_OF_DOCUMENT = Q(document__isnull=False)
_OF_PAGES = Q(pages__gt=0)
_TOKENS = F("input_tokens") + F("output_tokens")
_SPENT: dict[str, Any] = {
    "tokens": Sum(_TOKENS, filter=~_IS_PENDING, default=0)
    + Sum("reserved_tokens", filter=_IS_PENDING, default=0),
    "microcents": Sum("cost_microcents", filter=~_IS_PENDING, default=0)
    + Sum("reserved_microcents", filter=_IS_PENDING, default=0),
}
_MEASURES: dict[str, Any] = {
    "calls": Count("pk"),
    "requests_sum": Sum("requests", default=0),
    "reused_sum": Sum("reused", default=0),
    "failed": Count("pk", filter=Q(status=CallStatus.FAILED)),
    "input_sum": Sum("input_tokens", default=0),
    "output_sum": Sum("output_tokens", default=0),
    "microcents": Sum("cost_microcents", default=0),
    "p50": Percentile(
        "latency_ms", share=0.5, filter=Q(status=CallStatus.DONE), output_field=FloatField()
    ),
    "p95": Percentile(
        "latency_ms", share=0.95, filter=Q(status=CallStatus.DONE), output_field=FloatField()
    ),
    "documents": Count("document", distinct=True),
    "document_tokens": Sum(_TOKENS, filter=_OF_DOCUMENT, default=0),
    "document_microcents": Sum("cost_microcents", filter=_OF_DOCUMENT, default=0),
    "document_ms": Sum("latency_ms", filter=_OF_DOCUMENT, default=0),
    "pages_sum": Sum("pages", default=0),
    "page_tokens": Sum(_TOKENS, filter=_OF_PAGES, default=0),
    "page_microcents": Sum("cost_microcents", filter=_OF_PAGES, default=0),
    "page_ms": Sum("latency_ms", filter=_OF_PAGES, default=0),
}


def _line(name: str, row: Mapping[str, Any]) -> Line:
    return Line(
        name=name,
        calls=row["calls"],
        requests=row["requests_sum"],
        reused=row["reused_sum"],
        failed=row["failed"],
        input_tokens=row["input_sum"],
        output_tokens=row["output_sum"],
        microcents=row["microcents"],
        p50_s=_seconds_of(row["p50"]),
        p95_s=_seconds_of(row["p95"]),
        of_document=_average(row["documents"], row, "document"),
        of_page=_average(row["pages_sum"], row, "page"),
    )


def _average(count: int, row: Mapping[str, Any], what: str) -> Average:
    of = max(1, count)
    return Average(
        count=count,
        tokens=row[f"{what}_tokens"] / of,
        microcents=row[f"{what}_microcents"] / of,
        seconds=row[f"{what}_ms"] / of / 1_000,
    )


def _seconds_of(ms: float | None) -> float | None:
    return None if ms is None else ms / 1_000


def _prompt_name(purpose: str | None, number: int | None, project: str | None) -> str:
    if purpose is None:
        return "tried, or deleted since"
    return f"{purpose} v{number}" + (f" of {project}" if project else "")
