"""The embedder that Docket ships, with its index, so that nothing does DDL while it runs."""

from django.db import migrations

NAME = "all-MiniLM-L6-v2-int8"
DIMENSION = 384


def create(apps, schema_editor):
    embedder = apps.get_model("search", "Embedder").objects.create(name=NAME, dimension=DIMENSION)
    schema_editor.execute(
        f"CREATE INDEX IF NOT EXISTS chunk_dense_{embedder.pk} ON search_chunk"
        f" USING hnsw ((dense::halfvec({DIMENSION})) halfvec_cosine_ops)"
        f" WHERE embedder_id = {embedder.pk}"
    )


def remove(apps, schema_editor):
    embedder = apps.get_model("search", "Embedder").objects.get(name=NAME)
    schema_editor.execute(f"DROP INDEX IF EXISTS chunk_dense_{embedder.pk}")
    embedder.delete()


class Migration(migrations.Migration):
    dependencies = [("search", "0002_counts")]
    operations = [migrations.RunPython(create, remove)]
