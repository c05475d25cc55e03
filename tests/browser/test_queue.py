"""Two reviewers at one queue, and pages put together otherwise, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NOISE, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

# A second reviewer, and two papers that wait: one of three pages, one of one.
ROWS = """
from django.contrib.auth import get_user_model
from documents.models import *
p = Project.objects.get(slug="default")
bob = get_user_model().objects.create_user("bob", password="a-long-test-word")
Membership.objects.create(project=p, user=bob, role="reviewer")
kind = DocumentType.objects.get(slug="bill")
for name, pages in (("harbour", 3), ("quarry", 1)):
    up = Upload.objects.create(project=p, file=f"uploads/{name}", filename=f"{name}.txt",
        media_type="text/plain", size_bytes=1, sha256=name.ljust(64, "0"))
    made = Document.objects.create(project=p, upload=up, first_page=1, type=kind,
        type_confidence=1, schema_version=kind.schema_versions.latest("number"),
        payload={"supplier_name": name.title()}, status="draft_pending",
        reasons=[{"code": "missing", "field": "total_amount", "message": "Total was not found."}])
    for number in range(1, pages + 1):
        Page.objects.create(upload=up, number=number, text=f"{name} {number}", type=kind,
            text_source="embedded", document=made, position=number)
"""


@contextmanager
def at_desk(browser: Browser, site: Site, name: str) -> Iterator[Page]:
    """A window in which `name` is signed in; at the end nothing may have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, complaints = context.new_page(), []
    page.on("console", lambda told: complaints.append(told.text) if told.type in NOISE else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.goto(f"{site.url}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(site.password)
    page.get_by_role("button", name="Sign in").click()
    yield page
    context.close()
    assert not complaints


@pytest.fixture(scope="module")
def papers(site: Site) -> None:
    site.manage("shell", "--no-imports", "-c", ROWS)


@pytest.mark.usefixtures("papers")
def test_two_reviewers_never_work_on_the_same_document(browser: Browser, site: Site) -> None:
    with at_desk(browser, site, site.username) as one, at_desk(browser, site, "bob") as two:
        one.goto(f"{site.url}/review?project=default")
        no_wider_than_the_screen(one)
        one.get_by_role("button", name="Start reviewing").click()
        expect(one.get_by_role("heading", level=1)).to_contain_text("Harbour")
        expect(one.locator("#turn")).to_have_attribute("data-state", "yours")

        two.goto(f"{site.url}/review")
        expect(two.get_by_role("row", name="Harbour")).to_contain_text(f"{site.username}, until")
        two.goto(one.url)
        expect(two.locator("#turn")).to_contain_text(f"{site.username} is at work on it")
        two.goto(f"{site.url}/review")
        two.get_by_role("button", name="Start reviewing").click()
        expect(two.get_by_role("heading", level=1)).to_contain_text("Quarry")

        # Postponed: it is nobody's until then, and there is no other that nobody holds.
        two.get_by_text("Postpone…").click()
        two.get_by_role("button", name="Until tomorrow").click()
        expect(two.get_by_role("status").first).to_contain_text("was postponed. It comes back on")
        two.get_by_role("link", name="Postponed").click()
        two.get_by_role("button", name="Take it now").click()
        expect(two.get_by_role("row", name="Quarry")).to_be_visible()

        # Who leaves gives the document back.
        one.get_by_role("button", name="Leave").click()
        expect(one.get_by_role("row", name="Harbour")).not_to_contain_text("until")
        two.get_by_role("button", name="Start reviewing").click()
        expect(two.get_by_role("heading", level=1)).to_contain_text("Harbour")


@pytest.mark.usefixtures("papers")
def test_a_document_is_split_by_keys_and_merged_again(browser: Browser, site: Site) -> None:
    with at_desk(browser, site, "bob") as page:
        page.goto(f"{site.url}/review")
        page.get_by_role("link", name="Harbour").click()
        page.get_by_text("Arrange pages").click()
        boxes = page.locator("input[data-page]")
        expect(boxes).to_have_count(3)
        boxes.first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("s")
        expect(page.get_by_role("status").first).to_contain_text("was split in two")
        no_wider_than_the_screen(page)
        page.get_by_text("Arrange pages").click()
        expect(boxes).to_have_count(1)

        page.get_by_role("button", name="Merge with next").click()
        expect(page.get_by_role("status").first).to_contain_text("are one now")
        page.get_by_text("Arrange pages").click()
        expect(boxes).to_have_count(3)
        told = "SELECT count(*), count(DISTINCT document_id) FROM documents_page JOIN"
        told += " documents_upload u ON u.id = upload_id WHERE u.filename = 'harbour.txt'"
        assert site.ask(told) == [(3, 1)]
