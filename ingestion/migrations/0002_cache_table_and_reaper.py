"""The database cache that every process shares, and the reaper's schedule."""

from django.core.management import call_command
from django.db import migrations


def create(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)
    apps.get_model("django_q", "Schedule").objects.get_or_create(
        func="ingestion.tasks.reap",
        defaults={"name": "reaper", "schedule_type": "I", "minutes": 1},
    )


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0001_initial"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
