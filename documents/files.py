"""Where bytes lie: originals, page images, and a local path for engines.

Addresses are computed from ids alone, so that writing again overwrites:

    uploads/<id>/original.<ext>     the file as it arrived, never changed
    uploads/<id>/readable.pdf       the decrypted copy of an encrypted PDF
    uploads/<id>/pages/<n>.webp     the upright image of page n
    uploads/<id>/pages/<n>-small.webp   the same as a thumbnail
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, default_storage

from documents import thumbnails
from documents.errors import SenderError
from documents.ids import made_at
from documents.models import Upload

CHUNK_BYTES = 1 << 20
# Small enough that a slow line brings one well within a lease.
_BLOCK_BYTES = 1 << 16
_LOCK_LOOK_S = 0.1


class FileTooLarge(SenderError):
    """The file is larger than this installation takes."""

    code = "file_too_large"
    status = 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An original that lies in the storage: its address, hex SHA-256 and size."""

    name: str
    sha256: str
    size_bytes: int


class StorageAway(OSError):
    """The storage did not answer, or refused; the same call may work later."""


@contextmanager
def _asking() -> Iterator[None]:
    """A fault of the storage's own client becomes an OSError, as a file system's is one."""
    try:
        yield
    except Exception as fault:
        # boto3 and botocore have trees of their own; they are not imported where not used.
        if type(fault).__module__.partition(".")[0] in ("botocore", "boto3", "s3transfer"):
            raise StorageAway(type(fault).__name__) from fault
        raise


class _Hashed(File):  # type: ignore[type-arg]
    """A stream that is hashed and counted while the storage reads it."""

    def __init__(self, stream: IO[bytes], name: str, limit_bytes: int) -> None:
        super().__init__(stream, name)
        self._stream = stream
        self.digest = hashlib.sha256()
        self.count = 0
        self.limit_bytes = limit_bytes

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        block: bytes = self._stream.read(size if size > 0 else CHUNK_BYTES)
        self.count += len(block)
        if self.count > self.limit_bytes:
            raise FileTooLarge(
                f"The file is larger than {self.limit_bytes:,} bytes; send it in parts."
            )
        self.digest.update(block)
        return block

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while block := self.read(chunk_size or CHUNK_BYTES):
            yield block

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        """The stream is its opener's to close; boto3 closes what it has sent."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        # boto3 would seek back to measure and to retry, and hash twice.
        return False

    @property
    def size(self) -> int:
        return self.count


def original_name(upload_id: UUID, extension: str) -> str:
    return f"uploads/{upload_id}/original.{extension}"


def readable_name(upload_id: UUID) -> str:
    return f"uploads/{upload_id}/readable.pdf"


def page_name(upload_id: UUID, number: int) -> str:
    return f"uploads/{upload_id}/pages/{number}.webp"


def store_stream(stream: IO[bytes], name: str, limit_bytes: int) -> Stored:
    """Copy `stream` to `name` block by block while hashing it.

    Raises FileTooLarge; what was written by then is the caller's to remove."""
    hashed = _Hashed(stream, name, limit_bytes)
    with _asking():
        default_storage.save(name, hashed)
    return Stored(name=name, sha256=hashed.digest.hexdigest(), size_bytes=hashed.count)


def thumbnail_name(upload_id: UUID, number: int) -> str:
    return f"uploads/{upload_id}/pages/{number}-small.webp"


def store_page(upload_id: UUID, number: int, image: bytes, thumbnail: bytes = b"") -> str:
    """Write the image of a page (WebP) and its thumbnail, return the image's address; overwrites.

    Without a thumbnail, one is made of the image when it is first asked for."""
    name = store_bytes(page_name(upload_id, number), image)
    if thumbnail:
        store_bytes(thumbnail_name(upload_id, number), thumbnail)
    else:
        remove(thumbnail_name(upload_id, number))
    return name


def store_bytes(name: str, content: bytes) -> str:
    with _asking():
        return default_storage.save(name, ContentFile(content))


