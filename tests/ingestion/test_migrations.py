"""Migrations on tables that have rows: nothing is lost, and a fault in the middle undoes all."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from ingestion import ledger, workers
from ingestion.models import Step
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("ingestion", name)])


def execute(sql: str) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute(sql)


@pytest.fixture(autouse=True)
def _latest_afterwards() -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def latest() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("ingestion"))


def test_steps_from_before_get_their_project_and_can_be_claimed() -> None:
    job = factories.job()
    migrate("0003_kinds_of_jobs")
    latest()
    step = Step.objects.get()
    assert (step.project_id, step.kind) == (job.project_id, job.kind)
    assert ledger.claim("worker") == step


def test_a_migration_of_steps_that_failed_in_the_middle_can_be_run_again() -> None:
    factories.job()
    migrate("0003_kinds_of_jobs")
    execute("CREATE INDEX step_ready_in_lane ON ingestion_step (id)")
    with pytest.raises(DatabaseError, match="step_ready_in_lane"):
        migrate("0004_lanes_of_steps")
    execute("DROP INDEX step_ready_in_lane")
    latest()
    assert ledger.claim("worker") is not None


@pytest.mark.parametrize("is_paused", [True, False])
def test_an_installation_stays_paused_or_not_through_an_upgrade_and_back(is_paused: bool) -> None:
    workers.set_paused(is_paused)
    migrate("0004_lanes_of_steps")
    with closing(connection.cursor()) as cursor:
        cursor.execute("SELECT id, is_paused FROM ingestion_control")
        assert cursor.fetchall() == [(1, is_paused)]
    latest()
    assert workers.is_paused() is is_paused
