"""Limits of a project, a pause for one host, repairs that come round, counters."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now


def rename(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.filter(func="ingestion.tasks.reap").update(func="ingestion.tasks.chores")


def undo(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.filter(func="ingestion.tasks.chores").update(func="ingestion.tasks.reap")


# The pause is carried over in a table of this transaction alone, either way.
_KEEP_PAUSE = migrations.RunSQL(
    "CREATE TEMPORARY TABLE pause_before ON COMMIT DROP AS"
    " SELECT is_paused, changed_at FROM ingestion_control",
    "INSERT INTO ingestion_control (id, is_paused, changed_at)"
    " SELECT 1, is_paused, changed_at FROM pause_before",
)
_TAKE_PAUSE = migrations.RunSQL(
    "INSERT INTO ingestion_control (host, is_paused, changed_at)"
    " SELECT '', is_paused, changed_at FROM pause_before",
    "CREATE TEMPORARY TABLE pause_before ON COMMIT DROP AS"
    " SELECT is_paused, changed_at FROM ingestion_control WHERE host = ''",
)


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0004_lanes_of_steps")]
    operations = [
        _KEEP_PAUSE,
        migrations.DeleteModel("Control"),
        migrations.CreateModel(
            "Control",
            fields=[
                (
                    "host",
                    models.CharField(
                        blank=True, default="", max_length=100, primary_key=True, serialize=False
                    ),
                ),
                ("is_paused", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        _TAKE_PAUSE,
        migrations.CreateModel(
            "Limits",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="limits",
                        serialize=False,
                        to="documents.project",
                    ),
                ),
                (
                    "steps_at_once",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Steps that may run at the same time; empty: no limit.",
                        null=True,
                    ),
                ),
                (
                    "failed_page_is_fatal",
                    models.BooleanField(
                        default=False, help_text="A page that cannot be read fails its whole job."
                    ),
                ),
                (
                    "job_limit_s",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Seconds that workers may spend on one job; "
                        "empty: as the settings say.",
                        null=True,
                    ),
                ),
                (
                    "step_limit_s",
                    models.JSONField(
                        blank=True, default=dict, help_text='Seconds by stage: {"ocr": 60}.'
                    ),
                ),
            ],
            options={"verbose_name_plural": "limits"},
        ),
        migrations.CreateModel(
            "Chore",
            fields=[
                ("name", models.CharField(max_length=30, primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField(db_default=Now())),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("elapsed_s", models.FloatField(blank=True, null=True)),
                ("told", models.JSONField(blank=True, default=dict)),
            ],
            options={"ordering": ["name"]},
        ),
        migrations.CreateModel(
            "Tally",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("counts", models.JSONField(default=dict)),
                ("seen_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            "workerbeat", "engine_restarts", models.PositiveIntegerField(default=0)
        ),
        migrations.RunPython(rename, undo),
    ]
