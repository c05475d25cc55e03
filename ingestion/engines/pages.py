"""The page reader that ships with Docket: the cheapest source that can be believed.

In order of cost: the text layer of a PDF, Tesseract, RapidOCR where Tesseract is unsure or
missing; codes on the page and attached invoices on the way. Owns the order and the stored
picture; every source stands in a module of its own.
"""

import io
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from PIL import Image

from config.engines import EngineError, EngineUnavailable
from ingestion import render, render_pdf
from ingestion.engines import doubt, marks, raster, textlayer
from ingestion.engines.base import (
    FileFacts,
    Limits,
    Mark,
    PageFacts,
    PageReading,
    TextSource,
    Word,
)
from ingestion.engines.layout import Line, Reading, scaled, text_of
from ingestion.engines.rapid import Rapid
from ingestion.engines.slots import Slots
from ingestion.engines.tesseract import Tesseract, found

LAYER_DPI = 150.0
TARGET_GLYPH_PX = 24.0
MOST_ENLARGED = 2.5
OCR_SIDE_PX = 4000
WEBP_QUALITY = 80
WEBP_EFFORT = 1
ORDER = ("tesseract", "rapid")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upright:
    """A reading of a page after it was turned by `rotation` degrees clockwise."""

    reading: Reading
    rotation: int
    image: Image.Image


