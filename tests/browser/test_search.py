"""A person types, narrows, moves by keys and opens a paper where the words stand."""

import pytest
from playwright.sync_api import expect
from reportlab.pdfgen.canvas import Canvas

from tests.browser.conftest import Screen, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

ANSWER_LIMIT_MS = 60_000
SUPPLIERS = ("Zafferano Works", "Quillon Mills")


@pytest.fixture(scope="module")
def papers(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two bills; the words that are looked for stand at the foot of one."""
    folder = tmp_path_factory.mktemp("papers")
    for number, supplier in enumerate(SUPPLIERS, start=1):
        canvas = Canvas(str(folder / f"bill-{number}.pdf"))
        lines = (
            "TAX INVOICE",
            supplier,
            f"Invoice No: {supplier[:3].upper()}-{number}",
            f"Invoice Date: 0{number}/06/2026",
            "Turmeric and pepper    2    450.00    900.00",
            f"Total Amount: Rs. {number * 900}.00",
        )
        for row, line in enumerate(lines):
            canvas.drawString(70, 780 - 24 * row, line)
        if number == 1:
            canvas.drawString(70, 160, "Note: xanthippe saffron was delivered as well.")
        canvas.save()
    site.manage("ingest", str(folder), "--project", site.project)


@pytest.mark.usefixtures("papers")
def test_words_are_typed_narrowed_and_opened_where_they_stand(screen: Screen, site: Site) -> None:
    page = screen.page
    page.goto(f"{site.url}/search")
    page.keyboard.press("Escape")
    page.get_by_label("Search for").press_sequentially("xanthippe saffron", delay=15)
    hit = page.locator(".hit").filter(has_text="bill-1.pdf")
    expect(hit.locator(".snippet mark").first).to_have_text("xanthippe", timeout=ANSWER_LIMIT_MS)
    expect(page).to_have_url(f"{site.url}/search?q=xanthippe+saffron")
    no_wider_than_the_screen(page)

    if page.locator("label.show-filters").is_visible():
        page.locator("label.show-filters").click()
    page.get_by_label("Total to").fill("950")
    page.get_by_label("Total to").press("Tab")
    expect(page).to_have_url(f"{site.url}/search?q=xanthippe+saffron&most=950")
    chip = page.locator(".chip")
    expect(chip).to_contain_text("at most 950")
    expect(page.locator(".hit")).to_have_count(1)
    no_wider_than_the_screen(page)

    page.reload()
    expect(chip).to_contain_text("at most 950")
    page.get_by_role("link", name="Remove the filter Total").click()
    expect(chip).to_have_count(0)
    expect(page.get_by_label("Total to")).to_have_value("")
    page.go_back()
    expect(chip).to_contain_text("at most 950")

    page.get_by_label("Search for").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Search for")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/**page=1**")
    word = page.locator("#page-1 rect.match").first
    expect(word).to_be_in_viewport(timeout=ANSWER_LIMIT_MS)


@pytest.mark.usefixtures("papers")
def test_a_search_is_kept_and_opened_again(screen: Screen, site: Site) -> None:
    page = screen.page
    page.goto(f"{site.url}/search?q=turmeric&supplier=quill")
    expect(page.locator(".hit")).to_have_count(1)
    page.get_by_text("Save…", exact=True).click()
    name = f"Turmeric {page.viewport_size}"
    page.get_by_label("Name of this search").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{site.url}/search")
    page.get_by_role("link", name=name).click()
    expect(page.locator(".hit")).to_contain_text("bill-2.pdf")
    page.get_by_role("link", name="More like").click()
    expect(page.locator(".chip")).to_contain_text("bill-2.pdf")
    expect(page.locator(".hit").filter(has_text="bill-1.pdf").first).to_be_visible()
    no_wider_than_the_screen(page)
