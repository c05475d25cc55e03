"""Many files at once: dropped, sent, refused, followed over a reload, and taken out again."""

import base64
import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Screen, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

READ_LIMIT_MS = 120_000
# A drop as the system's own file manager makes it; a test cannot hold its mouse.
_DROP = """(files) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
    carried.items.add(new File([bytes], name));
  }
  const target = document.getElementById("drop");
  for (const kind of ["dragover", "drop"]) {
    const told = {bubbles: true, cancelable: true, dataTransfer: carried};
    target.dispatchEvent(new DragEvent(kind, told));
  }
}"""


def drop(page: Page, files: dict[str, bytes]) -> None:
    coded = [[name, base64.b64encode(content).decode()] for name, content in files.items()]
    page.evaluate(_DROP, coded)


def test_a_drop_of_many_files_is_one_batch_that_survives_a_reload(
    screen: Screen, site: Site, request: pytest.FixtureRequest
) -> None:
    page, mark = screen.page, request.node.callspec.id
    page.goto(site.url)
    files = {f"drop-{mark}-{n}.txt": f"Paper {n} of {mark}\nTea".encode() for n in range(4)}
    drop(page, files | {"table.xlsx": b"PK\x03\x04" + bytes(range(256)), ".DS_Store": b"litter"})

    refused = page.locator(".transfer.refused")
    expect(refused).to_contain_text("unsupported_type")
    expect(page.locator("#sending-told")).to_contain_text("4 of 5 files taken in")
    no_wider_than_the_screen(page)
    page.reload()
    recent = page.locator("#recent")
    expect(recent.get_by_role("link", name=f"drop-{mark}-")).to_have_count(4)
    recent.get_by_role("link", name="Batch of").first.click()

    expect(page.locator(".state .badge")).to_have_text("Completed", timeout=READ_LIMIT_MS)
    expect(page.get_by_role("link", name=f"drop-{mark}-")).to_have_count(4)
    no_wider_than_the_screen(page)
    page.get_by_role("link", name=f"drop-{mark}-0.txt").click()
    expect(page.locator("#pages .tile")).to_have_count(1)
    no_wider_than_the_screen(page)
    # Chromium itself writes a line for every answer that is no success.
    assert all("400 (Bad Request)" in told for told in screen.complaints)
    screen.complaints.clear()


def test_what_was_not_sent_is_named_when_the_page_is_back(screen: Screen, site: Site) -> None:
    page = screen.page
    page.goto(site.url)
    page.route("**/upload", lambda route: None)
    drop(page, {"slow-1.txt": b"one", "slow-2.txt": b"two"})
    expect(page.locator(".transfer")).to_have_count(2)
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator("#lost")).to_contain_text("slow-1.txt, slow-2.txt")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#lost")).to_be_hidden()


def test_ticked_drafts_are_downloaded(screen: Screen, site: Site, tmp_path: Path) -> None:
    site.manage("shell", "--no-imports", "-c", _CONFIRMED)
    page = screen.page
    page.goto(f"{site.url}/documents?text=quetzal")
    expect(page.get_by_text("Download all confirmed")).to_be_visible()
    page.get_by_role("checkbox", name="Tick Quetzal Traders").first.check()
    page.get_by_text("Download 1 ticked").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV, a row for each document").click()
    download.value.save_as(tmp_path / "drafts.csv")
    with open(tmp_path / "drafts.csv", encoding="utf-8-sig", newline="") as file:
        [row] = list(csv.DictReader(file))
    assert row["supplier_name"] == "Quetzal Traders"
    no_wider_than_the_screen(page)


_CONFIRMED = """
from documents.models import *
project = Project.objects.get(slug="default")
kind = DocumentType.objects.get(slug="bill")
upload, is_new = Upload.objects.get_or_create(
    project=project, sha256="q" * 64,
    defaults=dict(file="x", filename="quetzal.pdf", media_type="application/pdf", size_bytes=1),
)
if is_new:
    Document.objects.create(
        project=project, upload=upload, first_page=1, type=kind, status="draft_created",
        schema_version=kind.schema_versions.latest("number"),
        payload={"supplier_name": "Quetzal Traders", "total_amount": "118.00"},
    )
"""
