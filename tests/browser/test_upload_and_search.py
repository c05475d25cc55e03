"""A person uploads a paper, watches it being read, finds it and reviews it, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import Screen, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

READ_LIMIT_MS = 180_000
LINES = (
    "TAX INVOICE",
    "{name} Spice House",
    "14 Harbour Road, Kochi",
    "Invoice No: {name}-77",
    "Invoice Date: 06/12/2024",
    "Bill to: Meridian Canteen",
    "Description        Qty     Rate      Amount",
    "Cardamom pods      2       450.00    900.00",
    "Total Amount: Rs. 900.00",
)


def bill(folder: Path, name: str) -> Path:
    path = folder / f"{name.lower()}.pdf"
    canvas = Canvas(str(path))
    for row, line in enumerate(LINES):
        canvas.drawString(70, 780 - 24 * row, line.format(name=name))
    canvas.save()
    return path


def test_a_paper_is_uploaded_followed_found_and_confirmed(
    screen: Screen, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = screen.page
    name = "Zafirana" if "desk" in request.node.name else "Quillonia"
    paper = bill(tmp_path, name)

    page.goto(site.url)
    no_wider_than_the_screen(page)
    page.get_by_label("Choose files").set_input_files(paper)
    row = page.locator("#recent").get_by_role("link", name=paper.name)
    row.click()

    expect(page.get_by_role("heading", level=1)).to_have_text(paper.name)
    expect(page.locator(".state .badge")).to_have_text("Completed", timeout=READ_LIMIT_MS)
    expect(page.get_by_role("img", name="Page 1")).to_be_visible()
    no_wider_than_the_screen(page)

    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Search for").fill(f"{name} cardamom")
    page.get_by_role("button", name="Search").click()
    hit = page.get_by_role("link", name=paper.name).first
    expect(hit).to_be_visible()
    no_wider_than_the_screen(page)
    hit.click()

    expect(page.locator("rect.match").first).to_be_attached()
    total = page.get_by_role("textbox", name="Total required")
    expect(total).to_have_value("900.00")
    total.focus()
    expect(page.locator("rect.here")).to_have_attribute("data-field", "total_amount")
    no_wider_than_the_screen(page)
    if page.get_by_role("button", name="Confirm").is_visible():
        page.get_by_role("textbox", name="Supplier required").fill(f"{name} Spice House")
        page.get_by_role("textbox", name="Document date required").fill("2024-12-06")
        address = page.url
        page.get_by_role("button", name="Confirm").click()
        expect(page.locator(".messages")).to_contain_text("Confirmed")
        page.goto(address)
    expect(page.locator("h1 .badge")).to_have_text("Confirmed")


def test_a_refused_file_says_why_and_the_rest_goes_on(
    screen: Screen, site: Site, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    page = screen.page
    sheet = tmp_path / "table.xlsx"
    sheet.write_bytes(b"PK\x03\x04" + bytes(range(256)))
    note = tmp_path / f"note-{request.node.callspec.id}.txt"
    note.write_text(f"Remember the tea, {note.name}")

    page.goto(site.url)
    page.get_by_label("Choose files").set_input_files([sheet, note])
    expect(page.locator(".transfer.refused")).to_contain_text("This is no file that can be read")
    expect(page.locator("#recent")).to_contain_text(note.name)
    page.reload()
    expect(page.locator("#recent")).to_contain_text(note.name)
    # Chromium itself writes a line for every answer that is no success.
    assert all("400 (Bad Request)" in told for told in screen.complaints)
    screen.complaints.clear()
