"""Vectors in a table of their own, so that a chunk can have those of two embedders.

Copies all of them and builds their indexes anew: minutes for a million."""

import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models

COPY = """
INSERT INTO search_chunkvector (project_id, document_id, chunk_id, embedder_id, dense)
SELECT project_id, document_id, id, embedder_id, dense FROM search_chunk
WHERE dense IS NOT NULL ORDER BY id
"""
COPY_BACK = """
UPDATE search_chunk AS chunk SET dense = vector.dense, embedder_id = vector.embedder_id
FROM search_chunkvector AS vector JOIN search_embedder AS embedder
    ON embedder.id = vector.embedder_id AND embedder.state = 'active'
WHERE vector.chunk_id = chunk.id
"""


def index(table):
    def make(apps, schema_editor):
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for embedder in apps.get_model("search", "Embedder").objects.all():
            schema_editor.execute(f"DROP INDEX IF EXISTS chunk_dense_{embedder.pk}")
            if embedder.dimension <= 4_000:
                schema_editor.execute(
                    f"CREATE INDEX chunk_dense_{embedder.pk} ON {table}"
                    f" USING hnsw ((dense::halfvec({embedder.dimension})) halfvec_cosine_ops)"
                    f" WHERE embedder_id = {embedder.pk}"
                )

    return make


def _to(model, deletion, related_name="+", **more):
    return models.ForeignKey(on_delete=deletion, related_name=related_name, to=model, **more)


class Migration(migrations.Migration):
    dependencies = [("search", "0006_states_of_embedders")]
    operations = [
        migrations.CreateModel(
            name="ChunkVector",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("dense", pgvector.django.halfvec.HalfVectorField()),
                ("project", _to("documents.project", django.db.models.deletion.CASCADE)),
                (
                    "document",
                    _to(
                        "documents.document",
                        django.db.models.deletion.DO_NOTHING,
                        db_index=False,
                        db_constraint=False,
                    ),
                ),
                (
                    "chunk",
                    _to(
                        "search.chunk", django.db.models.deletion.CASCADE, "vectors", db_index=False
                    ),
                ),
                ("embedder", _to("search.embedder", django.db.models.deletion.PROTECT)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("chunk", "embedder"), name="chunk_vector_once_per_embedder"
                    )
                ]
            },
        ),
        migrations.RunPython(migrations.RunPython.noop, index("search_chunk")),
        migrations.RunSQL(COPY, COPY_BACK),
        migrations.RemoveConstraint("chunk", "chunk_vector_has_an_embedder"),
        migrations.RemoveField("chunk", "dense"),
        migrations.RemoveField("chunk", "embedder"),
        migrations.RunPython(index("search_chunkvector"), migrations.RunPython.noop),
    ]
