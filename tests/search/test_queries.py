from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from documents.errors import OperatorError, SenderError, TryAgain
from documents.models import Page, Role
from search import queries, ranking
from search.queries import EVERYONE, MAX_LIMIT, Mode, find
from search.scope import Narrow
from tests import factories
from tests.search.corpus import indexed, use_embedder

pytestmark = pytest.mark.django_db

MODES = [mode.value for mode in Mode]


@pytest.mark.parametrize("mode", MODES)
def test_a_document_is_found_by_what_its_page_says(mode: str) -> None:
    wanted = indexed("Steel pipes from Acme, Pune", "Total due: 1,04,571.50")
    indexed("Cotton shirts from Beta, Surat", in_project=wanted.project)
    hit, *_ = find(EVERYONE, "steel pipes from acme, pune", mode=mode)
    assert (hit.document_id, hit.page, hit.file) == (wanted.pk, 1, wanted.upload.filename)
    assert hit.project == wanted.project.slug
    assert hit.type == "bill"
    assert hit.text == "Steel pipes from Acme, Pune"


@pytest.mark.parametrize("mode", MODES)
def test_only_members_of_its_project_find_a_document(mode: str) -> None:
    document = indexed("Steel pipes from Acme")
    member = factories.user(Role.VIEWER, document.project)
    stranger = factories.user(Role.OPERATOR, factories.project())
    assert [hit.document_id for hit in find(member, "steel pipes", mode=mode)] == [document.pk]
    assert find(stranger, "steel pipes", mode=mode).hits == ()
    assert find(AnonymousUser(), "steel pipes", mode=mode).hits == ()
    assert len(find(factories.user(is_superuser=True), "steel pipes", mode=mode).hits) == 1


def test_a_project_of_others_is_as_unknown_as_one_that_is_not_there() -> None:
    document = indexed("Steel pipes")
    stranger = factories.user(Role.OPERATOR, factories.project())
    for slug in (document.project.slug, "no-such-project"):
        with pytest.raises(SenderError) as fault:
            find(stranger, "steel", project_slug=slug)
        assert fault.value.code == "unknown_project"


def test_how_rare_a_word_is_elsewhere_does_not_show_through_the_score() -> None:
    document = indexed("Steel pipes from Acme")
    member = factories.user(Role.VIEWER, document.project)
    before = find(member, "steel", mode="lexical").hits[0].score
    indexed("Steel, steel and more steel")
    assert find(member, "steel", mode="lexical").hits[0].score == before


@pytest.mark.parametrize("mode", MODES)
def test_a_search_keeps_to_the_project_and_the_type_that_it_names(mode: str) -> None:
    here = indexed("Steel pipes")
    other = indexed("Steel pipes", in_project=here.project, type_slug="eway_bill")
    indexed("Steel pipes")
    in_project = find(EVERYONE, "steel pipes", project_slug=here.project.slug, mode=mode)
    assert {hit.document_id for hit in in_project} == {here.pk, other.pk}
    way = Narrow(type="eway_bill")
    of_type = find(EVERYONE, "steel", project_slug=here.project.slug, narrow=way, mode=mode)
    assert [hit.document_id for hit in of_type] == [other.pk]


@pytest.mark.parametrize("mode", MODES)
def test_a_hit_is_a_document_with_its_best_page(mode: str) -> None:
    long = indexed(*["delivery note, see annex"] * 5, "delivery of steel pipes")
    short = indexed("delivery of cotton shirts", in_project=long.project)
    hits = find(EVERYONE, "delivery of steel pipes", mode=mode, limit=2).hits
    assert [hit.document_id for hit in hits] == [long.pk, short.pk]
    assert hits[0].page == 6


def test_limit_counts_documents_even_where_one_document_fills_the_nearest_chunks() -> None:
    long = indexed(*["steel pipes"] * 230)
    short = indexed("steel pipes of another kind and more", in_project=long.project)
    hits = find(EVERYONE, "steel pipes", mode="dense", limit=2).hits
    assert [hit.document_id for hit in hits] == [long.pk, short.pk]


def test_rarer_words_and_shorter_pages_rank_higher_by_words() -> None:
    rare = indexed("invoice for steel")
    common = indexed("invoice for cotton", in_project=rare.project)
    verbose = indexed("invoice " + "for many other things " * 9, in_project=rare.project)
    hits = find(EVERYONE, "invoice steel", mode="lexical").hits
    assert [hit.document_id for hit in hits] == [rare.pk, common.pk, verbose.pk]
    assert hits[0].score > 2 * hits[1].score


