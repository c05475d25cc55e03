"""Columns that Postgres derives from the values, and indexes over them.

Writes the table of documents anew, once for each column: seconds for a hundred thousand."""

import django.contrib.postgres.indexes
import django.db.models.fields.json
import django.db.models.functions.comparison
import django.db.models.functions.text
import documents.derived
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0013_age_of_json_modes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="document",
            name="day",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    documents.derived.Day(
                        django.db.models.fields.json.KeyTextTransform("document_date", "payload")
                    ),
                    documents.derived.Day(
                        django.db.models.fields.json.KeyTextTransform("generated_at", "payload")
                    ),
                ),
                output_field=models.TextField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="supplier",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Left(
                    django.db.models.functions.comparison.Coalesce(
                        django.db.models.functions.comparison.NullIf(
                            django.db.models.fields.json.KeyTextTransform(
                                "supplier_name", "payload"
                            ),
                            models.Value("", output_field=models.TextField()),
                        ),
                        django.db.models.fields.json.KeyTextTransform("supplier_name", "identity"),
                        models.Value("", output_field=models.TextField()),
                    ),
                    300,
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="total",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    documents.derived.Number(
                        django.db.models.fields.json.KeyTextTransform("total_amount", "payload")
                    ),
                    documents.derived.Number(
                        django.db.models.fields.json.KeyTextTransform(
                            "total_invoice_value", "payload"
                        )
                    ),
                ),
                output_field=models.DecimalField(decimal_places=6, max_digits=21, null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["project", "day"], name="document_by_day"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["project", "total"], name="document_by_total"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["project", "supplier"], name="document_by_supplier"),
        ),
        migrations.AddIndex(
            model_name="document",
            index=django.contrib.postgres.indexes.GinIndex(
                documents.derived.Words("supplier"), name="document_supplier_words"
            ),
        ),
    ]
