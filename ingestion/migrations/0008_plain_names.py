"""Names that an operator reads in the admin."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0007_claim_and_finish_in_one_call")]
    operations = [
        migrations.AlterModelOptions("control", {"verbose_name": "pause"}),
        migrations.AlterModelOptions(
            "limits", {"verbose_name": "limits of a project", "verbose_name_plural": "limits"}
        ),
        migrations.AlterModelOptions(
            "workerbeat", {"ordering": ["-seen_at"], "verbose_name": "worker"}
        ),
    ]
