"""No test of searching needs a model, but for those of the model."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from documents.models import Project
from ingestion.removal import delete_project
from search.engines.minilm import MiniLM
from search.models import Embedder, EmbedderState
from tests import factories
from tests.conftest import make_shipped_types
from tests.search.corpus import use_embedder


@pytest.fixture(autouse=True)
def _quick_embedder(settings: Any) -> None:
    use_embedder(settings, "Hashed")


@pytest.fixture
def shared_project(django_db_setup: None, django_db_blocker: Any) -> Iterator[Project]:
    """A project that is committed, for races on real connections; removed afterwards.

    A transactional test would empty the tables, the shipped types and embedder included."""
    with django_db_blocker.unblock():
        make_shipped_types()
        project = factories.project()
        try:
            yield project
        finally:
            delete_project(project)
            shipped = Embedder.objects.filter(name=MiniLM.name)
            for embedder in Embedder.objects.exclude(pk__in=shipped):
                with connection.cursor() as cursor:
                    for kind in ("chunk", "page"):
                        cursor.execute(f"DROP INDEX IF EXISTS {kind}_dense_{embedder.pk}")
                embedder.delete()
            shipped.update(state=EmbedderState.ACTIVE)
