"""The search page: its moving part, its address, chips, and the places of words on an image."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from documents.models import Page, Role
from tests import factories
from tests.search.corpus import indexed

pytestmark = pytest.mark.django_db

BILL = {"supplier_name": "Acme", "document_date": "2026-05-31", "total_amount": "500.00"}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def part(client: Client, *, typing: bool = False, **parameters: Any) -> Any:
    """The moving part, as htmx asks for it."""
    headers = {"HX-Request": "true", "HX-Target": "found"}
    return client.get(
        reverse("search"), parameters, headers=headers | ({"X-Typing": "1"} if typing else {})
    )


def test_the_moving_part_comes_alone_and_keeps_its_address() -> None:
    client = signed_in(factories.user(Role.VIEWER, indexed("Steel", payload=BILL).project))
    asked: dict[str, Any] = {"q": "steel", "type": "", "least": "5.00", "mode": "hybrid"}
    asked["like"] = ""
    typed = part(client, typing=True, **asked)
    assert typed["HX-Replace-Url"] == "/search?q=steel&least=5"
    assert "HX-Push-Url" not in typed
    assert b"<html" not in typed.content
    assert part(client, **asked)["HX-Push-Url"] == "/search?q=steel&least=5"
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    restored = client.get(reverse("search"), {"q": "steel"}, headers=back)
    assert b"<html" in restored.content


def test_each_filter_is_a_chip_that_leads_to_the_page_without_it() -> None:
    document = indexed("Steel", payload=BILL)
    client = signed_in(factories.user(Role.VIEWER, document.project))
    html = client.get(
        reverse("search"),
        {
            "q": "steel",
            "supplier": "acm",
            "first": "2026-05-01",
            "last": "2026-05-31",
            "most": "1e3",
        },
    ).content.decode()
    assert html.count('class="chip"') == 3
    assert "1 May 2026 to 31 May 2026" in html
    assert "at most 1,000" in html
    assert 'href="?q=steel&amp;supplier=acm&amp;most=1000"' in html
    assert 'href="?q=steel"' in html
    assert "Acme" in html


def test_filters_that_contradict_themselves_are_said_and_nothing_is_shown() -> None:
    client = signed_in(factories.user(Role.VIEWER, indexed("Steel", payload=BILL).project))
    wrong = client.get(reverse("search"), {"q": "steel", "least": "5", "most": "4"})
    assert wrong.status_code == 400
    assert b"before the beginning" in wrong.content
    assert b'class="hit"' not in wrong.content
    told = part(client, q="steel", first="yesterday")
    assert (told.status_code, b"Dated from" in told.content) == (200, True)
    assert "HX-Push-Url" not in told


def test_papers_like_one_and_without_leave_none() -> None:
    one = indexed("Steel pipes", payload=BILL)
    other = indexed("Steel bolts", in_project=one.project)
    client = signed_in(factories.user(Role.VIEWER, one.project))
    html = client.get(reverse("search"), {"like": str(one.pk)}).content.decode()
    assert "1 paper like this one" in html
    assert reverse("document", args=[other.pk]) in html
    stranger = signed_in(factories.user(Role.VIEWER, factories.project()))
    refused = stranger.get(reverse("search"), {"like": str(one.pk)}).content.decode()
    assert "no such document" in refused
    assert one.upload.filename not in refused


def test_someone_without_documents_is_led_to_the_first_files() -> None:
    client = signed_in(factories.user(Role.VIEWER, factories.project()))
    assert b"nothing to search yet" in client.get(reverse("search")).content


def test_words_on_an_image_are_found_as_a_search_finds_them() -> None:
    document = indexed("Steel pipes")
    words = [
        ["Pipes,", 10, 20, 60, 40, 0.9],
        ["bent", 70, 20, 90, 40, 0.9],
        ["pipe", None, None, None, None, 0.5],
    ]
    Page.objects.filter(document=document).update(words=words, width_px=100, height_px=200)
    place = reverse("page-matches", args=[document.upload_id, 1])
    client = signed_in(factories.user(Role.VIEWER, document.project))
    told = client.get(place, {"q": "pipe"}).json()
    assert told == {"width": 100, "height": 200, "boxes": [[10.0, 20.0, 60.0, 40.0]]}
    assert client.get(place).json()["boxes"] == []
    assert client.get(reverse("page-matches", args=[document.upload_id, 2])).status_code == 404
    stranger = signed_in(factories.user(Role.OPERATOR, factories.project()))
    assert stranger.get(place, {"q": "pipe"}).status_code == 404
    assert Client().get(place, {"q": "pipe"}).status_code in (302, 403)


def test_suppliers_are_suggested_as_options() -> None:
    document = indexed("Steel", payload=BILL | {"supplier_name": 'Acme "&" Sons'})
    client = signed_in(factories.user(Role.VIEWER, document.project))
    options = client.get(reverse("search-suppliers"), {"supplier": "acm"}).content.decode()
    assert options.strip() == '<option value="Acme &quot;&amp;&quot; Sons"></option>'
