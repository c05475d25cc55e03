"""Whether jobs of low priority wait for batches of language models."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0011_replays")]

    operations = [
        migrations.AddField(
            model_name="limits",
            name="model_batches",
            field=models.BooleanField(
                default=False,
                help_text="Jobs of low priority wait up to a day for their answers, at a lower "
                "price; the server must know OpenAI's Batch API.",
            ),
        ),
    ]
