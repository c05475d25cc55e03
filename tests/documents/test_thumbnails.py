"""Thumbnails: small, kept beside the page, kept by the browser, and never a stranger's."""

import io
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from documents import files, thumbnails
from documents.models import Page, Project, Role
from tests import factories

pytestmark = pytest.mark.django_db


def webp(color: str = "white", width: int = 1700, height: int = 2400) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, "WEBP")
    return out.getvalue()


def drawn_page(project: Project, color: str = "white") -> Page:
    upload = factories.upload(project)
    image = files.store_page(upload.pk, 1, webp(color))
    return factories.page(upload, image=image, read_at=timezone.now())


def signed_in(project: Project) -> Client:
    client = Client()
    client.force_login(factories.user(Role.VIEWER, project))
    return client


def address(page: Page) -> str:
    return reverse("page-thumbnail", args=[page.upload_id, page.number])


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [(1700, 2400, (240, 339)), (300, 6000, (24, 480)), (90, 120, (90, 120))],
)
def test_a_thumbnail_keeps_the_shape_of_its_page_and_is_never_larger(
    width: int, height: int, small: tuple[int, int]
) -> None:
    assert size_of(thumbnails.of_webp(webp(width=width, height=height))) == small


def test_a_thumbnail_is_made_once_and_lies_beside_its_page() -> None:
    project = factories.project()
    page = drawn_page(project)
    answer = signed_in(project).get(address(page))
    assert answer["Content-Type"] == "image/webp"
    assert size_of(answer.content) == (240, 339)
    kept = files.thumbnail_name(page.upload_id, 1)
    assert files.fetch_thumbnail(page.upload_id, 1) == answer.content
    default_storage.delete(files.page_name(page.upload_id, 1))
    assert signed_in(project).get(address(page)).content == answer.content
    assert default_storage.exists(kept)
    files.remove_upload(page.upload_id)
    assert not default_storage.exists(kept)


def test_the_thumbnail_that_came_with_the_page_is_the_one_that_is_shown() -> None:
    project = factories.project()
    page = drawn_page(project)
    small = thumbnails.of_webp(webp("black"))
    files.store_page(page.upload_id, 1, webp(), small)
    assert signed_in(project).get(address(page)).content == small


def test_a_page_stored_anew_has_no_old_thumbnail() -> None:
    project = factories.project()
    page = drawn_page(project)
    viewer = signed_in(project)
    before = viewer.get(address(page))
    files.store_page(page.upload_id, 1, webp("black"))
    Page.objects.filter(pk=page.pk).update(read_at=timezone.now() + timedelta(seconds=1))
    after = viewer.get(address(page), headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert after.content != before.content


def test_the_browser_keeps_what_is_named_by_its_version_and_asks_again_otherwise() -> None:
    project = factories.project()
    page = drawn_page(project)
    viewer = signed_in(project)
    page.refresh_from_db()
    named = viewer.get(address(page), {"v": page.image_version})
    assert "immutable" in named["Cache-Control"]
    assert "private" in named["Cache-Control"]
    plain = viewer.get(address(page), {"v": "of another time"})
    assert "no-cache" in plain["Cache-Control"]
    known = viewer.get(address(page), headers={"If-None-Match": plain["ETag"]})
    assert known.status_code == 304
    assert not known.content
    Page.objects.filter(pk=page.pk).update(rotation=90)
    page.refresh_from_db()
    assert "immutable" not in viewer.get(address(page), {"v": named["ETag"]})["Cache-Control"]


def test_a_page_without_an_image_has_no_thumbnail_and_a_stranger_gets_none() -> None:
    project = factories.project()
    viewer = signed_in(project)
    text_only = factories.page(factories.upload(project))
    assert viewer.get(address(text_only)).status_code == 404
    page = drawn_page(project)
    assert signed_in(factories.project()).get(address(page)).status_code == 404
    files.store_page(page.upload_id, 1, b"no picture")
    assert viewer.get(address(page)).status_code == 404
    assert Client().get(address(page)).status_code == 302
