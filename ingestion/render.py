"""Opens a file, counts its pages and draws them: the one door to every format.

Owns the choice of format and the values that leave it; how a format is decoded stands in
`render_pdf`, `render_image`, `render_text` and `render_xml`. Nothing but `EngineError` leaves
these modules, whatever the file holds. Reading what is drawn is left to `engines/`.
"""

from dataclasses import dataclass

from PIL import Image

from config.engines import EngineError
from ingestion import render_image, render_pdf, render_text, render_xml
from ingestion.engines.base import FileFacts, Limits, PageFacts

PDF = "application/pdf"
XML = "text/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """A page as pixels, in mode RGB or L, turned as the file itself says (EXIF, /Rotate).

    dpi: pixels per inch of paper, 0 where the file does not say or says nonsense.
    """

    image: Image.Image
    dpi: float


def is_text(media_type: str) -> bool:
    """Whether files of this type are text, with no page to draw."""
    return media_type.startswith("text/")


def describe(
    *, path: str, media_type: str, password: str, limits: Limits, poppler: str = ""
) -> FileFacts:
    """Pages and title, without marks. EngineError as `PageReader.open` says."""
    if media_type == PDF:
        pages, title = render_pdf.describe(path, password, poppler)
    elif is_text(media_type):
        pages, title = len(_texts(path, media_type)), render_text.title(path, media_type)
    else:
        pages, title = render_image.describe(path, limits.max_pixels), ""
    if pages < 1:
        raise EngineError("The file has no pages. Check that it is the right file.", "no_pages")
    if pages > limits.max_pages:
        raise EngineError(
            f"The file has {pages} pages, at most {limits.max_pages} are allowed. "
            "Split it and send the parts.",
            "too_many_pages",
        )
    return FileFacts(pages=pages, title=title)


def split(
    *, path: str, media_type: str, first: int, last: int, poppler: str = ""
) -> tuple[PageFacts, ...]:
    """Facts of the pages `first` to `last`, both included."""
    numbers = range(first, last + 1)
    if media_type == PDF:
        return render_pdf.page_facts(path, numbers, poppler)
    if is_text(media_type):
        pages = _texts(path, media_type)
        return tuple(
            PageFacts(number=number, text=pages[number - 1])
            for number in numbers
            if number <= len(pages)
        )
    return tuple(PageFacts(number=number) for number in numbers)


def draw(
    *, path: str, media_type: str, number: int, dpi: float, limits: Limits, poppler: str = ""
) -> Raster:
    """The page as pixels: PDF pages at `dpi`, or less to stay within the limits; images as
    they are. EngineError codes: page_damaged, image_too_large."""
    if media_type == PDF:
        image, drawn_dpi = render_pdf.draw(path, number, dpi, limits.max_pixels, poppler)
    else:
        image, drawn_dpi = render_image.draw(path, number, limits.max_pixels)
    return Raster(image=image, dpi=drawn_dpi)


def text_page(*, path: str, media_type: str, number: int) -> str:
    """Page `number` of a text file. EngineError code: page_damaged."""
    pages = _texts(path, media_type)
    if not 1 <= number <= len(pages):
        raise EngineError(f"The file has no page {number}.", "page_damaged")
    return pages[number - 1]


def _texts(path: str, media_type: str) -> list[str]:
    if media_type == XML:
        return render_xml.pages(path)
    return render_text.pages(path, media_type)


def decrypt(path: str, password: str) -> bytes:
    """The PDF without its encryption. EngineError codes: file_damaged, password_required,
    password_wrong."""
    return render_pdf.decrypt(path, password)
