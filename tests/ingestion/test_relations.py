"""Papers meet one another on their way through the stages."""

from collections.abc import Callable

import pytest

from documents.models import Document, DocumentReading, Page
from ingestion import intake, ledger
from ingestion.models import Job, Priority, Step
from ingestion.stages import extract
from ingestion.stages.inputs import packet_of
from tests import factories
from tests.documents.papers import BILL, codes, paper, read

pytestmark = pytest.mark.django_db
Drain = Callable[[Job], Job]
PRINT = (
    "bill supplier_name=Ada document_number=INV-00042 document_date=2025-06-12 total_amount=9.00"
)
LETTER = (
    "Dear Ms Lovelace, engine 1843 that you ordered on 12 May has been shipped with lorry 77 to "
    "Pune and will arrive before 30 June."
)


def document_of(job: Job) -> Document:
    return Document.objects.get(upload=job.upload)


@pytest.mark.django_db(transaction=True)
def test_a_paper_sent_twice_in_different_files_is_told_by_what_it_says_or_by_its_looks(
    drain: Drain,
) -> None:
    project = factories.project()
    first = drain(factories.job(PRINT, in_project=project))
    second = drain(factories.job(f"{PRINT} again", in_project=project))
    assert codes(document_of(first)) == set()
    assert codes(document_of(second)) == {("duplicate", "")}
    drain(factories.job(LETTER, in_project=project))
    letter = drain(factories.job(f"{LETTER} Copy", in_project=project))
    assert codes(document_of(letter)) == {("type_unknown", ""), ("near_duplicate", "")}


def test_files_of_one_batch_are_one_packet() -> None:
    project = factories.project()
    batch = intake.open_batch(project, user=None, priority=Priority.NORMAL)
    jobs = [factories.job(in_project=project, batch=batch) for _ in range(2)]
    ledger.close_batch(batch)
    alone = factories.job(in_project=project)
    papers = [factories.document(job.file) for job in (*jobs, alone)]
    assert set(packet_of(papers[0].pk)) == {job.file for job in jobs}
    assert not packet_of(papers[2].pk).exists()


def test_the_reason_of_a_failed_extraction_outlives_the_next_paper() -> None:
    project = factories.project()
    first, later = paper(project), paper(project)
    read(later, BILL)
    step = Step(job=Job(project=project), document=later, error_message="The engine is broken.")
    extract.failed(step)
    read(first, BILL)
    assert codes(later) == {("extract_failed", "")}
    assert not DocumentReading.objects.filter(document=later).exists()
    assert Page.objects.filter(document=later).exists()
