"""Reviewers who ask for the next document at the same time, on real connections."""

import threading
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from documents import turns
from documents.models import Role
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_reviewers_who_start_at_the_same_moment_never_get_the_same_document() -> None:
    project = factories.project()
    people = [factories.user(Role.REVIEWER, project) for _ in range(4)]
    papers = [factories.document(factories.upload(project)).pk for _ in range(14)]
    ready = threading.Barrier(len(people))
    got: list[UUID] = []
    faults: list[BaseException] = []

    def take_three(person: Any) -> None:
        try:
            for _ in range(3):
                ready.wait(10)
                if (found := turns.following(person)) is not None:
                    got.append(found)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_three, args=[each]) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults, faults
    # Each holds what it asked for first; nobody was given what another holds.
    holders = turns.held(papers)
    assert len(got) == 12
    for person in people:
        own = [pk for pk, turn in holders.items() if turn.holder_id == person.pk]
        assert own
        assert set(own) <= set(got)
    assert len(set(got)) == sum(1 for turn in holders.values() if turn.holder_id)


def test_of_two_who_claim_one_document_at_once_one_is_refused() -> None:
    project = factories.project()
    people = [factories.user(Role.REVIEWER, project) for _ in range(2)]
    for _ in range(5):
        paper = factories.document(factories.upload(project))
        ready = threading.Barrier(2)
        told: list[str] = []

        def take(
            person: Any, paper: Any = paper, ready: Any = ready, told: list[str] = told
        ) -> None:
            try:
                ready.wait(10)
                turns.claim(paper.pk, person)
                told.append("holds")
            except turns.Held:
                told.append("refused")
            finally:
                connections.close_all()

        threads = [threading.Thread(target=take, args=[each]) for each in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(told) == ["holds", "refused"]
