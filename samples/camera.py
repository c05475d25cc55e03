"""Turns a drawn PDF into the file that arrives: as it is, scanned, or photographed."""

import random
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from samples import degrade

SCAN_DPI = 300
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The bytes of a file and the suffix of its name."""

    content: bytes
    suffix: str


def take(
    rng: random.Random, pdf: bytes, *, variant: str, attachment: bytes = b"", quarter_turns: int = 0
) -> Shot:
    """The file in this variant: born_digital, scan or photo.

    The attachment survives only where the PDF stays as it is; quarter turns are for photos.
    """
    if variant == "born_digital":
        return Shot(content=attach(pdf, attachment) if attachment else pdf, suffix="pdf")
    if variant == "scan":
        return _scan(rng, pdf)
    return _photograph(rng, pdf, quarter_turns)


def attach(pdf: bytes, xml: bytes) -> bytes:
    """The PDF with `factur-x.xml` inside."""
    document = pypdfium2.PdfDocument(pdf)
    document.new_attachment("factur-x.xml").set_data(xml)
    written = BytesIO()
    document.save(written)
    document.close()
    return written.getvalue()


def draw_pages(pdf: bytes, dpi: int = SCAN_DPI) -> list[Picture]:
    """RGB pictures of the pages."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [_draw(page, dpi) for page in document]
    document.close()
    return pages


def _draw(page: pypdfium2.PdfPage, dpi: int) -> Picture:
    return np.asarray(page.render(scale=dpi / 72).to_pil().convert("RGB"), dtype=np.uint8)


def _scan(rng: random.Random, pdf: bytes) -> Shot:
    pages = [Image.fromarray(degrade.scanned(rng, picture)) for picture in draw_pages(pdf)]
    kind = rng.choices(("pdf", "tiff", "png"), weights=(5, 2, 2 if len(pages) == 1 else 0))[0]
    return _bound(pages, kind, quality=88)


def _photograph(rng: random.Random, pdf: bytes, quarter_turns: int) -> Shot:
    quality = rng.randrange(62, 81)
    pages = [
        Image.fromarray(degrade.photographed(rng, picture, quarter_turns))
        for picture in draw_pages(pdf)
    ]
    return _bound(pages, "jpg" if len(pages) == 1 else "pdf", quality=quality)


def _bound(pages: list[Image.Image], kind: str, *, quality: int) -> Shot:
    """The pictures as one file; a PDF keeps them as JPEG."""
    written = BytesIO()
    first, rest = pages[0], pages[1:]
    match kind:
        case "pdf":
            first.save(
                written,
                "PDF",
                save_all=True,
                append_images=rest,
                resolution=SCAN_DPI,
                quality=quality,
            )
        case "tiff":
            bilevel = [page.convert("L").point(lambda tone: 255 * (tone > 150)) for page in pages]
            faxed = [page.convert("1") for page in bilevel]
            faxed[0].save(
                written,
                "TIFF",
                compression="group4",
                dpi=(SCAN_DPI, SCAN_DPI),
                save_all=True,
                append_images=faxed[1:],
            )
        case "png":
            first.save(written, "PNG", dpi=(SCAN_DPI, SCAN_DPI))
        case _:
            first.save(written, "JPEG", quality=quality)
    return Shot(content=written.getvalue(), suffix=kind)
