"""Since when a language model's server has not answered."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0009_shipped_prompts")]
    operations = [
        migrations.AddField(
            model_name="modelserver",
            name="silent_since",
            field=models.DateTimeField(null=True),
        ),
    ]
