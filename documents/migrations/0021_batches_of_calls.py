"""Calls of language models that wait for a batch."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import documents.ids

STATUSES = [
    ("new", "to be sent"),
    ("sent", "being worked on"),
    ("ended", "fetched"),
    ("failed", "given up"),
]


class Migration(migrations.Migration):
    dependencies = [("documents", "0020_prompt_of_list_filters")]

    operations = [
        migrations.CreateModel(
            name="ModelBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=documents.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("endpoint", models.CharField(max_length=200)),
                ("model", models.CharField(max_length=120)),
                ("status", models.CharField(choices=STATUSES, default="new", max_length=6)),
                ("file", models.CharField(blank=True, max_length=200)),
                ("number", models.CharField(blank=True, max_length=200)),
                ("polls", models.PositiveIntegerField(default=0)),
                ("error_message", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField(null=True)),
                (
                    "next_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ("new", "sent"))),
                        fields=["next_at"],
                        name="model_batch_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["new", "sent", "ended", "failed"])),
                        name="model_batch_status_known",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="llmcall", name="request", field=models.JSONField(null=True)
        ),
        migrations.AddField(
            model_name="llmcall",
            name="batch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="calls",
                to="documents.modelbatch",
            ),
        ),
    ]
