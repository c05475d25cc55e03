"""The names of suppliers and recipients that a project's documents have."""

from django.db import connection

from documents.derived import SUPPLIER_CHARS
from documents.models import Project
from search.listing.names import Known

MAX_NAMES = 20_000
_SUPPLIER = "supplier"
_RECIPIENT = f"left(payload ->> 'recipient_name', {SUPPLIER_CHARS})"
# DISTINCT reads every document. This goes from one name to the next in an index that has them in
# order (`document_by_supplier`, `document_by_recipient`).
_NAMES = """
WITH RECURSIVE found (name) AS (
    (SELECT {name} FROM documents_document
     WHERE project_id = %(project)s AND {name} > '' ORDER BY {name} LIMIT 1)
    UNION ALL
    SELECT (SELECT {name} FROM documents_document
            WHERE project_id = %(project)s AND {name} > found.name ORDER BY {name} LIMIT 1)
    FROM found WHERE found.name IS NOT NULL
)
SELECT name FROM found WHERE name IS NOT NULL LIMIT %(most)s
"""


def names(project: Project) -> Known:
    """At most MAX_NAMES of each, cut to SUPPLIER_CHARS. Two queries, whose time hangs on how many
    names there are and not on how many documents."""
    return Known(suppliers=_names(_SUPPLIER, project), recipients=_names(_RECIPIENT, project))


def _names(name: str, project: Project) -> frozenset[str]:
    with connection.cursor() as cursor:
        cursor.execute(_NAMES.format(name=name), {"project": project.pk, "most": MAX_NAMES})
        return frozenset(row[0] for row in cursor.fetchall())
