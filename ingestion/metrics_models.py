"""How things stand with language models, for /metrics: places, pauses, what budgets have left.

What they did is counted where it happens (`config/metrics.py`); only this is read at a scrape,
and nothing where no model is configured.
"""

from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db.models import Count
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from documents.language import CallStatus, LlmCall, ModelServer
from ingestion import spending
from ingestion.llm.client import host_of

Values = Mapping[tuple[str, ...], float]


def gauges() -> Iterator[Metric]:
    if not settings.HAS_MODEL:
        return
    yield from _servers()
    pending = LlmCall.objects.filter(status=CallStatus.PENDING).order_by().values("purpose")
    at_work: Values = {(row["purpose"],): row["n"] for row in pending.annotate(n=Count("pk"))}
    yield _gauge("docket_model_calls_at_work", "Questions that are out", ["purpose"], at_work)
    yield from _budgets()


def _servers() -> Iterator[Metric]:
    now = timezone.now()
    paused: dict[tuple[str, ...], float] = {}
    failures: dict[tuple[str, ...], float] = {}
    for server in ModelServer.objects.all():
        named = (server.model, host_of(server.endpoint))
        paused[named] = float(server.closed_until is not None and server.closed_until > now)
        failures[named] = server.failures
    labels = ["model", "host"]
    text = "1 while a server that did not answer is left alone"
    yield _gauge("docket_model_paused", text, labels, paused)
    text = "Answers in a row that did not come"
    yield _gauge("docket_model_failures_in_a_row", text, labels, failures)


def _budgets() -> Iterator[Metric]:
    tokens: dict[tuple[str, ...], float] = {}
    cents: dict[tuple[str, ...], float] = {}
    for one in spending.limited():
        if one.tokens_a_day:
            tokens[(one.project.slug,)] = max(0, one.tokens_a_day - one.tokens)
        if one.cents_a_day:
            spent = one.microcents / spending.MICROCENTS
            cents[(one.project.slug,)] = max(0.0, one.cents_a_day - spent)
    text = "What a project with a budget may still spend today, calls at work counted"
    yield _gauge("docket_model_tokens_left", f"Tokens: {text}", ["project"], tokens)
    yield _gauge("docket_model_cents_left", f"US cents: {text}", ["project"], cents)


def _gauge(name: str, text: str, labels: list[str], values: Values) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for own, number in values.items():
        gauge.add_metric(list(own), number)
    return gauge
