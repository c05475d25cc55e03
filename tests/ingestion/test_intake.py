"""The door: what is taken, what is refused, and that nothing accepted is lost."""

import io
import threading
import tracemalloc
from typing import IO, cast

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from pytest_django.fixtures import Settings
from reportlab.pdfgen.canvas import Canvas

from documents.files import FileTooLarge
from documents.models import Upload
from ingestion import intake, ledger
from ingestion.errors import FileRefused
from ingestion.models import Job, Step
from tests import factories


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"%PDF-1.7\n", "a.pdf", "application/pdf"),
        (b"junk\n%PDF-1.4\n1 0 obj\n", "a.bin", "application/pdf"),
        (b"# On the header %PDF-1.7 of files", "a.md", "text/markdown"),
        (b"\xff\xd8\xff\xe1 %PDF-1.7 obj", "a.jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "a.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0", "a", "image/jpeg"),
        (b"II*\x00", "a.tif", "image/tiff"),
        (b"MM\x00*", "a.tif", "image/tiff"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a", "image/webp"),
        (b"BM\x00\x00", "a.bmp", "image/bmp"),
        (b"GIF89a", "a.gif", "image/gif"),
        (b"\x00\x00\x00\x18ftypheic", "a.heic", "image/heic"),
        (b"plain words", "a.pdf", "text/plain"),
        (b"# Title", "a.md", "text/markdown"),
        (b"  <!DOCTYPE html><p>hi", "a.txt", "text/html"),
        ("gr\u00fcn".encode("cp1252"), "a.txt", "text/plain"),
        ("h\u00e9llo".encode("utf-16"), "a.txt", "text/plain"),
        (b"\x00\x01\x02\x03", "a.txt", ""),
        (b"MZ\x90\x00\x03\x00\x00\x00", "a.pdf", ""),
        (b"   \n", "a.txt", ""),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, name: str, expected: str) -> None:
    assert intake.sniff(head, name) == expected


pytestmark = pytest.mark.django_db(transaction=True)


def receive(content: bytes, **values: object) -> intake.Receipt:
    arguments = {"filename": "a.txt", "user": None, "project": None} | values
    arguments["project"] = arguments["project"] or factories.project()
    return intake.receive(io.BytesIO(content), **arguments)  # type: ignore[arg-type]


def stored() -> int:
    return len(default_storage.listdir("uploads")[0]) if default_storage.exists("uploads") else 0


def test_upload_job_step_and_blob_are_there_together() -> None:
    receipt = receive(b"hello")
    upload = Upload.objects.get()
    assert receipt.is_new
    assert receipt.job.upload == upload
    assert Step.objects.filter(job=receipt.job).count() == 1
    with default_storage.open(upload.file, "rb") as blob:
        assert blob.read() == b"hello"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "file_empty"), (b"\x00\x01\x02", "unsupported_type")]
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(content: bytes, code: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        receive(content)
    assert refusal.value.code == code
    assert not Upload.objects.exists()
    assert stored() == 0


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(settings: Settings) -> None:
    settings.MAX_FILE_BYTES = 100_000
    with pytest.raises(FileTooLarge):
        receive(b"x" * 100_001)
    assert stored() == 0


def test_the_same_bytes_give_back_the_job_that_is_there() -> None:
    project = factories.project()
    first = receive(b"hello", project=project)
    again = receive(b"hello", project=project, filename="other.txt")
    assert not again.is_new
    assert again.job == first.job
    assert stored() == 1


@pytest.mark.parametrize(
    "options", [intake.Options(anew=True), intake.Options(ignore_embedded=True)]
)
def test_the_same_bytes_asked_for_otherwise_are_another_job(options: intake.Options) -> None:
    project = factories.project()
    first = receive(b"hello", project=project)
    again = receive(b"hello", project=project, options=options)
    assert again.is_new
    assert again.job != first.job
    assert again.job.upload == first.job.upload


def test_the_same_bytes_after_a_cancelled_job_are_a_new_job() -> None:
    project = factories.project()
    first = receive(b"hello", project=project)
    ledger.cancel(first.job.pk, None)
    assert receive(b"hello", project=project).is_new


def test_the_same_bytes_in_another_project_are_a_file_of_its_own() -> None:
    assert receive(b"hello").job.upload != receive(b"hello").job.upload


def test_the_same_bytes_sent_twice_at_once_make_one_job() -> None:
    project = factories.project()
    barrier = threading.Barrier(2)

    def send() -> None:
        try:
            barrier.wait()
            receive(b"hello", project=project)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Job.objects.count() == 1
    assert stored() == 1


def test_a_path_in_the_name_of_a_file_is_dropped() -> None:
    receipt = receive(b"hello", filename="..\\..\\etc/passwd.txt")
    assert receipt.job.file.filename == "passwd.txt"


@pytest.mark.parametrize(
    ("name", "kept"),
    [("caf\udce9.txt", "caf?.txt"), ("a\nb\x07.txt", "ab.txt"), ("", "unnamed")],
)
def test_a_name_is_kept_as_far_as_it_can_be_told(name: str, kept: str) -> None:
    assert receive(b"hello", filename=name).job.file.filename == kept


class _Endless:
    """A stream of `size` bytes that exist nowhere."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        block = b"a" * min(self.left, size if size >= 0 else self.left)
        self.left -= len(block)
        return block


def test_a_large_upload_costs_no_memory() -> None:
    tracemalloc.start()
    stream = cast(IO[bytes], _Endless(200_000_000))
    intake.receive(stream, filename="a.txt", project=factories.project(), user=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Upload.objects.get().size_bytes == 200_000_000
    assert peak < 20_000_000


def encrypted_pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt="open sesame")
    canvas.drawString(72, 700, "a treasure")
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_a_password_opens_an_encrypted_file_and_the_original_stays_as_it_was() -> None:
    content = encrypted_pdf()
    receipt = receive(content, filename="a.pdf", password="open sesame")
    upload = receipt.job.file
    with default_storage.open(upload.file, "rb") as original:
        assert original.read() == content
    with default_storage.open(upload.readable, "rb") as readable:
        copy = readable.read()
    assert copy.startswith(b"%PDF-")
    assert b"/Encrypt" not in copy


def test_a_wrong_password_is_said_at_the_door() -> None:
    with pytest.raises(FileRefused) as refusal:
        receive(encrypted_pdf(), filename="a.pdf", password="knock knock")
    assert refusal.value.code == "password_wrong"
    assert not Upload.objects.exists()
    assert stored() == 0


def test_a_password_for_a_file_that_needs_none_does_no_harm() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    canvas.drawString(72, 700, "open to all")
    canvas.save()
    receipt = receive(buffer.getvalue(), filename="a.pdf", password="anything")
    assert receipt.is_new
