"""Brokers other than Postgres, by one setting, with real servers."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.acceptance.test_site import call, pdf, send, wait
from tests.conftest import running_site

pytestmark = pytest.mark.acceptance
RETURN_LIMIT_S = 90


@pytest.fixture
def broker() -> Iterator[servers.Redis]:
    with servers.redis() as made:
        yield made


@pytest.mark.redis
def test_with_redis_away_a_file_is_taken_in_and_read_soon_after_its_return(
    broker: servers.Redis, tmp_path: Path
) -> None:
    with running_site(tmp_path / "var", DOCKET_BROKER=broker.url) as site:
        first = send(site, "first.pdf", pdf("A letter that came while all was well."))
        assert wait(site, first, limit_s=30)["status"] == "completed"
        broker.stop()
        asked_at = time.monotonic()
        second = send(site, "second.pdf", pdf("A letter that came while the broker was away."))
        assert time.monotonic() - asked_at < 10
        assert second["status"] == "pending"
        time.sleep(5)
        assert call(site, f"/api/v1/jobs/{second['job']}")["status"] == "pending"
        broker.start()
        assert wait(site, second, limit_s=RETURN_LIMIT_S)["status"] == "completed"


def test_sqs_carries_the_wake_ups(tmp_path: Path) -> None:
    with servers.s3() as aws:
        environment = {
            "DOCKET_BROKER": "sqs://us-east-1",
            "AWS_ENDPOINT_URL_SQS": aws.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        with running_site(tmp_path / "var", **environment) as site:
            job = send(site, "letter.pdf", pdf("A letter that came by another queue."))
            assert wait(site, job, limit_s=60)["status"] == "completed"
