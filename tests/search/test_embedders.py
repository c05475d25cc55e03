"""Another embedder takes the place of the one that search asks."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.engines import EngineBusy, EngineUnavailable
from documents.models import AuditEvent, Document, Page
from search import embedders, indexing, queries
from search.indexing import EmbedderChanged, Vectors
from search.models import Chunk, ChunkVector, Embedder, EmbedderState, PageVector, TypeVector
from tests.search.corpus import index, indexed, use_embedder, written

pytestmark = pytest.mark.django_db
API = {"model": "m", "base_url": "http://one.test/v1", "api_key": "sk-one", "dimension": 8}


def found(words: str) -> list[str]:
    hits = queries.find(queries.EVERYONE, words, mode="dense").hits
    return [hit.text for hit in hits]


def embed_rest(embedder: Embedder) -> None:
    """What the jobs of `ingestion/reembedding.py` do."""
    engine = embedders.engine(embedder)
    for document in Document.objects.all():
        chunks = indexing.chunks_lacking(document.pk, embedder, first_page=1, last_page=10_000)
        vectors = engine.embed(texts=tuple(chunk.text for chunk in chunks))
        indexing.add([chunk.pk for chunk in chunks], Vectors(embedder=embedder, vectors=vectors))


def changing(settings: Any, name: str = "Wide") -> Embedder:
    use_embedder(settings, name)
    with connection.cursor() as cursor:
        # Postgres makes no index in a transaction that has constraints left to check.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        due = embedders.follow_settings()
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert due is not None
    return due


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE '%%_dense_%%'")
        return {name for (name,) in cursor.fetchall()}


def test_search_goes_on_with_the_old_vectors_until_every_chunk_has_a_new_one(
    settings: Any,
) -> None:
    indexed("grey heron")
    indexed("red kite")
    due = changing(settings)
    assert found("heron")[0] == "grey heron"
    assert not embedders.switch()
    embed_rest(due)
    assert (embedders.active().name, found("kite")[0]) == ("hashed", "red kite")
    assert embedders.switch()
    assert embedders.active() == due
    assert found("kite")[0] == "red kite"
    assert not embedders.switch()
    assert AuditEvent.objects.filter(verb="embedder.switched").count() == 1


def test_a_document_that_comes_meanwhile_is_found_before_and_after(settings: Any) -> None:
    indexed("grey heron")
    due = changing(settings)
    new = written("red kite")
    index(new)
    assert found("kite")[0] == "red kite"
    embed_rest(due)
    assert embedders.switch()
    assert found("kite")[0] == "red kite"
    assert not indexing.stale_documents().exists()


def test_a_step_saves_vectors_of_both_embedders(settings: Any) -> None:
    indexed("grey heron")
    due = changing(settings)
    document = written("red kite")
    old, texts = embedders.active(), ("red kite",)
    both = [
        Vectors(embedder=one, vectors=embedders.engine(one).embed(texts=texts))
        for one in (old, due)
    ]
    drafts = [indexing.ChunkDraft(page=1, ordinal=0, text="red kite")]
    _save(document, drafts, both[0], coming=both[1])
    rows = ChunkVector.objects.filter(document=document).order_by("embedder")
    assert [len(row.dense) for row in rows] == [8, 12]


def _save(
    document: Document, drafts: Any, made: Vectors | None, coming: Vectors | None = None
) -> None:
    indexing.save(
        document.pk,
        drafts,
        vectors=made.vectors if made else None,
        embedder=made.embedder if made else None,
        first_page=1,
        last_page=1,
        text_version=1,
        coming=coming,
    )


def test_vectors_of_an_embedder_that_was_replaced_meanwhile_are_refused(settings: Any) -> None:
    document = indexed("grey heron")
    old = embedders.active()
    chunk = Chunk.objects.get()
    embed_rest(changing(settings))
    assert embedders.switch()
    made = Vectors(embedder=old, vectors=[(1.0, *[0.0] * 7)])
    drafts = [indexing.ChunkDraft(page=1, ordinal=0, text="other words")]
    with pytest.raises(EmbedderChanged):
        _save(document, drafts, made)
    assert Chunk.objects.get() == chunk
    assert indexing.add([chunk.pk], made) == 0


def test_vectors_of_the_coming_embedder_alone_are_made_anew_once_it_is_active(
    settings: Any,
) -> None:
    document = indexed("grey heron")
    due = changing(settings)
    embed_rest(due)
    assert embedders.switch()
    made = Vectors(embedder=due, vectors=[(1.0, *[0.0] * 11)])
    drafts = [indexing.ChunkDraft(page=1, ordinal=0, text="other words")]
    with pytest.raises(EmbedderChanged):
        _save(document, drafts, None, coming=made)
    assert found("heron") == ["grey heron"]


def test_vectors_of_pages_are_kept_for_who_made_them_or_not_at_all(settings: Any) -> None:
    from search import neighbours

    document = indexed("grey heron")
    page, old = Page.objects.get(document=document), embedders.active()
    due = changing(settings)
    embed_rest(due)
    assert embedders.switch()
    Embedder.objects.filter(pk=due.pk).update(switched_at=timezone.now() - timedelta(hours=1))
    neighbours.save({page.pk: [1.0, *[0.0] * 7]}, old, project_id=document.project_id)
    assert not PageVector.objects.exists()
    neighbours.save({page.pk: [1.0, *[0.0] * 11]}, due, project_id=document.project_id)
    assert PageVector.objects.get().embedder == due


def test_a_person_may_switch_before_every_chunk_has_its_vector(settings: Any) -> None:
    indexed("grey heron")
    due = changing(settings)
    assert embedders.switch(leaving_out=True)
    assert embedders.active() == due
    assert indexing.stale_documents().count() == 1
    hits = queries.find(queries.EVERYONE, "heron").hits
    assert [hit.text for hit in hits] == ["grey heron"]


def test_an_embedder_without_vectors_gives_way_at_once(settings: Any) -> None:
    written("grey heron")
    assert embedders.active().name == "hashed"
    use_embedder(settings, "Wide")
    assert embedders.active().name == "wide"
    assert embedders.coming() is None


def test_old_vectors_go_in_slices_and_the_embedder_with_its_indexes_last(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedders, "SLICE_ROWS", 2)
    for number in range(5):
        indexed(f"heron {number}")
    old = embedders.active()
    embed_rest(changing(settings))
    embedders.switch()
    assert embedders.clear_away(9) == 0, "questions on their way still need them"
    Embedder.objects.filter(pk=old.pk).update(changed_at=timezone.now() - timedelta(minutes=2))
    assert ChunkVector.objects.filter(embedder=old).count() == 5
    # Inside the transaction of a test no index can be dropped concurrently.
    monkeypatch.setattr(embedders, "INDEXED", {})
    assert embedders.clear_away(9) == 5
    assert not Embedder.objects.filter(pk=old.pk).exists()
    assert ChunkVector.objects.count() == 5


@pytest.mark.parametrize(("after", "left"), [("SELECT", 5), ("DELETE FROM", 3)])
def test_an_embedder_that_is_wanted_again_keeps_what_it_still_has(
    settings: Any, monkeypatch: pytest.MonkeyPatch, after: str, left: int
) -> None:
    """It comes back after the first statement of this kind of who clears away."""
    monkeypatch.setattr(embedders, "SLICE_ROWS", 2)
    for number in range(5):
        indexed(f"heron {number}")
    old = Embedder.objects.filter(pk=embedders.active().pk)
    embed_rest(changing(settings))
    embedders.switch()
    old.update(changed_at=timezone.now() - timedelta(minutes=2))
    dropped: list[str] = []
    monkeypatch.setattr(embedders, "_execute", dropped.append)

    def comes_back(execute: Any, sql: str, *rest: Any) -> Any:
        done = execute(sql, *rest)
        if sql.startswith(after):
            old.update(state=EmbedderState.COMING)
        return done

    with connection.execute_wrapper(comes_back):
        assert embedders.clear_away(9) == 5 - left
    assert ChunkVector.objects.filter(embedder=old.get()).count() == left
    assert len(dropped) == (0 if after == "SELECT" else 2)


def test_a_change_is_called_off_only_when_nobody_has_wanted_it_for_a_while(settings: Any) -> None:
    indexed("grey heron")
    due = changing(settings)
    use_embedder(settings, "Hashed")
    assert embedders.follow_settings() == due
    use_embedder(settings, "Huge")
    assert embedders.follow_settings() == due, "two hosts with other settings must not take turns"
    Embedder.objects.filter(pk=due.pk).update(wanted_at=timezone.now() - timedelta(minutes=11))
    use_embedder(settings, "Hashed")
    assert embedders.follow_settings() is None
    due.refresh_from_db()
    assert due.state == EmbedderState.GOING
    assert changing(settings) == due, "it is wanted again before it is cleared away"


def test_a_host_with_old_settings_does_not_bring_back_what_others_have_replaced(
    settings: Any,
) -> None:
    indexed("grey heron")
    due = changing(settings)
    embed_rest(due)
    assert embedders.switch()
    use_embedder(settings, "Hashed")
    assert embedders.follow_settings() is None
    assert embedders.held_by() == due
    Embedder.objects.filter(pk=due.pk).update(wanted_at=timezone.now() - timedelta(minutes=11))
    assert embedders.held_by() is None
    assert changing(settings, "Hashed").name == "hashed", "nobody names the new one any more"


def test_vectors_too_long_for_an_index_are_searched_one_by_one(settings: Any) -> None:
    use_embedder(settings, "Huge")
    indexed("grey heron")
    indexed("red kite")
    assert found("kite")[0] == "red kite"
    assert f"chunk_dense_{embedders.active().pk}" not in indexes()


def test_the_key_is_never_kept_and_goes_to_no_other_address(settings: Any) -> None:
    one = {"BACKEND": "search.engines.openai.OpenAI", "OPTIONS": API}
    settings.ENGINES = {**settings.ENGINES, "embed": one}
    settings.EMBED_BASE_URL, settings.EMBED_API_KEY = API["base_url"], "sk-one"
    old = embedders.active()
    assert "sk-one" not in str(Embedder.objects.values_list("config"))
    use_embedder(settings, "Wide")
    assert embedders.config(old)["OPTIONS"]["api_key"] == "sk-one"
    settings.EMBED_BASE_URL, settings.EMBED_API_KEY = "http://two.test/v1", "sk-two"
    settings.EMBED_OLD_API_KEY = "sk-old"
    settings.EMBED_OLD_BASE_URL = "http://three.test/v1"
    with pytest.raises(EngineBusy, match="has no key"):
        embedders.config(old)
    settings.EMBED_OLD_BASE_URL = API["base_url"]
    assert embedders.config(old)["OPTIONS"]["api_key"] == "sk-old"


def test_another_model_of_the_same_server_is_asked_with_the_same_key(settings: Any) -> None:
    one = {"BACKEND": "search.engines.openai.OpenAI", "OPTIONS": {**API, "base_url": ""}}
    settings.ENGINES = {**settings.ENGINES, "embed": one}
    settings.EMBED_BASE_URL, settings.EMBED_API_KEY = "", "sk-one"
    old = embedders.active()
    use_embedder(settings, "Wide")
    assert embedders.config(old)["OPTIONS"]["api_key"] == "sk-one"


def test_a_server_that_was_asked_without_a_key_needs_none(settings: Any) -> None:
    options = {name: value for name, value in API.items() if name != "api_key"}
    one = {"BACKEND": "search.engines.openai.OpenAI", "OPTIONS": options}
    settings.ENGINES = {**settings.ENGINES, "embed": one}
    old = embedders.active()
    use_embedder(settings, "Wide")
    assert embedders.config(old) == {**one, "OPTIONS": {**options, "api_key": ""}}


def test_an_embedder_that_nobody_can_load_any_more_leaves_the_words(settings: Any) -> None:
    indexed("grey heron")
    Embedder.objects.filter(name="hashed").update(name="gone", config={})
    answer = queries.find(queries.EVERYONE, "heron")
    assert [hit.text for hit in answer.hits] == ["grey heron"]
    assert "words only" in answer.notice
    with pytest.raises(EngineUnavailable):
        embedders.engine(embedders.active())


def test_descriptions_of_types_get_vectors_of_the_new_embedder(settings: Any) -> None:
    from search import neighbours
    from tests.search.test_neighbours import challan

    kind = challan()

    def embed(texts: tuple[str, ...]) -> Any:
        return indexing.engine().embed(texts=texts)

    indexed("grey heron")
    assert len(neighbours.kinds([kind], embed)[0].vector) == 8
    embed_rest(changing(settings))
    embedders.switch()
    assert len(neighbours.kinds([kind], embed)[0].vector) == 12
    assert TypeVector.objects.count() == 2


@pytest.mark.filterwarnings("ignore:No directory at:UserWarning")
def test_the_admin_tells_how_far_it_is_and_lets_a_superuser_switch(
    settings: Any, admin_client: Client
) -> None:
    indexed("grey heron")
    due = changing(settings)
    indexed("red kite")
    embed_rest(due)
    index(written("white owl"))
    Embedder.objects.filter(pk=due.pk).update(fault="The server refused.")
    page = admin_client.get("/admin/search/embedder/").text
    assert "2 of 3 (67%)" in page
    assert "The server refused." in page
    sent = {"action": "switch_now", ACTION_CHECKBOX_NAME: [embedders.active().pk]}
    admin_client.post("/admin/search/embedder/", sent)
    assert embedders.coming() == due, "only one that is coming can take over"
    admin_client.post("/admin/search/embedder/", sent | {ACTION_CHECKBOX_NAME: [due.pk]})
    assert embedders.active() == due


@pytest.mark.filterwarnings("ignore:No directory at:UserWarning")
def test_staff_who_are_no_superusers_see_embedders_and_cannot_switch(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("op", is_staff=True))
    page = client.get("/admin/search/embedder/")
    assert page.status_code == 200
    assert "switch_now" not in page.text