class AutoReader:
    """`ENGINES["read"]`.

    tesseract_cmd, poppler_path: None finds them on PATH, "" switches them off; poppler_path
    is a folder. order: the OCR engines that may be used, the first one first. threads: for
    RapidOCR, 0 for all cores. slot_dir: a folder shared by the children of this host, ""
    for no rationing. timeout_s: for one call of Tesseract.
    """

    def __init__(
        self,
        tesseract_cmd: str | None = None,
        poppler_path: str | None = None,
        order: Sequence[str] = ORDER,
        threads: int = 1,
        slot_dir: str = "",
        slot_wait_s: float = 90,
        timeout_s: float = 60,
    ) -> None:
        cores = os.cpu_count() or 1
        count = max(1, cores // 2)
        command = found(tesseract_cmd) if "tesseract" in order else ""
        self.tesseract = Tesseract(command, timeout_s) if command else None
        threads = threads or cores
        if slot_dir:
            threads = max(threads, cores // count)
        slots = Slots(slot_dir, count, slot_wait_s)
        self.rapid = Rapid(threads, slots) if "rapid" in order else None
        self.rapid_first = list(order)[:1] == ["rapid"]
        self.poppler = _poppler_folder(poppler_path)

    def open(self, *, path: str, media_type: str, password: str, limits: Limits) -> FileFacts:
        facts = render.describe(
            path=path,
            media_type=media_type,
            password=password,
            limits=limits,
            poppler=self.poppler,
        )
        if media_type != render.PDF:
            return facts
        return FileFacts(pages=facts.pages, title=facts.title, marks=_attached(path, password))

    def decrypt(self, *, path: str, password: str) -> bytes:
        return render.decrypt(path, password)

    def split(
        self, *, path: str, media_type: str, first: int, last: int, limits: Limits
    ) -> tuple[PageFacts, ...]:
        return render.split(
            path=path, media_type=media_type, first=first, last=last, poppler=self.poppler
        )

    def read(
        self,
        *,
        path: str,
        media_type: str,
        number: int,
        languages: tuple[str, ...],
        ignore_embedded: bool,
        limits: Limits,
    ) -> PageReading:
        if render.is_text(media_type):
            return _text_reading(render.text_page(path=path, media_type=media_type, number=number))
        if media_type == render.PDF and not ignore_embedded:
            layered = self._layered(path, number, limits)
            if layered is not None:
                return layered
        drawn = render.draw(
            path=path,
            media_type=media_type,
            number=number,
            dpi=limits.ocr_dpi,
            limits=limits,
            poppler=self.poppler,
        )
        codes = () if ignore_embedded else marks.on_page(raster.grey_of(drawn.image))
        return self._ocr(drawn, languages, codes, limits)

    def _layered(self, path: str, number: int, limits: Limits) -> PageReading | None:
        """The page by its text layer, None where that cannot be believed or drawn."""
        try:
            with render_pdf.opened(path) as document:
                page = render_pdf.load_page(document, number)
                width, height = page.get_size()
                dpi = min(LAYER_DPI, limits.max_side_px / max(width, height, 1.0) * 72)
                image, dpi = render_pdf.draw_page(page, dpi, limits.max_pixels)
                layer = textlayer.read(page, width_px=image.width, height_px=image.height)
        except EngineError:
            return None
        grey = raster.grey_of(image)
        if not (layer.is_legible and textlayer.covers(layer, grey)):
            return None
        return _stored(
            image,
            dpi,
            layer.lines,
            source=TextSource.LAYER,
            engine=textlayer.ENGINE,
            engine_version=textlayer.engine_version(),
            marks_=marks.on_page(grey),
            limits=limits,
        )

    def _ocr(
        self,
        drawn: render.Raster,
        languages: Sequence[str],
        codes: tuple[Mark, ...],
        limits: Limits,
    ) -> PageReading:
        upright = self._upright(drawn.image, languages)
        return _stored(
            upright.image,
            drawn.dpi,
            upright.reading.lines,
            source=TextSource.OCR,
            engine=upright.reading.engine,
            engine_version=upright.reading.version,
            marks_=codes,
            limits=limits,
            rotation=upright.rotation,
        )

    def _upright(self, image: Image.Image, languages: Sequence[str]) -> _Upright:
        """The reading of the page the right way up."""
        seen = raster.look(raster.grey_of(image))
        if seen.blank:
            blank = Reading(lines=(), engine="blank", version="1")
            return _Upright(reading=blank, rotation=0, image=image)
        first = self._best(image, seen, languages)
        if doubt.is_sure(first):
            return _Upright(reading=first, rotation=0, image=image)
        rotation = self._turn(image, seen)
        if rotation == 0:
            return _Upright(reading=first, rotation=0, image=image)
        turned = image.rotate(-rotation, expand=True)
        second = self._best(turned, raster.look(raster.grey_of(turned)), languages)
        if doubt.merit(second) <= doubt.merit(first):
            return _Upright(reading=first, rotation=0, image=image)
        return _Upright(reading=second, rotation=rotation, image=turned)

    def _best(self, image: Image.Image, seen: raster.Print, languages: Sequence[str]) -> Reading:
        """Tesseract's reading if it is sure, else the better of its and RapidOCR's."""
        ready = raster.prepared(
            image,
            seen,
            target_px=TARGET_GLYPH_PX,
            most=MOST_ENLARGED,
            most_side_px=OCR_SIDE_PX,
        )
        readings: list[Reading] = []
        if self.tesseract and not self.rapid_first:
            readings.append(self.tesseract.read(ready.image, languages))
        if self.rapid and not (readings and doubt.is_sure(readings[0])):
            readings.append(self.rapid.read(ready.image))
        if self.tesseract and self.rapid_first and not doubt.is_sure(readings[0]):
            readings.append(self.tesseract.read(ready.image, languages))
        if not readings:
            raise EngineUnavailable("No OCR engine is switched on. Install Tesseract or RapidOCR.")
        best = max(readings, key=doubt.merit)
        lines = scaled(best.lines, factor=1 / ready.scale, left=ready.left, top=ready.top)
        return Reading(lines=lines, engine=best.engine, version=best.version)

    def _turn(self, image: Image.Image, seen: raster.Print) -> int:
        ready = raster.prepared(image, seen, target_px=TARGET_GLYPH_PX, most=1.0, most_side_px=2000)
        if self.rapid:
            return self.rapid.turn(ready.image)
        if self.tesseract:
            degrees, sureness = self.tesseract.turn(ready.image)
            return degrees if sureness >= 1 else 0
        return 0


def _poppler_folder(path: str | None) -> str:
    """The folder of poppler's programs: `path`, or where PATH has them for None."""
    if path is None:
        program = shutil.which("pdftoppm")
        return os.path.dirname(program) if program else ""
    return path


def _attached(path: str, password: str) -> tuple[Mark, ...]:
    try:
        with render_pdf.opened(path, password) as document:
            return marks.attached(document)
    except EngineError:
        return ()  # a file that only poppler opens; its pages are read all the same


def _text_reading(text: str) -> PageReading:
    words = tuple(Word(text=word, box=None, confidence=1.0) for word in text.split())
    return PageReading(
        image=b"",
        width_px=0,
        height_px=0,
        dpi=0.0,
        rotation=0,
        text=text,
        words=words,
        source=TextSource.EMBEDDED,
        confidence=1.0,
        engine="text",
        engine_version=version("selectolax"),
    )


def _stored(
    image: Image.Image,
    dpi: float,
    lines: tuple[Line, ...],
    *,
    source: TextSource,
    engine: str,
    engine_version: str,
    marks_: tuple[Mark, ...],
    limits: Limits,
    rotation: int = 0,
) -> PageReading:
    """The reading with its picture as it is stored, boxes in pixels of that."""
    factor = min(1.0, limits.max_side_px / max(image.size))
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
        lines = scaled(lines, factor=factor)
    target = io.BytesIO()
    image.save(target, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
    reading = Reading(lines=lines, engine=engine, version=engine_version)
    return PageReading(
        image=target.getvalue(),
        width_px=image.width,
        height_px=image.height,
        dpi=dpi * factor,
        rotation=rotation,
        text=text_of(lines),
        words=reading.words,
        source=source,
        confidence=reading.confidence,
        engine=engine,
        engine_version=engine_version,
        marks=marks_,
    )
