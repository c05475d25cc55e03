"""Lists: a question turned into filters over the fields of documents, and what they let through.

filters.py    the conditions, as values
question.py   words to conditions; names.py, dates.py, amounts.py know their parts
proposed.py   conditions that a language model proposes for what is left
known.py      the names that a project's documents have
rows.py       conditions to documents and sums: the queries
table.py      documents as rows of a page, of JSON and of CSV
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from documents.models import DocumentType, Project
from search.listing import known
from search.listing import question as reading
from search.listing.filters import Understood
from search.listing.names import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a question is read by. types: slug -> name."""

    known: Known
    types: Mapping[str, str]
    today: date


def ground(project: Project) -> Ground:
    types = dict(DocumentType.objects.values_list("slug", "name"))
    return Ground(known=known.names(project), types=types, today=timezone.localdate())


def understand(question: str, project: Project) -> Understood:
    """A question over a project as filters; the names that its documents have are known."""
    by = ground(project)
    return reading.read(question, known=by.known, types=by.types, today=by.today)