def fetch_page(upload_id: UUID, number: int) -> bytes:
    """The WebP image of a page; FileNotFoundError where there is none."""
    return _fetch(page_name(upload_id, number))


def fetch_thumbnail(upload_id: UUID, number: int) -> bytes:
    """The thumbnail of a page (WebP), made and kept where there is none yet.

    FileNotFoundError where the page has no image, UnidentifiedImageError where that is none."""
    try:
        return _fetch(thumbnail_name(upload_id, number))
    except FileNotFoundError:
        made = thumbnails.of_webp(fetch_page(upload_id, number))
    store_bytes(thumbnail_name(upload_id, number), made)
    return made


def _fetch(name: str) -> bytes:
    with _asking(), default_storage.open(name, "rb") as file:
        content: bytes = file.read()
    return content


def remove(name: str) -> None:
    with _asking():
        default_storage.delete(name)


def remove_upload(upload_id: UUID) -> None:
    """Delete every blob of an upload; harmless where some or all are gone."""
    with _asking():
        _remove_tree(default_storage, f"uploads/{upload_id}")


def stored_uploads(*, older_than_s: float) -> Iterator[UUID]:
    """Uploads of which blobs lie in the storage; their ids tell when they were made."""
    try:
        folders, _ = default_storage.listdir("uploads")
    except FileNotFoundError:
        return
    for name in folders:
        try:
            upload_id = UUID(name)
        except ValueError:
            continue
        if time.time() - made_at(upload_id) > older_than_s:
            yield upload_id


def _remove_tree(storage: Storage, folder: str) -> None:
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{folder}/{name}")
    for child in folders:
        _remove_tree(storage, f"{folder}/{child}")
    if isinstance(storage, FileSystemStorage):
        storage.delete(folder)


def is_there(name: str) -> bool:
    with _asking():
        return bool(default_storage.exists(name))


def local_path(upload: Upload, tick: Callable[[], None] = lambda: None) -> str:
    """A local file with the readable bytes of an upload, for an engine to open.

    Local storage gives the file itself; any other is copied once into the scratch folder.
    `tick` is called for each block and while another process copies it; what it raises ends
    the copy."""
    name = upload.readable or upload.file
    if isinstance(default_storage, FileSystemStorage):
        path = str(default_storage.path(name))
        # A storage that is away must not look like a file that is damaged.
        os.stat(path)
        return path
    target = _blobs() / f"{upload.pk}-{Path(name).name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        with _alone(target, tick):
            if not target.exists():
                _copy(name, target, tick)
    os.utime(target)
    return str(target)


@contextmanager
def _alone(target: Path, tick: Callable[[], None]) -> Iterator[None]:
    """Wait, ticking, until nobody else on this host copies `target`."""
    with open(target.with_name(f"{target.name}.lock"), "ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                tick()
                time.sleep(_LOCK_LOOK_S)
        yield


def _copy(name: str, target: Path, tick: Callable[[], None]) -> None:
    part = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        with _asking(), default_storage.open(name, "rb") as source, open(part, "wb") as sink:
            for block in _blocks(source):
                sink.write(block)
                tick()
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _blocks(source: Any) -> Iterator[bytes]:
    """The bytes of an opened blob as they arrive."""
    remote = getattr(source, "obj", None)
    # S3File.read fetches the whole object before it gives the first byte of it.
    stream = source if remote is None else remote.get()["Body"]
    while block := stream.read(_BLOCK_BYTES):
        yield block


def _blobs() -> Path:
    return Path(settings.SCRATCH) / "blobs"


def forget_local_copies(age_s: float) -> None:
    """Remove local copies of stored files that nobody has used for `age_s` seconds."""
    for path in _blobs().glob("*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > age_s:
                path.unlink()


@contextmanager
def reading(name: str) -> Iterator[IO[Any]]:
    """Open a blob for streaming to a client."""
    with _asking(), default_storage.open(name, "rb") as file:
        yield file