def test_fused_hits_name_the_ways_that_found_them() -> None:
    both = indexed("steel pipes")
    near = indexed("cotton shirts", in_project=both.project)
    hits = find(EVERYONE, "steel pipes").hits
    assert [(hit.document_id, hit.modes) for hit in hits] == [
        (both.pk, ("lexical", "dense")),
        (near.pk, ("dense",)),
    ]


def test_a_hit_shows_where_its_words_stand_on_the_page_image() -> None:
    document = indexed("Steel pipes from Acme")
    words = [["Steel", 10, 10, 60, 30, 0.9], ["pipes", 70, 10, 120, 30, 0.9]]
    Page.objects.filter(document=document).update(words=words, image="uploads/1/pages/1.webp")
    found = find(EVERYONE, "PIPE")
    (hit,) = found.hits
    assert queries.boxes(found) == {document.pk: ((70.0, 10.0, 120.0, 30.0),)}
    assert hit.has_image
    assert [part.text for part in hit.snippet.parts if part.is_match] == ["pipes"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ["", "   ", "\n\t\0"])
def test_an_empty_query_finds_nothing(query: str, mode: str) -> None:
    indexed("Steel pipes")
    assert find(EVERYONE, query, mode=mode).hits == ()


@pytest.mark.parametrize("query", ["steel " * 50_000, "steel " + "x" * 1_000_000, "steel \ud800\0"])
@pytest.mark.parametrize("mode", MODES)
def test_an_absurd_query_is_answered(query: str, mode: str) -> None:
    document = indexed("steel")
    assert [hit.document_id for hit in find(EVERYONE, query, mode=mode)] == [document.pk]


def test_a_query_of_grammar_words_looks_for_them() -> None:
    document = indexed("to be or not")
    indexed("steel pipes", in_project=document.project)
    assert [hit.document_id for hit in find(EVERYONE, "to be", mode="lexical")] == [document.pk]


def test_words_that_no_page_has_find_nothing() -> None:
    indexed("Steel pipes")
    assert find(EVERYONE, "zebra — ·", mode="lexical").hits == ()
    assert find(EVERYONE, "— ·", mode="lexical").hits == ()


def test_common_words_only_score_what_rarer_ones_have_found() -> None:
    assert ranking.rarest({1: 9_000, 2: 4, 3: 5_000}) == [2, 3]
    assert ranking.rarest({1: 150_000}) == [1]
    assert sorted(ranking.rarest({1: 3, 2: 4})) == [1, 2]


def test_without_vectors_a_hybrid_search_goes_by_words_and_says_so(settings: Any) -> None:
    document = indexed("Steel pipes")
    for embedder in ("Unavailable", "Broken"):
        use_embedder(settings, embedder)
        found = find(EVERYONE, "steel")
        assert [hit.document_id for hit in found] == [document.pk]
        assert found.mode == Mode.LEXICAL
        assert "words only" in found.notice


def test_without_vectors_a_dense_search_says_who_must_act(settings: Any) -> None:
    indexed("Steel pipes")
    use_embedder(settings, "Unavailable")
    with pytest.raises(TryAgain):
        find(EVERYONE, "steel", mode="dense")
    use_embedder(settings, "Broken")
    with pytest.raises(OperatorError) as fault:
        find(EVERYONE, "steel", mode="dense")
    assert fault.value.code == "model_changed"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"limit": 0}, "invalid_limit"),
        ({"limit": MAX_LIMIT + 1}, "invalid_limit"),
        ({"mode": "psychic"}, "invalid_mode"),
        ({"narrow": Narrow(type="novel")}, "unknown_type"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(SenderError) as fault:
        find(EVERYONE, "steel", **arguments)
    assert fault.value.code == code


@pytest.mark.parametrize("mode", MODES)
def test_more_hits_take_no_more_queries(mode: str, django_assert_max_num_queries: Any) -> None:
    first = indexed("steel pipes")
    for _ in range(12):
        indexed("steel pipes", in_project=first.project)
    with django_assert_max_num_queries(14) as few:
        assert len(find(EVERYONE, "steel", mode=mode, limit=2).hits) == 2
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert len(find(EVERYONE, "steel", mode=mode, limit=12).hits) == 12


def test_a_long_query_keeps_its_first_words() -> None:
    assert len(queries.clean("word " * 10_000)) <= queries.MAX_QUERY_CHARS
    assert len(queries.wanted_terms(" ".join(f"w{n}" for n in range(900)))) <= 64
