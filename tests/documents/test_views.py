"""The pages about documents: who sees what, what may be done, and what a page never holds."""

import io
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from documents import files
from documents.models import Correction, Document, DocumentStatus, Page, Project, Role
from tests import factories

pytestmark = [
    pytest.mark.django_db,
    # Static files are collected for production only.
    pytest.mark.filterwarnings("ignore:No directory at:UserWarning"),
]

PAYLOAD = {
    "supplier_name": "Asha Traders",
    "document_date": "2024-12-06",
    "total_amount": "118.00",
    "currency": "INR",
    "line_items": [{"description": "Chai", "quantity": "2"}],
}


def evidence(**values: Any) -> dict[str, Any]:
    return {
        "page": 1,
        "box": [10, 20, 60, 40],
        "source": "ocr",
        "confidence": 0.62,
        "raw": "",
        "note": "",
        "alternatives": [],
        "checks": [],
        "failed": [],
    } | values


def webp(width: int = 400, height: int = 600) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "WEBP")
    return out.getvalue()


def paper(in_project: Project, **values: Any) -> Document:
    """A document in review with one drawn page and its original."""
    upload = factories.upload(in_project)
    default_storage.save(upload.file, ContentFile(b"%PDF-1.7 original"))
    told: dict[str, Any] = {
        "payload": PAYLOAD,
        "evidence": {"/total_amount": evidence()},
        "reasons": [
            {"code": "low_confidence", "field": "total_amount", "message": "Total is unsure."}
        ],
    }
    document = factories.document(upload, **told | values)
    factories.page(
        upload,
        document=document,
        position=1,
        image=files.store_page(upload.pk, 1, webp()),
        width_px=400,
        height_px=600,
        words=[["Asha", 1, 2, 30, 12, 0.9], ["Traders", 32, 2, 70, 12, 0.9]],
    )
    return document


def signed_in(role: Role, project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(role, project))
    return client


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def reviewer(project: Project) -> Client:
    return signed_in(Role.REVIEWER, project)


def form(document: Document, **values: str) -> dict[str, str]:
    return {"version": str(document.version), **values}


def urls_of(document: Document) -> list[tuple[str, str]]:
    """Every address at which something of a document can be had, with its method."""
    return [
        ("get", reverse("document", args=[document.pk])),
        ("post", reverse("document-confirm", args=[document.pk])),
        ("post", reverse("document-correct", args=[document.pk])),
        ("post", reverse("document-reject", args=[document.pk])),
        ("post", reverse("document-reopen", args=[document.pk])),
        ("get", reverse("page-image", args=[document.upload_id, 1])),
        ("get", reverse("page-thumbnail", args=[document.upload_id, 1])),
        ("get", reverse("original", args=[document.upload_id])),
    ]


def test_a_document_of_another_project_is_not_there_at_any_address(reviewer: Client) -> None:
    other = paper(factories.project())
    for method, url in urls_of(other):
        assert getattr(reviewer, method)(url, {"version": "1"}).status_code == 404, url
    other.refresh_from_db()
    assert other.version == 1
    assert str(other.pk) not in reviewer.get(reverse("documents")).text


def test_nobody_sees_anything_without_signing_in(project: Project, client: Client) -> None:
    for method, url in [("get", reverse("documents")), *urls_of(paper(project))]:
        response = getattr(client, method)(url)
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("login"))


def test_a_viewer_sees_a_document_and_changes_nothing(project: Project) -> None:
    document = paper(project)
    viewer = signed_in(Role.VIEWER, project)
    page = viewer.get(reverse("document", args=[document.pk]))
    assert page.status_code == 200
    assert "Confirm" not in page.text
    for verb in ("confirm", "correct", "reject", "reopen"):
        answer = viewer.post(reverse(f"document-{verb}", args=[document.pk]), form(document))
        assert answer.status_code == 403
    document.refresh_from_db()
    assert document.version == 1


def test_the_list_shows_values_reasons_and_filters_them(reviewer: Client, project: Project) -> None:
    paper(project)
    paper(project, status=DocumentStatus.REJECTED, reasons=[])
    everything = reviewer.get(reverse("documents")).text
    assert "Asha Traders" in everything
    assert "6 Dec 2024" in everything
    assert "INR\u00a0118.00" in everything
    assert "Total is unsure." in everything
    rejected = reviewer.get(reverse("documents"), {"status": "rejected"})
    assert len(rejected.context["rows"]) == 1
    assert not reviewer.get(reverse("documents"), {"text": "no such name"}).context["rows"]
    assert len(reviewer.get(reverse("documents"), {"type": "bill"}).context["rows"]) == 2
    assert not reviewer.get(reverse("documents"), {"type": "eway_bill"}).context["rows"]
    assert len(reviewer.get(reverse("documents"), {"status": "x'--"}).context["rows"]) == 2


