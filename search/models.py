"""How documents are found: chunks of their text with a dense and a lexical face.

dense   a `halfvec` without a dimension; each embedder has its own partial HNSW index over
        `(dense::halfvec(N))`, made with the embedder.
terms   the chunk's distinct terms as 32-bit hashes, under a GIN index: which chunks hold a
        word at all. `weights` are the BM25 term-frequency parts for the same terms; the
        inverse document frequency sits on the query's side, from `Term`.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q, UniqueConstraint
from pgvector.django import HalfVectorField, SparseVectorField

from documents.models import Document, InProjectQuerySet, Project


class Embedder(models.Model):
    """A model that made vectors. One is active; the others' vectors wait to be replaced."""

    name = models.CharField(max_length=100, unique=True)
    dimension = models.PositiveIntegerField()
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="embedder_one_active"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ChunkQuerySet(InProjectQuerySet["Chunk"]):
    pass


class Chunk(models.Model):
    """A passage of one page. `project` is copied so that the filter needs no join.

    text_version is the document's when the chunk was cut; length counts terms."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    document = models.ForeignKey(Document, models.CASCADE, related_name="chunks")
    page = models.PositiveIntegerField()
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    length = models.PositiveIntegerField()
    terms = ArrayField(models.IntegerField())
    weights = SparseVectorField(dimensions=1_000_000_000, null=True)
    dense = HalfVectorField(null=True)
    embedder = models.ForeignKey(Embedder, models.PROTECT, null=True)
    text_version = models.PositiveIntegerField()

    objects = ChunkQuerySet.as_manager()

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["document", "page", "ordinal"], name="chunk_once_per_place"
            ),
        ]
        indexes = [GinIndex(fields=["terms"], name="chunk_terms")]

    def __str__(self) -> str:
        return f"{self.document_id} · page {self.page} · {self.ordinal}"


class Term(models.Model):
    """In how many chunks of a project a term occurs: the query's side of BM25."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    term = models.IntegerField()
    chunks = models.IntegerField()

    class Meta:
        constraints = [UniqueConstraint(fields=["project", "term"], name="term_once_per_project")]

    def __str__(self) -> str:
        return f"{self.term}: {self.chunks}"
