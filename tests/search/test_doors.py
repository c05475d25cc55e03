"""The page, the API and the command line ask the same question and show the same hits."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.models import Page, Role
from tests import factories
from tests.search.corpus import indexed, use_embedder
from tests.search.site import bare_layout

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.search.site")]


@pytest.fixture(autouse=True)
def _bare_site(settings: Any, tmp_path: Path) -> None:
    bare_layout(settings)
    settings.STATIC_ROOT = tmp_path


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def api(user: Any, **parameters: Any) -> Any:
    return signed_in(user).get(reverse("api-search"), parameters)


def page(user: Any, **parameters: Any) -> Any:
    return signed_in(user).get(reverse("search"), parameters)


def command(*words: str) -> tuple[int, list[Any]]:
    """Exit code and the lines of JSON on stdout."""
    out = io.StringIO()
    try:
        call_command("search", *words, stdout=out, stderr=io.StringIO(), skip_checks=True)
        code = 0
    except SystemExit as end:
        code = int(str(end.code))
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_api_answers_with_hits() -> None:
    document = indexed("Steel pipes from Acme")
    words = [["Steel", 10, 10, 60, 30, 0.9]]
    Page.objects.filter(document=document).update(words=words)
    member = factories.user(Role.VIEWER, document.project)
    answer = api(member, q="steel", mode="lexical", project=document.project.slug).json()
    (hit,) = answer.pop("hits")
    assert answer == {"query": "steel", "mode": "lexical", "notice": ""}
    assert hit.pop("score") > 0
    assert hit == {
        "document": str(document.pk),
        "page": 1,
        "text": "Steel pipes from Acme",
        "snippet": {"text": "Steel pipes from Acme", "marks": [[0, 5]]},
        "file": document.upload.filename,
        "project": document.project.slug,
        "type": "bill",
        "boxes": [[10.0, 10.0, 60.0, 30.0]],
        "modes": ["lexical"],
    }


def test_the_api_shows_nothing_of_others_projects() -> None:
    document = indexed("Steel pipes from Acme")
    stranger = factories.user(Role.OPERATOR, factories.project())
    assert api(stranger, q="steel").json()["hits"] == []
    refused = api(stranger, q="steel", project=document.project.slug)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_project")


def test_the_api_wants_a_user() -> None:
    assert Client().get(reverse("api-search"), {"q": "steel"}).status_code in (302, 401, 403)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"q": "a", "limit": 0}, {"q": "a", "limit": 101}, {"q": "a", "mode": "psychic"}],
)
def test_the_api_refuses_what_cannot_be_asked(parameters: dict[str, Any]) -> None:
    refused = api(factories.user(), **parameters)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_the_api_says_when_it_searched_by_words_only(settings: Any) -> None:
    document = indexed("Steel pipes")
    member = factories.user(Role.VIEWER, document.project)
    use_embedder(settings, "Unavailable")
    answer = api(member, q="steel").json()
    assert answer["mode"] == "lexical"
    assert answer["notice"]
    assert len(answer["hits"]) == 1
    assert api(member, q="steel", mode="dense").status_code == 503


def test_the_page_marks_what_was_asked_for_and_escapes_the_rest() -> None:
    document = indexed("<script>alert(1)</script> Steel pipes & more")
    Page.objects.filter(document=document).update(image="uploads/1/pages/1.webp")
    member = factories.user(Role.VIEWER, document.project)
    html = page(member, q="steel").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>Steel</mark> pipes &amp; more" in html
    assert "<script>" not in html
    assert reverse("document", kwargs={"document_id": document.pk}) + "?page=1" in html
    image = reverse("page-thumbnail", kwargs={"upload_id": document.upload_id, "number": 1})
    assert f'src="{image}' in html
    assert document.upload.filename in html


def test_the_page_shows_nothing_of_others_projects() -> None:
    document = indexed("Steel pipes from Acme")
    stranger = factories.user(Role.OPERATOR, factories.project())
    html = page(stranger, q="steel").content.decode()
    assert document.upload.filename not in html
    assert document.project.slug not in html
    assert page(stranger, q="steel", project=document.project.slug).status_code == 400


def test_the_page_without_a_question_is_a_form() -> None:
    response = page(factories.user())
    assert response.status_code == 200
    assert b"<form" in response.content
    assert b"hits" not in response.content


def test_the_page_says_that_nothing_was_found_and_that_meaning_was_left_out(
    settings: Any,
) -> None:
    member = factories.user(Role.VIEWER, indexed("Steel pipes").project)
    assert b"Nothing was found" in page(member, q="zebra", mode="lexical").content
    use_embedder(settings, "Unavailable")
    assert b"words only" in page(member, q="steel").content
    assert b"does not answer" in page(member, q="steel", mode="dense").content


def test_the_page_takes_as_many_queries_for_many_hits_as_for_few() -> None:
    document = indexed("steel pipes", "more steel pipes")
    client = signed_in(factories.user(Role.VIEWER, document.project))
    few, _ = asked(client)
    for _ in range(9):
        indexed("steel pipes", "more steel pipes", in_project=document.project)
    many, html = asked(client)
    assert html.count('class="hit"') == 10
    assert html.count('class="hit-link line"') == 10
    assert many == few <= 18


def asked(client: Client) -> tuple[int, str]:
    """Queries of a search, without the counters that are written every few seconds."""
    with CaptureQueriesContext(connection) as told:
        html = client.get(reverse("search"), {"q": "steel"}).content.decode()
    own = [one for one in told.captured_queries if re.search("documents_|search_", one["sql"])]
    return len(own), html


def test_the_command_prints_hits_of_every_project_as_json() -> None:
    document = indexed("Steel pipes from Acme")
    code, (answer,) = command("steel pipes", "--json")
    assert code == 0
    assert answer["query"] == "steel pipes"
    (hit,) = answer["hits"]
    assert hit["document"] == str(document.pk)
    assert {"document", "page", "score", "text", "file"} <= hit.keys()
    assert hit["file"] == document.upload.filename


def test_the_command_answers_a_line_of_stdin_with_a_line(monkeypatch: Any) -> None:
    wanted = indexed("Steel pipes")
    indexed("Cotton shirts", in_project=wanted.project)
    monkeypatch.setattr(sys, "stdin", io.StringIO("steel\n\ncotton\n"))
    code, answers = command("-", "--mode", "lexical", "--project", wanted.project.slug)
    assert code == 0
    assert [answer["query"] for answer in answers] == ["steel", "", "cotton"]
    assert [len(answer["hits"]) for answer in answers] == [1, 0, 1]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["steel", "--project", "no-such"], "unknown_project"),
        (["steel", "--limit", "0"], "invalid_limit"),
        (["steel", "--mode", "psychic"], "invalid_mode"),
    ],
)
def test_the_command_says_what_is_wrong_and_ends_with_one(words: list[str], error: str) -> None:
    code, (answer,) = command(*words)
    assert code == 1
    assert answer["error"]["code"] == error
    assert answer["error"]["message"]
