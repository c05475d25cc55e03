"""A project and its operator."""

import pytest
from django.test import Client

from documents.models import Project, Role
from tests import factories
from tests.ingestion.admin.ground import staff


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def operator(project: Project) -> Client:
    """Staff, and operator of one project; nothing else was given to them."""
    return staff(Role.OPERATOR, project)
