"""Which confirmed documents a model is shown, and how much of them."""

from collections.abc import Sequence
from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from config import engines
from documents import schemas
from documents.language import Prompt, Purpose
from documents.models import Document, Project, Relation, RelationKind
from ingestion.llm import examples
from tests import factories
from tests.search.corpus import index, use_embedder, written

pytestmark = pytest.mark.django_db
BILL = schemas.shipped_schema("bill")
STEEL, PAPER = "steel bars and plates for the yard", "writing paper and envelopes for the office"


@pytest.fixture(autouse=True)
def _hashed(settings: Settings) -> None:
    use_embedder(settings, "Hashed")


def embeds(engine: str, method: str, *, config: Any, **arguments: Any) -> Any:
    """The engine child, in this process."""
    return getattr(engines.load(config), method)(**arguments)


def prompt(number: int = 2, **values: Any) -> Prompt:
    return Prompt(
        purpose=Purpose.EXTRACT, number=1, template="$examples", examples=number, **values
    )


def confirmed(text: str, project: Project, supplier: str = "", **payload: Any) -> Document:
    values = {"supplier_name": supplier, **payload}
    made = written(
        text,
        in_project=project,
        status="draft_created",
        reviewer=factories.user(),
        payload=values,
        identity={"kind": "bill", "supplier_name": supplier},
    )
    index(made)
    return made


def new(text: str, project: Project, supplier: str = "") -> Document:
    return written(text, in_project=project, identity={"kind": "bill", "supplier_name": supplier})


def found(document: Document, asked: Prompt | None = None, **more: Any) -> Sequence[Any]:
    shown = examples.of(document, asked or prompt(), call=embeds, schema=BILL, **more)  # type: ignore[arg-type]
    return [one.document for one in shown]


def test_the_same_supplier_comes_first_then_the_nearest() -> None:
    project = factories.project()
    far = confirmed(PAPER, project, "Acme Steel")
    near = confirmed(f"{STEEL} again", project, "Other Ltd")
    confirmed("a garden party", project, "Third Ltd")
    document = new(STEEL, project, "ACME  Steel")
    assert found(document) == [far.pk, near.pk]
    assert found(document, prompt(1)) == [far.pk]


def test_the_supplier_of_a_new_document_is_what_rules_have_read() -> None:
    project = factories.project()
    far = confirmed(PAPER, project, "Acme Steel")
    near = confirmed(f"{STEEL} again", project, "Other Ltd")
    document = new(STEEL, project)
    assert found(document) == [near.pk, far.pk]
    assert found(document, read={"supplier_name": "Acme Steel"}) == [far.pk, near.pk]


def test_only_what_a_person_confirmed_in_the_same_project_and_type_teaches() -> None:
    project = factories.project()
    written(STEEL, in_project=project, status="draft_created")
    written(STEEL, in_project=project, status="draft_pending", reviewer=factories.user())
    written(
        STEEL,
        in_project=project,
        type_slug="eway_bill",
        status="draft_created",
        reviewer=factories.user(),
    )
    confirmed(STEEL, factories.project())
    own = confirmed(STEEL, project)
    assert found(own) == []
    assert found(new(STEEL, project)) == [own.pk]


def test_another_copy_of_the_paper_does_not_give_the_answer_away() -> None:
    project = factories.project()
    copy, other = confirmed(STEEL, project), confirmed(PAPER, project)
    document = new(STEEL, project)
    Relation.objects.create(document=document, other=copy, kind=RelationKind.DUPLICATE)
    assert found(document) == [other.pk]


def test_a_prompt_without_examples_asks_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    document = new(STEEL, factories.project())
    with django_assert_num_queries(0):
        assert found(document, prompt(0)) == []


def test_examples_fit_into_their_share_of_the_prompt() -> None:
    project = factories.project()
    for _ in range(3):
        confirmed(f"{STEEL} " * 400, project)
    document = new(STEEL, project)
    asked = prompt(3, max_input_tokens=2_000)
    shown = examples.of(document, asked, call=embeds, schema=BILL)  # type: ignore[arg-type]
    assert len(shown) == 3
    assert sum(one.chars for one in shown) <= 2_000 * examples.SHARE * examples.CHARS_A_TOKEN
    few = prompt(3, max_input_tokens=500)
    assert len(examples.of(document, few, call=embeds, schema=BILL)) == 1  # type: ignore[arg-type]


def test_values_are_those_that_the_schema_has_and_tables_are_short() -> None:
    project = factories.project()
    rows = [{"quantity": str(number)} for number in range(9)]
    confirmed(STEEL, project, "Acme", total_amount=None, shoe_size="44", line_items=rows)
    document = new(STEEL, project)
    (one, *_) = examples.of(document, prompt(1), call=embeds, schema=BILL)  # type: ignore[arg-type]
    assert one.values == {"supplier_name": "Acme", "line_items": rows[:3]}
    assert one.text == STEEL


def test_an_excerpt_keeps_head_and_foot() -> None:
    text = "".join(f"{number:05}\n" for number in range(1_000))
    shown = examples.excerpt(text, 900)
    assert len(shown) <= 900
    assert shown.startswith("00000\n")
    assert shown.endswith("00999\n")
    assert examples.excerpt(text, 200) == ""
    assert examples.excerpt("short", 900) == "short"
