"""embed: cut each document's text into chunks and give them their vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from config import engines
from config.engines import EngineError
from documents import relations
from documents.models import Document, Page
from ingestion.models import Job, Kind, Step
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import count_processed, documents_of, wants
from search import indexing
from search.indexing import ChunkDraft, PageText
from search.models import Embedder

BATCH_TEXTS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    drafts: Sequence[ChunkDraft]
    vectors: Sequence[Sequence[float]]
    embedder: Embedder
    text_version: int


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens in the engine child, where the tokenizer is loaded."""

    call: Call
    max_tokens: int

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        counts: tuple[int, ...] = self.call("embed", "count_tokens", texts=texts)
        return counts


def targets(job: Job) -> Iterable[Target]:
    """Slices of the documents whose chunks are not those of their text; where documents are
    gone through again, of all of them."""
    if not wants(job, "embed"):
        return
    documents = documents_of(job)
    if job.kind != Kind.PROCESS:
        documents = documents.filter(pk__in=indexing.stale_documents().filter(upload=job.upload_id))
    for document_id in documents.order_by("upload", "first_page").values_list("pk", flat=True):
        numbers = Page.objects.filter(document_id=document_id).values_list("number", flat=True)
        for first, last in indexing.slices(numbers):
            yield Target(document=document_id, first=first, last=last)


def work(step: Step, call: Call) -> Embedded:
    assert step.document_id is not None  # noqa: S101
    assert step.first is not None  # noqa: S101
    assert step.last is not None  # noqa: S101
    document = Document.objects.only("text_version").get(pk=step.document_id)
    embedder = indexing.active_embedder()
    pages = indexing.read_pages(step.document_id, first_page=step.first, last_page=step.last)
    drafts = cut(pages, call)
    vectors = embedded(tuple(draft.text for draft in drafts), call)
    return Embedded(
        drafts=drafts, vectors=vectors, embedder=embedder, text_version=document.text_version
    )


def cut(pages: Iterable[PageText], call: Call) -> tuple[ChunkDraft, ...]:
    """The chunks of some pages, none longer than the embedder of the settings can take."""
    return indexing.cut(pages, Counter(call, engines.load(settings.ENGINES["embed"]).max_tokens))


def embedded(texts: Sequence[str], call: Call) -> list[Sequence[float]]:
    """A vector for each text. Raises what the engine raises."""
    vectors: list[Sequence[float]] = []
    for start in range(0, len(texts), BATCH_TEXTS):
        vectors += call("embed", "embed", texts=tuple(texts[start : start + BATCH_TEXTS]))
    if len(vectors) != len(texts):
        raise EngineError("The embedder gave another number of vectors than it had texts.")
    return vectors


def save(step: Step, result: Embedded) -> Iterable[Target]:
    assert step.document_id is not None  # noqa: S101
    if Document.objects.filter(pk=step.document_id, type=None, first_page=step.first or 1).exists():
        relations.save_look(step.document_id)
    indexing.save(
        step.document_id,
        result.drafts,
        vectors=result.vectors,
        embedder=result.embedder,
        first_page=step.first or 1,
        last_page=step.last or 1,
        text_version=result.text_version,
    )
    count_processed(step)
    return ()


def failed(step: Step) -> None:
    """The job fails: a document that cannot be found is not done. Where many documents are
    gone through again, it counts as one that failed."""
    count_processed(step)
