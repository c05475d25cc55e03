"""Pages that the rules are unsure of are put to a model, many in a request."""

from collections.abc import Callable, Iterable

import pytest
from pytest_django.fixtures import Settings

from documents.language import LlmCall, Prompt
from documents.models import Document, DocumentType, ModelUse, Page
from ingestion import ledger, tasks
from ingestion.engines.base import PageType
from ingestion.intake import Options
from ingestion.ledger import orders
from ingestion.llm import classifying
from ingestion.llm.base import About
from ingestion.llm.classifying import Verdict, merged
from ingestion.models import Job, JobStatus
from tests import factories
from tests import llm_server as servers
from tests.ingestion.conftest import statuses
from tests.ingestion.llm import crude
from tests.ingestion.llm.papers import page
from tests.llm_server import LlmServer, Reply

Drain = Callable[[Job], Job]


def kind(type: str, confidence: float, runner_up: str = "", second: float = 0.0) -> PageType:
    return PageType(
        type=type,
        confidence=confidence,
        runner_up=runner_up,
        runner_up_confidence=second,
        starts=0.3,
        document_number="",
        page_label=0,
        page_count=0,
        engine="rules",
        engine_version="1",
    )


def said(type: str, confidence: float = 0.9, is_first: bool = True) -> Verdict:
    return Verdict(
        type=type, confidence=confidence, second="", is_first=is_first, engine="m classify v1"
    )


def test_agreement_makes_a_type_surer() -> None:
    assert merged(kind("bill", 0.7), said("bill")).confidence == pytest.approx(0.85)


@pytest.mark.parametrize("other", ["eway_bill", ""])
def test_disagreement_keeps_the_type_and_asks_a_person(other: str) -> None:
    made = merged(kind("bill", 0.8), said(other))
    assert (made.type, made.runner_up) == ("bill", other)
    assert made.confidence < 0.6


def test_a_type_that_only_the_model_sees_is_one_for_a_person() -> None:
    made = merged(kind("", 0.98), said("bill"))
    assert (made.type, made.runner_up, made.starts) == ("bill", "", classifying.FIRST)
    assert made.confidence < 0.6


def test_a_type_that_the_rules_held_possible_needs_nobody() -> None:
    made = merged(kind("", 0.6, "bill", 0.4), said("bill"))
    assert made.confidence == classifying.BACKED


def test_a_guess_of_the_model_makes_no_type() -> None:
    made = merged(kind("", 0.98), said("bill", 0.4))
    assert (made.type, made.runner_up) == ("", "bill")


def asked(known: PageType, **uses: str) -> bool:
    types = [
        DocumentType(slug=slug, model_use=uses.get(slug, "unsure"))
        for slug in ("bill", "eway_bill", "note")
    ]
    part = classifying.Slice(about=About(project_id=1), pages=(page("x"),), known={1: known})
    return bool(classifying.asked_about(part, types))


def test_the_model_is_asked_where_rules_are_unsure_or_a_type_says_always() -> None:
    assert asked(kind("bill", 0.7))
    assert asked(kind("", 0.98))
    assert asked(kind("note", 0.95), note=ModelUse.ALWAYS)
    assert not asked(kind("note", 0.95))
    assert not asked(kind("bill", 0.95), bill=ModelUse.ALWAYS)
    assert not asked(kind("bill", 0.7), bill=ModelUse.NEVER)
    assert not asked(kind("", 0.9), bill="never", eway_bill="never", note="never")


def test_the_pictures_of_later_requests_are_not_loaded_yet(settings: Settings) -> None:
    settings.MODEL_BATCH_PAGES = 2
    shown: list[int] = []

    def load(numbers: Iterable[int]) -> dict[int, bytes]:
        made = {number: b"%d" % number for number in numbers}
        shown.extend(made)
        return made

    pages = tuple(page("a word", number) for number in range(1, 6))
    part = classifying.Slice(about=About(project_id=1), pages=pages, known={}, pictures=load)
    types = [DocumentType(slug="bill", model_use="unsure")]
    prompt = Prompt(template="$types $pages", purpose="classify")
    found = classifying.questions(part, types, prompt, [1, 2, 3, 4, 5])
    assert next(found)[1].messages[-1].images == (b"1", b"2")
    assert shown == [1, 2]
    assert [question.messages[-1].images for _, question in found] == [(b"3", b"4"), (b"5",)]
    assert classifying.requests(part, types, prompt, [1, 2, 3, 4, 5]) == 3
    assert shown == [1, 2, 3, 4, 5]


def pages_of(job: Job) -> list[tuple[str, str]]:
    rows = Page.objects.filter(upload=job.upload).select_related("type").order_by("number")
    return [(row.type.slug if row.type else "", row.type_engine) for row in rows]


