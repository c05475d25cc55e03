"""Questions over a project: asked, answered by a job, shared, stopped and deleted."""

import json
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.engines import EngineError
from documents.language import LlmCall
from documents.models import Document, Project, Role
from ingestion import investigating, ledger, removal
from ingestion.errors import LeaseLost
from ingestion.models import Job, JobStatus, Kind, Priority
from ingestion.stages import answer
from search.answers import Answered, Passage
from search.investigation import Form, Investigation
from search.listing import proposed
from search.queries import EVERYONE
from tests import factories, llm_server
from tests.llm_server import LlmServer

llm = llm_server.llm_server

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
Drain = Callable[[Job], Job]
TEXT = "The annual rent of the warehouse in Pune is 48,000 rupees. Ask <b>nobody</b> else."


@pytest.fixture
def project() -> Project:
    return factories.project()


def signed_in(role: Role | None, project: Project) -> tuple[Client, Any]:
    client, user = Client(), factories.user(role, project)
    client.force_login(user)
    return client, user


def answered(question: str, project: Project, drain: Drain, user: Any = None) -> Investigation:
    asked = investigating.ask(project, question, user=user)
    drain(Job.objects.get(investigation=asked))
    return Investigation.objects.select_related("job", "project").get(pk=asked.pk)


def with_paper(project: Project, drain: Drain, text: str = TEXT) -> Document:
    job = drain(factories.job(text, in_project=project))
    return Document.objects.get(upload=job.upload_id)


def said(found: bool, answer: str, *citations: tuple[int, str]) -> llm_server.Reply:
    quotes = [{"passage": n, "quote": quote} for n, quote in citations]
    return llm_server.says({"found": found, "answer": answer, "citations": quotes})


def test_without_a_model_the_best_passages_are_the_answer(project: Project, drain: Drain) -> None:
    paper = with_paper(project, drain)
    asked = answered("What is the rent of the warehouse?", project, drain)
    assert investigating.status(asked) == investigating.READY
    assert asked.is_found
    assert not asked.engine
    assert not asked.answer
    assert asked.citations[0]["document"] == str(paper.pk)
    assert asked.citations[0]["page"] == 1
    assert asked.job.priority == Priority.HIGH


