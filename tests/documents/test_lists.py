"""The list of documents: what narrows it, how one walks through it, and drafts of it as files."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.models import AuditEvent, Document, DocumentStatus, Project, Role
from documents.paging import ROWS, screenful
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]
DOCUMENTS = reverse("documents")
DOWNLOAD = reverse("documents-download")


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def viewer(project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(Role.VIEWER, project))
    return client


def paper(project: Project, *, filename: str = "", **values: Any) -> Document:
    upload = factories.upload(project, **({"filename": filename} if filename else {}))
    return factories.document(upload, **{"status": DocumentStatus.DRAFT_CREATED} | values)


def bill(project: Project, supplier: str = "Asha Traders", **values: str) -> Document:
    payload = {"supplier_name": supplier, "document_date": "2024-12-06", "total_amount": "118.00"}
    return paper(project, payload=payload | values)


def shown(client: Client, **asked: str) -> list[UUID]:
    return [row["document"].pk for row in client.get(DOCUMENTS, asked).context["rows"]]


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ({"supplier": "asha"}, True),
        ({"supplier": "trad ash"}, True),
        ({"supplier": "sha"}, False),
        ({"first": "2024-12-06", "last": "2024-12-06"}, True),
        ({"first": "2024-12-07"}, False),
        ({"last": "2024-12-05"}, False),
        ({"least": "118", "most": "118.00"}, True),
        ({"least": "118.01"}, False),
        ({"most": "-1"}, False),
        ({"text": "inv/2024"}, True),
        ({"text": "march scan"}, True),
        ({"text": "march elephant"}, False),
        ({"text": "' | \\ & !"}, True),
        ({"text": "o'neil\\"}, False),
        ({"type": "bill"}, True),
        ({"type": "unknown"}, False),
        ({"status": "draft_created"}, True),
        ({"status": "rejected"}, False),
        ({"first": "yesterday", "least": "much"}, True),
    ],
)
def test_a_filter_narrows_and_what_makes_no_sense_narrows_nothing(
    viewer: Client, project: Project, asked: dict[str, str], is_found: bool
) -> None:
    payload = {
        "supplier_name": "Asha Traders",
        "document_number": "INV/2024/17",
        "document_date": "2024-12-06",
        "total_amount": "118.00",
    }
    document = paper(project, payload=payload, filename="Scan_of-March.pdf")
    assert shown(viewer, **asked) == ([document.pk] if is_found else [])


def test_papers_of_no_type_are_found_as_such(viewer: Client, project: Project) -> None:
    bill(project)
    unknown = factories.document(factories.upload(project), type_slug="")
    assert shown(viewer, type="unknown") == [unknown.pk]


def test_one_walks_down_and_up_again_and_meets_each_document_once(
    viewer: Client, project: Project
) -> None:
    made = [bill(project).pk for _ in range(2 * ROWS + 3)][::-1]
    first = viewer.get(DOCUMENTS).context["shown"]
    second = viewer.get(DOCUMENTS, {"older": first.older}).context["shown"]
    third = viewer.get(DOCUMENTS, {"older": second.older}).context["shown"]
    assert [row.pk for page in (first, second, third) for row in page.rows] == made
    assert (first.newer, third.older) == ("", "")
    back = viewer.get(DOCUMENTS, {"newer": third.newer}).context["shown"]
    assert [row.pk for row in back.rows] == [row.pk for row in second.rows]
    top = viewer.get(DOCUMENTS, {"newer": back.newer}).context["shown"]
    assert [row.pk for row in top.rows] == [row.pk for row in first.rows]
    assert viewer.get(DOCUMENTS, {"older": "no id"}).context["shown"].rows == first.rows


def test_the_top_is_shown_whole_however_few_are_newer(project: Project) -> None:
    made = [bill(project).pk for _ in range(4)]
    seen = screenful(Document.objects.all(), newer=str(made[2]), size=3)
    assert [row.pk for row in seen.rows] == made[:0:-1]
    assert not seen.newer


def test_ticked_documents_are_downloaded_and_no_others(viewer: Client, project: Project) -> None:
    wanted, _ = bill(project), bill(project)
    foreign = bill(factories.project())
    answer = viewer.post(
        DOWNLOAD, {"format": "json", "document": [str(wanted.pk), str(foreign.pk), "no id"]}
    )
    assert answer["Content-Disposition"].startswith("attachment")
    drafts = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert [draft["document"] for draft in drafts] == [str(wanted.pk)]
    assert AuditEvent.objects.get(verb="drafts.exported").detail["documents"] == [str(wanted.pk)]


def test_without_a_tick_all_that_the_filters_let_through_are_downloaded(
    viewer: Client, project: Project
) -> None:
    wanted = [str(bill(project, "Beema").pk) for _ in range(ROWS + 1)]
    bill(project, "Asha")
    bill(factories.project(), "Beema")
    answer = viewer.post(f"{DOWNLOAD}?supplier=beema", {"format": "json"})
    drafts = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert [draft["document"] for draft in drafts] == wanted[::-1]


def test_what_cannot_be_downloaded_says_why_and_leads_back(
    viewer: Client, project: Project
) -> None:
    pending = paper(project, status=DocumentStatus.DRAFT_PENDING)
    none = viewer.post(f"{DOWNLOAD}?type=bill", {"format": "csv"}, follow=True)
    assert "None of these documents is confirmed" in none.text
    assert none.redirect_chain[0][0] == f"{DOCUMENTS}?type=bill"
    assert "Choose one of the formats" in viewer.post(DOWNLOAD, {"format": "x"}, follow=True).text
    one = viewer.get(reverse("document-draft", args=[pending.pk, "csv"]))
    assert one["Location"] == reverse("document", args=[pending.pk])
    assert viewer.get(DOWNLOAD).status_code == 405


def test_one_draft_is_a_file_for_those_who_see_its_document(
    viewer: Client, project: Project
) -> None:
    def address(document: Document) -> str:
        return reverse("document-draft", args=[document.pk, "lines.csv"])

    answer = viewer.get(address(bill(project)))
    assert answer["Content-Type"].startswith("text/csv")
    assert b"Asha Traders" in b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    foreign = bill(factories.project())
    assert viewer.get(address(foreign)).status_code == 404
    assert Client().get(address(foreign)).status_code == 302


def test_the_list_costs_the_same_queries_whatever_narrows_it(
    viewer: Client, project: Project
) -> None:
    def cost(count: int) -> int:
        for _ in range(count):
            bill(project)
        with CaptureQueriesContext(connection) as queries:
            viewer.get(DOCUMENTS, {"text": "asha", "supplier": "asha", "most": "1000"})
        return len(queries)

    assert cost(1) == cost(20)
