"""Two papers read at the same time, on two real connections."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction

from documents.models import Document, DocumentType, Upload
from tests import factories
from tests.documents.papers import BILL, EWAY, NONE, codes, paper, read

pytestmark = pytest.mark.django_db(transaction=True)


def read_at_once(*papers: tuple[Document, dict[str, str]], packet: Any = NONE) -> None:
    """Read all of them in transactions that are open at the same time."""
    ready = threading.Barrier(len(papers))
    faults: list[BaseException] = []

    def run(document: Document, values: dict[str, str]) -> None:
        try:
            with transaction.atomic():
                DocumentType.objects.count()  # the transaction has begun
                ready.wait(10)
                read(document, values, packet=packet)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in papers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults, faults


def test_two_copies_read_at_once_are_one_paper_and_its_duplicate() -> None:
    for _ in range(5):
        project = factories.project()
        one, again = paper(project), paper(project)
        read_at_once((again, BILL), (one, BILL))
        assert (codes(one), codes(again)) == (set(), {("duplicate", "")})


def test_a_bill_and_its_eway_bill_read_at_once_see_one_another() -> None:
    for _ in range(5):
        bill = paper()
        eway = paper(kind="eway_bill", of=bill.upload, first_page=2)
        other = EWAY | {"document_date": "2025-06-11"}
        read_at_once((bill, BILL), (eway, other))
        mismatch = {("eway_mismatch", "document_date")}
        assert (codes(bill), codes(eway)) == (mismatch, mismatch)


def test_many_papers_read_at_once_and_again_never_deadlock() -> None:
    project = factories.project()
    papers = [paper(project) for _ in range(3)]
    eways = [paper(project, "eway_bill", of=each.upload, first_page=2) for each in papers]
    batch = Upload.objects.filter(project=project)
    for _ in range(2):
        at_work = [(each, BILL) for each in papers] + [(each, EWAY) for each in eways]
        read_at_once(*at_work, packet=batch)
    assert [codes(each) for each in papers] == [set(), {("duplicate", "")}, {("duplicate", "")}]
    assert [codes(each) for each in eways] == [set(), {("duplicate", "")}, {("duplicate", "")}]
    assert all(
        "bill_matches_eway" in document.evidence["/document_number"]["checks"]
        for document in Document.objects.filter(project=project)
    )
