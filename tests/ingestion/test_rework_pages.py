"""Pages put together otherwise by a person: what becomes of documents, values and later runs."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connections
from pytest_django.fixtures import Settings

from documents import review, turns
from documents.arranging import PagesRefused, Settled
from documents.errors import Conflict
from documents.models import (
    AuditEvent,
    Correction,
    Document,
    DocumentType,
    Page,
    Project,
    Role,
    Upload,
)
from documents.turns import Held
from ingestion import rework, workers
from ingestion.intake import Options
from ingestion.models import Job, Kind, Priority
from search.models import Chunk
from tests import factories

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
FULL = {"/supplier_name": "Ada", "/document_date": "2024-03-31", "/total_amount": "9.00"}
# Three bills; the second has three pages.
PAPER = "\f".join(
    f"bill {start} supplier_name={name}"
    for name, start in [("A", "start"), ("B", "start"), ("C", ""), ("D", ""), ("E", "start")]
)


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def ada(project: Project) -> Any:
    return factories.user(Role.REVIEWER, project)


@pytest.fixture
def job(project: Project) -> Job:
    """Read and put together as PAPER says, without anybody having worked on it."""
    made = factories.job(PAPER, in_project=project)
    assert made.upload is not None
    kind = DocumentType.objects.get(slug="bill")
    for numbers, name in [([1], "A"), ([2, 3, 4], "B"), ([5], "E")]:
        document = factories.document(
            made.upload, first_page=numbers[0], payload={"supplier_name": name}
        )
        for position, number in enumerate(numbers, start=1):
            factories.page(
                made.upload, number, document=document, position=position, type=kind, text="bill"
            )
    return made


def held_pages(upload: Upload | None) -> list[list[int]]:
    """The pages of each document in their order; each page has exactly one place."""
    pages = Page.objects.filter(upload=upload)
    assert not pages.filter(document=None).exists()
    found = []
    for document in Document.objects.filter(upload=upload).order_by("first_page"):
        rows = list(
            pages.filter(document=document).order_by("position").values_list("position", "number")
        )
        assert [position for position, _ in rows] == list(range(1, len(rows) + 1))
        found.append([number for _, number in rows])
        assert document.first_page == found[-1][0]
    return found


def at(job: Job, first_page: int) -> Document:
    return Document.objects.get(upload=job.upload, first_page=first_page)


def suppliers(job: Job) -> list[str]:
    documents = Document.objects.filter(upload=job.upload).order_by("first_page")
    return [document.payload.get("supplier_name", "") for document in documents]


def planned() -> Job:
    """The job that was planned last."""
    return Job.objects.filter(kind=Kind.PROCESS).latest("created_at")


def again(drain: Drain) -> Job:
    return drain(planned())


def test_a_split_document_becomes_two_and_both_are_read_anew(
    project: Project, ada: Any, drain: Drain
) -> None:
    job = drain(factories.job(PAPER, in_project=project))
    assert held_pages(job.upload) == [[1], [2, 3, 4], [5]]
    document = at(job, 2)
    done = rework.split(document.pk, ada, version=document.version, at=4)
    assert held_pages(job.upload) == [[1], [2, 3], [4], [5]]
    assert [one.reasons[0]["code"] for one in done.changed] == ["rearranged"] * 2
    assert again(drain).priority == Priority.HIGH
    assert suppliers(job) == ["A", "B", "D", "E"]
    assert at(job, 4).status == "draft_pending"
    chunks = Chunk.objects.filter(document__in=[one.pk for one in done.changed])
    assert sorted(chunks.values_list("page", "document__first_page")) == [(2, 2), (3, 2), (4, 4)]
    job.refresh_from_db()
    assert job.documents_made == 4
    assert AuditEvent.objects.filter(verb="document.split").get().actor == ada


def test_merged_documents_are_one_in_the_order_of_the_file_with_their_history(
    job: Job, ada: Any
) -> None:
    first, last = at(job, 1), at(job, 5)
    review.correct(first.pk, ada, version=first.version, values={"/supplier_name": "Alpha"})
    rework.merge(last.pk, ada, version=last.version, others=[first.pk])
    assert held_pages(job.upload) == [[1, 5], [2, 3, 4]]
    merged = at(job, 1)
    assert (merged.pk, merged.payload, merged.reviewer) == (last.pk, {}, None)
    assert [one.pk for one in planned().documents.all()] == [last.pk]
    assert Correction.objects.get().document == merged
    assert not Document.objects.filter(pk=first.pk).exists()


def test_pages_move_to_another_document_to_where_the_file_has_them(job: Job, ada: Any) -> None:
    source, target = at(job, 2), at(job, 5)
    rework.move(source.pk, ada, version=source.version, pages=[2, 4], into=target.pk)
    assert held_pages(job.upload) == [[1], [2, 4, 5], [3]]
    assert suppliers(job) == ["A", "", ""]
    assert set(planned().documents.all()) == {source, target}


def test_pages_move_into_a_document_of_their_own(job: Job, ada: Any) -> None:
    source = at(job, 2)
    rework.move(source.pk, ada, version=source.version, pages=[3], into=None)
    assert held_pages(job.upload) == [[1], [2, 4], [3], [5]]


def test_a_document_that_gave_all_its_pages_away_is_gone(job: Job, ada: Any) -> None:
    source, target = at(job, 1), at(job, 2)
    done = rework.move(source.pk, ada, version=source.version, pages=[1], into=target.pk)
    assert held_pages(job.upload) == [[1, 2, 3, 4], [5]]
    assert done.document.pk == target.pk
    assert not Document.objects.filter(pk=source.pk).exists()


def test_another_order_keeps_the_values_and_makes_the_index_anew(job: Job, ada: Any) -> None:
    document = at(job, 2)
    rework.reorder(document.pk, ada, version=document.version, pages=[4, 2, 3])
    assert held_pages(job.upload) == [[1], [4, 2, 3], [5]]
    assert at(job, 4).payload["supplier_name"] == "B"
    assert set(planned().steps.values_list("stage", flat=True)) == {"embed"}
    assert at(job, 4).text_version == document.text_version + 1


Verb = Callable[[Document, Any, Document], object]
VERBS: dict[str, Verb] = {
    "split": lambda one, who, _: rework.split(one.pk, who, version=one.version, at=3),
    "merge": lambda one, who, other: rework.merge(
        one.pk, who, version=one.version, others=[other.pk]
    ),
    "merged": lambda one, who, other: rework.merge(
        other.pk, who, version=other.version, others=[one.pk]
    ),
    "move": lambda one, who, _: rework.move(one.pk, who, version=one.version, pages=[3], into=None),
    "moved": lambda one, who, other: rework.move(
        other.pk, who, version=other.version, pages=[5], into=one.pk
    ),
    "reorder": lambda one, who, _: rework.reorder(
        one.pk, who, version=one.version, pages=[4, 3, 2]
    ),
    "turn": lambda one, who, _: rework.turn(
        one.pk, who, version=one.version, pages=[2], degrees=90
    ),
}


@pytest.mark.parametrize("name", VERBS)
@pytest.mark.parametrize("status", ["draft_created", "rejected"])
def test_a_settled_document_is_refused_by_its_code_and_keeps_its_pages(
    job: Job, ada: Any, name: str, status: str
) -> None:
    document, other = at(job, 2), at(job, 5)
    Document.objects.filter(pk=document.pk).update(status=status, reviewer=ada)
    with pytest.raises(Settled) as refused:
        VERBS[name](document, ada, other)
    assert refused.value.code == "document_settled"
    assert held_pages(job.upload) == [[1], [2, 3, 4], [5]]
    assert not Job.objects.filter(kind=Kind.PROCESS).exists()


@pytest.mark.parametrize("name", VERBS)
def test_a_document_in_other_hands_is_refused(job: Job, ada: Any, name: str) -> None:
    document, other = at(job, 2), at(job, 5)
    turns.claim(document.pk, factories.user(Role.REVIEWER, job.project))
    with pytest.raises(Held):
        VERBS[name](document, ada, other)


@pytest.mark.parametrize("name", VERBS)
def test_a_document_that_changed_meanwhile_is_refused(job: Job, ada: Any, name: str) -> None:
    document, other = at(job, 2), at(job, 5)
    document.version = other.version = 99
    with pytest.raises(Conflict, match="reload"):
        VERBS[name](document, ada, other)


@pytest.mark.parametrize(
    "verb",
    [
        lambda one, who: rework.split(one.pk, who, version=one.version, at=2),
        lambda one, who: rework.split(one.pk, who, version=one.version, at=5),
        lambda one, who: rework.merge(one.pk, who, version=one.version, others=[]),
        lambda one, who: rework.merge(one.pk, who, version=one.version, others=[one.pk]),
        lambda one, who: rework.move(one.pk, who, version=one.version, pages=[1], into=None),
        lambda one, who: rework.move(one.pk, who, version=one.version, pages=[2, 3, 4], into=None),
        lambda one, who: rework.reorder(one.pk, who, version=one.version, pages=[2, 3]),
        lambda one, who: rework.turn(one.pk, who, version=one.version, pages=[2], degrees=90),
        lambda one, who: rework.turn(one.pk, who, version=one.version, pages=[2], degrees=45),
    ],
)
def test_pages_that_cannot_be_arranged_so_are_refused(
    job: Job, ada: Any, verb: Callable[[Document, Any], object]
) -> None:
    with pytest.raises(PagesRefused):
        verb(at(job, 2), ada)


def test_documents_of_another_file_cannot_be_merged(job: Job, ada: Any) -> None:
    document, foreign = at(job, 2), factories.document(factories.upload(job.project))
    with pytest.raises(PagesRefused):
        rework.merge(document.pk, ada, version=document.version, others=[foreign.pk])


def test_a_later_run_leaves_what_a_person_arranged_and_doubles_nothing(
    job: Job, ada: Any, drain: Drain
) -> None:
    document = at(job, 2)
    rework.split(document.pk, ada, version=document.version, at=4)
    first, second = at(job, 1), at(job, 2)
    rework.merge(second.pk, ada, version=second.version, others=[first.pk])
    confirmed = at(job, 4)
    review.confirm(confirmed.pk, ada, version=confirmed.version, values=FULL)
    arranged = held_pages(job.upload)
    assert arranged == [[1, 2, 3], [4], [5]]
    drain(job)
    assert held_pages(job.upload) == arranged
    kept = at(job, 4)
    assert (kept.pk, kept.status, kept.payload["supplier_name"]) == (
        confirmed.pk,
        "draft_created",
        "Ada",
    )
    assert suppliers(job) == ["A", "Ada", "E"]


@pytest.fixture
def turning(fake_engines: Settings) -> None:
    fake_engines.ENGINES["read"] = {"BACKEND": "tests.turning_engines.TurningReader"}
    workers.host().close()
    workers.host.cache_clear()


def standing(upload: Upload | None) -> Sequence[Any]:
    pages = Page.objects.filter(upload=upload).order_by("number")
    return list(pages.values_list("rotation", "width_px", "text"))


@pytest.mark.usefixtures("turning")
def test_a_turned_page_is_read_again_and_every_later_reading_keeps_it(
    project: Project, ada: Any, drain: Drain
) -> None:
    job = drain(factories.job("bill start\fbill", in_project=project))
    document = at(job, 1)
    rework.turn(document.pk, ada, version=document.version, pages=[2], degrees=270)
    again(drain)
    document.refresh_from_db()
    turned = [(0, 40, "bill start"), (270, 60, "bill turned=270")]
    assert standing(job.upload) == turned
    assert document.reasons
    assert document.reasons[0]["code"] != "rearranged"
    rework.turn(document.pk, ada, version=document.version, pages=[2], degrees=180)
    new = factories.job("bill start\fbill", in_project=project, options=Options(anew=True))
    drain(new)
    assert standing(job.upload)[1] == (90, 60, "bill turned=90")
    assert held_pages(job.upload) == [[1, 2]]


@pytest.mark.usefixtures("turning")
def test_a_page_of_a_document_that_was_confirmed_meanwhile_stays_as_it_was(
    project: Project, ada: Any, drain: Drain
) -> None:
    job = drain(factories.job("bill start", in_project=project))
    document = at(job, 1)
    rework.turn(document.pk, ada, version=document.version, pages=[1], degrees=90)
    review.confirm(document.pk, ada, version=document.version + 1, values=FULL)
    again(drain)
    assert standing(job.upload) == [(0, 40, "bill start")]


@pytest.mark.django_db(transaction=True)
def test_a_document_is_either_split_or_confirmed_when_both_come_at_once(job: Job) -> None:
    people = [factories.user(Role.REVIEWER, job.project) for _ in range(2)]
    document = at(job, 2)
    ready = threading.Barrier(2)
    told: list[str] = []

    def run(name: str, verb: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            verb()
            told.append(name)
        except Conflict:
            told.append("refused")
        finally:
            connections.close_all()

    verbs: dict[str, Callable[[], object]] = {
        "split": lambda: rework.split(document.pk, people[0], version=document.version, at=3),
        "confirmed": lambda: review.confirm(
            document.pk, people[1], version=document.version, values=FULL
        ),
    }
    threads = [threading.Thread(target=run, args=pair) for pair in verbs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) in (["refused", "split"], ["confirmed", "refused"])
    expected = [[1], [2], [3, 4], [5]] if "split" in told else [[1], [2, 3, 4], [5]]
    assert held_pages(job.upload) == expected