def test_the_list_costs_the_same_queries_for_one_row_and_for_twenty(
    reviewer: Client, project: Project
) -> None:
    paper(project)
    reviewer.get(reverse("documents"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        reviewer.get(reverse("documents"))
    for _ in range(19):
        paper(project)
    with CaptureQueriesContext(connection) as twenty:
        assert len(reviewer.get(reverse("documents")).context["rows"]) == 20
    assert len(twenty) == len(one)


def test_a_document_shows_fields_in_the_order_of_its_schema(
    reviewer: Client, project: Project
) -> None:
    page = reviewer.get(reverse("document", args=[paper(project).pk]))
    names = [field.pointer for field in page.context["sheet"].fields]
    assert names[:4] == ["/document_number", "/document_date", "/due_date", "/supplier_name"]
    [items] = page.context["sheet"].tables
    assert items.columns[:3] == ("Description", "HSN/SAC", "Quantity")


def test_a_value_points_at_its_place_on_the_page(reviewer: Client, project: Project) -> None:
    page = reviewer.get(reverse("document", args=[paper(project).pk])).text
    assert 'viewBox="0 0 400 600"' in page
    assert re.search(r'id="total_amount"[^>]* data-page="1" data-box="10,20,60,40"', page)
    assert "read by OCR, 62%" in page
    assert "Unsure" in page


def test_words_that_a_search_asked_for_are_marked(reviewer: Client, project: Project) -> None:
    url = reverse("document", args=[paper(project).pk])
    [shown] = reviewer.get(url, {"page": "1", "q": "asha bazaar"}).context["pages"]
    assert [match.label for match in shown["matches"]] == ["Asha"]
    [shown] = reviewer.get(url).context["pages"]
    assert not shown["matches"]


def test_a_page_without_an_image_shows_its_text_escaped(reviewer: Client, project: Project) -> None:
    document = factories.document(factories.upload(project), type_slug="")
    factories.page(document.upload, document=document, position=1, text="<script>x</script> tea")
    page = reviewer.get(reverse("document", args=[document.pk])).text
    assert "&lt;script&gt;x&lt;/script&gt; tea" in page
    image = reverse("page-image", args=[document.upload_id, 1])
    assert reviewer.get(image).status_code == 404


def test_confirming_corrects_and_confirms(reviewer: Client, project: Project) -> None:
    document = paper(project)
    answer = reviewer.post(
        reverse("document-confirm", args=[document.pk]),
        form(document, **{"/total_amount": "1,180.50", "/document_date": "7.12.2024"}),
    )
    assert answer.status_code == 302
    document.refresh_from_db()
    assert document.status == DocumentStatus.DRAFT_CREATED
    assert document.payload["total_amount"] == "1180.50"
    assert document.payload["document_date"] == "2024-12-07"
    assert Correction.objects.filter(document=document).count() == 2
    assert "Reopen" in reviewer.get(reverse("document", args=[document.pk])).text
    history = reviewer.get(reverse("document-history", args=[document.pk])).text
    assert "<del>118.00</del>" in history


def test_sending_the_form_back_unchanged_corrects_nothing(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    page = reviewer.get(reverse("document", args=[document.pk]))
    sheet = page.context["sheet"]
    cells = [c for t in sheet.tables for row in (*t.rows, t.blank) for c in row.cells]
    typed = {field.pointer: field.value for field in (*sheet.fields, *cells)}
    reviewer.post(reverse("document-correct", args=[document.pk]), form(document, **typed))
    document.refresh_from_db()
    assert document.version == 2
    assert document.payload == PAYLOAD
    assert not Correction.objects.exists()


def test_a_row_can_be_added_to_the_items(reviewer: Client, project: Project) -> None:
    document = paper(project)
    values = {"/line_items/1/description": "Samosa", "/line_items/1/quantity": "3"}
    reviewer.post(reverse("document-correct", args=[document.pk]), form(document, **values))
    document.refresh_from_db()
    assert document.payload["line_items"][1] == {"description": "Samosa", "quantity": "3"}


def test_a_value_that_does_not_fit_is_refused_and_shown_again(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    answer = reviewer.post(
        reverse("document-correct", args=[document.pk]),
        form(document, **{"/total_amount": "much"}),
    )
    assert answer.status_code == 400
    assert "must be an amount" in answer.text
    assert 'value="much"' in answer.text
    document.refresh_from_db()
    assert document.payload == PAYLOAD


def test_a_document_that_lacks_a_required_value_is_not_confirmed(
    reviewer: Client, project: Project
) -> None:
    document = paper(project, payload={"total_amount": "5.00"})
    answer = reviewer.post(reverse("document-confirm", args=[document.pk]), form(document))
    assert answer.status_code == 400
    assert "Supplier was not found." in answer.text


def test_who_comes_second_is_told_what_was_not_saved(reviewer: Client, project: Project) -> None:
    document = paper(project)
    late = form(document, **{"/total_amount": "7.00", "/currency": "INR"})
    first = form(document, **{"/total_amount": "9.00", "/currency": "EUR"})
    reviewer.post(reverse("document-correct", args=[document.pk]), first)
    answer = reviewer.post(reverse("document-confirm", args=[document.pk]), late)
    assert answer.status_code == 409
    assert "Somebody changed this document" in answer.text
    assert answer.context["unsaved"] == [("Total", "7.00")]
    assert 'name="version" value="2"' in answer.text
    document.refresh_from_db()
    assert document.payload["total_amount"] == "9.00"


def test_rejecting_keeps_the_reason_and_reopening_takes_it_back(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    rejected = form(document, reason="A copy")
    reviewer.post(reverse("document-reject", args=[document.pk]), rejected)
    document.refresh_from_db()
    assert document.status == DocumentStatus.REJECTED
    assert "A copy" in reviewer.get(reverse("document", args=[document.pk])).text
    reviewer.post(reverse("document-reopen", args=[document.pk]), form(document))
    document.refresh_from_db()
    assert document.status == DocumentStatus.DRAFT_PENDING


def test_the_page_leads_to_the_next_document_to_review(reviewer: Client, project: Project) -> None:
    older, newer = paper(project), paper(project)
    paper(factories.project())

    def at(document: Document) -> Any:
        return reviewer.get(reverse("document", args=[document.pk])).context["next_id"]

    assert at(newer) == older.pk
    assert at(older) == newer.pk


def test_a_page_image_is_cached_by_this_browser_alone(reviewer: Client, project: Project) -> None:
    url = reverse("page-image", args=[paper(project).upload_id, 1])
    answer = reviewer.get(url)
    assert answer["Content-Type"] == "image/webp"
    assert "private" in answer["Cache-Control"]
    assert reviewer.get(url, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_an_original_is_a_download_and_never_shown(reviewer: Client, project: Project) -> None:
    document = paper(project)
    answer = reviewer.get(reverse("original", args=[document.upload_id]))
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 original"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_an_original_that_is_gone_is_not_found(reviewer: Client, project: Project) -> None:
    upload = factories.upload(project)
    assert reviewer.get(reverse("original", args=[upload.pk])).status_code == 404
    assert reviewer.get(reverse("original", args=[uuid4()])).status_code == 404


def test_pages_hold_no_inline_script_and_no_inline_style(
    reviewer: Client, project: Project
) -> None:
    document = paper(project)
    for url in (
        reverse("documents"),
        reverse("document", args=[document.pk]),
        reverse("documents") + "?status=rejected",
        "/nothing/here",
    ):
        assert_no_inline(reviewer.get(url).text)
    assert_no_inline(Client().get(reverse("login")).text)


def assert_no_inline(html: str) -> None:
    assert "<html" in html
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", html)
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


def test_only_a_superuser_makes_a_project(reviewer: Client, admin_client: Client) -> None:
    url = reverse("project-create")
    assert reviewer.post(url, {"name": "Mine"}).status_code == 403
    admin_client.post(url, {"name": "Accounts payable"})
    admin_client.post(url, {"name": "Accounts payable"})
    admin_client.post(url, {"name": "…"})
    assert [p.slug for p in Project.objects.filter(name__startswith="Acc")] == ["accounts-payable"]


def test_a_failed_page_says_why(reviewer: Client, project: Project) -> None:
    document = factories.document(factories.upload(project), type_slug="")
    Page.objects.create(
        upload=document.upload,
        number=1,
        document=document,
        position=1,
        error_code="page_damaged",
        error_message="The page is torn.",
    )
    assert "The page is torn." in reviewer.get(reverse("document", args=[document.pk])).text
