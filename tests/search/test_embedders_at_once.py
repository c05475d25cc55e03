"""Changes of the embedder that meet others at work, on real connections."""

import threading
from typing import Any

from django.db import connection, transaction

from documents.models import Document, Project
from search import embedders, indexing
from search.models import Embedder
from tests.search.corpus import indexed, use_embedder, written


def coming(settings: Any) -> Embedder:
    """Another embedder that nothing lacks a vector of."""
    use_embedder(settings, "Wide")
    due = embedders.follow_settings()
    assert due is not None
    for chunk in embedders.lacking(due):
        vectors = embedders.engine(due).embed(texts=(chunk.text,))
        indexing.add([chunk.pk], indexing.Vectors(embedder=due, vectors=vectors))
    return due


def test_the_switch_waits_for_who_saves_old_vectors_and_sees_what_they_lack(
    settings: Any, shared_project: Project
) -> None:
    indexed("grey heron", in_project=shared_project)
    old, due = embedders.active(), coming(settings)
    document = written("red kite", in_project=shared_project)
    told: list[bool] = []

    def switch() -> None:
        told.append(embedders.switch())
        connection.close()

    thread = threading.Thread(target=switch)
    with transaction.atomic():
        save(document, "red kite", old)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
    thread.join()
    assert told == [False]
    assert (embedders.active(), embedders.coming()) == (old, due)


def save(document: Document, text: str, embedder: Embedder) -> None:
    indexing.save(
        document.pk,
        [indexing.ChunkDraft(page=1, ordinal=0, text=text)],
        vectors=embedders.engine(embedder).embed(texts=(text,)),
        embedder=embedder,
        first_page=1,
        last_page=1,
        text_version=1,
    )


def test_an_index_is_made_beside_writers_and_made_anew_where_it_was_left_half_done(
    settings: Any, shared_project: Project
) -> None:
    indexed("grey heron", in_project=shared_project)
    due = coming(settings)
    name = f"chunk_dense_{due.pk}"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [name]
        )
    assert not is_valid(name)
    embedders.follow_settings()
    assert is_valid(name)


def test_an_index_that_the_active_embedder_lost_is_made_again(
    settings: Any, shared_project: Project
) -> None:
    indexed("grey heron", in_project=shared_project)
    name = f"page_dense_{embedders.active().pk}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {name}")
    assert embedders.follow_settings() is None
    assert is_valid(name)


def is_valid(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        found = cursor.fetchone()
    return bool(found and found[0])