def test_a_model_answers_from_the_passages_and_is_cited(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    paper = with_paper(project, drain)
    llm.answers(said(True, "48,000 rupees a year.", (1, "rent of the warehouse in Pune is 48,000")))
    asked = answered("What is the rent of the warehouse?", project, drain)
    assert (asked.is_found, asked.answer, asked.notice) == (True, "48,000 rupees a year.", "")
    assert [one["document"] for one in asked.citations] == [str(paper.pk)]
    assert llm_server.MODEL in asked.engine
    assert "48,000" in llm.texts[-1]


def test_an_answer_that_cites_what_is_not_there_is_not_found(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    with_paper(project, drain)
    llm.answers(said(True, "It is free.", (1, "the rent is waived"), (9, "rent of the warehouse")))
    asked = answered("What is the rent of the warehouse?", project, drain)
    assert (asked.is_found, asked.answer, asked.citations) == (False, "", [])
    assert asked.passages
    assert "dropped" in asked.notice


def test_a_number_that_no_cited_passage_has_is_told(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    with_paper(project, drain)
    llm.answers(said(True, "It is 84,000 rupees.", (1, "rent of the warehouse in Pune")))
    asked = answered("What is the rent of the warehouse?", project, drain)
    assert asked.is_found
    assert "84,000" in asked.notice


def test_neither_a_part_of_a_number_nor_the_question_proves_an_answer(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    with_paper(project, drain)
    llm.answers(said(True, "Yes, 8,000 of 91,500.", (1, "rent of the warehouse in Pune")))
    asked = answered("Is the rent of the warehouse 91,500 rupees?", project, drain)
    assert asked.notice.startswith("Check 8,000, 91,500:")


def test_an_answer_of_a_hostile_model_is_shown_as_plain_text(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    client, user = signed_in(Role.VIEWER, project)
    with_paper(project, drain)
    evil = '<script>alert(1)</script> <a href="http://evil.example">here</a>'
    llm.answers(said(True, evil, (1, "Ask <b>nobody</b> else")))
    asked = answered("Whom may I ask about the rent?", project, drain, user)
    page = client.get(reverse("investigation", args=[asked.pk])).content.decode()
    assert asked.is_found
    assert "alert(1)" in page
    for markup in ("<script>alert", "<b>nobody", 'href="http://evil'):
        assert markup not in page


def test_a_model_that_fails_leaves_the_passages_and_the_reason(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    with_paper(project, drain)
    llm.answers(llm_server.fails(401, "wrong key"))
    asked = answered("What is the rent of the warehouse?", project, drain)
    assert asked.is_found
    assert asked.citations
    assert not asked.engine
    assert "No language model answered" in asked.notice


def test_without_vectors_the_words_still_find(
    project: Project, drain: Drain, fake_engines: Any
) -> None:
    with_paper(project, drain)
    fake_engines.ENGINES = {
        **fake_engines.ENGINES,
        "embed": {"BACKEND": "tests.ingestion.test_investigations.Speechless"},
    }
    asked = answered("warehouse in Pune", project, drain)
    assert asked.is_found
    assert "words only" in asked.notice


class Speechless:
    """An embedder that never answers, by the name of the one that is active."""

    name = "length"
    dimension = 384
    max_tokens = 256

    def embed(self, *, texts: tuple[str, ...]) -> Any:
        raise EngineError("no")

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(1 for _ in texts)


def test_members_share_questions_and_strangers_see_none(project: Project) -> None:
    asker, _ = signed_in(Role.VIEWER, project)
    other, _ = signed_in(Role.REVIEWER, project)
    stranger, _ = signed_in(Role.OPERATOR, factories.project())
    form = {"project": project.slug, "question": "Who is it?", "form": "answer"}
    made = asker.post(reverse("investigations"), form)
    page = made["Location"]
    assert "Who is it?" in other.get(reverse("investigations")).content.decode()
    assert other.get(page).status_code == 200
    assert stranger.get(page).status_code == 404
    assert "Who is it?" not in stranger.get(reverse("investigations")).content.decode()
    assert stranger.post(reverse("investigations"), form)["Location"] == reverse("investigations")
    assert Investigation.objects.count() == 1


def test_whoever_asked_stops_takes_up_and_deletes_it_and_no_other_viewer(
    project: Project, drain: Drain
) -> None:
    asker, user = signed_in(Role.VIEWER, project)
    other, _ = signed_in(Role.VIEWER, project)
    asked = investigating.ask(project, "Who is it?", user=user)
    orders = [reverse(f"investigation-{verb}", args=[asked.pk]) for verb in ("cancel", "delete")]
    assert [other.post(order).status_code for order in orders] == [403, 403]
    asker.post(orders[0])
    job = Job.objects.get(investigation=asked)
    assert job.status == JobStatus.CANCELLED
    assert investigating.status(Investigation.objects.get(pk=asked.pk)) == investigating.CANCELLED
    asker.post(reverse("investigation-retry", args=[asked.pk]))
    assert drain(job).status == JobStatus.COMPLETED
    asker.post(orders[1])
    assert not Investigation.objects.exists()
    assert not Job.objects.exists()


def test_a_question_deleted_while_it_is_worked_on_saves_nothing(project: Project) -> None:
    asked = investigating.ask(project, "Who is it?", user=None)
    step = ledger.claim("test-worker")
    assert step is not None
    investigating.delete(asked, factories.user(is_superuser=True))
    with pytest.raises(LeaseLost):
        ledger.renew(step)


def test_the_page_follows_the_job_and_stops_when_it_has_ended(
    project: Project, drain: Drain
) -> None:
    client, user = signed_in(Role.VIEWER, project)
    asked = investigating.ask(project, "Who is it?", user=user)
    page = reverse("investigation", args=[asked.pk])
    moving = reverse("investigation-progress", args=[asked.pk])
    assert moving in client.get(page).content.decode()
    assert client.get(moving).status_code == 200
    drain(Job.objects.get(investigation=asked))
    assert client.get(moving).status_code == 286
    assert "Not found" in client.get(page).content.decode()


def test_a_list_shows_its_filters_its_rows_and_what_a_person_changes(project: Project) -> None:
    client, _ = signed_in(Role.VIEWER, project)
    for name, total in (("Acme", "60000.00"), ("Acme", "40000.00"), ("Other", "90000.00")):
        payload = {"supplier_name": name, "total_amount": total, "currency": "INR"}
        factories.document(factories.upload(project), payload=payload)
    form = {"project": project.slug, "question": "bills of Acme above 50,000", "form": "list"}
    page = client.post(reverse("investigations"), form)["Location"]
    shown = client.get(page).content.decode()
    assert "1 document" in shown
    assert "INR\u00a060,000.00" in shown
    assert "above 50,000.00" in shown
    changed = client.get(page, {"changed": "1", "supplier": "Acme"}).content.decode()
    assert "2 documents" in changed
    assert "INR\u00a01,00,000.00" in changed
    broken = client.get(page, {"changed": "1", "amount_0_value": "many", "period_0_first": "x"})
    assert broken.status_code == 200
    asked = Investigation.objects.get()
    csv = client.get(reverse("investigation-csv", args=[asked.pk]))
    assert b"".join(cast(Any, csv).streaming_content).count(b"\r\n") == 2


def test_filters_that_cannot_be_read_are_told_and_not_exported(project: Project) -> None:
    client, _ = signed_in(Role.VIEWER, project)
    asked = investigating.make_list(project, "all bills", user=None)
    where = reverse("investigation-csv", args=[asked.pk])
    half = {"changed": "1", "amount_0_op": "over"}
    assert client.get(where, half).status_code == 400
    assert client.get(where, half | {"amount_0_value": "5"}).status_code == 200
    assert (
        "Write an amount."
        in client.get(reverse("investigation", args=[asked.pk]), half).content.decode()
    )


def test_a_project_that_cannot_be_is_no_fault(project: Project) -> None:
    client, _ = signed_in(Role.VIEWER, project)
    page = client.get(reverse("investigations"), {"project": "\0"})
    assert page.status_code == 200
    assert "You have no project of that name." in page.content.decode()
    assert client.get(reverse("api-investigations"), {"project": "\0"}).status_code == 400


def test_the_api_asks_lists_and_deletes(project: Project, drain: Drain) -> None:
    client, _ = signed_in(Role.VIEWER, project)
    stranger, _ = signed_in(Role.VIEWER, factories.project())
    where = reverse("api-investigations")
    asked = {"project": project.slug, "question": "Who is it?"}
    made = client.post(where, asked, content_type="application/json")
    assert (made.status_code, made.json()["status"]) == (202, "processing")
    drain(Job.objects.get())
    told = client.get(made["Location"]).json()
    assert (told["status"], told["found"], told["citations"]) == ("ready", False, [])
    listed = client.post(where, asked | {"form": "list"}, content_type="application/json")
    assert (listed.status_code, listed.json()["count"]) == (201, 0)
    assert len(client.get(where).json()) == 2
    assert stranger.get(where).json() == []
    assert stranger.post(where, asked, content_type="application/json").status_code == 404
    assert stranger.get(made["Location"]).status_code == 404
    assert client.delete(made["Location"]).status_code == 204


def test_the_history_takes_no_more_queries_for_more_questions(
    project: Project, django_assert_max_num_queries: Any
) -> None:
    client, user = signed_in(Role.VIEWER, project)
    investigating.ask(project, "Who?", user=user)
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("investigations"))
    for n in range(5):
        investigating.ask(project, f"Who {n}?", user=user)
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(reverse("investigations"))


def test_what_a_deleted_document_said_is_in_no_answer(project: Project, drain: Drain) -> None:
    paper = with_paper(project, drain)
    asked = answered("What is the rent of the warehouse?", project, drain)
    removal.delete_job(Job.objects.get(upload=paper.upload_id).pk, None)
    asked.refresh_from_db()
    assert (asked.citations, asked.passages, asked.answer) == ([], [], "")
    assert (asked.is_found, asked.engine) == (False, "")
    assert "deleted" in asked.notice


@pytest.mark.parametrize("is_question_deleted", [False, True])
def test_what_a_deleted_document_said_is_in_no_call(
    project: Project, drain: Drain, llm: LlmServer, is_question_deleted: bool
) -> None:
    paper, user = with_paper(project, drain), factories.user(Role.OPERATOR, project)
    llm.answers(said(True, "48,000 rupees a year.", (1, "rent of the warehouse in Pune is 48,000")))
    asked = answered("What is the rent of the warehouse?", project, drain, user)
    call = LlmCall.objects.get(job=asked.job.pk)
    assert "48,000" in str(call.answer)
    if is_question_deleted:
        investigating.delete(asked, user)
    removal.delete_job(Job.objects.get(upload=paper.upload_id).pk, None)
    call.refresh_from_db()
    assert call.answer == {}


def test_what_was_deleted_while_it_was_answered_is_not_stored(project: Project) -> None:
    there, gone = (factories.document(factories.upload(project)) for _ in range(2))
    asked = investigating.ask(project, "Who is it?", user=None)
    step = ledger.claim("test-worker")
    assert step is not None
    both = tuple(
        Passage(n=n, document=one.pk, page=1, text=f"secret {n}")
        for n, one in enumerate((there, gone), start=1)
    )
    said = Answered(is_found=True, text="It is secret 2.", citations=both, engine="some model")
    call = LlmCall.objects.create(
        project=project,
        purpose="answer",
        key="1",
        job=step.job_id,
        status="done",
        answer={"answer": "It is secret 2."},
        lapses_at=timezone.now(),
    )
    gone.delete()
    answer.save(step, answer.Result(answered=said, passages=both))
    asked.refresh_from_db()
    assert (asked.is_found, asked.answer, asked.engine) == (False, "", "")
    assert "deleted" in asked.notice
    for places in (asked.citations, asked.passages):
        assert [place["document"] for place in places] == [str(there.pk)]
    call.refresh_from_db()
    assert call.answer == {}


def test_the_text_of_a_paper_that_is_not_there_is_shown_nowhere(project: Project) -> None:
    client, _ = signed_in(Role.VIEWER, project)
    place = Passage(n=1, document=uuid4(), page=1, text="secret words").as_json()
    asked = Investigation.objects.create(
        project=project,
        question="Who is it?",
        form=Form.ANSWER,
        is_found=True,
        citations=[place],
        passages=[place],
        finished_at=timezone.now(),
    )
    page = client.get(reverse("investigation", args=[asked.pk])).content.decode()
    assert "no longer there" in page
    assert "secret words" not in page
    told = client.get(reverse("api-investigation", args=[asked.pk])).json()
    assert (told["citations"], told["passages"]) == ([], [])


def test_the_command_prints_a_list_as_json(project: Project, capsys: Any) -> None:
    factories.document(factories.upload(project), payload={"total_amount": "60000.00"})
    call_command("ask", "bills above 50,000", project=project.slug, list=True, json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["count"], told["documents"][0]["total"]) == (1, "60000")


def test_the_database_keeps_questions_and_their_jobs_together(project: Project) -> None:
    with pytest.raises(IntegrityError):
        Job.objects.create(kind=Kind.INVESTIGATION, project=project)


# -- lists whose words no rule knows ---------------------------------------------------------


def proposes(**said: Any) -> llm_server.Reply:
    empty: dict[str, Any] = {
        name: [] if spec.get("type") == "array" else None
        for name, spec in proposed.schema(["bill"])["properties"].items()
    }
    return llm_server.says(empty | said)


def listed(asked: str, project: Project, drain: Drain) -> Investigation:
    made = investigating.make_list(project, asked, user=None)
    for job in Job.objects.filter(investigation=made):
        drain(job)
    return Investigation.objects.select_related("job", "project").get(pk=made.pk)


HEFTY = "hefty bills that Ramesh brought"
OVER = {"field": "total_amount", "op": "over", "value": "100000", "upper": None}


def test_a_model_proposes_filters_that_a_person_confirms_before_they_hold(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    with_paper(project, drain)
    llm.answers(proposes(amounts=[OVER], left_out=["Ramesh", "invented"]))
    made = listed(HEFTY, project, drain)
    assert TEXT.split(".")[0] not in llm.texts[-1], "the model is shown no document"
    told = investigating.as_json_whole(made, EVERYONE)
    assert told["filters"]["amounts"] == []
    assert told["proposal"]["filters"]["amounts"][0]["value"] == "100000"
    assert told["proposal"]["left_out"] == ["Ramesh"]
    assert LlmCall.objects.filter(purpose="filter").count() == 1
    client, _ = signed_in(Role.OPERATOR, project)
    page = client.get(reverse("investigation", args=[made.pk]))
    assert not page.context["is_changed"]
    address = page.context["proposal_query"]
    assert b"A language model proposes" in page.content
    confirmed = client.get(f"{reverse('investigation', args=[made.pk])}?{address}")
    assert confirmed.context["is_changed"]
    chips = [(chip.name, chip.value) for chip in confirmed.context["chips"]]
    assert ("Total", "above 1,00,000.00") in chips


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([llm_server.fails(401)], "No language model answered"),
        ([llm_server.says({"sql": "SELECT 1"})] * 2, "No language model answered"),
        ([proposes()], "knew no filter"),
        ([proposes(supplier="Somebody Else")], "knew no filter"),
    ],
)
def test_where_a_model_fails_or_talks_nonsense_the_rules_stand_and_say_so(
    project: Project, drain: Drain, llm: LlmServer, replies: list[Any], why: str
) -> None:
    llm.answers(*replies)
    made = listed(HEFTY, project, drain)
    assert made.filters["filters"]["type"] == "bill"
    assert set(made.filters["proposal"]) == {"fault"}
    assert why in made.filters["proposal"]["fault"]
    assert investigating.status(made) == investigating.READY
    client, _ = signed_in(Role.OPERATOR, project)
    page = client.get(reverse("investigation", args=[made.pk]))
    assert "The filters are those of the rules." in page.content.decode()


def test_no_model_is_asked_where_the_rules_know_every_word(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    made = listed("bills over 500", project, drain)
    assert not Job.objects.filter(investigation=made).exists()
    assert llm.requests == []
    assert investigating.as_json_whole(made, EVERYONE)["proposal"] is None


def test_the_page_of_a_list_waits_for_the_model_and_stops_asking(
    project: Project, drain: Drain, llm: LlmServer
) -> None:
    llm.answers(proposes(amounts=[OVER]))
    made = investigating.make_list(project, HEFTY, user=None)
    client, _ = signed_in(Role.OPERATOR, project)
    moving = reverse("investigation-progress", args=[made.pk])
    assert client.get(moving).status_code == 200
    drain(Job.objects.get(investigation=made))
    ended = client.get(moving)
    assert (ended.status_code, b"Use these filters" in ended.content) == (286, True)
