"""The review of a document in a real browser: by keys alone, with the words of the page, beside
somebody else, and with many pages."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Screen, no_wider_than_the_screen
from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]
desk = pytest.mark.parametrize("screen", [(1280, 900)], indirect=True, ids=["desk"])
phone = pytest.mark.parametrize("screen", [(390, 844)], indirect=True, ids=["phone"])

MOST_STROKES = 8
PAINTED_MS = 50


@pytest.fixture(scope="module")
def papers(site: Site) -> Iterator[dict[str, str]]:
    """The addresses of the drawn papers, by name."""
    code = "from tests.browser.drawn import make; make()"
    told = site.manage("shell", "--no-imports", "-c", code).stdout
    ids = json.loads(told.strip().splitlines()[-1])
    yield {name: f"{site.url}/documents/{pk}" for name, pk in ids.items()}
    site.manage("shell", "--no-imports", "-c", "from tests.browser.drawn import clear; clear()")


class Keys:
    """A keyboard that counts its strokes; keys held with another one count as one stroke."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.strokes = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.strokes += 1


@desk
def test_a_bill_with_three_doubts_is_confirmed_with_eight_strokes(
    screen: Screen, papers: dict[str, str]
) -> None:
    page, keys = screen.page, Keys(screen.page)
    page.goto(papers["doubtful"])
    expect(page.get_by_role("textbox", name="Document number")).to_be_focused()
    expect(page.locator("#doubts")).to_have_text("3 to look at")
    keys.press("Enter")
    expect(page.get_by_role("textbox", name="Document date required")).to_be_focused()
    page.keyboard.type("2024-12-07")
    keys.press("Enter", "Enter")
    expect(page.locator("#doubts")).to_have_text("Nothing left to look at")
    expect(page.locator("#confirm")).to_be_focused()
    keys.press("Control+Enter")
    confirmed = page.locator(".messages").filter(has_text="Confirmed").get_by_role("link")
    expect(confirmed).to_be_visible()
    assert keys.strokes <= MOST_STROKES
    assert page.url != papers["doubtful"]
    confirmed.click()
    expect(page.locator("h1 .badge")).to_have_text("Confirmed")
    expect(page.locator("#document_date-told")).to_contain_text("Corrected")
    expect(page.locator("#supplier_name-told")).to_contain_text("Confirmed")


@desk
def test_a_clean_bill_is_confirmed_with_one_stroke(screen: Screen, papers: dict[str, str]) -> None:
    page, keys = screen.page, Keys(screen.page)
    page.goto(papers["clean"])
    keys.press("Control+Enter")
    expect(page.locator(".messages")).to_contain_text("Confirmed")
    assert keys.strokes == 1


@desk
def test_dragging_over_words_fills_the_field_and_keeps_their_place(
    screen: Screen, papers: dict[str, str], site: Site
) -> None:
    page = screen.page
    page.goto(papers["dragged"])
    supplier = page.get_by_role("textbox", name="Supplier required")
    expect(supplier).to_be_focused()
    expect(page.locator("rect.here")).to_have_attribute("data-field", "supplier_name")
    from_x, from_y = on_screen(page, 45, 30 + 34 * 10 + 10)
    to_x, to_y = on_screen(page, 145, 30 + 34 * 10 + 12)
    page.mouse.move(from_x, from_y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()
    expect(supplier).to_have_value("Usha Trading")
    expect(supplier).to_be_focused()
    expect(page.locator("#supplier_name-told")).to_contain_text("Corrected")
    expect(page.locator("#supplier_name-told")).to_contain_text("was read as “Asha Traders”")
    page.keyboard.press("Escape")
    expect(supplier).to_have_value("Asha Traders")
    page.mouse.click(from_x, from_y)
    expect(supplier).to_have_value("Usha")
    page.keyboard.press("Control+s")
    expect(page.locator(".messages")).to_contain_text("Saved")
    [[found]] = site.ask(
        "SELECT evidence->'/supplier_name' FROM documents_document WHERE id = %s",
        papers["dragged"].rpartition("/")[2],
    )
    assert (found["source"], found["page"], found["box"]) == ("person", 1, [40, 370, 90, 390])


@desk
def test_checks_and_sums_follow_what_is_typed_and_a_repair_is_offered(
    screen: Screen, papers: dict[str, str]
) -> None:
    page = screen.page
    page.goto(papers["long"])
    gstin = page.get_by_role("textbox", name="Supplier GSTIN")
    gstin.fill("27AAPFU0989F1ZV")
    expect(page.locator("#supplier_gstin-told")).to_contain_text("Check failed")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#supplier_gstin-told")).not_to_contain_text("Check failed")

    page.get_by_role("textbox", name="Taxable amount, row 1").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("textbox", name="Taxable amount, row 3")).to_be_focused()
    page.keyboard.type("50")
    expect(page.locator("#sums-line_items")).to_contain_text("1050.00")
    expect(page.locator("#sums-line_items .warn")).to_contain_text("Taxable amount 1000.00")
    page.get_by_role("textbox", name="Description, row 2").focus()
    page.keyboard.press("Control+Delete")
    expect(page.locator("#sums-line_items")).to_contain_text("650.00")
    expect(page.get_by_role("textbox", name="Taxable amount, row 4")).to_be_attached()
    leave_without_saving(page)


