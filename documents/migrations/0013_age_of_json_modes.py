"""When a server's way of answering in JSON was found out, so that it is tried anew in time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0012_bounded_tokens_of_prompts")]
    operations = [
        migrations.AddField(
            model_name="modelserver", name="json_mode_at", field=models.DateTimeField(null=True)
        ),
    ]
