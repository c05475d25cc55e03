"""Drafts as files: who may have them, what is in them, and that no cell of them is a formula."""

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents import draft_rows, exports
from documents.errors import SenderError
from documents.exports import Format
from documents.models import AuditEvent, Document, DocumentStatus, Project, Role
from tests import factories

pytestmark = pytest.mark.django_db

PAYLOAD = {
    "supplier_name": "Asha Traders",
    "document_number": "A-17",
    "document_date": "2024-12-06",
    "currency": "INR",
    "total_amount": "118.00",
    "round_off": "-0.40",
    "line_items": [
        {"description": "Chai", "quantity": "2", "total_amount": "100.00"},
        {"description": "=HYPERLINK(1)", "quantity": "1", "total_amount": "18.00"},
    ],
}
EWAY = {"ewb_number": "181001234567", "items": [{"description": "Steel", "unit": "KGS"}]}


def confirmed(project: Project, type_slug: str = "bill", **values: Any) -> Document:
    told = {"status": DocumentStatus.DRAFT_CREATED, "payload": PAYLOAD} | values
    return factories.document(factories.upload(project), type_slug, **told)


def made(form: Format, project: Project) -> bytes:
    export = exports.export(project.documents.all(), form, actor=None)
    return b"".join(export.content)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def sheet_of(content: bytes, number: int) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def test_a_draft_as_json_has_all_fields_of_its_type_and_who_confirmed_it() -> None:
    project = factories.project()
    person = factories.user(Role.REVIEWER, project)
    document = confirmed(project, reviewer=person, reviewed_at=timezone.now())
    [draft] = json.loads(made(Format.JSON, project))
    assert draft["document"] == str(document.pk)
    assert (draft["type"], draft["project"]) == ("bill", project.slug)
    assert draft["confirmed_by"] == person.get_username()
    assert draft["values"]["line_items"] == PAYLOAD["line_items"]
    assert draft["values"]["irn"] is None
    assert list(draft["values"])[:2] == ["document_number", "document_date"]


def test_only_what_is_confirmed_goes_out() -> None:
    project = factories.project()
    for status in DocumentStatus:
        confirmed(project, status=status)
    assert len(json.loads(made(Format.JSON, project))) == 1
    project.documents.filter(status=DocumentStatus.DRAFT_CREATED).delete()
    with pytest.raises(SenderError) as fault:
        made(Format.CSV, project)
    assert fault.value.code == "nothing_to_export"


def test_a_table_of_several_types_has_the_columns_of_all() -> None:
    project = factories.project()
    confirmed(project)
    confirmed(project, "eway_bill", payload=EWAY)
    eway, bill = rows_of(made(Format.CSV, project))
    assert (eway["type"], eway["ewb_number"], eway["supplier_name"]) == (
        "eway_bill",
        "181001234567",
        "",
    )
    assert (bill["supplier_name"], bill["total_amount"]) == ("Asha Traders", "118.00")
    assert "line_items" not in bill


def test_a_table_of_lines_has_a_row_for_each_and_one_for_a_draft_without() -> None:
    project = factories.project()
    confirmed(project)
    confirmed(project, payload={"supplier_name": "Bare"})
    bare, first, second = rows_of(made(Format.CSV_LINES, project))
    assert (bare["supplier_name"], bare["line"], bare["line_description"]) == ("Bare", "", "")
    assert (first["line"], first["line_description"]) == ("1", "Chai")
    assert (second["line"], second["line_total_amount"]) == ("2", "18.00")
    assert second["supplier_name"] == "Asha Traders"


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-1+1", "@x", "\t=1", "\r=1", "＝1"])
def test_no_cell_of_a_csv_file_begins_as_a_formula(text: str) -> None:
    project = factories.project()
    confirmed(project, payload=PAYLOAD | {"supplier_name": text})
    [row] = rows_of(made(Format.CSV, project))
    assert row["supplier_name"] == f"'{text}"
    assert row["round_off"] == "-0.40"


def test_a_workbook_has_numbers_days_and_text_that_stays_text() -> None:
    project = factories.project()
    confirmed(project, payload=PAYLOAD | {"supplier_name": "=1+1", "document_number": "0017"})
    book = made(Format.XLSX, project)
    papers, lines = sheet_of(book, 1), sheet_of(book, 2)
    assert "<v>118</v>" in papers
    assert "<v>45632</v>" in papers  # 6 December 2024 as a workbook counts days
    assert "<t>=1+1</t>" in papers
    assert "<t>0017</t>" in papers
    assert "<t>=HYPERLINK(1)</t>" in lines
    assert "<f>" not in papers + lines
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert 'quotePrefix="1"' in parts.read("xl/styles.xml").decode()


def test_a_number_that_a_workbook_would_round_stays_text() -> None:
    project = factories.project()
    exact = "123456789012345.123456"
    confirmed(project, payload={"total_amount": exact})
    assert f"<t>{exact}</t>" in sheet_of(made(Format.XLSX, project), 1)


def test_two_columns_of_one_title_are_told_apart() -> None:
    columns = [draft_rows.Column(name=name, title="Total") for name in ("a", "b")]
    assert draft_rows.headings(columns) == ["Total (a)", "Total (b)"]


def test_who_took_what_out_is_written_down_for_each_project() -> None:
    projects = [factories.project(), factories.project()]
    documents = [confirmed(project) for project in projects]
    actor = factories.user()
    chosen = Document.objects.filter(pk__in=[document.pk for document in documents])
    assert exports.export(chosen, Format.CSV, actor=actor).count == 2
    events = AuditEvent.objects.filter(verb="drafts.exported", actor=actor)
    assert {event.project for event in events} == set(projects)
    assert {event.detail["documents"][0] for event in events} == {str(d.pk) for d in documents}
    assert "Asha" not in str([event.detail for event in events])


def test_nothing_of_a_project_goes_out_to_somebody_who_does_not_see_it() -> None:
    confirmed(factories.project())
    seen = Document.objects.visible_to(AnonymousUser())
    with pytest.raises(SenderError):
        exports.export(seen, Format.JSON, actor=None)


def test_an_export_costs_the_same_queries_for_one_draft_and_for_twenty() -> None:
    def cost(count: int) -> int:
        project = factories.project()
        for _ in range(count):
            confirmed(project)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            made(Format.CSV_LINES, project)
        return len(queries)

    assert cost(1) == cost(20)
