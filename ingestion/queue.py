"""The wake-up: the only import of django-q2.

A message is an anonymous token that says "do the best ready step". What is to be done stands
in the Step rows, so a lost, doubled or reordered token does no harm. With the ORM broker a
token is a row of the same database, so it belongs to the transaction that made the steps.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from django_q.signals import post_spawn
from django_q.status import Stat
from django_q.tasks import async_task

WORK = "ingestion.tasks.work"


def push(steps: int) -> None:
    """Wake as many workers as `steps` can occupy."""
    for _ in range(min(steps, settings.WORKERS)):
        async_task(WORK, task_name="work")


def push_later(delay_s: float) -> None:
    """Wake one worker in `delay_s` seconds."""
    async_task(WORK, task_name="work", broker=_Delayed(delay_s))


class _Delayed:
    """Puts the message into the table with a lock that ends in the future."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.list_key = get_broker().list_key

    def enqueue(self, message: str) -> int:
        lock = timezone.now() + timedelta(seconds=self.delay_s)
        row = OrmQ.objects.create(key=self.list_key, payload=message, lock=lock)
        return int(row.pk)


def on_worker_start(callback: Callable[..., None]) -> None:
    """Call `callback` in every new worker process, after its fork."""
    post_spawn.connect(callback, dispatch_uid="docket.worker_start")


def clusters() -> int:
    """qclusters that reported within the last seconds, on any host."""
    return len(Stat.get_all())
