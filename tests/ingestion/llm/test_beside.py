"""A document that rules and a model read: what stands, what a person is asked, what it costs."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from documents import prompts
from documents.language import LlmCall, ModelServer, Prompt, Purpose
from documents.models import Document, DocumentReading, DocumentType, ModelUse, Project, TypeState
from documents.schemas import shipped_schema
from ingestion import ledger, tasks, workers
from ingestion.intake import Options
from ingestion.llm import reading
from ingestion.llm.base import About
from ingestion.models import Job, JobStatus, Step
from ingestion.stages import extract
from tests import factories
from tests import llm_server as servers
from tests.ingestion.llm import crude
from tests.ingestion.llm.papers import AMOUNT, DATE, TEXT, page
from tests.llm_server import LlmServer, Reply

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
SURE = "bill\ntotal_amount=118.00 taxable_amount=100.00 tax_amount=18.00"
BILL = (
    "bill start total_amount=118.00 taxable_amount=100.00 tax_amount=18.00\n"
    "supplier_name: Acme Traders\ndocument_date: 31/03/2024\ntotal_amount: 118.00\n"
)


def use(slug: str, when: ModelUse) -> None:
    DocumentType.objects.filter(slug=slug).update(model_use=when)


def read(drain: Drain, text: str, project: Project | None = None, **more: Any) -> Document:
    job = drain(factories.job(text, in_project=project, **more))
    return Document.objects.get(upload=job.upload)


def codes(document: Document) -> set[tuple[str, str]]:
    return {(reason["code"], reason["field"]) for reason in document.reasons}


def test_values_that_only_the_model_reads_stand_with_their_place(
    drain: Drain, llm_server: LlmServer
) -> None:
    llm_server.script(crude.answer)
    document = read(drain, BILL)
    assert document.payload["supplier_name"] == "Acme Traders"
    assert document.payload["document_date"] == "2024-03-31"
    name = document.evidence["/supplier_name"]
    assert (name["source"], name["page"], name["engine"]) == ("model", 1, "scripted extract v1")
    assert document.evidence["/total_amount"]["agrees"] == "scripted extract v1"
    assert DocumentReading.objects.get(document=document).engine == "plain 1 + scripted extract v1"


def test_a_models_value_alone_is_asked_of_a_person(drain: Drain, llm_server: LlmServer) -> None:
    llm_server.script(crude.answer)
    document = read(drain, BILL)
    assert document.status == "draft_pending"
    assert ("low_confidence", "supplier_name") in codes(document)


def test_the_model_is_asked_only_where_the_rules_are_unsure(
    drain: Drain, llm_server: LlmServer
) -> None:
    llm_server.script(crude.answer)
    text = f"{SURE} supplier_name=Acme document_date=2024-03-31"
    document = read(drain, text)
    assert (document.status, llm_server.chats) == ("draft_created", [])
    use("bill", ModelUse.ALWAYS)
    read(drain, f"{text} due_date=2024-04-30")
    assert len(llm_server.chats) == 1
    use("bill", ModelUse.NEVER)
    document = read(drain, "bill total_amount=1.00")
    assert (document.status, len(llm_server.chats)) == ("draft_pending", 1)


def test_a_value_that_no_page_prints_is_left_to_a_person(
    drain: Drain, llm_server: LlmServer
) -> None:
    invented = {"supplier_name": "Zenith Steel Corporation", "document_date": "2024-03-31"}
    llm_server.script(lambda body: {**crude.read_fields(body), **invented})
    document = read(drain, f"{SURE} document_date=2024-03-31")
    assert document.payload.get("supplier_name") is None
    assert document.evidence["/supplier_name"]["candidate"] == "Zenith Steel Corporation"
    assert (document.status, codes(document)) == (
        "draft_pending",
        {("missing", "supplier_name")},
    )


def test_what_no_page_prints_makes_no_document_known_to_others(
    drain: Drain, llm_server: LlmServer
) -> None:
    invented = {"document_number": "RE-77-2024", "supplier_gstin": "27AAPFU0939F1ZV"}
    llm_server.script(lambda body: {**crude.read_fields(body), **invented})
    assert read(drain, SURE).identity.get("number", "") == ""


def test_a_disagreement_is_a_reason_for_review(drain: Drain, llm_server: LlmServer) -> None:
    use("bill", ModelUse.ALWAYS)
    llm_server.script(crude.answer)
    text = f"{SURE} supplier_name=Acme document_date=2024-03-31\nsupplier_name: Zenith\n"
    document = read(drain, text)
    assert document.payload["supplier_name"] == "Acme"
    assert codes(document) == {("conflict", "supplier_name")}


FAILURES = [
    servers.refuses(),
    servers.fails(400, "no"),
    servers.fails(404, "no such model"),
    servers.says("no JSON at all"),
    servers.says(""),
    servers.says({"total_amount": 5}),
    servers.truncated({"total_amount": "118.00", "supplier_name": "Acme Traders"}),
    servers.fails(500),
    servers.too_many(),
    servers.cut(),
    servers.broken(),
]


@pytest.mark.parametrize("reply", FAILURES, ids=range(len(FAILURES)))
def test_a_model_that_fails_costs_no_document_and_invents_nothing(
    drain: Drain, llm_server: LlmServer, reply: Reply
) -> None:
    llm_server.script(lambda body: reply)
    job = drain(factories.job(SURE))
    document = Document.objects.get(upload=job.upload)
    assert job.status == JobStatus.COMPLETED
    assert set(document.payload) == {"total_amount", "taxable_amount", "tax_amount"}
    assert ("model_failed", "") in codes(document)
    assert not LlmCall.objects.exclude(status="failed").exists()


def test_a_model_that_fails_on_a_sure_document_is_no_reason_for_review(
    drain: Drain, llm_server: LlmServer
) -> None:
    use("bill", ModelUse.ALWAYS)
    llm_server.script(lambda body: servers.refuses())
    document = read(drain, f"{SURE} supplier_name=Acme document_date=2024-03-31")
    assert (document.status, document.reasons) == ("draft_created", [])


def test_a_budget_that_is_spent_is_told(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    settings.MODEL_TOKENS_A_DAY = 10
    assert ("model_budget", "") in codes(read(drain, SURE))
    assert llm_server.chats == []


def test_no_active_prompt_is_told_and_the_rules_result_stands(
    drain: Drain, llm_server: LlmServer
) -> None:
    Prompt.objects.update(is_active=False)
    prompts.forget()
    assert ("model_failed", "") in codes(read(drain, SURE))


def test_documents_that_are_read_again_ask_nothing_anew(
    drain: Drain, llm_server: LlmServer
) -> None:
    llm_server.script(crude.answer)
    text, home = "\f".join(f"{BILL}number {n}" for n in range(6)), factories.project()
    job = drain(factories.job(text, in_project=home))
    assert Document.objects.filter(upload=job.upload).count() == 6
    asked = len(llm_server.chats)
    assert asked == 6
    drain(factories.job(text, in_project=home, options=Options(anew=True)))
    assert len(llm_server.chats) == asked
    assert sum(LlmCall.objects.values_list("reused", flat=True)) == 6


def test_a_worker_that_dies_between_answer_and_save_costs_no_second_request(
    drain: Drain, llm_server: LlmServer, settings: Settings
) -> None:
    llm_server.script(crude.answer)
    job = factories.job(BILL)
    while (step := ledger.claim("test-worker")) is not None and step.stage != "extract":
        tasks.run(step)
    assert step is not None
    extract.work(step, workers.Caller(step))
    assert len(llm_server.chats) == 1
    Step.objects.filter(pk=step.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    drain(job)
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    assert len(llm_server.chats) == 1
    assert Document.objects.get(upload=job.upload).payload["supplier_name"] == "Acme Traders"


def note_type() -> DocumentType:
    kind = DocumentType.objects.create(
        slug="goods_note", name="Goods note", description="Goods sent", state=TypeState.ON
    )
    schema = {
        "type": "object",
        "properties": {
            "place": {"title": "Place", **TEXT},
            "sent_on": {"title": "Sent on", "x-hint": "date of dispatch", **DATE},
            "freight": {"title": "Freight", "x-labels": ["Carriage"], **AMOUNT},
        },
        "x-order": ["sent_on", "place", "freight"],
        "x-required": ["place"],
    }
    kind.schema_versions.create(number=1, schema=schema)
    return kind


def test_a_type_of_ones_own_is_read_by_the_model_though_the_rules_have_all(
    drain: Drain, llm_server: LlmServer
) -> None:
    note_type()
    llm_server.script(
        lambda body: (
            {
                "pages": [
                    {
                        "page": 1,
                        "type": "goods_note",
                        "confidence": 1,
                        "second": "unknown",
                        "is_first": True,
                    }
                ]
            }
            if crude.is_sorting(body)
            else crude.read_fields(body)
        )
    )
    text = "note place=Pune\nsent_on: 31.03.2024\nfreight: Rs. 1,250.00\nplace: Pune"
    document = read(drain, text)
    assert document.payload == {"place": "Pune", "sent_on": "2024-03-31", "freight": "1250.00"}
    asked = next(text for text in llm_server.texts if "You read values" in text)
    assert asked.index("- sent_on: Sent on; date; date of dispatch") < asked.index("- place")
    assert '- freight: Freight; amount; may be labelled "Carriage"' in asked


def test_a_long_document_is_asked_for_in_parts(drain: Drain, llm_server: LlmServer) -> None:
    home = factories.project()
    shipped = prompts.active(Purpose.EXTRACT, home.pk)
    fields = {"template": shipped.template, "max_input_tokens": 2_500}
    prompts.create_version(Purpose.EXTRACT, home, fields, None, activate=True)
    llm_server.script(crude.answer)
    text = "\f".join(
        [f"{SURE} start\n{'words ' * 400}", f"bill\n{'more ' * 500}", "bill\nsupplier_name: Acme"]
    )
    document = read(drain, text, home)
    assert len(llm_server.chats) > 1
    assert document.payload["supplier_name"] == "Acme"
    assert document.evidence["/supplier_name"]["page"] == 3


def test_pages_are_cut_into_parts_at_lines_and_nothing_is_lost() -> None:
    text = "\n".join(f"line {n}" for n in range(400))
    parts = reading.parts_of([page(text, 1), page("tail", 2)], 1_000)
    assert "".join(part for of in parts for number, part in of if number == 1) == text
    assert all(sum(len(part) for _, part in of) <= 1_000 for of in parts)
    assert parts[-1][-1] == (2, "tail")


def test_a_request_shows_few_pictures_and_those_of_later_ones_are_not_loaded_yet() -> None:
    shown: list[int] = []

    def load(numbers: Iterable[int]) -> dict[int, bytes]:
        shown.extend(numbers)
        return {number: b"%d" % number for number in shown[-reading.MOST_PICTURES :]}

    most = reading.MOST_PICTURES
    paper = reading.Paper(
        about=About(project_id=1),
        type_slug="bill",
        type_name="Bill",
        schema=shipped_schema("bill"),
        pages=tuple(page("a word", number) for number in range(1, 2 * most + 2)),
        pictures=load,
    )
    prompt = prompts.active(Purpose.EXTRACT, factories.project().pk)
    parts, questions = reading.questions(paper, prompt)
    first = next(questions)
    assert first.messages[-1].images == tuple(b"%d" % n for n in range(1, most + 1))
    assert shown == list(range(1, most + 1))
    assert parts == len([first, *questions]) == 3
    assert shown == list(range(1, 2 * most + 2))


def test_without_a_model_nothing_is_asked_and_no_query_is_made_for_it(
    drain: Drain, settings: Settings
) -> None:
    settings.HAS_MODEL = False
    with CaptureQueriesContext(
        connection,
    ) as made:
        document = read(drain, BILL)
    tables = (LlmCall._meta.db_table, ModelServer._meta.db_table, "documents_prompt")
    assert not [q for q in made.captured_queries if any(name in q["sql"] for name in tables)]
    assert "model" not in str(document.evidence)
