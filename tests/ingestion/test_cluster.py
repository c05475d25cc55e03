"""When a cluster counts as silent."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from ingestion import cluster, workers
from ingestion.models import Step, WorkerBeat
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_cluster_is_silent_when_work_waits_and_nobody_on_this_host_shows_itself() -> None:
    job = factories.job()
    assert not cluster.is_silent()
    Step.objects.filter(job=job).update(run_after=timezone.now() - timedelta(seconds=61))
    assert cluster.is_silent()
    workers.set_paused(True)
    assert not cluster.is_silent()
    workers.set_paused(False)
    WorkerBeat.objects.create(
        name="here",
        host=settings.HOST_NAME,
        pid=1,
        started_at=timezone.now(),
        seen_at=timezone.now(),
    )
    assert not cluster.is_silent()
