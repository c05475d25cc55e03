"""PDFs as pages: opening, decrypting, page sizes, drawing with pdfium, else with poppler.

pdfium is asked first; a file or a page that it refuses is tried with poppler, where that is
installed, before it fails. Sizes in the file are never trusted: a page is drawn at the
resolution that keeps its raster within the limit, however large it claims to be.
"""

import ctypes
import io
import math
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pdf2image
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pdf2image import exceptions as poppler_faults
from PIL import Image

from config.engines import EngineError
from ingestion.engines.base import Box, PageFacts

RASTER_SIDE_PX = 4000
POINTS_PER_INCH = 72.0
POPPLER_TIMEOUT_S = 30
COUNT_TIMEOUT_S = 10
POPPLER_FAULTS = (
    poppler_faults.PDFInfoNotInstalledError,
    poppler_faults.PDFPageCountError,
    poppler_faults.PDFSyntaxError,
    poppler_faults.PDFPopplerTimeoutError,
    OSError,
    ValueError,
)


@contextmanager
def opened(path: str, password: str = "") -> Iterator[pdfium.PdfDocument]:
    """The document with its form fields. EngineError codes: file_damaged,
    password_required, password_wrong."""
    try:
        document = pdfium.PdfDocument(path, password=password or None)
    except pdfium.PdfiumError as error:
        raise _fault(error, password) from error
    except (OSError, ValueError) as error:
        raise _damaged() from error
    with suppress(pdfium.PdfiumError):  # else pages are drawn without their form fields
        document.init_forms()
    try:
        yield document
    finally:
        document.close()


def describe(path: str, password: str, poppler: str) -> tuple[int, str]:
    """Number of pages and title."""
    try:
        with opened(path, password) as document:
            return len(document), document.get_metadata_value("Title").strip()[:500]
    except EngineError as error:
        if error.code != "file_damaged":
            raise
        pages = _poppler_pages(path, poppler)
        if pages < 1:
            raise
        return pages, ""


def page_facts(path: str, numbers: Iterable[int], poppler: str) -> tuple[PageFacts, ...]:
    """Sizes of the pages; what only poppler can open has no sizes."""
    try:
        with opened(path) as document:
            return tuple(_facts(document, number) for number in numbers)
    except EngineError as error:
        if error.code != "file_damaged" or _poppler_pages(path, poppler) < 1:
            raise
        return tuple(PageFacts(number=number) for number in numbers)


def draw(
    path: str, number: int, dpi: float, max_pixels: int, poppler: str
) -> tuple[Image.Image, float]:
    """The page in mode RGB and its dpi. EngineError code: page_damaged."""
    try:
        with opened(path) as document:
            page = load_page(document, number)
            return draw_page(page, dpi, max_pixels)
    except EngineError:
        drawn = _poppler_drawn(path, number, dpi, max_pixels, poppler)
        if drawn is None:
            raise page_damaged(number) from None
        return drawn


