"""Jobs that work on no file of their own: batches, and documents gone through again."""

import django.db.models.deletion
from django.db import migrations, models

KINDS = [
    ("file", "a file"),
    ("capture", "a screenshot"),
    ("process", "documents that are there already, extracted and indexed again"),
    ("batch", "the sum of several jobs"),
]
WITH_UPLOAD = ("file", "capture")


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0001_initial"),
        ("ingestion", "0002_cache_table_and_reaper"),
    ]
    operations = [
        migrations.AddField(
            "job", "kind", models.CharField(choices=KINDS, default="file", max_length=10)
        ),
        migrations.AddField(
            "job",
            "parent",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="children",
                to="ingestion.job",
            ),
        ),
        migrations.AlterField(
            "job",
            "upload",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="jobs",
                to="documents.upload",
            ),
        ),
        migrations.AddField(
            "job",
            "documents",
            models.ManyToManyField(
                blank=True, related_name="process_jobs", to="documents.document"
            ),
        ),
        migrations.AddField("job", "chunks_made", models.PositiveIntegerField(default=0)),
        migrations.AddField("job", "processed", models.PositiveIntegerField(default=0)),
        migrations.AddField("job", "errors", models.PositiveIntegerField(default=0)),
        migrations.AddField("job", "active_s", models.FloatField(default=0)),
        migrations.AddField("job", "active_until", models.DateTimeField(blank=True, null=True)),
        migrations.AddConstraint(
            "job",
            models.CheckConstraint(
                condition=models.Q(kind__in=[name for name, _ in KINDS]), name="job_kind_known"
            ),
        ),
        migrations.AddConstraint(
            "job",
            models.CheckConstraint(
                condition=models.Q(kind__in=WITH_UPLOAD, upload__isnull=False)
                | (~models.Q(kind__in=WITH_UPLOAD) & models.Q(upload__isnull=True)),
                name="job_of_a_file_has_its_upload",
            ),
        ),
    ]
