"""The door: every file that arrives is sniffed, limited, stored and entered into the books here.

The bytes are stored first; then Upload, Job, first Step and wake-up are one transaction, so
there is no moment at which a crash loses a file that was accepted.
"""

import contextlib
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from config.engines import EngineFault, EngineUnavailable
from documents import files
from documents.errors import Conflict, TryAgain
from documents.ids import uuid7
from documents.models import AnyUser, Project, Upload, record
from ingestion import ledger, workers
from ingestion.engines import einvoice
from ingestion.errors import FileRefused
from ingestion.models import Job, JobStatus, Kind, Priority

log = logging.getLogger(__name__)

EXTENSIONS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/html": "html",
    "text/xml": "xml",
}
"""Media type of everything that is taken, and the extension that it is stored under."""

ENDINGS = (*dict.fromkeys(EXTENSIONS.values()), "jpeg", "tiff", "heif", "htm", "markdown")
"""For the dialogue in which a person chooses files; what a file is, is sniffed."""

KINDS = "PDF, PNG, JPEG, TIFF, WebP, BMP, GIF, HEIC, plain text, Markdown, HTML and e-invoices"
HEAD_BYTES = 65_536
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
# ISO 23008-12, section 10: brands of still images coded with HEVC, and the generic ones.
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TEXT_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a file is to be read; another choice is another job. `anew` asks for a new run."""

    ignore_embedded: bool = False
    languages: tuple[str, ...] = ()
    anew: bool = False

    def stored(self) -> dict[str, Any]:
        chosen = asdict(self)
        del chosen["anew"]
        return {name: value for name, value in chosen.items() if value}


DEFAULT = Options()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the door says: the job, and whether it was made by this call."""

    job: Job
    is_new: bool


def plain_name(filename: str) -> str:
    """A name that can be stored, told and sent back: no path, no control characters, and a
    question mark for bytes that are no UTF-8."""
    name = Path(filename.replace("\\", "/")).name.encode("utf-8", "replace").decode()
    return "".join(c for c in name if c.isprintable())[:255] or "unnamed"


def sniff(head: bytes, filename: str) -> str:
    """The media type that the first bytes show, whatever the name says; "" for none of ours."""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return "image/heic"
    # ISO 32000-1, annex H, note 13: readers accept the header within the first 1,024 bytes.
    # A text may speak of it, too; a PDF has its first object soon after.
    if b"%PDF-" in head[:1024] and b" obj" in head:
        return "application/pdf"
    return _sniff_text(head, filename)


def _sniff_text(head: bytes, filename: str) -> str:
    if einvoice.is_einvoice(einvoice.decoded(head)):
        return "text/xml"
    encoding = next((name for mark, name in _TEXT_MARKS if head.startswith(mark)), "utf-8")
    try:
        # The head may end within a character; four bytes are the longest.
        text = head.decode(encoding, errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        text = head.decode("cp1252", errors="replace")
        if text.count("\ufffd") or not _is_mostly_letters(text):
            return ""
    if not text.strip() or any(c < " " and c not in "\t\n\r\f\x1b" for c in text):
        return ""
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "text/html"
    suffix = Path(filename).suffix.lower()
    if suffix in (".html", ".htm") and "<" in start:
        return "text/html"
    return "text/markdown" if suffix in (".md", ".markdown") else "text/plain"


def _is_mostly_letters(text: str) -> bool:
    fit = sum(c.isalnum() or c.isspace() or c in ".,;:!?'\"()-/" for c in text)
    return fit > 0.9 * len(text)


def receive(
    stream: IO[bytes],
    *,
    filename: str,
    project: Project,
    user: AnyUser | None,
    priority: Priority = Priority.NORMAL,
    options: Options = DEFAULT,
    password: str = "",
    origin: dict[str, Any] | None = None,
    batch: Job | None = None,
) -> Receipt:
    """Take in one file. Opens its own transaction; `stream` is read once, block by block.

    The same bytes again give back the job that the project already has, unless that one
    failed or was cancelled or the options differ. A batch that takes no more files is passed
    over: the file comes in by itself. Raises FileRefused (codes file_empty,
    unsupported_type, password_wrong) and FileTooLarge, having stored nothing."""
    head = stream.read(HEAD_BYTES)
    if not head:
        raise FileRefused("The file is empty; send it again.", "file_empty")
    media_type = sniff(head, filename)
    if not media_type:
        raise FileRefused(f"This is no file that can be read here: {KINDS}.", "unsupported_type")
    upload = Upload(
        id=uuid7(),
        project=project,
        filename=plain_name(filename),
        media_type=media_type,
        uploaded_by_id=user.pk if user is not None else None,
        origin=origin or {},
    )
    upload.file = files.original_name(upload.pk, EXTENSIONS[media_type])
    try:
        whole = cast(IO[bytes], _Rejoined(head, stream))
        stored = files.store_stream(whole, upload.file, settings.MAX_FILE_BYTES)
        upload.sha256, upload.size_bytes = stored.sha256, stored.size_bytes
        if password and media_type == "application/pdf":
            _decrypt(upload, password)
        with transaction.atomic():
            receipt = _enter(upload, user=user, priority=priority, options=options, batch=batch)
    except (OperationalError, InterfaceError):
        # The commit may have come through and only its answer not. Blobs that got no row are
        # cleared away later (`upkeep.tidy`).
        raise
    except BaseException:
        files.remove_upload(upload.pk)
        raise
    if receipt.job.upload_id != upload.pk:
        files.remove_upload(upload.pk)
    log.info("file.received", extra={"job": receipt.job.pk, "is_new": receipt.is_new})
    return receipt


def open_batch(project: Project, *, user: AnyUser | None, priority: Priority) -> Job:
    """The parent of jobs to come; `ledger.close_batch` says that all have."""
    with transaction.atomic():
        batch = Job.objects.create(
            kind=Kind.BATCH,
            project=project,
            priority=priority,
            created_by_id=user.pk if user is not None else None,
        )
        record("job.created", batch, actor=user, project=project)
    return batch


def close_batch(batch: Job) -> None:
    """All files of a batch have come. One that got none, since each was refused or known, is
    no news to anybody and goes."""
    with transaction.atomic():
        try:
            held = ledger.held_batch(batch)
        except Conflict:
            return
        if not Job.objects.filter(parent=held).exists():
            record("job.deleted", held, actor=None, project=held.project)
            held.delete()
            return
    ledger.close_batch(batch)


def take_up(upload: Upload, *, priority: Priority) -> Job:
    """A job for an upload that lies in the storage without one."""
    with transaction.atomic():
        job = Job.objects.create(project_id=upload.project_id, upload=upload, priority=priority)
        ledger.submit(job)
        record("job.created", job, actor=None, project=job.project)
    return job


def _parent(batch: Job) -> Job | None:
    """The batch, locked; None where it was closed meanwhile, since nothing came for an hour: a
    late file comes in by itself. Raises Conflict where somebody cancelled it."""
    try:
        return ledger.held_batch(batch)
    except Job.DoesNotExist:
        return None
    except Conflict:
        if Job.objects.filter(pk=batch.pk, status=JobStatus.CANCELLED).exists():
            raise
        return None


def _enter(
    upload: Upload,
    *,
    user: AnyUser | None,
    priority: int,
    options: Options,
    batch: Job | None,
) -> Receipt:
    """Upload, Job, Step and wake-up; the unique hash decides between two at the same time."""
    held = _parent(batch) if batch is not None else None
    priority = held.priority if held else priority
    [made] = Upload.objects.bulk_create([upload], ignore_conflicts=True)
    known = Upload.objects.select_for_update().get(project=upload.project, sha256=made.sha256)
    if known.pk != upload.pk:
        if upload.readable and not known.readable:
            _move_readable(upload, known)
        if not files.is_there(known.file):
            with files.reading(upload.file) as stream:
                files.store_stream(stream, known.file, settings.MAX_FILE_BYTES)
    if known.pk != upload.pk and not options.anew:
        ended = (JobStatus.FAILED, JobStatus.CANCELLED)
        earlier = Job.objects.filter(upload=known, options=options.stored()).exclude(
            status__in=ended
        )
        if job := earlier.order_by("-created_at").first():
            return Receipt(job=job, is_new=False)
    job = Job.objects.create(
        project=known.project,
        upload=known,
        parent=held,
        options=options.stored(),
        priority=priority,
        created_by_id=user.pk if user is not None else None,
    )
    ledger.submit(job)
    record("job.created", job, actor=user, project=known.project)
    return Receipt(job=job, is_new=True)


def _decrypt(upload: Upload, password: str) -> None:
    """Store the decrypted copy beside the original; the file is opened in an engine child."""
    host = workers.new_host()
    with TemporaryDirectory(dir=settings.SCRATCH) as folder, contextlib.closing(host):
        copy = Path(folder) / "readable.pdf"
        try:
            host.call(
                "read",
                "decrypt",
                limit_s=settings.STEP_LIMIT_S["split"],
                path=files.local_path(upload),
                password=password,
                target=str(copy),
            )
        except EngineFault as fault:
            if fault.code == "password_wrong":
                raise FileRefused(fault.message, fault.code) from fault
            if isinstance(fault, EngineUnavailable):
                raise TryAgain(fault.message, fault.code) from fault
            return  # the split step meets the same fault and the job tells of it
        name = files.readable_name(upload.pk)
        with open(copy, "rb") as stream:
            upload.readable = files.store_stream(stream, name, 4 * settings.MAX_FILE_BYTES).name


def _move_readable(upload: Upload, known: Upload) -> None:
    name = files.readable_name(known.pk)
    with files.reading(upload.readable) as stream:
        known.readable = files.store_stream(stream, name, 4 * settings.MAX_FILE_BYTES).name
    known.save(update_fields=["readable"])


class _Rejoined:
    """A stream with the head that was already read put back in front."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if not self._head or size < 0:
            head, self._head = self._head, b""
            return head + self._rest.read(size)
        block, self._head = self._head[:size], self._head[size:]
        return block