@desk
def test_who_saves_second_sees_what_the_first_changed_and_loses_nothing(
    screen: Screen, papers: dict[str, str], browser: Browser, site: Site
) -> None:
    page = screen.page
    page.goto(papers["shared"])
    other = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    other.goto(f"{site.url}/login?next={papers['shared'].removeprefix(site.url)}")
    other.get_by_label("User name").fill("second")
    other.get_by_label("Password").fill(site.password)
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("textbox", name="Document number").fill("INV-78")
    other.get_by_role("textbox", name="Currency").fill("EUR")
    other.get_by_role("button", name="Save").click()
    expect(other.locator(".messages")).to_contain_text("Saved")

    page.get_by_role("textbox", name="Document number").fill("INV-79")
    page.get_by_role("textbox", name="Supplier required").fill("Usha")
    expect(page.locator("#stale")).to_contain_text("second has just changed this document")
    page.keyboard.press("Control+Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Somebody changed this document")
    expect(alert).to_contain_text("INV-77 → INV-78 second")
    expect(page.get_by_role("textbox", name="Supplier required")).to_have_value("Usha")
    expect(page.get_by_role("textbox", name="Currency")).to_have_value("EUR")
    number = page.get_by_role("textbox", name="Document number")
    expect(number).to_have_value("INV-78")
    number.focus()
    page.locator("#document_number-told").get_by_role("button", name="INV-79").click()
    page.keyboard.press("Control+s")
    expect(page.locator(".messages")).to_contain_text("Saved")
    expect(number).to_have_value("INV-79")
    page.get_by_text("History of the values").click()
    expect(page.locator("#past")).to_contain_text("INV-78 → INV-79")
    # Chromium itself writes a line for every answer that is no success.
    assert all("409 (Conflict)" in told for told in screen.complaints)
    screen.complaints.clear()


@desk
def test_beside_a_thousand_words_the_next_field_is_painted_at_once(
    screen: Screen, papers: dict[str, str]
) -> None:
    page = screen.page
    page.goto(papers["clean"])
    page.evaluate("document.querySelector('.sheet img').decode()")
    spent = sorted(page.evaluate(PAINTED))
    assert spent[len(spent) // 2] < PAINTED_MS
    assert page.locator("rect").count() == 1


@desk
def test_of_six_hundred_pages_only_those_in_sight_are_loaded(
    screen: Screen, papers: dict[str, str]
) -> None:
    page = screen.page
    page.goto(papers["long"])
    expect(page.locator("#page-told")).to_have_text("Page 1 of 600")
    page.evaluate("document.querySelector('.sheet img').decode()")
    assert page.evaluate(IMAGES) <= 3
    page.locator("#page-400").scroll_into_view_if_needed()
    expect(page.locator("#page-told")).to_contain_text("Page 400 of 600")
    page.evaluate("document.querySelector('#page-400 img').decode()")
    assert page.evaluate(IMAGES) <= 8


@phone
def test_on_a_phone_a_touch_on_a_word_fills_the_field(
    screen: Screen, papers: dict[str, str]
) -> None:
    page = screen.page
    page.goto(papers["phone"])
    no_wider_than_the_screen(page)
    supplier = page.get_by_role("textbox", name="Supplier required")
    supplier.focus()
    expect(page.locator("rect.here")).to_be_in_viewport()
    x, y = on_screen(page, 45, 30 + 34 + 10)
    page.mouse.click(x, y)
    expect(supplier).to_have_value("Asha Traders")
    leave_without_saving(page)


IMAGES = """performance.getEntriesByType("resource")
  .filter((one) => one.name.includes(".webp") && !one.name.includes("-small")).length"""
PAINTED = """async () => {
  const spent = [];
  for (const input of document.querySelectorAll(".fields [data-box]")) {
    const began = performance.now();
    input.focus();
    await new Promise((done) => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage("");
    }));
    spent.push(performance.now() - began);
  }
  return spent;
}"""


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the first page's image is in the window."""
    page.wait_for_timeout(400)  # until the pages have come to rest
    told = page.evaluate(
        """([x, y]) => {
          const svg = document.querySelector("#page-1 .overlay");
          const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
          return [at.x, at.y];
        }""",
        [x, y],
    )
    return told[0], told[1]


def leave_without_saving(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto("about:blank")
