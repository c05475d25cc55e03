"""The two types that Docket ships, with version 1 of their schemas."""

import json
from pathlib import Path

from django.db import migrations

SCHEMAS = Path(__file__).parent.parent / "schemas"

TYPES = {
    "bill": (
        "Bill",
        "A demand for money or the proof that it was paid: tax invoice, invoice, bill of supply, "
        "credit note, shop or restaurant receipt, with a seller, a date and a total.",
    ),
    "eway_bill": (
        "E-way bill",
        "The Indian permit for moving goods (FORM GST EWB-01): titled e-Way Bill, with Part A "
        "and Part B, a 12-digit number, validity, a vehicle and the approximate distance.",
    ),
}


def create(apps, schema_editor):
    for slug, (name, description) in TYPES.items():
        kind = apps.get_model("documents", "DocumentType").objects.create(
            slug=slug, name=name, description=description
        )
        apps.get_model("documents", "SchemaVersion").objects.create(
            type=kind, number=1, schema=json.loads((SCHEMAS / f"{slug}.v1.json").read_text())
        )


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
