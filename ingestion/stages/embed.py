"""embed: cut each document's text into chunks and give them their vectors.

While another embedder is coming, chunks get vectors of both, and jobs with the option `vectors`
give those that are there the new ones alone (`ingestion/reembedding.py`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings

from config.engines import EngineBusy, EngineError, EngineFault, EngineUnavailable
from documents import relations
from documents.models import Document, Page
from ingestion.errors import Interrupted
from ingestion.models import Job, Kind, Step
from ingestion.stages.base import Call, Target
from ingestion.stages.inputs import count_processed, documents_of, wants
from search import embedders, indexing, neighbours
from search.indexing import ChunkDraft, PageText, Vectors
from search.models import Embedder, EmbedderState

BATCH_TEXTS = 32
# Of `Job.options`: the embedder whose vectors alone are made.
VECTORS = "vectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """New chunks; `made` is None where only the embedder that is coming could be asked."""

    drafts: Sequence[ChunkDraft]
    made: Vectors | None
    coming: Vectors | None
    text_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Vectors of chunks that are there already."""

    chunks: Sequence[int]
    made: Vectors


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens in the engine child, where the tokenizer is loaded."""

    call: Call
    embedder: Embedder

    @property
    def max_tokens(self) -> int:
        return embedders.engine(self.embedder).max_tokens

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        config = embedders.config(self.embedder)
        counts: tuple[int, ...] = self.call("embed", "count_tokens", config=config, texts=texts)
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


def work(step: Step, call: Call) -> Embedded | Added | None:
    assert step.document_id is not None  # noqa: S101
    if VECTORS in step.job.options:
        return _added(step, call)
    document = Document.objects.only("text_version").get(pk=step.document_id)
    first, last = _pages(step)
    pages = indexing.read_pages(step.document_id, first_page=first, last_page=last)
    embedder, coming = embedders.active(), embedders.coming()
    made: Vectors | None = None
    try:
        drafts = _cut(pages, call, embedder)
        made = _vectors([draft.text for draft in drafts], call, embedder)
    except EngineFault as fault:
        if coming is None or _may_pass(fault, step):
            raise
        drafts = _cut(pages, call, coming)
    return Embedded(
        drafts=drafts,
        made=made,
        coming=_by_coming(drafts, call, coming),
        text_version=document.text_version,
    )


def _may_pass(fault: EngineFault, step: Step) -> bool:
    """Whether the next attempt may find the engine in order. An embedder that is on its way
    out must not keep a document from being found by its words."""
    if fault.code == embedders.KEY_MISSING:
        return False
    is_last = step.attempts + 1 >= settings.MAX_ATTEMPTS
    return isinstance(fault, EngineBusy) or (isinstance(fault, EngineUnavailable) and not is_last)


def _by_coming(drafts: Sequence[ChunkDraft], call: Call, coming: Embedder | None) -> Vectors | None:
    """Vectors of the embedder that is coming, where it can be asked; else they are made later."""
    if coming is None or coming.fault:
        return None
    try:
        return _vectors([draft.text for draft in drafts], call, coming)
    except EngineFault:
        return None


def _added(step: Step, call: Call) -> Added | None:
    assert step.document_id is not None  # noqa: S101
    embedder = Embedder.objects.filter(
        pk=step.job.options[VECTORS], state=EmbedderState.COMING
    ).first()
    if embedder is None:
        return None
    first, last = _pages(step)
    chunks = indexing.chunks_lacking(step.document_id, embedder, first_page=first, last_page=last)
    made = _vectors([chunk.text for chunk in chunks], call, embedder)
    return Added(chunks=[chunk.pk for chunk in chunks], made=made)


def cut(pages: Iterable[PageText], call: Call, embedder: Embedder) -> tuple[ChunkDraft, ...]:
    """The chunks of some pages, none longer than the embedder can take."""
    return _cut(pages, call, embedder)


def embedded(texts: Sequence[str], call: Call, embedder: Embedder) -> list[Sequence[float]]:
    """A vector of the embedder for each text. Raises what the engine raises."""
    return _embedded(texts, call, embedder)


def _cut(pages: Iterable[PageText], call: Call, embedder: Embedder) -> tuple[ChunkDraft, ...]:
    return indexing.cut(pages, Counter(call, embedder))


def _vectors(texts: Sequence[str], call: Call, embedder: Embedder) -> Vectors:
    """A vector for each text; of one that was cut for another embedder and is too long for
    this one, the mean of its parts."""
    parts = indexing.fitting(texts, Counter(call, embedder)) if texts else []
    found = iter(_embedded([part for whole in parts for part in whole], call, embedder))
    made = [[next(found) for _ in whole] for whole in parts]
    return Vectors(
        embedder=embedder,
        vectors=[one[0] if len(one) == 1 else neighbours.mean(one) for one in made],
    )


def _embedded(texts: Sequence[str], call: Call, embedder: Embedder) -> list[Sequence[float]]:
    vectors: list[Sequence[float]] = []
    config = embedders.config(embedder)
    for start in range(0, len(texts), BATCH_TEXTS):
        part = tuple(texts[start : start + BATCH_TEXTS])
        vectors += call("embed", "embed", config=config, texts=part)
    if len(vectors) != len(texts):
        raise EngineError("The embedder gave another number of vectors than it had texts.")
    return vectors


def save(step: Step, result: Embedded | Added | None) -> Iterable[Target]:
    """Raises Interrupted where another embedder has become the active one meanwhile."""
    assert step.document_id is not None  # noqa: S101
    if isinstance(result, Added):
        indexing.add(result.chunks, result.made)
    elif isinstance(result, Embedded):
        _replace(step, result)
    count_processed(step)
    return ()


def _replace(step: Step, result: Embedded) -> None:
    assert step.document_id is not None  # noqa: S101
    first, last = _pages(step)
    if Document.objects.filter(pk=step.document_id, type=None, first_page=first).exists():
        relations.save_look(step.document_id)
    try:
        indexing.save(
            step.document_id,
            result.drafts,
            vectors=result.made.vectors if result.made else None,
            embedder=result.made.embedder if result.made else None,
            first_page=first,
            last_page=last,
            text_version=result.text_version,
            coming=result.coming,
        )
    except indexing.EmbedderChanged as cause:
        message = "Another embedder has taken its place meanwhile; the vectors are made anew."
        raise Interrupted(message, "embedder_changed") from cause


def _pages(step: Step) -> tuple[int, int]:
    return step.first or 1, step.last or 1


def failed(step: Step) -> None:
    """The job fails: a document that cannot be found is not done. Where many documents are
    gone through again, it counts as one that failed."""
    count_processed(step)
