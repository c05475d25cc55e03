"""Which pages are one paper, and which way up a page stands, as a person said."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0015_turns_of_reviewers")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="arranged_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="page",
            name="turned",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="page",
            constraint=models.CheckConstraint(
                condition=models.Q(turned__isnull=True) | models.Q(turned__in=[0, 90, 180, 270]),
                name="page_turned_by_a_quarter_turn",
            ),
        ),
    ]
