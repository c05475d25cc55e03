"""What a request may write to disk before anybody has looked at it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from documents.models import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_strangers_are_sent_to_sign_in_before_their_files_are_parsed(client: Client) -> None:
    answer = client.post("/upload", {"file": SimpleUploadedFile("a.txt", b"hello")})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login")


def test_no_more_of_a_file_is_kept_than_the_limit(client: Client, settings: Settings) -> None:
    settings.MAX_FILE_BYTES = 100_000
    project = factories.project()
    client.force_login(factories.user(Role.REVIEWER, project))
    file = SimpleUploadedFile("a.txt", b"x" * 5_000_000)
    answer = client.post("/api/v1/jobs", {"file": file, "project": project.slug})
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
