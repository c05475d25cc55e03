"""How documents are found: chunks of their text with a dense and a lexical face.

dense    `ChunkVector`: a `halfvec` without a dimension, one for each embedder at work; each
         embedder has its own partial HNSW index over `(dense::halfvec(N))`.
lexical  what BM25 needs and nothing that depends on other chunks: `terms`, the chunk's
         distinct terms as 32-bit numbers in ascending order under a GIN index, and beside
         each its frequency. How rare a term is and how long a chunk is on average stand in
         `Term` and `Corpus`, a question's side of the formula.

A page as a whole has a vector, too, where its neighbours matter: `PageVector`, and the
description of a type has one: `TypeVector` (`search/neighbours.py`).

`Term` and `Corpus` are kept by triggers (migration 0002): whatever adds or removes chunks, a
cascade included, leaves the counts right. Chunks are replaced, never changed.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Now
from pgvector.django import HalfVectorField

from documents.models import Document, DocumentType, InProjectQuerySet, Page, Project, one_of
from search.terms import MAX_TERMS


class EmbedderState(models.TextChoices):
    ACTIVE = "active", "in use"
    COMING = "coming", "its vectors are being made"
    GOING = "going", "being cleared away"


class Embedder(models.Model):
    """A model that makes vectors (`search/embedders.py` moves its state).

        coming -> active     every chunk has its vector
        active -> going      another has become active
        coming -> going      nobody wants it any more
        going  -> coming     it is wanted again
        going  -> (deleted)  nothing is left of it

    config: its entry of `settings.ENGINES` without secrets, {} where nobody knows it any more;
    wanted_at: when a process whose settings name it last said so; fault: why it could not be
    asked the last time, "" where it could; switched_at: when it took the place of another."""

    name = models.CharField(max_length=100, unique=True)
    dimension = models.PositiveIntegerField()
    state = models.CharField(max_length=6, choices=EmbedderState)
    config = models.JSONField(default=dict)
    fault = models.TextField(blank=True)
    wanted_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(db_default=Now())
    switched_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            one_of("state", EmbedderState, "embedder_state_known"),
            UniqueConstraint(
                fields=["state"],
                condition=Q(state__in=[EmbedderState.ACTIVE, EmbedderState.COMING]),
                name="embedder_one_active_one_coming",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChunkQuerySet(InProjectQuerySet["Chunk"]):
    pass


class Chunk(models.Model):
    """A passage of one page. `project` is copied so that the filter needs no join.

    page is the page's number in its upload, length the number of words, text_version the
    document's when the chunk was cut. Without a vector it is found by its words alone."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, models.CASCADE, related_name="chunks")
    page = models.PositiveIntegerField()
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    length = models.PositiveIntegerField()
    terms = ArrayField(models.IntegerField())
    frequencies = ArrayField(models.SmallIntegerField())
    text_version = models.PositiveIntegerField()

    objects = ChunkQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["document", "page", "ordinal"], name="chunk_once_per_place"),
            CheckConstraint(condition=Q(terms__len__lte=MAX_TERMS), name="chunk_terms_limited"),
            CheckConstraint(
                condition=Q(terms__len=F("frequencies__len")), name="chunk_frequency_per_term"
            ),
        ]
        indexes = [GinIndex(fields=["terms"], name="chunk_terms")]

    def __str__(self) -> str:
        return f"{self.document_id} · page {self.page} · {self.ordinal}"


class ChunkVector(models.Model):
    """The vector of a chunk by one embedder.

    `project` and `document` are copied so that the nearest are found without a join; a chunk
    never changes, and its vectors go with it."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    document = models.ForeignKey(
        Document, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    chunk = models.ForeignKey(Chunk, models.CASCADE, related_name="vectors", db_index=False)
    embedder = models.ForeignKey(Embedder, models.PROTECT, related_name="+")
    dense = HalfVectorField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["chunk", "embedder"], name="chunk_vector_once_per_embedder"),
        ]

    def __str__(self) -> str:
        return f"{self.chunk_id} by {self.embedder_id}"


class Term(models.Model):
    """In how many chunks of a project a term occurs."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    term = models.IntegerField()
    chunks = models.IntegerField()

    class Meta:
        constraints = [UniqueConstraint(fields=["project", "term"], name="term_once_per_project")]

    def __str__(self) -> str:
        return f"{self.term}: {self.chunks}"


class Corpus(models.Model):
    """How many chunks a project has and how many words they have together.

    Its row is also the lock under which a project's counts change."""

    project = models.OneToOneField(Project, models.CASCADE, primary_key=True, related_name="+")
    chunks = models.BigIntegerField()
    words = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.project_id}: {self.chunks} chunks"


class PageVector(models.Model):
    """What a page is about: the mean of the vectors of its chunks, scaled to length 1.

    `project` is copied so that the filter needs no join; text_version is the document's when
    the page was cut. Each embedder has its own partial HNSW index, as it has over chunks."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    page = models.ForeignKey(Page, models.CASCADE, related_name="vectors")
    embedder = models.ForeignKey(Embedder, models.PROTECT, related_name="+")
    dense = HalfVectorField()
    text_version = models.PositiveIntegerField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["page", "embedder"], name="page_vector_once_per_embedder"),
        ]

    def __str__(self) -> str:
        return f"{self.page_id} by {self.embedder_id}"


class TypeVector(models.Model):
    """The vector of a type's description; `text` is the description that was embedded."""

    type = models.ForeignKey(DocumentType, models.CASCADE, related_name="vectors")
    embedder = models.ForeignKey(Embedder, models.PROTECT, related_name="+")
    text = models.TextField()
    dense = HalfVectorField()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["type", "embedder"], name="type_vector_once_per_embedder"),
        ]

    def __str__(self) -> str:
        return f"{self.type_id} by {self.embedder_id}"


# Models of this app, too, in modules of their own.
from search import investigation, saved  # noqa: E402, F401
