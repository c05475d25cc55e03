"""Documents that are indexed, without OCR, jobs or a model."""

from typing import Any

from documents.models import Document, Project
from search import indexing
from tests import factories

EMBEDDERS = "tests.faulty_engines_search"


def use_embedder(settings: Any, name: str) -> None:
    settings.ENGINES = {**settings.ENGINES, "embed": {"BACKEND": f"{EMBEDDERS}.{name}"}}


def written(*texts: str, in_project: Project | None = None, **values: Any) -> Document:
    """A document with a page for each text, not yet indexed."""
    upload = factories.upload(in_project)
    document = factories.document(upload, **values)
    for number, text in enumerate(texts, start=1):
        factories.page(upload, number, text=text, document=document, position=number)
    return document


def index(document: Document, *, text_version: int | None = None) -> int:
    """Cut, embed and save the whole document, as an embed step does."""
    engine = indexing.engine()
    pages = indexing.read_pages(document.pk, first_page=1, last_page=10_000)
    drafts = indexing.cut(pages, engine)
    return indexing.save(
        document.pk,
        drafts,
        vectors=engine.embed(texts=tuple(draft.text for draft in drafts)),
        embedder=indexing.active_embedder(),
        first_page=1,
        last_page=10_000,
        text_version=text_version or document.text_version,
    )


def indexed(*texts: str, in_project: Project | None = None, **values: Any) -> Document:
    document = written(*texts, in_project=in_project, **values)
    index(document)
    return document
