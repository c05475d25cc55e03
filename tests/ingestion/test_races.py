"""Orders given while workers are at it, on real connections; and whose turn it is."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections

from documents.errors import Conflict
from documents.models import Page
from ingestion import ledger, upkeep, workers
from ingestion.engines.base import FileFacts, PageFacts, PageType
from ingestion.errors import LeaseLost
from ingestion.models import Job, JobStatus, Priority, Step, StepStatus
from ingestion.stages.classify import Classified
from ingestion.stages.embed import Embedded
from ingestion.stages.ocr import Read
from search import indexing
from tests import factories, faulty_engines
from tests.acceptance.aftermath import WATCH

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = 4
SECONDS = 6


def result_of(step: Step) -> Any:
    """What an engine would have found."""
    first, last = step.first or 1, step.last or 1
    numbers = range(first, last + 1)
    if step.stage == "split":
        return (
            FileFacts(pages=PAGES)
            if step.first is None
            else tuple(PageFacts(number=number) for number in numbers)
        )
    if step.stage == "ocr":
        return Read(image="", reading=faulty_engines.plain(f"page {first}"))
    if step.stage == "classify":
        return Classified(types=dict.fromkeys(numbers, _NO_TYPE))
    if step.stage == "embed":
        assert step.document_id is not None
        pages = indexing.read_pages(step.document_id, first_page=first, last_page=last)
        drafts = [indexing.ChunkDraft(page=p.number, ordinal=0, text=p.text) for p in pages]
        return Embedded(
            drafts=drafts,
            made=indexing.Vectors(
                embedder=indexing.active_embedder(), vectors=[[1.0, *[0.0] * 383]] * len(drafts)
            ),
            coming=None,
            text_version=1,
        )
    return None


_NO_TYPE = PageType(
    type="",
    confidence=0.9,
    runner_up="",
    runner_up_confidence=0.0,
    starts=0.0,
    document_number="",
    page_label=0,
    page_count=0,
    engine="plain",
    engine_version="1",
)


def work_once(name: str) -> bool:
    step = ledger.claim(name, "here")
    if step is None:
        return False
    with suppress(LeaseLost):
        ledger.finish(step, result_of(step), elapsed_s=0.01)
    return True


def test_orders_under_load_lose_nothing_double_nothing_and_never_deadlock() -> None:
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
    jobs = [factories.job(f"paper {number}").pk for number in range(8)]
    until = time.monotonic() + SECONDS
    faults: list[BaseException] = []

    def worker() -> None:
        while time.monotonic() < until:
            if not work_once(threading.current_thread().name):
                time.sleep(0.01)

    def operator() -> None:
        rng = random.Random(threading.get_ident())
        orders: list[Callable[[], object]] = [
            lambda: ledger.cancel(rng.choice(jobs), None),
            lambda: ledger.retry(rng.choice(jobs), None),
            lambda: ledger.retry(rng.choice(jobs), None),
            lambda: ledger.set_priority(rng.choice(jobs), rng.choice(Priority.values), None),
            lambda: workers.set_paused(rng.random() < 0.3, of_host=rng.choice(("", "here"))),
            upkeep.reap,
            ledger.age,
        ]
        while time.monotonic() < until:
            with suppress(Conflict):
                rng.choice(orders)()

    def guarded(what: Callable[[], None]) -> None:
        try:
            what()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(w,)) for w in (worker,) * 3 + (operator,) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert not faults, faults
        for host in ("", "here"):
            workers.set_paused(False, of_host=host)
        for job_id in jobs:
            with suppress(Conflict):
                ledger.retry(job_id, None)
        while work_once("last"):
            pass
        assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}
        assert set(Step.objects.values_list("status", flat=True)) == {StepStatus.DONE}
        assert Page.objects.filter(document__isnull=False).count() == PAGES * len(jobs)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM chaos_seen WHERE was = 'done'")
            assert cursor.fetchone() == (0,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER chaos_watch ON ingestion_step")
            cursor.execute("DROP FUNCTION chaos_see; DROP TABLE chaos_seen")


def test_an_urgent_job_is_next_however_many_pages_wait() -> None:
    big = factories.job()
    Step.objects.filter(job=big).delete()
    Step.objects.bulk_create(
        Step(job=big, project=big.project, stage="ocr", first=n, last=n, rank=n)
        for n in range(1, 1001)
    )
    at_work = [ledger.claim("one"), ledger.claim("two")]
    assert all(step is not None and step.job_id == big.pk for step in at_work)
    urgent = factories.job(priority=Priority.URGENT)
    step = ledger.claim("one")
    assert step is not None
    assert step.job_id == urgent.pk


def test_a_job_made_urgent_while_it_waits_is_next() -> None:
    jobs = [factories.job() for _ in range(5)]
    ledger.set_priority(jobs[4].pk, Priority.URGENT, None)
    step = ledger.claim("one")
    assert step is not None
    assert step.job_id == jobs[4].pk


def test_a_page_that_comes_behind_six_hundred_is_done_within_a_tenth_of_their_time() -> None:
    big = factories.job("\f".join(f"page {n}" for n in range(600)))
    small = None
    total = done_at = 0
    while (step := ledger.claim("one")) is not None:
        result = result_of(step)
        if step.job_id == big.pk and step.stage == "split" and step.first is None:
            result = FileFacts(pages=600)
        if small and step.job_id == small.pk and step.stage == "split" and step.first is None:
            result = FileFacts(pages=1)
        ledger.finish(step, result, elapsed_s=0)
        total += 1
        if total == 30:
            small = factories.job("one page")
        if small and not done_at and Job.objects.get(pk=small.pk).status == "completed":
            done_at = total
    assert 0 < done_at - 30 < 0.1 * total
