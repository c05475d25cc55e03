"""What is deleted takes its words out of the calls that were made for it: find those soon."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0010_silence_of_servers")]
    operations = [
        migrations.AddIndex(
            model_name="llmcall",
            index=models.Index(fields=["document"], name="llm_call_of_document"),
        ),
    ]
