"""Counting, before anything is written: a leaf that any app may import."""

from config import metrics
from tests.test_architecture import ROOT, imports


def test_counting_knows_no_app_and_no_django() -> None:
    tops = {name.split(".")[0] for name in imports(ROOT / "config/metrics.py")}
    assert not tops & {"documents", "search", "ingestion", "django"}


def test_what_is_counted_is_news_until_the_next_count() -> None:
    before, news = metrics.counts(), metrics.news()
    assert metrics.news() == news
    metrics.step_lost("ocr")
    assert metrics.news() != news
    key = metrics.key("docket_steps_total", {"stage": "ocr", "outcome": "lost"})
    assert metrics.counts()[key] == before.get(key, 0) + 1


def test_only_ocr_that_is_done_reads_a_page() -> None:
    before = metrics.counts()["docket_pages_read_total{}"]
    metrics.step_ended("ocr", "done", 1)
    metrics.step_ended("ocr", "failed", 1)
    metrics.step_ended("split", "done", 1)
    assert metrics.counts()["docket_pages_read_total{}"] == before + 1
