"""Pages that persons named teach their own project, and tell how good a type would be."""

from typing import Any

import pytest

from documents import review
from documents.models import Document, DocumentType, Page, Project, Role
from search import indexing, neighbours, quality
from search.models import ChunkVector, PageVector, TypeVector
from tests import factories
from tests.search.corpus import index, indexed, use_embedder, written

pytestmark = pytest.mark.django_db

CHALLAN = "DELIVERY CHALLAN\nChallan No. {}\nfifty bags of cement sent to the yard for job work"
LETTER = "Dear friends {}\nwe hope to see you at the garden party on Sunday, bring a cake"


def challan(**values: str) -> DocumentType:
    told = {"slug": "goods_note", "name": "Goods note", "description": "Goods sent"} | values
    kind = DocumentType.objects.create(**told)
    kind.schema_versions.create(number=1, schema={"type": "object", "properties": {}})
    return kind


def paper(text: str, in_project: Project) -> Document:
    return indexed(text, in_project=in_project, type_slug="", status="unknown")


def named(text: str, kind: DocumentType | None, in_project: Project) -> Document:
    """An indexed page that a person has named."""
    made = paper(text, in_project)
    review.reclassify(made.pk, factories.user(), version=1, kind=kind)
    return made


def vector(made: Document) -> tuple[float, ...]:
    page = Page.objects.get(document=made)
    return neighbours.vectors_of([page.pk])[page.pk]


def test_a_page_has_the_mean_direction_of_its_chunks_without_a_model() -> None:
    project = factories.project()
    text = "\n\n".join(f"{word} " * 150 for word in ("alpha", "beta", "gamma"))
    made = paper(text, project)
    chunks = [row.dense for row in ChunkVector.objects.filter(document=made)]
    assert len(chunks) > 1
    assert vector(made) == pytest.approx(neighbours.mean(chunks), abs=0.002)


def test_a_vector_follows_the_text_of_its_page() -> None:
    made = paper("cement for the yard", factories.project())
    before = vector(made)
    Page.objects.filter(document=made).update(text="a garden party")
    Document.objects.filter(pk=made.pk).update(text_version=2)
    page = Page.objects.get(document=made)
    assert neighbours.vectors_of([page.pk]) == {}
    made.refresh_from_db()
    index(made)
    assert vector(made) != before
    assert PageVector.objects.get().text_version == 2


def test_examples_are_what_persons_named_or_confirmed_and_nothing_else() -> None:
    project, kind = factories.project(), challan()
    named(CHALLAN.format(1), kind, project)
    named(LETTER.format(1), None, project)
    bill = written("a bill", in_project=project, status="draft_created")
    Document.objects.filter(pk=bill.pk).update(reviewer=factories.user())
    written("straight through", in_project=project, status="draft_created")
    paper(LETTER.format(2), project)
    found = neighbours.examples(Page.objects.all()).values_list("named", flat=True)
    assert list(found) == ["bill", "", "goods_note"]


def test_a_page_is_asked_of_the_examples_of_its_own_project_only() -> None:
    ours, theirs, kind = factories.project(), factories.project(), challan()
    for number in range(3):
        vector(named(CHALLAN.format(number), kind, theirs))
    vector(named(LETTER.format(1), None, ours))
    asked = vector(paper(CHALLAN.format(9), ours))
    assert [near.type for near in neighbours.nearest(ours.pk, asked)] == [""]
    lesson = neighbours.lesson(ours.pk, [kind], None)
    assert [one.type for one in lesson.examples] == [""]
    assert lesson.titles == {"goods_note": frozenset()}
    near = neighbours.nearest(theirs.pk, asked)
    assert [one.type for one in near] == ["goods_note"] * 3


def test_a_description_is_embedded_once_and_again_when_it_changes() -> None:
    kind, asked = challan(), []

    def embed(texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        asked.append(texts)
        return indexing.engine().embed(texts=texts)

    for _ in range(2):
        assert neighbours.kinds([kind], embed)[0].vector
    kind.description = "Something else"
    neighbours.kinds([kind], embed)
    assert asked == [("Goods sent",), ("Something else",)]


def test_quality_counts_what_the_other_examples_say_of_each() -> None:
    project, kind = factories.project(), challan()
    for number in range(5):
        named(CHALLAN.format(number), kind, project)
        named(LETTER.format(number), None, project)
    named(LETTER.format(7), kind, project)
    told = quality.of(kind, factories.user(is_superuser=True))
    assert (told.examples, told.asked, told.right, told.missed, told.wrong) == (6, 11, 5, 1, 0)
    assert told.confusions == (("goods_note", "", 1),)
    assert told.is_enough
    assert (told.precision, told.recall) == (1.0, 5 / 6)


def test_quality_shows_which_recent_pages_would_become_the_type_and_changes_none() -> None:
    project, kind = factories.project(), challan()
    for number in range(3):
        named(CHALLAN.format(number), kind, project)
    taken, left = paper(CHALLAN.format(8), project), paper(LETTER.format(8), project)
    Page.objects.update(read_at="2026-01-01T00:00Z")
    told = quality.of(kind, factories.user(is_superuser=True))
    assert [change.page.document_id for change in told.changes] == [taken.pk]
    assert (told.recent, told.is_enough) == (2, False)
    assert {page.type for page in Page.objects.filter(document__in=[taken, left])} == {None}


def test_quality_tells_a_viewer_nothing_of_other_projects() -> None:
    ours, theirs, kind = factories.project(), factories.project(), challan()
    for number in range(5):
        named(CHALLAN.format(number), kind, theirs)
    Page.objects.update(read_at="2026-01-01T00:00Z")
    viewer = factories.user(Role.OPERATOR, ours)
    told = quality.of(kind, viewer)
    assert (told.examples, told.asked, told.recent, told.changes) == (0, 0, 0, ())
    assert not quality.examples_of(kind, viewer).exists()


@pytest.mark.parametrize(("embedder", "count"), [("Hashed", 1), ("Unavailable", 0)])
def test_a_type_is_judged_with_its_description_and_without_an_embedder_by_its_words(
    settings: Any, embedder: str, count: int
) -> None:
    use_embedder(settings, embedder)
    told = quality.of(challan(), factories.user(is_superuser=True))
    assert (told.examples, TypeVector.objects.count()) == (0, count)


def test_a_score_without_any_example_claims_nothing() -> None:
    told = quality.score("goods_note", [("bill", "bill")])
    assert (told.precision, told.recall, told.is_enough) == (None, None, False)