def load_page(document: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    """EngineError code: page_damaged."""
    if not 1 <= number <= len(document):
        raise page_damaged(number)
    try:
        return document[number - 1]
    except pdfium.PdfiumError as error:
        raise page_damaged(number) from error


def draw_page(page: pdfium.PdfPage, dpi: float, max_pixels: int) -> tuple[Image.Image, float]:
    """The page in mode RGB and its dpi. EngineError code: page_damaged."""
    width, height = page.get_size()
    scale = fitting_scale(width, height, dpi, max_pixels)
    try:
        bitmap = page.render(scale=scale, rev_byteorder=True)
        return bitmap.to_pil().convert("RGB"), scale * POINTS_PER_INCH
    except (pdfium.PdfiumError, ValueError, MemoryError, ctypes.ArgumentError) as error:
        raise EngineError("The page cannot be drawn.", "page_damaged") from error


def draw_part(page: pdfium.PdfPage, box: Box, *, dpi: float, finer: float) -> Image.Image:
    """A part of the page, `box` in pixels of the page at `dpi`, drawn `finer` times larger.

    EngineError code: page_damaged."""
    width, height = page.get_size()
    points = POINTS_PER_INCH / dpi
    sides = max(box.right - box.left, box.bottom - box.top)
    scale = min(finer, RASTER_SIDE_PX / max(1.0, sides)) / points
    rest = (
        box.left * points,
        height - box.bottom * points,
        width - box.right * points,
        box.top * points,
    )
    try:
        bitmap = page.render(scale=scale, crop=tuple(max(0.0, side) for side in rest))
        drawn: Image.Image = bitmap.to_pil().convert("L")
    except (pdfium.PdfiumError, ValueError, MemoryError, ctypes.ArgumentError) as error:
        raise EngineError("The page cannot be drawn.", "page_damaged") from error
    return drawn


def fitting_scale(width_pt: float, height_pt: float, dpi: float, max_pixels: int) -> float:
    """Pixels per point so that neither a side nor the raster becomes too large."""
    if not (0 < width_pt < math.inf and 0 < height_pt < math.inf):
        raise EngineError("The page has no size.", "page_damaged")
    return min(
        dpi / POINTS_PER_INCH,
        RASTER_SIDE_PX / max(width_pt, height_pt),
        math.sqrt(max_pixels) / math.sqrt(width_pt) / math.sqrt(height_pt),
    )


def decrypt(path: str, password: str) -> bytes:
    """The document without encryption."""
    target = io.BytesIO()
    with opened(path, password) as document:
        try:
            document.save(target, flags=pdfium_c.FPDF_REMOVE_SECURITY)
        except pdfium.PdfiumError as error:
            raise _damaged() from error
    return target.getvalue()


def page_damaged(number: int) -> EngineError:
    return EngineError(
        f"Page {number} cannot be drawn. Print it to a new PDF and send that.", "page_damaged"
    )


def _facts(document: pdfium.PdfDocument, number: int) -> PageFacts:
    try:
        width, height = document.get_page_size(number - 1)
    except pdfium.PdfiumError:
        return PageFacts(number=number, error=page_damaged(number).message)
    if not (math.isfinite(width) and math.isfinite(height)):
        return PageFacts(number=number, error=page_damaged(number).message)
    return PageFacts(number=number, width_pt=width, height_pt=height)


def _fault(error: pdfium.PdfiumError, password: str) -> EngineError:
    if error.err_code != pdfium_c.FPDF_ERR_PASSWORD:
        return _damaged()
    if password:
        return EngineError("The password does not open the file.", "password_wrong")
    return EngineError("The file is encrypted. Send its password with it.", "password_required")


def _damaged() -> EngineError:
    return EngineError(
        "The PDF cannot be opened. Open it in a PDF viewer, print it to a new PDF and send that.",
        "file_damaged",
    )


def _poppler_pages(path: str, poppler: str) -> int:
    """Number of pages as poppler counts them, 0 where it is off or refuses too."""
    if not poppler:
        return 0
    try:
        # Not by pdf2image, which keeps all complaints: a hostile file made 1.3 GB of them.
        told = subprocess.run(
            [str(Path(poppler) / "pdfinfo"), path],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COUNT_TIMEOUT_S,
            check=True,
        ).stdout.decode(errors="replace")
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0
    found = re.search(r"^Pages:\s*(\d{1,9})$", told, re.MULTILINE)
    return int(found[1]) if found else 0


def _poppler_drawn(
    path: str, number: int, dpi: float, max_pixels: int, poppler: str
) -> tuple[Image.Image, float] | None:
    """The page drawn by poppler, scaled to a known size since its claims are not trusted."""
    if number > _poppler_pages(path, poppler):
        return None
    side = int(min(RASTER_SIDE_PX, math.sqrt(max_pixels), dpi * 11.7))
    try:
        images = pdf2image.convert_from_path(
            path,
            first_page=number,
            last_page=number,
            size=side,
            use_cropbox=True,
            poppler_path=poppler,
            timeout=POPPLER_TIMEOUT_S,
        )
    except POPPLER_FAULTS:
        return None
    if not images or min(images[0].size) < 2:  # what poppler makes of a page that is not there
        return None
    return images[0].convert("RGB"), 0.0
