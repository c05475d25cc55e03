"""Pictures of every page, at 1280 and 390 pixels, in light and in the dark.

    python -m bench.screenshots [--only TEXT]          or  make screenshots

Serves the database of DOCKET_VAR (`manage.py demo --once` makes a good one), adds one of
everything that a page can show (`tests/exhibits.py`), and writes PNGs and an index.html, which
shows the four of a page side by side, into its folder screenshots/."""

import argparse
import os
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings as site  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from bench.pages_timed import HOST, gunicorn  # noqa: E402
from config import database, settings  # noqa: E402
from tests import exhibits, sitemap  # noqa: E402
from tests.conftest import CHROMIUM  # noqa: E402

WIDTHS = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", default="", help="pages whose name has this in it")
    only = asked.parse_args().only
    if settings.EMBEDDED_DATABASE:
        database.start(settings.VAR)
    call_command("migrate", verbosity=0)
    user = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        print("Run `manage.py demo --once` first.", file=sys.stderr)
        return 1
    client = Client(headers={"host": HOST})
    client.force_login(user)
    pages = [one for one in sitemap.pages(client, exhibits.make()) if only in one.name]
    folder = settings.VAR / "screenshots"
    folder.mkdir(exist_ok=True)
    session = client.cookies[site.SESSION_COOKIE_NAME].value
    with gunicorn() as port, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for told in _shoot(chromium, f"http://{HOST}:{port}", session, pages, folder):
            print(told, flush=True)
        chromium.close()
    (folder / "index.html").write_text(_index(pages), encoding="utf-8")
    print(folder / "index.html")
    return 0


def _shoot(
    chromium: Browser, url: str, session: str, pages: list[sitemap.Address], folder: Path
) -> Iterator[str]:
    for width, height in WIDTHS.items():
        for scheme in SCHEMES:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            context.add_cookies([{"name": site.SESSION_COOKIE_NAME, "value": session, "url": url}])
            page = context.new_page()
            for one in pages:
                page.goto(url + one.path)
                page.screenshot(path=folder / _file(one, width, scheme), full_page=True)
            context.close()
            yield f"{len(pages)} pages at {width} px, {scheme}"


def _file(page: sitemap.Address, width: int, scheme: str) -> str:
    name = "".join(c if c.isalnum() else "-" for c in page.name)
    return f"{name}-{width}-{scheme}.png"


def _index(pages: list[sitemap.Address]) -> str:
    rows = "".join(
        f"<h2>{escape(one.name)}</h2><p>"
        + "".join(
            f'<a href="{_file(one, width, scheme)}"><img loading="lazy" width="{width // 4}" '
            f'alt="{width} px, {scheme}" src="{_file(one, width, scheme)}"></a> '
            for width in WIDTHS
            for scheme in SCHEMES
        )
        for one in pages
    )
    return f'<!doctype html><meta charset="utf-8"><title>Docket, every page</title>{rows}'


if __name__ == "__main__":
    sys.exit(main())
