"""Vectors of pages and of the descriptions of types, for neighbours, with an index for each
embedder that is known; later ones get theirs where they are made."""

import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models


def index(apps, schema_editor):
    for embedder in apps.get_model("search", "Embedder").objects.all():
        schema_editor.execute(
            f"CREATE INDEX IF NOT EXISTS page_dense_{embedder.pk} ON search_pagevector"
            f" USING hnsw ((dense::halfvec({embedder.dimension})) halfvec_cosine_ops)"
            f" WHERE embedder_id = {embedder.pk}"
        )


def _key():
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


def _to(model, deletion, related_name="+"):
    return models.ForeignKey(on_delete=deletion, related_name=related_name, to=model)


class Migration(migrations.Migration):
    dependencies = [("search", "0003_default_embedder"), ("documents", "0004_state_of_types")]
    operations = [
        migrations.CreateModel(
            name="PageVector",
            fields=[
                ("id", _key()),
                ("dense", pgvector.django.halfvec.HalfVectorField()),
                ("text_version", models.PositiveIntegerField()),
                ("embedder", _to("search.embedder", django.db.models.deletion.PROTECT)),
                ("page", _to("documents.page", django.db.models.deletion.CASCADE, "vectors")),
                ("project", _to("documents.project", django.db.models.deletion.CASCADE)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("page", "embedder"), name="page_vector_once_per_embedder"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="TypeVector",
            fields=[
                ("id", _key()),
                ("text", models.TextField()),
                ("dense", pgvector.django.halfvec.HalfVectorField()),
                ("embedder", _to("search.embedder", django.db.models.deletion.PROTECT)),
                (
                    "type",
                    _to("documents.documenttype", django.db.models.deletion.CASCADE, "vectors"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("type", "embedder"), name="type_vector_once_per_embedder"
                    )
                ]
            },
        ),
        migrations.RunPython(index, migrations.RunPython.noop),
    ]
