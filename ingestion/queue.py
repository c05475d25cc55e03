"""The wake-up: the only import of django-q2.

A message is an anonymous token that says "do the best ready step". What is to be done stands
in the Step rows, so a lost, doubled or reordered token does no harm. With the broker of this
module a token is a row of the same database: it belongs to the transaction that made the
steps, and NOTIFY tells a waiting cluster at its commit. A broker elsewhere (Redis, SQS) gets
its tokens after the commit; what it misses the reaper sends again.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

import psycopg
from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models.functions import Now
from django.utils import timezone
from django_q.brokers import Broker, get_broker
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.signals import post_spawn
from django_q.status import Stat
from django_q.tasks import async_task

log = logging.getLogger(__name__)
WORK = "ingestion.tasks.work"
CHANNEL = "docket_work"
POLL_AWAY_S = 1.0
_COUNTED_FOR_S = 5.0
# A token is gone once it is taken: what it stood for is still in the Step rows. Those beyond
# one for every worker go with it: whoever takes one from now on sees all that they told of. A
# paused host takes none: it would keep them from the others.
_TAKE = """
WITH taken AS (
    DELETE FROM django_q_ormq WHERE id = ANY(ARRAY(
        SELECT id FROM django_q_ormq WHERE key = %(key)s AND lock <= clock_timestamp()
            AND NOT EXISTS (
                SELECT FROM ingestion_control WHERE is_paused AND host IN ('', %(host)s))
        ORDER BY id LIMIT %(bulk)s FOR UPDATE SKIP LOCKED))
    RETURNING id, payload),
surplus AS (
    DELETE FROM django_q_ormq WHERE id = ANY(ARRAY(
        SELECT id FROM django_q_ormq WHERE key = %(key)s AND lock <= clock_timestamp()
        ORDER BY id DESC OFFSET %(enough)s FOR UPDATE SKIP LOCKED))
    AND id NOT IN (SELECT id FROM taken))
SELECT id, payload FROM taken
"""
_EVERYONE = 1_000_000
_counted = (-_COUNTED_FOR_S, 0)
_has_reported: set[int] = set()


# -- sending -------------------------------------------------------------------------------


def push(steps: int, *, then: Callable[[], None] = lambda: None) -> None:
    """Wake as many workers as `steps` can occupy; with the transaction, or after it.

    A broker that is away is no fault of the caller's: `then` is called once all were sent."""
    if steps <= 0:
        return
    count = min(steps, _workers())
    if is_listening():
        for _ in range(count):
            _send(_broker())
        return

    def send() -> None:
        try:
            # Nobody clears tokens away there; two for every worker are enough.
            room = 2 * _workers() - _broker().queue_size()
            for _ in range(min(count, room)):
                _send(_broker())
            then()
        except Exception as fault:  # each broker's client has faults of its own
            log.error("queue.away", extra={"fault": type(fault).__name__})

    transaction.on_commit(send)


def wake_all(*, then: Callable[[], None] = lambda: None) -> None:
    """Wake every worker: what was held back may be free now."""
    push(_EVERYONE, then=then)


def push_later(delay_s: float) -> None:
    """Wake one worker in `delay_s` seconds; where the broker cannot, the reaper does."""
    if is_outbox():
        _send(_Delayed(delay_s))


def is_listening() -> bool:
    """Whether our own broker carries the tokens: with the transaction, and none too many."""
    return "broker_class" in settings.Q_CLUSTER


def is_outbox() -> bool:
    """Whether tokens are rows of our own database."""
    return "orm" in settings.Q_CLUSTER


def waits_since(seconds: float) -> bool:
    """Whether a message that could be taken has lain in our table for `seconds`."""
    ready = OrmQ.objects.filter(lock__lt=Now() - timedelta(seconds=seconds))
    return is_outbox() and ready.exists()


def _send(broker: Any) -> None:
    async_task(WORK, task_name="work", broker=broker)


@cache
def _broker() -> Broker:
    return get_broker()


