"""Confidences are shares of right readings now, no engine's own score: the default that
was made for scores gives way. What a project chose for itself stays."""

from typing import Any

from django.db import migrations, models

OLD, NEW = 0.9, 0.97


def raise_default(apps: Any, schema_editor: Any) -> None:
    apps.get_model("documents", "Project").objects.filter(review_threshold=OLD).update(
        review_threshold=NEW
    )


def lower_default(apps: Any, schema_editor: Any) -> None:
    apps.get_model("documents", "Project").objects.filter(review_threshold=NEW).update(
        review_threshold=OLD
    )


class Migration(migrations.Migration):
    dependencies = [("documents", "0005_relations")]

    operations = [
        migrations.AlterField(
            model_name="project",
            name="review_threshold",
            field=models.FloatField(
                default=NEW,
                help_text="Values of a lower confidence (0 to 1, as calibrated) go to review.",
            ),
        ),
        migrations.RunPython(raise_default, lower_default),
    ]
