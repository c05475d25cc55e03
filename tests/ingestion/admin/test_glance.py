"""The front page says how right it is and what it costs, of the user's projects alone."""

import pytest
from django.utils import timezone

from documents.models import Outcome, Project, Role
from ingestion.admin import glance
from tests import factories

pytestmark = pytest.mark.django_db


def outcomes(project: Project, right: int, wrong: int) -> None:
    document = factories.document(factories.upload(project))
    for n in range(right + wrong):
        Outcome.objects.create(
            **{"project": project, "document": document, "pointer": f"/f{n}", "field": "f"},
            **{"type_slug": "bill", "schema_number": 1, "score": 0.9, "confidence": 0.9},
            **{"is_right": n < right, "is_settled": False, "at": timezone.now()},
        )


def test_only_values_of_ones_own_projects_are_counted() -> None:
    mine, other = factories.project(), factories.project()
    outcomes(mine, right=3, wrong=1)
    outcomes(other, right=0, wrong=5)
    user = factories.user(Role.VIEWER, mine)
    assert glance.of(user).accuracy.startswith("75.0 % of the 4 values")


def test_without_reviews_and_calls_it_says_so() -> None:
    told = glance.of(factories.user())
    assert "nothing is known" in told.accuracy
    assert told.cost.startswith("Nothing")
