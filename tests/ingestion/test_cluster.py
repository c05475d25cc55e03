"""When a cluster counts as silent."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from django_q.models import OrmQ

from ingestion import cluster, ledger, queue, workers
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


def test_a_cluster_that_takes_no_message_is_silent_though_no_step_waits() -> None:
    queue.push(1)
    assert not cluster.is_silent()
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=31))
    assert cluster.is_silent()
    workers.set_paused(True)
    assert not cluster.is_silent()
    workers.set_paused(False)
    OrmQ.objects.update(lock=timezone.now() + timedelta(seconds=31))
    assert not cluster.is_silent()


def test_an_idle_cluster_is_woken_for_a_step_that_another_host_has_lost() -> None:
    factories.job()
    step = ledger.claim("worker-of-a-host-that-is-gone")
    assert step is not None
    OrmQ.objects.all().delete()
    cluster.wake_for_lost()
    assert not OrmQ.objects.exists()
    Step.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    cluster.wake_for_lost()
    assert OrmQ.objects.count() == 1