class _Delayed:
    """Puts the message into the table with a lock that ends in the future."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.list_key = _broker().list_key

    def enqueue(self, message: str) -> int:
        lock = timezone.now() + timedelta(seconds=self.delay_s)
        row = OrmQ.objects.create(key=self.list_key, payload=message, lock=lock)
        return int(row.pk)


# -- receiving -----------------------------------------------------------------------------


class Listening(Broker):  # type: ignore[misc]
    """django-q2's ORM broker, woken by NOTIFY instead of asking again and again.

    Waits at most POLL_LISTENING_S, so that a lost notice costs no more than that. Where no
    notice comes through (a pooler in transaction mode, DOCKET_LISTEN=off) it asks every
    POLL_S."""

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._ear: psycopg.Connection[Any] | None = None
        self._can_listen = settings.LISTEN
        self._enough = settings.WORKERS

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self._ear, self._can_listen = None, settings.LISTEN
        self._enough = settings.WORKERS

    def enqueue(self, task: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, %s) RETURNING id,"
                " pg_notify(%s, '')",
                [self.list_key, task, timezone.now(), CHANNEL],
            )
            return int((cursor.fetchone() or (0,))[0])

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            # Heard before we look: what comes between looking and waiting is not missed.
            ear = self._listen()
            close_old_connections()
            taken = self._take()
            # Counted before the wait, so that nothing but the taking comes after it.
            self._enough = _workers()
            if not taken:
                self._wait(ear)
                taken = self._take()
        except (OperationalError, InterfaceError) as fault:
            # Raising would cost django-q2 ten seconds and a new process.
            log.warning("queue.database", extra={"fault": type(fault).__name__})
            connection.close()
            time.sleep(POLL_AWAY_S)
            return None
        return taken

    def _take(self) -> list[tuple[int, str]] | None:
        with connection.cursor() as cursor:
            asked = {
                "key": self.list_key,
                "host": settings.HOST_NAME,
                "bulk": settings.Q_CLUSTER["bulk"],
                "enough": self._enough,
            }
            cursor.execute(_TAKE, asked)
            return cursor.fetchall() or None

    def _wait(self, ear: "psycopg.Connection[Any] | None") -> None:
        if ear is None:
            time.sleep(settings.POLL_S)
            return
        try:
            for _ in ear.notifies(timeout=settings.POLL_LISTENING_S, stop_after=1):
                return
        except psycopg.Error:
            self._deafen()

    def _listen(self) -> "psycopg.Connection[Any] | None":
        if self._ear is None and self._can_listen:
            try:
                self._ear = psycopg.connect(**_parameters(), autocommit=True)
                self._ear.execute(f"LISTEN {CHANNEL}")
                self._can_listen = _hears(self._ear)
            except psycopg.Error:
                self._deafen()
                return None
            if not self._can_listen:
                log.warning("queue.polling", extra={"cause": "no notice came through"})
                self._deafen()
        return self._ear

    def _deafen(self) -> None:
        ear, self._ear = self._ear, None
        if ear is not None:
            with suppress(psycopg.Error):
                ear.close()

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        try:
            return super().set_stat(key, value, timeout)
        except (OperationalError, InterfaceError):
            # The sentinel would keep the broken connection and report no more for half a minute.
            connection.close()
            raise

    def queue_size(self) -> int:
        return int(OrmQ.objects.filter(key=self.list_key, lock__lte=Now()).count())

    def lock_size(self) -> int:
        return int(OrmQ.objects.filter(key=self.list_key, lock__gt=Now()).count())

    def purge_queue(self) -> None:
        OrmQ.objects.filter(key=self.list_key).delete()

    delete_queue = purge_queue

    def acknowledge(self, task_id: int) -> None:
        """It was deleted when it was taken."""

    fail = delete = acknowledge

    def ping(self) -> bool:
        return True

    def info(self) -> str:
        return "Postgres, LISTEN" if self._can_listen else "Postgres, polling"


def _parameters() -> dict[str, Any]:
    """libpq's parameters of Django's connection, without those that are Django's own."""
    given = connection.get_connection_params()
    ours = ("context", "cursor_factory", "prepare_threshold")
    return {name: value for name, value in given.items() if name not in ours}


def _hears(ear: "psycopg.Connection[Any]") -> bool:
    """Whether a notice sent over another connection reaches this one."""
    mark = f"mark-{time.monotonic_ns()}"
    with psycopg.connect(**_parameters(), autocommit=True) as mouth:
        mouth.execute("SELECT pg_notify(%s, %s)", [CHANNEL, mark])
    return any(notice.payload == mark for notice in ear.notifies(timeout=2, stop_after=1))


# -- the clusters ----------------------------------------------------------------------------


def on_worker_start(callback: Callable[..., None]) -> None:
    """Call `callback` in every new worker process, after its fork."""
    post_spawn.connect(callback, dispatch_uid="docket.worker_start")


def clusters() -> int:
    """qclusters that reported within the last seconds, on any host."""
    return len(_reports() or ())


def living_workers() -> set[tuple[str, int]]:
    """(host, pid) of the worker processes of the clusters that reported of late."""
    return {(report.host, pid) for report in _reports() or () for pid in report.workers}


def is_ending(sentinel: int) -> bool:
    """Whether the cluster whose workers are children of `sentinel` was told to stop.

    It says so once; then it waits for its workers and says no more, and within seconds what
    it said is forgotten. So a sentinel that reported and has fallen silent is ending, too."""
    reports = _reports()
    if reports is None:
        return False
    mine = [r for r in reports if r.sentinel == sentinel and r.host == settings.HOST_NAME]
    if not mine:
        return sentinel in _has_reported
    _has_reported.add(sentinel)
    return mine[0].status in (Conf.STOPPING, Conf.STOPPED)


def _reports() -> list[Stat] | None:
    """What the sentinels said within the last seconds; None where the broker is away."""
    try:
        return list(Stat.get_all())
    except DatabaseError:
        raise
    except Exception as fault:  # each broker's client has faults of its own
        log.error("queue.away", extra={"fault": type(fault).__name__})
        return None


def _workers() -> int:
    """Workers of all clusters, counted now and then; our own number where none is seen."""
    global _counted
    counted_at, number = _counted
    if time.monotonic() - counted_at > _COUNTED_FOR_S:
        number = len(living_workers())
        _counted = (time.monotonic(), number)
    return max(number, settings.WORKERS)


def forget_results(age_s: float) -> int:
    """Delete django-q2's rows of tasks that ended `age_s` seconds ago."""
    return int(Task.objects.filter(stopped__lt=Now() - timedelta(seconds=age_s)).delete()[0])
