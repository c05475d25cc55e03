"""Which calls of a language model were made with one request."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0018_words_of_values_and_files")]

    operations = [
        migrations.AddField(
            model_name="llmcall", name="together", field=models.UUIDField(null=True)
        ),
    ]
