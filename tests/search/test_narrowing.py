"""Filters of a search, papers like one, and the newest that pass."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from documents.errors import SenderError
from documents.models import Document, DocumentStatus, Project, Role
from search import queries, scope, suggestions
from search.queries import EVERYONE, Mode, find
from search.scope import UNKNOWN, Narrow
from tests import factories
from tests.search.corpus import indexed

pytestmark = pytest.mark.django_db

MODES = [mode.value for mode in Mode]
PAPERS: dict[str, dict[str, Any]] = {
    "acme in May": {
        "payload": {
            "supplier_name": "M/s. Acme Steel-Works",
            "document_date": "2026-05-31",
            "total_amount": "50000.00",
        }
    },
    "beta in June": {
        "payload": {
            "supplier_name": "Beta Cotton",
            "document_date": "2026-06-01",
            "total_amount": "900",
        },
        "status": DocumentStatus.REJECTED,
    },
    "way of gamma": {
        "payload": {"generated_at": "2026-06-02T10:30", "total_invoice_value": "50000.01"},
        "identity": {"supplier_name": "Gamma Acids"},
        "type_slug": "eway_bill",
    },
    "letter": {"type_slug": "", "payload": {"total_amount": "about 50,000"}},
}


@pytest.fixture
def papers() -> dict[str, Document]:
    project = factories.project()
    return {
        name: indexed(f"steel pipes, {name}", in_project=project, **values)
        for name, values in PAPERS.items()
    }


def names(papers: dict[str, Document], found: Any) -> set[str]:
    by_id = {document.pk: name for name, document in papers.items()}
    return {by_id[hit.document_id] for hit in found}


FILTERS = [
    (Narrow(type="bill"), {"acme in May", "beta in June"}),
    (Narrow(type=UNKNOWN), {"letter"}),
    (Narrow(status="rejected"), {"beta in June"}),
    (Narrow(supplier="acme"), {"acme in May"}),
    (Narrow(supplier="works ACM"), {"acme in May"}),
    (Narrow(supplier="acid"), {"way of gamma"}),
    (Narrow(supplier="'); drop & | !:*("), set()),
    (Narrow(first=date(2026, 6, 1)), {"beta in June", "way of gamma"}),
    (Narrow(last=date(2026, 5, 31)), {"acme in May"}),
    (Narrow(first=date(2026, 6, 2), last=date(2026, 6, 2)), {"way of gamma"}),
    (Narrow(least=Decimal(50_000)), {"acme in May", "way of gamma"}),
    (Narrow(most=Decimal("50000.00")), {"acme in May", "beta in June"}),
    (Narrow(type="bill", most=Decimal(1_000), status="draft_pending"), set()),
]


@pytest.mark.parametrize("few", [0, 2_000], ids=["many", "few"])
@pytest.mark.parametrize("mode", MODES)
def test_filters_let_through_what_is_like_that_in_every_way(
    papers: dict[str, Document], mode: str, few: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scope, "FEW", few)
    for narrow, wanted in FILTERS:
        found = find(EVERYONE, "steel pipes", narrow=narrow, mode=mode)
        assert names(papers, found) == wanted, narrow


@pytest.mark.parametrize("few", [0, 2_000], ids=["many", "few"])
def test_filters_alone_show_the_newest_that_pass_with_their_beginning(
    papers: dict[str, Document], few: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scope, "FEW", few)
    for narrow, wanted in FILTERS:
        assert names(papers, queries.newest(EVERYONE, narrow=narrow)) == wanted
    every = queries.newest(EVERYONE, project_slug=papers["letter"].project.slug).hits
    assert [hit.document_id for hit in every] == [one.pk for one in reversed(papers.values())]
    assert every[0].snippet.text == "steel pipes, letter"


def test_values_change_and_the_filters_know(papers: dict[str, Document]) -> None:
    paper = papers["acme in May"]
    paper.payload = {"supplier_name": "Delta", "total_amount": "1.00"}
    paper.save()
    assert names(papers, find(EVERYONE, "steel", narrow=Narrow(supplier="acme"))) == set()
    assert names(papers, find(EVERYONE, "steel", narrow=Narrow(supplier="delt"))) == {"acme in May"}
    hit = next(hit for hit in find(EVERYONE, "steel") if hit.document_id == paper.pk)
    assert (hit.supplier, hit.total, hit.day) == ("Delta", Decimal(1), "")


def test_a_name_longer_than_an_index_entry_is_kept_cut() -> None:
    made = factories.document(payload={"supplier_name": "ab cd " * 5_000})
    assert len(Document.objects.get(pk=made.pk).supplier) == 300


def test_other_pages_of_a_document_are_lines_under_it() -> None:
    pages = ["steel steel steel", "cotton", *(f"steel and other things {n}" for n in range(7))]
    document = indexed(*pages)
    for mode in MODES:
        (hit,) = find(EVERYONE, "steel", mode=mode).hits
        assert hit.page != 2
        assert len(hit.lines) == 4
        assert hit.more_pages == 3
        shown = {hit.page, *(line.page for line in hit.lines)}
        assert len(shown) == 5
        assert 2 not in shown
    single = indexed("steel", in_project=document.project)
    hits = {hit.document_id: hit for hit in find(EVERYONE, "steel")}
    assert (hits[single.pk].lines, hits[single.pk].more_pages) == ((), 0)


@pytest.mark.parametrize("few", [0, 2_000], ids=["many", "few"])
def test_papers_like_one_are_nearest_first_without_itself(few: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(scope, "FEW", few)
    one = indexed("steel pipes and bolts", "steel pipes")
    near = indexed("steel pipes and nuts", in_project=one.project)
    far = indexed("cotton shirts", in_project=one.project, type_slug="eway_bill")
    member = factories.user(Role.VIEWER, one.project)
    indexed("steel pipes and bolts")
    assert [hit.document_id for hit in queries.like(member, one)] == [near.pk, far.pk]
    of_type = queries.like(member, one, narrow=Narrow(type="eway_bill"))
    assert [hit.document_id for hit in of_type] == [far.pk]


def test_a_paper_that_is_not_indexed_has_nothing_like_it_and_says_so() -> None:
    indexed("steel pipes")
    found = queries.like(EVERYONE, factories.document())
    assert found.hits == ()
    assert "not known yet" in found.notice


def test_a_type_of_document_that_is_not_there_is_refused() -> None:
    with pytest.raises(SenderError):
        queries.newest(EVERYONE, narrow=Narrow(type="novel"))


def test_suppliers_are_suggested_from_what_one_may_see(papers: dict[str, Document]) -> None:
    project: Project = papers["letter"].project
    member = factories.user(Role.VIEWER, project)
    indexed("steel", payload={"supplier_name": "Acme Elsewhere"})
    assert suggestions.suppliers(member, "acm") == ["M/s. Acme Steel-Works"]
    assert suggestions.suppliers(member, "co") == ["Beta Cotton"]
    assert suggestions.suppliers(member, "") == []
    assert suggestions.suppliers(factories.user(), "acm") == []
    assert suggestions.suppliers(member, "acm", project_slug="no-such") == []


def test_filters_take_one_query_more(django_assert_max_num_queries: Any) -> None:
    document = indexed("steel pipes", payload={"total_amount": "5.00"})
    with django_assert_max_num_queries(20) as plain:
        find(EVERYONE, "steel", mode="lexical")
    with django_assert_max_num_queries(len(plain.captured_queries) + 1):
        found = find(EVERYONE, "steel", mode="lexical", narrow=Narrow(least=Decimal(5)))
    assert [hit.document_id for hit in found] == [document.pk]
