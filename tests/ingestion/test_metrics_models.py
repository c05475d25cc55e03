"""/metrics of language models: what they did, what they cost, what they may still cost."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from config import metrics as counted
from documents.language import LlmCall, ModelServer
from ingestion import metrics
from ingestion.intake import Options
from ingestion.models import Job, Limits
from tests import factories
from tests import llm_server as servers
from tests.ingestion.llm import crude
from tests.llm_server import LlmServer

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
BILL = "bill start total_amount=118.00\nsupplier_name: Acme Traders\n"


@pytest.fixture(autouse=True)
def _a_process_that_has_counted_nothing(settings: Settings) -> Iterator[None]:
    settings.METRICS_TOKEN = "a-token"
    metrics._begin_anew()
    yield
    metrics._begin_anew()


def scraped(name: str) -> dict[str, float]:
    """The samples of a name by their labels."""
    answer = Client().get("/metrics", headers={"Authorization": "Bearer a-token"})
    assert answer.status_code == 200
    return {
        counted.key("", sample.labels): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
        if sample.name == name
    }


def counted_of(name: str) -> dict[str, float]:
    """Those that counted something: what other tests named stands at 0."""
    return {labels: value for labels, value in scraped(name).items() if value}


def test_calls_are_counted_by_purpose_and_outcome_with_tokens_cost_and_seconds(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    settings.MODEL_PRICES = ["scripted=100/100"]
    llm_server.script(crude.answer)
    home = factories.project()
    drain(factories.job(BILL, in_project=home))
    drain(factories.job(BILL, in_project=home, options=Options(anew=True)))
    llm_server.script(lambda body: servers.refuses())
    drain(factories.job(f"{BILL} of another", in_project=home))
    assert counted_of("docket_model_calls_total") == {
        '{outcome="answered",purpose="extract"}': 1,
        '{outcome="reused",purpose="extract"}': 1,
        '{outcome="model_refused",purpose="extract"}': 1,
    }
    assert counted_of("docket_model_requests_total") == {'{purpose="extract"}': 2}
    calls = list(LlmCall.objects.all())
    tokens = counted_of("docket_model_tokens_total")
    assert tokens['{direction="in",purpose="extract"}'] == sum(one.input_tokens for one in calls)
    assert tokens['{direction="out",purpose="extract"}'] == sum(one.output_tokens for one in calls)
    cents = sum(one.cost_microcents for one in calls) / 1_000_000
    assert counted_of("docket_model_cost_cents_total") == {
        '{purpose="extract"}': pytest.approx(cents)
    }
    assert counted_of("docket_model_seconds_count") == {'{purpose="extract"}': 2}


def test_pauses_and_what_budgets_have_left_are_told(llm_server: LlmServer) -> None:
    project, free = factories.project(slug="ours"), factories.project(slug="free")
    Limits.objects.create(project=project, model_tokens_a_day=1_000, model_cents_a_day=5)
    Limits.objects.create(project=free, steps_at_once=3)
    soon = timezone.now() + timedelta(minutes=1)
    shared = {"purpose": "extract", "endpoint": "e", "model": "m", "lapses_at": soon}
    LlmCall.objects.create(
        project=project,
        key="a" * 64,
        status="done",
        answer={},
        input_tokens=300,
        cost_microcents=2_000_000,
        **shared,
    )
    LlmCall.objects.create(project=project, key="b" * 64, reserved_tokens=200, **shared)
    ModelServer.objects.create(
        endpoint="http://one.test/v1", model="m", failures=6, closed_until=soon
    )
    ModelServer.objects.create(endpoint="http://two.test/v1", model="m")
    assert scraped("docket_model_tokens_left") == {'{project="ours"}': 500}
    assert scraped("docket_model_cents_left") == {'{project="ours"}': 3}
    one, two = '{host="one.test",model="m"}', '{host="two.test",model="m"}'
    assert scraped("docket_model_paused") == {one: 1, two: 0}
    assert scraped("docket_model_failures_in_a_row") == {one: 6, two: 0}
    assert scraped("docket_model_calls_at_work") == {'{purpose="extract"}': 1}


def test_without_a_model_a_scrape_asks_nothing_of_its_rows(settings: Settings) -> None:
    settings.HAS_MODEL = False
    with CaptureQueriesContext(connection) as made:
        assert scraped("docket_model_paused") == {}
    assert not [query for query in made.captured_queries if "llmcall" in query["sql"]]
