import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from documents.models import Document, Page, Project
from search import indexing
from search.models import Chunk, ChunkVector, Corpus, Term
from tests.search.corpus import index, indexed, written

LONG = " ".join(f"word{n}" for n in range(150))


def assert_counts_are_right(project: Project) -> None:
    """Term and Corpus say what counting the chunks anew says."""
    chunks = Chunk.objects.filter(project=project)
    counted = Counter(term for chunk in chunks for term in chunk.terms)
    assert dict(Term.objects.filter(project=project).values_list("term", "chunks")) == counted
    corpus = Corpus.objects.filter(project=project).first()
    expected = (len(chunks), sum(chunk.length for chunk in chunks))
    assert ((corpus.chunks, corpus.words) if corpus else (0, 0)) == expected


@pytest.mark.django_db
def test_a_document_becomes_chunks_of_its_pages_with_vectors() -> None:
    document = indexed("Tax invoice of Acme", LONG, "")
    chunks = list(Chunk.objects.filter(document=document).order_by("page", "ordinal"))
    assert [(chunk.page, chunk.ordinal) for chunk in chunks] == [(1, 0), (2, 0), (2, 1), (2, 2)]
    assert all(chunk.project_id == document.project_id for chunk in chunks)
    vectors = ChunkVector.objects.filter(document=document).order_by("chunk__page", "chunk")
    assert [vector.chunk for vector in vectors] == chunks
    assert all(len(vector.dense) == 8 for vector in vectors)
    assert " ".join(chunk.text for chunk in chunks[1:]) == LONG


@pytest.mark.django_db
def test_counts_are_right_after_saving_saving_again_and_forgetting() -> None:
    one = indexed("Invoice of Acme", "Total 12.50")
    two = indexed("Invoice of Beta", in_project=one.project)
    assert_counts_are_right(one.project)
    index(one)
    assert_counts_are_right(one.project)
    Page.objects.filter(document=one, number=2).update(text="Total due 99.00 and more")
    index(one)
    assert_counts_are_right(one.project)
    indexing.forget([one.pk])
    assert_counts_are_right(one.project)
    indexing.forget([two.pk])
    assert not Term.objects.filter(project=one.project).exists()
    assert_counts_are_right(one.project)


@pytest.mark.django_db
def test_counts_are_right_when_documents_go_in_any_other_way() -> None:
    one = indexed("Invoice of Acme")
    indexed("Invoice of Beta", in_project=one.project)
    one.delete()
    assert Chunk.objects.count() == 1
    two = Document.objects.get()
    assert_counts_are_right(two.project)
    Chunk.objects.all().delete()
    assert_counts_are_right(two.project)


@pytest.mark.django_db
def test_a_project_can_be_deleted_with_all_that_is_indexed() -> None:
    document = indexed("Invoice of Acme")
    other = indexed("Invoice of Beta")
    Document.objects.filter(project=document.project).delete()
    document.project.uploads.all().delete()
    document.project.delete()
    assert not Term.objects.filter(project_id=document.project_id).exists()
    assert_counts_are_right(other.project)


@pytest.mark.django_db
def test_saving_replaces_only_the_pages_of_its_slice() -> None:
    document = indexed("first", "second", "third")
    engine = indexing.engine()
    drafts = indexing.cut([indexing.PageText(number=2, text="other words")], engine)
    indexing.save(
        document.pk,
        drafts,
        vectors=engine.embed(texts=("other words",)),
        embedder=indexing.active_embedder(),
        first_page=2,
        last_page=2,
        text_version=1,
    )
    texts = Chunk.objects.filter(document=document).order_by("page").values_list("text", flat=True)
    assert list(texts) == ["first", "other words", "third"]


@pytest.mark.django_db
def test_saving_drops_chunks_of_pages_that_the_document_has_lost() -> None:
    document = indexed("first", "second")
    Page.objects.filter(document=document, number=2).update(document=None, position=None)
    document.text_version = 2
    document.save()
    engine = indexing.engine()
    indexing.save(
        document.pk,
        indexing.cut(indexing.read_pages(document.pk, first_page=1, last_page=1), engine),
        vectors=engine.embed(texts=("first",)),
        embedder=indexing.active_embedder(),
        first_page=1,
        last_page=1,
        text_version=2,
    )
    assert list(Chunk.objects.values_list("page", "text_version")) == [(1, 2)]
    assert not indexing.is_stale(document.pk)


