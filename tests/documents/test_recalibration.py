"""Fitting confidences anew from reviews, and switching the fit on."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from documents import calibration, recalibration
from documents.models import AuditEvent, Calibration, Outcome, Project
from tests import factories

pytestmark = pytest.mark.django_db


def reviewed(project: Project, *, values: int, right_of_ten: int) -> None:
    """Values that the engine was sure of, of which so many were right."""
    Outcome.objects.bulk_create(
        Outcome(
            project=project,
            pointer=f"/field_{n}",
            type_slug="bill",
            schema_number=1,
            field="total_amount",
            source="ocr",
            basis="read-some",
            score=0.95,
            confidence=0.95,
            is_right=n % 10 < right_of_ten,
            is_settled=True,
            at=timezone.now(),
        )
        for n in range(values)
    )


def worth() -> float:
    curves = calibration.active("bill")
    return curves.worth(
        field="total_amount", source="ocr", basis="read-some", score=0.95
    ).confidence


def test_new_curves_count_only_once_they_are_switched_on() -> None:
    reviewed(factories.project(), values=300, right_of_ten=6)
    before = worth()
    made, report = recalibration.refit("bill")
    assert report.of_new < report.of_scores
    assert worth() == before
    recalibration.switch_on(made, factories.user())
    assert worth() == pytest.approx(0.6, abs=0.01)
    assert AuditEvent.objects.filter(verb="calibration.switched_on").count() == 1


def test_only_the_newest_that_was_switched_on_counts() -> None:
    project = factories.project()
    reviewed(project, values=300, right_of_ten=6)
    first, _ = recalibration.refit("bill")
    recalibration.switch_on(first, None)
    reviewed(project, values=3000, right_of_ten=9)
    second, _ = recalibration.refit("bill")
    recalibration.switch_on(second, None)
    assert worth() == pytest.approx(0.87, abs=0.01)
    assert Calibration.objects.filter(is_active=True).count() == 1


def test_a_few_reviews_are_refused_with_the_number_that_is_needed() -> None:
    reviewed(factories.project(), values=30, right_of_ten=6)
    with pytest.raises(CommandError, match=r"too_few_reviews: 30 .* 200"):
        call_command("calibrate", "bill", stdout=StringIO())
    assert not Calibration.objects.exists()


def test_a_superuser_switches_a_fit_on_in_the_admin_and_staff_does_not(client: Client) -> None:
    reviewed(factories.project(), values=300, right_of_ten=6)
    made, _ = recalibration.refit("bill")
    posted = {"action": "switch_on", "_selected_action": [made.pk]}
    staff = factories.user(is_staff=True)
    superuser = factories.user(is_staff=True, is_superuser=True)
    for user, is_on in ((staff, False), (superuser, True)):
        client.force_login(user)
        client.post("/admin/documents/calibration/", posted)
        made.refresh_from_db()
        assert made.is_active is is_on
