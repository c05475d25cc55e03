"""Lists: a question turned into filters over the fields of documents, and what they let through.

filters.py    the conditions, as values
question.py   words to conditions; names.py, dates.py, amounts.py know their parts
rows.py       conditions to documents and sums: the queries
table.py      documents as rows of a page, of JSON and of CSV
"""

from django.utils import timezone

from documents.models import DocumentType, Project
from search.listing import question as reading
from search.listing import rows
from search.listing.filters import Understood


def understand(question: str, project: Project) -> Understood:
    """A question over a project as filters; the names that its documents have are known."""
    types = dict(DocumentType.objects.values_list("slug", "name"))
    return reading.read(
        question, known=rows.known_names(project), types=types, today=timezone.localdate()
    )
