"""What operators see of language models: calls, figures, budgets, and which engine is on."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from documents import prompts, reader
from documents.language import LlmCall, ModelServer, Prompt, Purpose
from documents.models import DocumentType, ModelUse, Project, Role
from documents.presentation import told_cost
from ingestion import spending
from ingestion.models import Limits
from ingestion.spending import Asked
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
PAGE = "/admin/language"
CALLS = "/admin/documents/llmcall/"


@pytest.fixture
def model_on(settings: Settings) -> None:
    settings.HAS_MODEL, settings.MODEL = True, "tiny-1"


def call(project: Project, *, days_ago: int = 0, **values: Any) -> LlmCall:
    """An answered call of 100 tokens in, 20 out, 2 cents and one second."""
    made = LlmCall.objects.create(
        **{
            "project": project,
            "purpose": "extract",
            "key": uuid4().hex,
            "endpoint": "http://model.test/v1",
            "model": "tiny-1",
            "status": "done",
            "answer": {"values": "<b>bold</b>"},
            "requests": 1,
            "input_tokens": 100,
            "output_tokens": 20,
            "cost_microcents": 2_000_000,
            "latency_ms": 1_000,
            "lapses_at": timezone.now(),
        }
        | values
    )
    if days_ago:
        then = timezone.now() - timedelta(days=days_ago)
        LlmCall.objects.filter(pk=made.pk).update(created_at=then)
    return made


def asked(project: Project | None = None, days: int = 7) -> Asked:
    return Asked(user=factories.user(is_superuser=True), project=project, days=days)


def test_figures_are_those_of_the_rows() -> None:
    project, document = factories.project(name="Ours"), uuid4()
    call(project, document=document, pages=2, reused=3)
    call(project, document=document, pages=1, requests=2, latency_ms=3_000)
    call(project, purpose="classify", pages=7, model="big-2", days_ago=1)
    call(project, status="failed", answer=None, error_code="model_empty", latency_ms=9_000)
    call(project, days_ago=8)
    whole = spending.overall(asked())
    assert (whole.calls, whole.requests, whole.reused, whole.failed) == (4, 5, 3, 1)
    assert (whole.input_tokens, whole.output_tokens, whole.cost) == (400, 80, "8 ¢")
    assert whole.p50_s == 1.0
    assert whole.p95_s == pytest.approx(2.8)
    assert whole.of_document.told == "240 tokens, 4 ¢, 4.0 s"
    assert (whole.of_page.count, whole.of_page.tokens) == (10, 36)
    by_model = {line.name: line.calls for line in spending.by_model(asked())}
    assert by_model == {"tiny-1": 3, "big-2": 1}
    assert [line.calls for line in spending.by_day(asked()).values()] in ([1, 3], [3, 1])
    assert [(code, n) for _, code, n in spending.failures(asked())] == [("model_empty", 1)]
    assert spending.overall(asked(factories.project())).calls == 0


def test_versions_of_prompts_are_told_apart() -> None:
    project = factories.project(name="Ours")
    own = Prompt.objects.create(purpose="answer", project=project, number=1, template="x")
    call(project, prompt=own, cost_microcents=9_000_000)
    call(project)
    assert [line.name for line in spending.by_prompt(asked())] == [
        "answer v1 of Ours",
        "tried, or deleted since",
    ]


def test_a_budget_counts_today_with_what_calls_at_work_may_cost(settings: Settings) -> None:
    settings.MODEL_TOKENS_A_DAY, settings.MODEL_CENTS_A_DAY = 1_000, 0
    project = factories.project()
    call(project)
    call(project, days_ago=1)
    call(project, status="pending", answer=None, input_tokens=0, output_tokens=0,
         cost_microcents=0, reserved_tokens=300, reserved_microcents=4_000_000)  # fmt: skip
    (budget,) = spending.budgets(factories.user(is_superuser=True))
    assert (budget.tokens, budget.microcents) == (420, 6_000_000)
    assert budget.shares == [("420 of 1,000 tokens", 0.42)]
    Limits.objects.create(project=project, model_tokens_a_day=400, model_cents_a_day=60)
    budget = spending.budget_of(project)
    assert budget.shares == [("420 of 400 tokens", 1.0), ("6 ¢ of 60 ¢", 0.1)]
    assert budget.is_spent


def test_the_page_shows_figures_of_own_projects_in_a_constant_number_of_queries(
    operator: Client, project: Project
) -> None:
    for number in range(3):
        call(project, document=uuid4(), pages=1, model=f"model-{number}", days_ago=number)
    secret = factories.project(name="Secret")
    call(secret, model="hidden-1")
    ModelServer.objects.create(endpoint="http://model.test/v1", model="tiny-1", json_mode="schema")
    with CaptureQueriesContext(
        connection,
    ) as few:
        text = operator.get(PAGE).text
    assert "300 tokens went in, 60 came out." in text
    assert "strict JSON Schema" in text
    assert "hidden-1" not in text
    assert "Secret" not in text
    for number in range(20):
        call(project, document=uuid4(), pages=1, model=f"more-{number}", error_code=f"c_{number}")
    with CaptureQueriesContext(connection) as many:
        operator.get(PAGE)
    assert len(many) <= len(few) <= 20


def test_errors_of_a_server_are_for_superusers_since_they_may_hold_text_of_any_project(
    operator: Client, admin_client: Client
) -> None:
    ModelServer.objects.create(endpoint="e", model="m", failures=2, last_error="said: the secret")
    assert "the secret" not in operator.get(PAGE).text
    assert "the secret" in admin_client.get(PAGE).text


def test_without_any_call_the_page_says_so(operator: Client) -> None:
    text = operator.get(PAGE).text
    assert "No language model was asked anything" in text
    assert "OPENAI_BASE_URL" in text


def test_calls_are_listed_and_found_by_their_document_and_read_only(
    operator: Client, project: Project
) -> None:
    document = factories.document(factories.upload(project))
    made = call(project, document=document.pk, model="tiny-9")
    call(project, model="other-1", status="failed", answer=None, error_code="model_truncated")
    hidden = call(factories.project(), model="hidden-1")
    text = operator.get(CALLS).text
    assert "tiny-9" in text
    assert "model_truncated" in text
    assert "hidden-1" not in text
    found = operator.get(CALLS, {"q": str(document.pk)}).text
    assert "1 call" in found or "1 llm call" in found
    assert operator.get(f"{CALLS}{hidden.pk}/change/").status_code == 302
    shown = operator.get(f"{CALLS}{made.pk}/change/").text
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert "<b>bold</b>" not in shown
    assert f"/documents/{document.pk}" in shown
    assert operator.post(f"{CALLS}{made.pk}/change/", {"model": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("asked_for", "wanted"),
    [
        ({"code": "model_empty"}, {"b"}),
        ({"model": "a"}, {"a"}),
        ({"status__exact": "failed"}, {"b"}),
        ({"purpose__exact": "classify"}, {"c"}),
        ({"day": "yesterday"}, {"a", "b", "c"}),
        ({"q": "no id"}, set()),
    ],
)
def test_calls_are_narrowed(
    operator: Client, project: Project, asked_for: dict[str, str], wanted: set[str]
) -> None:
    call(project, model="a")
    call(project, model="b", status="failed", answer=None, error_code="model_empty")
    call(project, model="c", purpose="classify")
    rows = operator.get(CALLS, asked_for).context["cl"].result_list
    assert {row.model for row in rows} == wanted


def test_a_day_of_calls_is_a_day_of_utc(operator: Client, project: Project) -> None:
    call(project, model="today")
    call(project, model="before", days_ago=1)
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    rows = operator.get(CALLS, {"day": day}).context["cl"].result_list
    assert [row.model for row in rows] == ["before"]


def test_a_document_shows_its_own_calls_and_what_they_took(
    operator: Client, project: Project
) -> None:
    document = factories.document(factories.upload(project))
    call(project, document=document.pk)
    call(project, document=document.pk, purpose="classify")
    call(project, document=uuid4(), model="hidden-1")
    text = operator.get(f"/admin/documents/document/{document.pk}/change/").text
    assert "2 calls: 240 tokens, 4 ¢, 2.0 s" in text
    assert "hidden-1" not in text


def test_the_front_page_says_whether_a_model_is_on(
    operator: Client, settings: Settings, project: Project
) -> None:
    assert "No language model is configured" in operator.get("/admin/").text
    settings.HAS_MODEL, settings.MODEL = True, "tiny-1"
    assert "tiny-1 is on." in operator.get("/admin/").text
    Limits.objects.create(project=project, model_tokens_a_day=100)
    call(project)
    told = f"The budget of today is spent in {project}"
    assert told in operator.get("/admin/").text
    later = timezone.now() + timedelta(minutes=5)
    ModelServer.objects.create(endpoint="e", model="tiny-1", closed_until=later)
    assert "tiny-1 is paused until" in operator.get("/admin/").text


def test_without_a_model_the_front_page_asks_no_table_of_models(operator: Client) -> None:
    with CaptureQueriesContext(connection) as asked_of:
        operator.get("/admin/")
    sql = " ".join(query["sql"] for query in asked_of.captured_queries)
    assert "llmcall" not in sql
    assert "modelserver" not in sql


@pytest.mark.usefixtures("model_on")
def test_pages_for_users_say_which_engine_reads(client: Client, project: Project) -> None:
    client.force_login(factories.user(Role.REVIEWER, project))
    told = "tiny-1 reads what the rules are unsure of."
    assert told in client.get("/").text
    assert told in client.get("/search").text
    document = factories.document(factories.upload(project))
    assert told in client.get(f"/documents/{document.pk}").text
    DocumentType.objects.filter(slug="bill").update(model_use=ModelUse.NEVER)
    assert "no language model is asked about it" in client.get(f"/documents/{document.pk}").text
    own = {"template": "$type $fields $pages", "model": "own-1"}
    prompts.create_version(Purpose.EXTRACT, project, own, None, activate=True)
    assert reader.of_type(None, project).startswith("own-1 ")


def test_without_a_model_pages_for_users_say_that_rules_read(
    client: Client, project: Project
) -> None:
    client.force_login(factories.user(Role.REVIEWER, project))
    assert "Read by rules; no language model is configured." in client.get("/").text


@pytest.mark.parametrize(
    ("microcents", "told"),
    [(0, "0 ¢"), (310, "below 0.001 ¢"), (31_000, "0.031 ¢"), (4_200_000, "4.2 ¢"),
     (42_700_000, "43 ¢"), (1_240_000_000, "$12.40")],
)  # fmt: skip
def test_costs_are_told_with_digits_that_count(microcents: int, told: str) -> None:
    assert told_cost(microcents) == told
