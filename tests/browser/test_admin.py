"""An operator who has never seen the system finds why jobs failed and puts it right."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Screen, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

END_LIMIT_MS = 120_000
RETRIED = """
from ingestion.models import *
from documents.models import AuditEvent
print(AuditEvent.objects.filter(verb="job.retried").count())
"""


def retries(site: Site) -> int:
    return int(site.manage("shell", "--no-imports", "-c", RETRIED).stdout.split()[-1])


def break_two(site: Site, folder: Path, mark: str) -> list[str]:
    """Two files that look like PDFs and cannot be opened."""
    paths = [folder / f"torn-{mark}-{n}.pdf" for n in (1, 2)]
    for path in paths:
        path.write_bytes(b"%PDF-1.7\n1 0 obj\n" + path.name.encode() + b"\nnothing that follows")
    site.manage("ingest", *map(str, paths), "--project", site.project, check=False)
    return [path.name for path in paths]


def test_three_clicks_from_the_front_page_to_the_cure(
    screen: Screen, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = screen.page
    mark = request.node.callspec.id
    names = break_two(site, tmp_path, mark)
    before = retries(site)

    page.goto(f"{site.url}/admin/")
    expect(page.get_by_role("heading", name="What failed, and why")).to_be_visible()
    kind = page.locator(".failed-kind").filter(has_text=names[0])
    expect(kind.get_by_role("heading")).to_contain_text("A file is damaged.")
    expect(kind).to_contain_text("cannot be opened")
    expect(page.get_by_text(re.compile(r"Yes: \d+ worker"))).to_be_visible()
    no_wider_than_the_screen(page)

    expect(kind.get_by_role("link", name="Retry all")).to_have_count(0)
    kind.get_by_role("link", name="Show").click()
    page.get_by_role("link", name="Retry all that failed in this list").click()
    expect(page.locator("h1")).to_have_text("Retry all of this kind?")
    expect(page.get_by_text(names[0])).to_be_visible()
    no_wider_than_the_screen(page)
    page.get_by_role("button", name="Retry").click()

    expect(page.locator(".messagelist")).to_contain_text("taken up again")
    assert retries(site) >= before + 2


def test_one_job_is_opened_understood_and_retried(
    screen: Screen, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = screen.page
    name = break_two(site, tmp_path, f"one-{request.node.callspec.id}")[1]
    before = retries(site)
    page.goto(f"{site.url}/admin/")
    page.get_by_role("link", name=name).click()
    expect(page.locator(".say")).to_contain_text("cannot be opened")
    expect(page.get_by_role("img", name="When each step waited and worked")).to_be_visible()
    no_wider_than_the_screen(page)
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("is taken up again")
    assert retries(site) == before + 1
    wait_until_it_failed_again(page)


def wait_until_it_failed_again(page: Page) -> None:
    def is_failed() -> bool:
        page.reload()
        return "Failed" in page.locator(".say .badge").inner_text()

    for _ in range(60):
        if is_failed():
            return
        page.wait_for_timeout(END_LIMIT_MS / 60)
    raise AssertionError("The retried job did not end.")


def test_the_pages_of_the_admin_fit_the_screen(screen: Screen, site: Site) -> None:
    page = screen.page
    own = ("accuracy", "ingestion/workerbeat/", "workers/pause")
    for path in ("/admin/", "/statistics", *(f"/admin/{name}" for name in own)):
        page.goto(f"{site.url}{path}")
        expect(page.locator("h1")).to_be_visible()
        no_wider_than_the_screen(page)
    page.goto(f"{site.url}/admin/ingestion/workerbeat/")
    expect(page.get_by_role("heading", name="Alive")).to_be_visible()
    expect(page.get_by_text("MB").first).to_be_visible()
