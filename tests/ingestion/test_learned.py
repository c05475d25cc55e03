"""Papers that a person has named teach the classifier; what a person said stays."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from documents.errors import Conflict
from documents.models import Document, DocumentType, Page, Project, Role, TypeState
from ingestion import rework
from ingestion.intake import Options
from ingestion.models import Job, Kind
from search.models import PageVector
from tests import factories
from tests.search.corpus import use_embedder

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
Drain = Callable[[Job], Job]
CHALLAN = "DELIVERY CHALLAN\nnumber=DC/{}\nfifty bags of cement sent to the yard for job work"


@pytest.fixture(autouse=True)
def _hashed(fake_engines: Settings) -> None:
    use_embedder(fake_engines, "Hashed")


def challan(state: TypeState = TypeState.ON) -> DocumentType:
    kind = DocumentType.objects.create(
        slug="goods_note", name="Goods note", description="Goods sent", state=state
    )
    text = {"type": ["string", "null"]}
    schema = {
        "type": "object",
        "properties": {"number": {"title": "Number"} | text, "place": {"title": "Place"} | text},
        "x-required": ["place"],
    }
    kind.schema_versions.create(number=1, schema=schema)
    return kind


def read(drain: Drain, text: str, project: Project) -> Document:
    job = drain(factories.job(text, in_project=project))
    return Document.objects.get(upload=job.upload)


def taught(drain: Drain, project: Project, kind: DocumentType) -> None:
    user = factories.user(Role.REVIEWER, project)
    for number in range(3):
        made = read(drain, CHALLAN.format(number), project)
        rework.reclassify(made.pk, kind, user, version=made.version)


def test_a_page_like_the_examples_becomes_of_their_type_and_its_fields_are_read(
    drain: Drain,
) -> None:
    project, kind = factories.project(), challan()
    taught(drain, project, kind)
    found = read(drain, CHALLAN.format(7), project)
    page = Page.objects.get(document=found)
    assert (found.type, found.payload) == (kind, {"number": "DC/7"})
    assert found.type_confidence == pytest.approx(0.8)
    assert (page.type_engine, page.runner_up) == ("plain+examples 1", "")
    assert page.signals["said"] == ["", 0.95]
    assert PageVector.objects.filter(page=page).count() == 1


def test_the_second_page_of_a_paper_is_of_the_type_of_its_first(
    drain: Drain, fake_engines: Settings
) -> None:
    rules = {"BACKEND": "ingestion.engines.rules.RulesClassifier"}
    fake_engines.ENGINES = {**fake_engines.ENGINES, "classify": rules}
    project, kind = factories.project(), challan()
    taught(drain, project, kind)
    terms = "what was agreed about insurance, returns and damage on the road\nPage {} of 2"
    job = drain(
        factories.job(f"{CHALLAN.format(7)}\nPage 1 of 2\f{terms.format(2)}", in_project=project)
    )
    assert [page.type for page in Page.objects.filter(upload=job.upload)] == [kind, kind]
    assert Document.objects.filter(upload=job.upload).count() == 1
    job = drain(
        factories.job(f"{CHALLAN.format(8)}\nPage 1 of 2\f{terms.format(1)}", in_project=project)
    )
    assert [page.type for page in Page.objects.filter(upload=job.upload)] == [kind, None]


@pytest.mark.parametrize("state", TypeState)
def test_a_type_that_is_being_taught_changes_nothing_until_it_is_on(
    drain: Drain, state: TypeState
) -> None:
    project, kind = factories.project(), challan(state)
    taught(drain, project, kind)
    found = read(drain, CHALLAN.format(7), project)
    assert (found.type == kind) == (state == TypeState.ON)


def test_the_examples_of_one_project_say_nothing_in_another(drain: Drain) -> None:
    taught(drain, factories.project(), challan())
    assert read(drain, CHALLAN.format(7), factories.project()).type is None


def test_no_vector_is_made_where_nothing_is_taught_or_the_engine_is_sure(drain: Drain) -> None:
    project = factories.project()
    read(drain, CHALLAN.format(1), project)
    challan()
    bill = read(drain, "bill total_amount=9.00", project)
    assert bill.type is not None
    assert bill.type.slug == "bill"
    assert not PageVector.objects.exists()


def test_a_run_anew_leaves_the_type_that_a_person_gave(drain: Drain) -> None:
    project, kind = factories.project(), challan(TypeState.DRAFT)
    text = "bill total_amount=9.00\fbill total_amount=7.00 start"
    job = drain(factories.job(text, in_project=project))
    made = Document.objects.get(upload=job.upload, first_page=1)
    rework.reclassify(made.pk, kind, factories.user(), version=made.version)
    drain(factories.job(text, in_project=project, options=Options(anew=True)))
    types = Document.objects.order_by("first_page").values_list("type__slug", flat=True)
    assert list(types) == ["goods_note", "bill"]
    assert Document.objects.get(first_page=1) == made


def test_another_type_is_read_again_by_a_job_of_its_own(drain: Drain) -> None:
    made, kind = read(drain, CHALLAN.format(1), factories.project()), challan()
    job = rework.reclassify(made.pk, kind, factories.user(), version=made.version)
    assert job is not None
    assert job.kind == Kind.PROCESS
    drain(job)
    made.refresh_from_db()
    assert made.payload == {"number": "DC/1"}
    assert rework.reclassify(made.pk, kind, factories.user(), version=made.version) is None


def test_a_bill_that_is_none_of_the_types_is_unknown_and_no_job_is_made(drain: Drain) -> None:
    made = read(drain, "bill document_number=INV-0042", factories.project())
    assert made.identity["number"] == "INV-0042"
    user = factories.user()
    assert rework.reclassify(made.pk, None, user, version=made.version) is None
    made.refresh_from_db()
    assert (made.status, made.type, made.payload, made.identity) == ("unknown", None, {}, {})
    page = Page.objects.get(document=made)
    assert (page.type, page.type_engine, page.signals["said"]) == (None, "person", ["bill", 0.95])


def test_a_refused_change_of_type_leaves_no_job(drain: Drain) -> None:
    made = read(drain, CHALLAN.format(1), factories.project())
    with pytest.raises(Conflict):
        rework.reclassify(made.pk, challan(), factories.user(), version=99)
    assert not Job.objects.filter(kind=Kind.PROCESS).exists()


@pytest.mark.parametrize(
    ("role", "status", "slug"),
    [
        (Role.REVIEWER, 302, "goods_note"),
        (Role.VIEWER, 403, None),
        (None, 404, None),
    ],
)
def test_reviewers_say_on_the_page_what_a_document_is(
    client: Client, drain: Drain, role: Role | None, status: int, slug: str | None
) -> None:
    made = read(drain, CHALLAN.format(1), factories.project())
    challan()
    client.force_login(factories.user(role, made.project))
    address = reverse("document-reclassify", args=[made.pk])
    answer = client.post(address, {"type": "goods_note", "version": made.version})
    made.refresh_from_db()
    assert answer.status_code == status
    assert (made.type.slug if made.type else None) == slug


def test_the_page_offers_every_type_and_says_which_are_being_taught(
    client: Client, drain: Drain
) -> None:
    made = read(drain, CHALLAN.format(1), factories.project())
    challan(TypeState.DRAFT)
    client.force_login(factories.user(Role.REVIEWER, made.project))
    shown = client.get(reverse("document", args=[made.pk])).content.decode()
    assert "Goods note (being taught)" in shown
    assert reverse("document-reclassify", args=[made.pk]) in shown
    client.force_login(factories.user(Role.VIEWER, made.project))
    assert (
        "Goods note (being taught)"
        not in client.get(reverse("document", args=[made.pk])).content.decode()
    )
