"""A step knows its project and kind, so that a claim passes a full lane without a join."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("file", "a file"),
    ("capture", "a screenshot"),
    ("process", "documents that are there already, extracted and indexed again"),
    ("batch", "the sum of several jobs"),
]
_FILL = """
UPDATE ingestion_step SET project_id = ingestion_job.project_id, kind = ingestion_job.kind
FROM ingestion_job WHERE ingestion_job.id = ingestion_step.job_id
"""


def _project(*, is_null: bool) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        null=is_null,
        on_delete=django.db.models.deletion.CASCADE,
        related_name="+",
        to="documents.project",
    )


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0003_kinds_of_jobs")]
    operations = [
        migrations.AddField("step", "project", _project(is_null=True)),
        migrations.AddField(
            "step", "kind", models.CharField(choices=KINDS, default="file", max_length=10)
        ),
        migrations.AddField("step", "history", models.JSONField(blank=True, default=list)),
        # Postgres refuses to alter a table that has rows of this transaction to be checked.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField("step", "project", _project(is_null=False)),
        migrations.AddIndex(
            "step",
            models.Index(
                condition=models.Q(status="queued"),
                fields=["project", "kind", "priority", "rank", "id"],
                name="step_ready_in_lane",
            ),
        ),
    ]
