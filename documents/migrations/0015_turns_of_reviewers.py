"""Whose turn a document in review is, what its review took, and the queue by why it waits.

Writes the table of documents anew for `reason_kinds`: seconds for a hundred thousand."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# At most 20 kinds of 40 characters: an entry of an index holds 2,704 bytes.
KINDS = """
CREATE FUNCTION docket_reason_kinds(reasons jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce((array_agg(DISTINCT CASE
        WHEN reason ->> 'code' LIKE 'check\\_%' THEN 'check'
        ELSE left(reason ->> 'code', 40) END))[1:20], '{}')
    FROM jsonb_array_elements(
        CASE jsonb_typeof(reasons) WHEN 'array' THEN reasons ELSE '[]' END) AS reason
    WHERE reason ->> 'code' IS NOT NULL
$$
"""
WAITING = models.Q(schema_version__isnull=False, status="draft_pending")
STRAIGHT = models.Q(reviewer__isnull=True, status="draft_created")


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0014_supplier_day_total"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(KINDS, "DROP FUNCTION docket_reason_kinds(jsonb)"),
        migrations.AddField(
            model_name="document",
            name="reason_kinds",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(models.F("reasons"), function="docket_reason_kinds"),
                output_field=django.contrib.postgres.fields.ArrayField(
                    base_field=models.TextField(), size=None
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=WAITING,
                fields=["created_at", "id"],
                include=("project", "type", "reason_kinds"),
                name="document_waiting_oldest",
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=WAITING,
                fields=["confidence", "created_at", "id"],
                include=("project", "type", "reason_kinds"),
                name="document_waiting_unsure",
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=STRAIGHT,
                fields=["created_at"],
                include=("project",),
                name="document_straight_through",
            ),
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="turn",
                        serialize=False,
                        to="documents.document",
                    ),
                ),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("token", models.UUIDField(blank=True, null=True)),
                ("began_at", models.DateTimeField(blank=True, null=True)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("spent_s", models.FloatField(default=0)),
                ("postponed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "holder",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "postponed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(holder__isnull=True, until__isnull=True)
                        | models.Q(holder__isnull=False, until__isnull=False),
                        name="turn_of_a_holder_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(spent_s__gte=0), name="turn_spent_is_no_debt"
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(postponed_until__isnull=False),
                        fields=["postponed_until"],
                        name="turn_postponed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Handling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("type_slug", models.CharField(max_length=60)),
                ("seconds", models.FloatField(null=True)),
                ("fields", models.PositiveIntegerField()),
                ("changed", models.PositiveIntegerField()),
                ("is_bulk", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                (
                    "document",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="handling",
                        to="documents.document",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="documents.project",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(seconds__isnull=True) | models.Q(seconds__gte=0),
                        name="handling_seconds_are_no_debt",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["project", "at"], name="handling_by_project"),
                    models.Index(fields=["reviewer", "at"], name="handling_by_person"),
                ],
            },
        ),
    ]
