"""When an answer was last used, and what the calls came to whose rows are deleted."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

PURPOSES = [
    ("classify", "say what a page is"),
    ("extract", "read the fields of a document"),
    ("answer", "answer a question"),
]


class Migration(migrations.Migration):
    dependencies = [("documents", "0016_pages_arranged_by_people")]

    operations = [
        migrations.AddField(
            model_name="llmcall",
            name="used_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddIndex(
            model_name="llmcall",
            index=models.Index(
                condition=models.Q(("status", "pending"), _negated=True),
                fields=["used_at"],
                name="llm_call_by_use",
            ),
        ),
        migrations.CreateModel(
            name="ModelTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("purpose", models.CharField(choices=PURPOSES, max_length=10)),
                ("model", models.CharField(max_length=120)),
                ("calls", models.BigIntegerField(default=0)),
                ("failed", models.BigIntegerField(default=0)),
                ("requests", models.BigIntegerField(default=0)),
                ("reused", models.BigIntegerField(default=0)),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                ("cost_microcents", models.BigIntegerField(default=0)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="documents.project",
                    ),
                ),
            ],
            options={
                "verbose_name": "total of old model calls",
                "verbose_name_plural": "totals of old model calls",
                "ordering": ["-day", "project", "purpose", "model"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "day", "purpose", "model"), name="model_total_once"
                    )
                ],
            },
        ),
    ]
