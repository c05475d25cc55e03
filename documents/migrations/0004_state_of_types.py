"""A type is a draft while it is taught; those that are there already stay on."""

from django.db import migrations, models


def switch_on(apps, schema_editor):
    apps.get_model("documents", "DocumentType").objects.update(state="on")


class Migration(migrations.Migration):
    dependencies = [("documents", "0003_outcomes_and_calibration")]
    operations = [
        migrations.AddField(
            "documenttype",
            "state",
            models.CharField(
                choices=[("draft", "being taught"), ("on", "on")],
                default="draft",
                editable=False,
                max_length=5,
            ),
        ),
        migrations.AddConstraint(
            "documenttype",
            models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "on"])),
                name="document_type_state_known",
            ),
        ),
        migrations.RunPython(switch_on, migrations.RunPython.noop),
    ]