def classified(job: Job) -> Job:
    """Work until the pages of a job have their types, and no further."""
    while (step := ledger.claim("test-worker")) is not None:
        tasks.run(step)
        if step.stage == "classify" and "queued" not in statuses(job, "classify"):
            break
    return job


def sorting(server: LlmServer) -> int:
    """How many requests were there to classify pages."""
    return sum(crude.is_sorting(body) for body in server.chats)


@pytest.mark.django_db
def test_many_pages_go_into_one_request_and_a_new_run_asks_nothing_again(
    fake_engines: Settings, llm_server: LlmServer
) -> None:
    llm_server.script(crude.answer)
    text, home = "\f".join(f"invoice {number}" for number in range(30)), factories.project()
    job = classified(factories.job(text, in_project=home))
    assert set(pages_of(job)) == {("bill", "plain+model 1")}
    assert sorting(llm_server) <= 30 * 15 / 100
    orders.cancel(job.pk, None)
    before = len(llm_server.chats)
    again = classified(factories.job(text, in_project=home, options=Options(anew=True)))
    assert again.pk != job.pk
    assert statuses(again, "classify") == ["done", "done"]
    assert len(llm_server.chats) == before


@pytest.mark.django_db
def test_what_the_model_said_stands_with_the_page(drain: Drain, llm_server: LlmServer) -> None:
    llm_server.script(crude.answer)
    job = drain(factories.job("invoice 7"))
    signals = Page.objects.get(upload=job.upload).signals
    assert signals["model"] == ["bill", 0.9, "scripted classify v1"]
    document = Document.objects.get(upload=job.upload)
    assert "type_unsure" in {reason["code"] for reason in document.reasons}


@pytest.mark.django_db
def test_pages_that_the_rules_are_sure_of_cost_no_request(
    drain: Drain, llm_server: LlmServer
) -> None:
    DocumentType.objects.update(model_use=ModelUse.UNSURE)
    job = drain(factories.job("bill total_amount=9.00\fbill total_amount=9.00"))
    assert sorting(llm_server) == 0
    assert pages_of(job) == [("bill", "plain 1")] * 2


@pytest.mark.django_db
def test_the_answer_can_name_no_more_pages_and_no_other_types_than_were_asked(
    drain: Drain, llm_server: LlmServer
) -> None:
    DocumentType.objects.filter(slug="eway_bill").update(model_use=ModelUse.NEVER)
    llm_server.script(crude.answer)
    drain(factories.job("invoice 1\fsomething\fbill 3"))
    asked = next(body for body in llm_server.chats if crude.is_sorting(body))
    entries = crude.schema_of(asked)["properties"]["pages"]
    assert entries["maxItems"] == 2
    assert entries["items"]["properties"]["type"]["enum"] == ["bill", "unknown"]


@pytest.mark.django_db
def test_long_pages_are_shown_by_head_and_tail(
    fake_engines: Settings, llm_server: LlmServer
) -> None:
    llm_server.script(crude.answer)
    page_text = "invoice head " + "words in the middle " * 900 + "the very tail"
    classified(factories.job("\f".join([page_text] * 10)))
    sorts = [text for text in llm_server.texts if "You sort pages" in text]
    assert len(sorts) == 1
    assert sorts[0].count("invoice head") == sorts[0].count("the very tail") == 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    "reply",
    [
        servers.refuses(),
        servers.fails(400, "no"),
        servers.fails(401, "key"),
        servers.says("no JSON at all"),
        servers.says(""),
        servers.truncated({"pages": []}),
        servers.fails(500),
        servers.too_many(),
        servers.cut(),
        servers.broken(),
    ],
    ids=lambda reply: str(reply.status if reply.status != 200 else reply.content or "odd")[:9],
)
def test_a_model_that_fails_costs_no_page(
    drain: Drain, llm_server: LlmServer, reply: Reply, settings: Settings
) -> None:
    llm_server.script(lambda body: reply)
    job = drain(factories.job("invoice 1\fletter 2"))
    assert job.status == JobStatus.COMPLETED
    assert pages_of(job) == [("", "plain 1")] * 2
    assert Page.objects.get(upload=job.upload, number=1).signals["model_failed"] == "model_failed"
    assert list(LlmCall.objects.exclude(status="failed")) == []


@pytest.mark.django_db
def test_a_budget_that_is_spent_asks_nobody(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    settings.MODEL_TOKENS_A_DAY = 10
    job = drain(factories.job("invoice 1"))
    assert llm_server.chats == []
    assert Page.objects.get(upload=job.upload).signals["model_failed"] == "model_budget"
