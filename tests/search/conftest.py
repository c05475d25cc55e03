"""No test of searching needs a model, but for those of the model."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from documents.models import Project
from ingestion.removal import delete_project
from search.models import Embedder
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
            for embedder in Embedder.objects.filter(name="hashed"):
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP INDEX IF EXISTS chunk_dense_{embedder.pk}")
                embedder.delete()
