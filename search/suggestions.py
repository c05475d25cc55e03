"""Names that a person may mean who has begun to type."""

from django.contrib.postgres.search import SearchQuery

from documents.derived import Words
from documents.models import AnyUser, Document
from search.scope import beginnings

SUGGESTIONS = 8
# Of so many papers the names are compared: a beginning that fits more says too little.
SEEN = 2_000


def suppliers(viewer: AnyUser, text: str, *, project_slug: str = "") -> list[str]:
    """Suppliers of the documents that a viewer may see, each of whose words `text` begins. One
    query."""
    asked = beginnings(text)
    if not asked:
        return []
    seen = Document.objects.visible_to(viewer).alias(named=Words("supplier"))
    if project_slug:
        seen = seen.filter(project__slug=project_slug)
    found = seen.filter(named=SearchQuery(asked, config="simple", search_type="raw"))
    names = found.order_by().values_list("supplier", flat=True)[:SEEN]
    return sorted(set(names), key=str.casefold)[:SUGGESTIONS]
