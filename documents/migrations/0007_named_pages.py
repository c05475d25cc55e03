"""The pages that a person has named are found by an index: they are few among very many."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0006_threshold_of_calibrated_confidence")]
    operations = [
        migrations.AddIndex(
            "page",
            models.Index(
                fields=["upload"],
                name="page_named",
                condition=models.Q(("type_engine", "person")),
            ),
        ),
    ]
