"""Steps by when they ended, for charts and for what failed of late.

In the database only: no model names the indexes, so that the state of the models stays as it is.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0005_limits_controls_chores")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AddIndex(
                    "step",
                    models.Index(
                        fields=["finished_at"],
                        name="step_by_end",
                        condition=models.Q(finished_at__isnull=False),
                    ),
                ),
                migrations.AddIndex(
                    "step",
                    models.Index(
                        fields=["finished_at"],
                        name="step_failed",
                        condition=models.Q(status="failed"),
                    ),
                ),
                migrations.AddIndex(
                    "job",
                    models.Index(
                        fields=["failed_at"],
                        name="job_failed",
                        condition=models.Q(status="failed"),
                    ),
                ),
            ]
        )
    ]
