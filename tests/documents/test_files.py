"""Where bytes lie, in a storage that is no folder, as S3 is none."""

import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from documents import files
from documents.files import FileTooLarge
from tests import factories, servers


@pytest.fixture
def elsewhere(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }


@pytest.mark.django_db
def test_an_engine_gets_the_readable_copy_and_not_the_encrypted_original(elsewhere: None) -> None:
    upload = factories.upload()
    upload.file = files.original_name(upload.pk, "pdf")
    files.store_bytes(upload.file, b"encrypted")
    assert Path(files.local_path(upload)).read_bytes() == b"encrypted"
    upload.readable = files.store_bytes(files.readable_name(upload.pk), b"readable")
    assert Path(files.local_path(upload)).read_bytes() == b"readable"


@pytest.mark.django_db
def test_a_local_copy_that_nobody_uses_is_removed(elsewhere: None) -> None:
    upload = factories.upload()
    files.store_bytes(upload.file, b"content")
    path = files.local_path(upload)
    files.forget_local_copies(age_s=60)
    assert os.path.exists(path)
    os.utime(path, (time.time() - 100,) * 2)
    files.forget_local_copies(age_s=60)
    assert not os.path.exists(path)


@pytest.fixture(scope="module")
def bucket() -> Iterator[servers.S3]:
    with servers.s3() as s3:
        yield s3


@pytest.mark.django_db
def test_a_copy_from_s3_comes_in_blocks_with_a_tick_for_each(
    settings: Settings, bucket: servers.S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": servers.BUCKET, "endpoint_url": bucket.endpoint},
        },
    }
    upload, content = factories.upload(), os.urandom(3_000_000)
    files.store_bytes(upload.file, content)
    written: list[int] = []

    def tick() -> None:
        folder = settings.SCRATCH / "blobs"
        written.append(sum(path.stat().st_size for path in folder.iterdir()))

    assert Path(files.local_path(upload, tick)).read_bytes() == content
    assert len(written) > 3
    assert written[0] < len(content) / 2
    with pytest.raises(FileNotFoundError):
        files.local_path(factories.upload())


@pytest.mark.django_db
def test_a_tick_that_raises_ends_the_copy_and_leaves_nothing_of_it(elsewhere: None) -> None:
    upload = factories.upload()
    files.store_bytes(upload.file, b"content")

    def tick() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        files.local_path(upload, tick)
    assert Path(files.local_path(upload)).read_bytes() == b"content"


@pytest.mark.django_db
def test_who_wants_a_file_that_another_is_copying_waits_and_ticks(elsewhere: None) -> None:
    upload = factories.upload()
    files.store_bytes(upload.file, b"content")
    is_begun, may_end = threading.Event(), threading.Event()
    paths: list[str] = []

    def hold() -> None:
        is_begun.set()
        may_end.wait(20)

    other = threading.Thread(target=lambda: paths.append(files.local_path(upload, hold)))
    other.start()
    assert is_begun.wait(20)
    # A second copy would not find it.
    files.remove(upload.file)
    paths.append(files.local_path(upload, may_end.set))
    other.join()
    assert may_end.is_set()
    assert paths[0] == paths[1]
    assert Path(paths[0]).read_bytes() == b"content"


def test_a_stream_is_hashed_while_it_is_stored_and_left_open() -> None:
    stream = io.BytesIO(b"hello")
    stored = files.store_stream(stream, "a/b.txt", 10)
    expected = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert (stored.sha256, stored.size_bytes) == (expected, 5)
    assert not stream.closed


def test_a_stream_above_the_limit_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        files.store_stream(io.BytesIO(b"hello"), "a/c.txt", 4)


def test_writing_a_page_again_overwrites_it() -> None:
    from uuid import uuid4

    upload_id = uuid4()
    first = files.store_page(upload_id, 1, b"one")
    assert files.store_page(upload_id, 1, b"two") == first
    assert files.fetch_page(upload_id, 1) == b"two"
    files.remove_upload(upload_id)
    with pytest.raises(FileNotFoundError):
        files.fetch_page(upload_id, 1)
