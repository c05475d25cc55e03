"""What documents have to do with one another: how they are found, what was read of them."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("packet", "a bill and its e-way bill, by their number"),
    ("only_pair", "the only bill and the only e-way bill of their packet"),
    ("duplicate", "the paper that `other` is, come again"),
    ("number_taken", "another paper with the number of `other`"),
    ("near", "looks like `other`"),
]


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_state_of_types")]
    operations = [
        migrations.AddField(
            "document",
            "identity",
            models.JSONField(blank=True, default=dict, editable=False),
        ),
        migrations.AddField(
            "document",
            "keys",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddIndex(
            "document",
            django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["keys"], name="document_keys"
            ),
        ),
        migrations.CreateModel(
            name="DocumentReading",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="reading",
                        serialize=False,
                        to="documents.document",
                    ),
                ),
                ("readings", models.JSONField(default=list)),
                ("conflicts", models.JSONField(default=list)),
                ("objections", models.JSONField(default=list)),
                ("labelled", models.JSONField(default=list)),
                ("engine", models.CharField(blank=True, max_length=120)),
                (
                    "schema_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="documents.schemaversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Relation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(choices=KINDS, max_length=12)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="relations",
                        to="documents.document",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="documents.document",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "other"), name="relation_once_per_pair"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("document", models.F("other")), _negated=True),
                        name="relation_is_between_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["packet", "only_pair", "duplicate", "number_taken", "near"],
                            )
                        ),
                        name="relation_kind_known",
                    ),
                ],
            },
        ),
    ]
