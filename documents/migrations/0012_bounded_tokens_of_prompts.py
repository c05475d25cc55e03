"""Limits of tokens so large that no call could reserve them are refused when a prompt is made."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0011_calls_of_documents")]
    operations = [
        migrations.AlterField(
            model_name="prompt",
            name="max_input_tokens",
            field=models.PositiveIntegerField(
                default=12_000, validators=[MinValueValidator(500), MaxValueValidator(200_000)]
            ),
        ),
        migrations.AlterField(
            model_name="prompt",
            name="max_output_tokens",
            field=models.PositiveIntegerField(
                default=4_000, validators=[MinValueValidator(50), MaxValueValidator(200_000)]
            ),
        ),
    ]
