"""The names of recipients in order, by which lists of a project know them (`listing/known.py`)."""

from django.db import migrations

# Without keeping writers waiting; a name is cut as `documents.derived.supplier` cuts one.
CREATE = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS document_by_recipient
ON documents_document (project_id, (left(payload ->> 'recipient_name', 300)))
"""
DROP = "DROP INDEX CONCURRENTLY IF EXISTS document_by_recipient"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("search", "0008_saved_searches"), ("documents", "0014_supplier_day_total")]
    operations = [migrations.RunSQL(CREATE, DROP)]
