"""No page keeps anybody out: axe finds no violation on any of them, in light and dark, on a desk
and on a phone. The pages are found from the URL configuration (`tests/sitemap.py`)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from tests.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.acceptance]

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FOR_STRANGERS = ("/login", "/no-such-page")
# Django's own pages and templates, which are the same in every admin.
OF_DJANGO = ("_history", "_delete", ":password_change", ":password_change_done")

_PAGES = """
import json
from django.contrib.auth import get_user_model
from django.test import Client
from tests import exhibits, sitemap
client = Client(headers={"host": "127.0.0.1"})
client.force_login(get_user_model().objects.get(username="operator"))
found = sitemap.pages(client, exhibits.make())
print(json.dumps([[one.name, one.path] for one in found]))
"""
# Colours change at once: what is measured between two of them is neither.
_STILL = """addEventListener("DOMContentLoaded", () => {
  const still = new CSSStyleSheet();
  still.replaceSync("*, ::before, ::after { transition: none !important; }");
  document.adoptedStyleSheets = [still];
});"""
# What Django's own widgets and inline forms are made of: rows without a head, its signs of help.
_OF_DJANGO = """[
  ".inline-group th.original", ".inline-group th:last-child", ".inline-group td.delete",
  "#searchbar", ".help-tooltip",
  ".datetimeshortcuts", ".select2-container", ".related-widget-wrapper-link",
]"""
_RUN = """async () => {
  const exclude = OF_DJANGO.filter((place) => document.querySelector(place));
  const found = await axe.run({exclude}, {resultTypes: ["violations"]});
  return found.violations.map((rule) => `${rule.id}: ${rule.help}: ` +
    rule.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " +
      node.any.concat(node.all, node.none).map((one) => one.message).slice(0, 1)).join(" | "));
}""".replace("OF_DJANGO", _OF_DJANGO)


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, str]:
    """The paths of all pages by name, of a site that has something of everything."""
    told = site.manage("shell", "--no-imports", "-c", _PAGES).stdout
    return dict(json.loads(told.splitlines()[-1]))


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport=DESK, reduced_motion="reduce")  # type: ignore[arg-type]
    context.add_init_script(path=AXE_FILE_PATH)
    context.add_init_script(_STILL)
    made = context.new_page()
    yield made
    context.close()


def violations(page: Page, address: str) -> list[str]:
    """What axe has against a page, at a desk in light and on a phone in the dark."""
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    page.goto(address)
    found = [f"light: {told}" for told in page.evaluate(_RUN)]
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="dark")
    return found + [f"dark, phone: {told}" for told in page.evaluate(_RUN)]


def all_violations(page: Page, site: Site, paths: Any) -> str:
    told = [(path, violations(page, f"{site.url}{path}")) for path in paths]
    return "\n".join(f"{path} {one}" for path, found in told for one in found)


def test_pages_for_strangers_keep_nobody_out(page: Page, site: Site) -> None:
    assert all_violations(page, site, FOR_STRANGERS) == ""


def test_every_page_of_the_site_keeps_nobody_out(
    page: Page, site: Site, pages: dict[str, str]
) -> None:
    sign_in(page, site)
    own = [path for name, path in pages.items() if not name.startswith("admin:")]
    assert len(own) > 10
    assert all_violations(page, site, own) == ""


def test_every_page_of_the_admin_keeps_nobody_out(
    page: Page, site: Site, pages: dict[str, str]
) -> None:
    sign_in(page, site)
    own = [
        path
        for name, path in pages.items()
        if name.startswith("admin:") and not name.endswith(OF_DJANGO)
    ]
    assert len(own) > 20
    assert all_violations(page, site, own) == ""


def sign_in(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/login")
    if page.get_by_label("User name").count():
        page.get_by_label("User name").fill(site.username)
        page.get_by_label("Password").fill(site.password)
        page.get_by_role("button", name="Sign in").click()
