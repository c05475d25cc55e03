"""Wake-ups over our own database: sent with the transaction, heard at its commit, taken once."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, connections, transaction
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from documents.models import Upload
from ingestion import queue
from ingestion.models import Job, Step
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker() -> Iterator[queue.Listening]:
    made = queue.Listening("docket")
    yield made
    made._deafen()


def in_a_thread(what: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            what()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_waiting_cluster_hears_of_work_at_the_commit_and_not_before(
    broker: queue.Listening,
) -> None:
    assert broker.dequeue() is None
    committed = 0.0

    def submit() -> None:
        nonlocal committed
        with transaction.atomic():
            factories.job()
            time.sleep(0.5)
        committed = time.monotonic()

    thread = in_a_thread(submit)
    taken = None
    while not taken:
        taken = broker.dequeue()
    heard = time.monotonic()
    thread.join()
    # Far less than a second, which is what waiting without a notice would take.
    assert -0.1 < heard - committed < 0.5
    assert len(taken) == 1
    assert not OrmQ.objects.exists()


def test_without_notices_it_asks_again_and_again(settings: Settings) -> None:
    settings.LISTEN = False
    broker = queue.Listening("docket")
    began = time.monotonic()
    assert broker.dequeue() is None
    assert time.monotonic() - began < 0.9
    assert "polling" in broker.info()
    queue.push(1)
    assert broker.dequeue() is not None


def test_two_clusters_never_take_the_same_token(broker: queue.Listening) -> None:
    for _ in range(40):
        broker.enqueue("token")
    taken: list[int] = []
    lock = threading.Lock()

    def take() -> None:
        mine = queue.Listening("docket")
        while found := mine._take():
            with lock:
                taken.extend(number for number, _ in found)

    threads = [in_a_thread(take) for _ in range(2)]
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) >= 2
    assert not OrmQ.objects.exists()


def test_tokens_beyond_one_for_every_worker_go_with_the_first_that_is_taken(
    settings: Settings,
) -> None:
    settings.WORKERS = 3
    broker = queue.Listening("docket")
    for _ in range(40):
        broker.enqueue("token")
    queue.push_later(60)
    assert len(broker._take() or ()) == 1
    assert broker.queue_size() == 3
    assert broker.lock_size() == 1


def test_a_token_for_later_is_taken_when_its_time_has_come(broker: queue.Listening) -> None:
    queue.push_later(0.4)
    assert broker._take() is None
    time.sleep(0.5)
    assert broker._take() is not None


def test_a_broken_connection_is_no_end_of_the_pusher(broker: queue.Listening) -> None:
    assert broker.dequeue() is None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND query LIKE 'LISTEN%%'"
        )
        assert cursor.rowcount >= 1
    queue.push(1)
    taken = [broker.dequeue() for _ in range(3)]
    assert any(taken)


def test_a_submission_that_fails_leaves_no_row_no_token_and_no_blob() -> None:
    project = factories.project()
    with pytest.raises(IntegrityError):
        factories.job(in_project=project, priority=9)
    assert not Upload.objects.exists()
    assert not Job.objects.exists()
    assert not Step.objects.exists()
    assert not OrmQ.objects.exists()
    assert default_storage.listdir("uploads") == ([], [])


def test_a_submission_that_rolls_back_wakes_nobody(broker: queue.Listening) -> None:
    with transaction.atomic():
        factories.job()
        transaction.set_rollback(True)
    assert broker.dequeue() is None
    assert not OrmQ.objects.exists()
