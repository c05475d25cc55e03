"""A real browser for the tests of this folder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import CHROMIUM, Site

NOISE = ("error", "warning")


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A browser window, and everything that its pages complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with each module: while it lives its event loop runs in this thread, and Django
    refuses the database to the tests that follow."""
    quiet = ("background-networking", "component-update", "sync")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                *(f"--disable-{name}" for name in quiet),
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["desk", "phone"])
def screen(request: Any, browser: Browser, site: Site) -> Iterator[Screen]:
    """Signed in; at the end nothing may have been complained of."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    made = Screen(page=context.new_page())
    made.page.on(
        "console",
        lambda told: made.complaints.append(told.text) if told.type in NOISE else None,
    )
    made.page.on("pageerror", lambda fault: made.complaints.append(str(fault)))
    made.page.goto(f"{site.url}/login")
    made.page.get_by_label("User name").fill(site.username)
    made.page.get_by_label("Password").fill(site.password)
    made.page.get_by_role("button", name="Sign in").click()
    yield made
    context.close()
    assert not made.complaints


def no_wider_than_the_screen(page: Page) -> None:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than the screen"
