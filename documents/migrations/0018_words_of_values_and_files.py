"""Indexes by which lists find words of values and of file names."""

import django.contrib.postgres.indexes
from django.db import migrations

import documents.derived


class Migration(migrations.Migration):
    dependencies = [("documents", "0017_totals_of_old_model_calls")]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=django.contrib.postgres.indexes.GinIndex(
                documents.derived.ValueWords("payload"), name="document_value_words"
            ),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=django.contrib.postgres.indexes.GinIndex(
                documents.derived.FileWords("filename"), name="upload_file_words"
            ),
        ),
    ]