@pytest.mark.django_db
def test_an_older_text_does_not_replace_a_newer_one() -> None:
    document = indexed("old words", text_version=2)
    Page.objects.filter(document=document).update(text="late words")
    index(document, text_version=1)
    assert Chunk.objects.get().text == "old words"


@pytest.mark.django_db
def test_a_document_that_is_gone_saves_nothing() -> None:
    document = written("words")
    kept = Document(pk=document.pk, text_version=1)
    document.delete()
    assert index(kept) == 0


@pytest.mark.django_db
def test_without_vectors_a_document_is_kept_by_its_words_and_stays_stale() -> None:
    indexing.active_embedder()
    document = written("words")
    drafts = indexing.cut(
        indexing.read_pages(document.pk, first_page=1, last_page=1), indexing.engine()
    )
    saved = indexing.save(
        document.pk,
        drafts,
        vectors=None,
        embedder=None,
        first_page=1,
        last_page=1,
        text_version=1,
    )
    assert saved == 1
    assert indexing.is_stale(document.pk)


@pytest.mark.django_db
def test_a_document_is_stale_until_all_its_written_pages_are_indexed() -> None:
    document = written("first", " \n", "third")
    assert indexing.is_stale(document.pk)
    index(document)
    assert not indexing.is_stale(document.pk)
    Document.objects.filter(pk=document.pk).update(text_version=2)
    assert indexing.is_stale(document.pk)
    document.refresh_from_db()
    index(document)
    assert not indexing.is_stale(document.pk)
    Chunk.objects.filter(page=3).delete()
    assert indexing.is_stale(document.pk)


@pytest.mark.django_db
def test_a_document_without_text_is_not_stale() -> None:
    assert not indexing.is_stale(written("", "\n \t").pk)


@pytest.mark.django_db
def test_the_shipped_embedder_is_there_with_its_index(settings: Any) -> None:
    settings.ENGINES = {
        **settings.ENGINES,
        "embed": {"BACKEND": "search.engines.minilm.MiniLM", "OPTIONS": {"threads": 1}},
    }
    embedder = indexing.active_embedder()
    assert embedder.dimension == 384
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"chunk_dense_{embedder.pk}"]
        )
        (definition,) = cursor.fetchone() or ("",)
    assert "hnsw" in definition
    assert f"embedder_id = {embedder.pk}" in definition


@pytest.mark.parametrize(
    "change",
    [
        {"ordinal": 0},
        {"terms": list(range(1001)), "frequencies": [1] * 1001},
        {"terms": [1, 2], "frequencies": [1]},
    ],
    ids=["double place", "too many terms", "term without frequency"],
)
@pytest.mark.django_db
def test_the_database_refuses(change: dict[str, Any]) -> None:
    chunk = Chunk.objects.get(document=indexed("words of a page"))
    chunk.pk = None
    chunk.ordinal = 1
    for name, value in change.items():
        setattr(chunk, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        chunk.save(force_insert=True)


def test_slices_hold_fifty_pages_of_the_document_each() -> None:
    assert indexing.slices([]) == ()
    assert indexing.slices([3, 1, 2]) == ((1, 3),)
    assert indexing.slices(range(10, 130)) == ((10, 59), (60, 109), (110, 129))


def test_counts_are_right_when_workers_save_documents_of_one_project_at_once(
    shared_project: Project,
) -> None:
    documents = [
        written(*(f"{' '.join(words)} {n}" for n in range(3)), in_project=shared_project)
        for words in (["alpha", "beta", "gamma"], ["gamma", "beta", "alpha"]) * 4
    ]
    indexing.active_embedder()
    faults = _at_once(
        lambda: [index(document) for document in documents],
        lambda: [index(document) for document in reversed(documents)],
        lambda: [indexing.forget([document.pk]) for document in documents[:2]],
    )
    assert faults == []
    assert_counts_are_right(shared_project)
    for document in documents[2:]:
        assert Chunk.objects.filter(document=document).count() == 3


def _at_once(*jobs: Callable[[], Any]) -> list[Exception]:
    start = threading.Barrier(len(jobs))
    faults: list[Exception] = []

    def run(job: Callable[[], Any]) -> None:
        start.wait()
        try:
            job()
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults
