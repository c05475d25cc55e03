"""What an engine must do, and the frozen values that it takes and gives.

Engines live in a child process (`host.py`), so every value here travels as MessagePack and
is checked against these types on both sides. An engine sees paths, plain values and images,
never a model or a request. It raises `config.engines.EngineError` or `EngineUnavailable`
and nothing else.

Boxes are in pixels of the stored page image, origin top left. Confidences are 0..1. Pages
count from 1.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in pixels of the stored page image, origin top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word as printed; `box` is None on pages without an image."""

    text: str
    box: Box | None
    confidence: float


class TextSource(StrEnum):
    """Where the text of a page came from."""

    EMBEDDED = "embedded"  # the file is text: plain text, Markdown, HTML
    LAYER = "layer"  # the text layer of a PDF, found plausible
    OCR = "ocr"


class MarkKind(StrEnum):
    """What the file itself says, apart from its print."""

    EINVOICE_XML = "einvoice_xml"  # Factur-X, ZUGFeRD, XRechnung: CII or UBL
    FORM_FIELD = "form_field"  # a filled field of a PDF form, see `formfields.FormField`
    GST_QR = "gst_qr"  # signed QR (JWT) of an Indian e-invoice
    EWB_QR = "ewb_qr"  # EWBNO/GSTIN/dd-mm-yyyy hh:mm:ss
    QR = "qr"  # any other QR code or barcode, as text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Data that the file carries: an attachment (no box) or a code on the page."""

    kind: MarkKind
    payload: str
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost. `max_pixels` is for one decoded image or raster."""

    max_pages: int
    max_pixels: int
    max_side_px: int  # of the stored page image
    ocr_dpi: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What opening a file tells: the number of its pages and the data attached to it."""

    pages: int
    title: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What splitting tells of one page, before it is drawn.

    `text` is filled for text files only (source EMBEDDED). `error` holds a sentence where the
    page cannot even be looked at; it may still be tried by the OCR step.
    """

    number: int
    width_pt: float = 0.0
    height_pt: float = 0.0
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReading:
    """One page drawn and read.

    image: WebP bytes of the upright page, empty for a text page; thumbnail: the same small,
    empty to have it made when it is looked at; width_px, height_px: the image's size; dpi:
    pixels of that image per inch of paper, 0 where unknown; rotation: degrees (0, 90, 180, 270)
    by which the page was turned clockwise to stand upright; confidence: mean over the words;
    engine and version: who read the text, e.g. "tesseract", "5.3.0".
    """

    image: bytes
    width_px: int
    height_px: int
    dpi: float
    rotation: int
    text: str
    words: tuple[Word, ...]
    source: TextSource
    confidence: float
    engine: str
    engine_version: str
    marks: tuple[Mark, ...] = ()
    thumbnail: bytes = b""


class PageReader(Protocol):
    """Opens files, counts, draws and reads their pages (`ENGINES["read"]`).

    `path` is a local file, `media_type` one of `ingestion.intake.MEDIA_TYPES`.
    """

    def open(self, *, path: str, media_type: str, password: str, limits: Limits) -> FileFacts:
        """Count the pages. EngineError codes: file_damaged, password_required,
        password_wrong, too_many_pages, image_too_large, no_pages."""
        ...

    def decrypt(self, *, path: str, password: str, target: str) -> None:
        """Write a PDF without its encryption to the path `target`.

        EngineError codes: file_damaged, password_wrong."""
        ...

    def split(
        self, *, path: str, media_type: str, first: int, last: int, limits: Limits
    ) -> tuple[PageFacts, ...]:
        """Facts of the pages `first` to `last`, both included."""
        ...

    def read(
        self,
        *,
        path: str,
        media_type: str,
        number: int,
        languages: tuple[str, ...],
        ignore_embedded: bool,
        limits: Limits,
        rotation: int | None = None,
    ) -> PageReading:
        """Draw and read one page; `ignore_embedded` forces OCR and leaves marks empty;
        `rotation` is how it is to stand, None for the reader to find out. It is given only
        where a person asked for it.

        EngineError codes: page_damaged, image_too_large."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInput:
    """A page that was read, as classifiers and extractors see it."""

    number: int
    text: str
    words: tuple[Word, ...]
    width_px: int
    height_px: int
    source: TextSource
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOption:
    """A document type that a page may have; `description` is the operator's."""

    slug: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageType:
    """What a page is. `type` and `runner_up` are a slug or "" for unknown.

    starts: confidence that this page is the first of its document; document_number: as
    normalised for comparison with the next page's, "" where none was seen; page_label and
    page_count: "page 2 of 3" as printed, 0 where it is not.
    """

    type: str
    confidence: float
    runner_up: str
    runner_up_confidence: float
    starts: float
    document_number: str
    page_label: int
    page_count: int
    engine: str
    engine_version: str


class Classifier(Protocol):
    """Says what each page is (`ENGINES["classify"]`)."""

    def classify(
        self, *, pages: tuple[PageInput, ...], types: tuple[TypeOption, ...]
    ) -> tuple[PageType, ...]: ...


class ValueSource(StrEnum):
    """Where a value came from, in falling order of trust."""

    SIGNED = "signed"  # a code whose signature was verified
    EMBEDDED = "embedded"  # XML or QR that the file carries
    LAYER = "layer"  # read by rules from a PDF's text layer
    OCR = "ocr"  # read by rules from OCR
    DERIVED = "derived"  # computed from other values
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReading:
    """One proposed value of one field.

    pointer: JSON Pointer into the payload, e.g. "/total_amount", "/line_items/0/hsn_code";
    value: normalised (`documents.fields`): dates ISO 8601, amounts decimal strings;
    raw: as printed; page: where, 0 for attached data; box: None where there is no image or
    the value was not printed; alternatives: other normalised values that were considered.
    """

    pointer: str
    value: str | int
    raw: str
    page: int
    box: Box | None
    source: ValueSource
    confidence: float
    note: str = ""
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a call cost; zero for local engines."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_microcents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A reason for review that is no rival value. code: stable; field: its name, "" for the
    document; message: a sentence that tells the reviewer what to look at."""

    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The values that one engine proposes for one document, best reading per pointer.

    conflicts: readings that contradict a better one (the print against embedded data).
    labelled: names of fields whose label is printed although no value could be read.
    objections: what else speaks against the document.
    """

    readings: tuple[FieldReading, ...]
    conflicts: tuple[FieldReading, ...]
    labelled: tuple[str, ...]
    engine: str
    engine_version: str
    usage: Usage = Usage()
    objections: tuple[Objection, ...] = ()


class Extractor(Protocol):
    """Reads the fields of one document (`ENGINES["extract"]`).

    `schema` is the JSON Schema of the type as JSON text."""

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction: ...
