"""The page reader that ships with Docket: the cheapest source that can be believed.

In order of cost: the text layer of a PDF, then OCR by one engine, and by the other one where
the first is unsure or cannot answer; codes on the page and attached invoices on the way. Owns
the order and the stored picture; every source stands in a module of its own.
"""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from PIL import Image

from config.engines import EngineError, EngineFault, EngineUnavailable
from ingestion import render, render_pdf
from ingestion.engines import doubt, marks, memory, raster, textlayer
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
from ingestion.engines.tesseract import Tesseract, program

LAYER_DPI = 150.0
TESSERACT_FIT = raster.Fit(least_px=19, target_px=24, most_px=30, most_enlarged=2.5)
RAPID_FIT = raster.Fit(least_px=12, target_px=20, most_px=45, most_enlarged=2.0)
LEAST_SURE_TURN = 1.0
WEBP_QUALITY = 80
WEBP_EFFORT = 1
# Sideways pages are read as well turned as they are; the turn is believed unless it harms.
SAME_MERIT = 0.9
# RapidOCR reads receipts at 0.93 and office pages at 0.99 word F1 where Tesseract reaches 0.77
# and 0.96, and needs no more processor time: it goes first, Tesseract where it cannot help.
ORDER = ("rapid", "tesseract")
RAPID_LANGUAGES = frozenset(
    ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl", "cs", "hu", "ro", "tr")
    + ("zh", "ja", "eng", "deu", "fra", "spa", "ita", "por", "nld", "swe", "dan", "fin", "pol")
    + ("ces", "hun", "ron", "tur", "chi_sim", "chi_tra", "jpn")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upright:
    """A reading of a page after it was turned by `rotation` degrees clockwise."""

    reading: Reading
    rotation: int
    image: Image.Image


class AutoReader:
    """`ENGINES["read"]`.

    tesseract_cmd, poppler_path: None finds them on PATH, "" switches them off; poppler_path
    is a folder. order: the OCR engines that may be used, "rapid" and "tesseract". threads: for
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
        slots = Slots(slot_dir, max(1, cores // 2), slot_wait_s)
        threads = threads or cores
        if slot_dir:  # the holders of the slots share all cores
            threads = max(threads, cores // slots.count)
        command = program(tesseract_cmd)
        self.order = tuple(order)
        self.tesseract = Tesseract(command, timeout_s) if command else None
        self.rapid = Rapid(threads, slots)
        self.poppler = _poppler_folder(poppler_path)

    def open(self, *, path: str, media_type: str, password: str, limits: Limits) -> FileFacts:
        with _faults_as("file_damaged"):
            facts = render.describe(
                path=path,
                media_type=media_type,
                password=password,
                limits=limits,
                poppler=self.poppler,
            )
            attached = _attached(path, password) if media_type == render.PDF else ()
        return FileFacts(pages=facts.pages, title=facts.title, marks=attached)

    def split(
        self, *, path: str, media_type: str, first: int, last: int, limits: Limits
    ) -> tuple[PageFacts, ...]:
        with _faults_as("file_damaged"):
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
        with _faults_as("page_damaged"):
            if render.is_text(media_type):
                text = render.text_page(path=path, media_type=media_type, number=number)
                return _text_reading(text)
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
        if doubt.is_sure(first) and not doubt.is_sideways(first):
            return _Upright(reading=first, rotation=0, image=image)
        rotation = self._turn(image, seen)
        if rotation == 0:
            return _Upright(reading=first, rotation=0, image=image)
        turned = image.rotate(-rotation, expand=True)
        second = self._best(turned, raster.look(raster.grey_of(turned)), languages)
        if doubt.merit(second) < SAME_MERIT * doubt.merit(first):
            return _Upright(reading=first, rotation=0, image=image)
        return _Upright(reading=second, rotation=rotation, image=turned)

    def _best(self, image: Image.Image, seen: raster.Print, languages: Sequence[str]) -> Reading:
        """The first engine's reading that is sure, else the best of them all.

        EngineUnavailable where an engine cannot answer now and the others are not sure."""
        readings: list[Reading] = []
        absent: EngineUnavailable | None = None
        for name in self._order(languages):
            try:
                readings.append(self._read_by(name, image, seen, languages))
            except EngineUnavailable as error:
                absent = error
                continue
            if doubt.is_sure(readings[-1]):
                return readings[-1]
        if absent is not None:
            raise absent
        return max(readings, key=doubt.merit)

    def _order(self, languages: Sequence[str]) -> list[str]:
        """The engines to ask; scripts that RapidOCR does not know go to Tesseract first."""
        usable = [name for name in self.order if name != "tesseract" or self.tesseract]
        if not usable:
            raise EngineUnavailable("No OCR engine is switched on. Install Tesseract or RapidOCR.")
        if not set(languages) <= RAPID_LANGUAGES:
            usable.sort(key=lambda name: name != "tesseract")
        return usable

    def _read_by(
        self, name: str, image: Image.Image, seen: raster.Print, languages: Sequence[str]
    ) -> Reading:
        """The page as the engine `name` reads it, boxes in pixels of `image`."""
        if name == "tesseract" and self.tesseract:
            ready = raster.prepared(image, seen, fit=TESSERACT_FIT)
            found = self.tesseract.read(ready.image, languages)
        else:
            ready = raster.prepared(image, seen, fit=RAPID_FIT)
            found = self.rapid.read(ready.image)
        lines = scaled(found.lines, factor=1 / ready.scale, left=ready.left, top=ready.top)
        return Reading(lines=lines, engine=found.engine, version=found.version)

    def _turn(self, image: Image.Image, seen: raster.Print) -> int:
        """Degrees to turn the page clockwise so that it stands upright."""
        if "rapid" in self.order:
            return self.rapid.turn(raster.prepared(image, seen, fit=RAPID_FIT).image)
        if self.tesseract:
            ready = raster.prepared(image, seen, fit=TESSERACT_FIT)
            degrees, sureness = self.tesseract.turn(ready.image)
            return degrees if sureness >= LEAST_SURE_TURN else 0
        return 0


@contextmanager
def _faults_as(code: str) -> Iterator[None]:
    """The edge of the engine: a hostile file can make any decoder raise anything, and nothing
    but an EngineFault may leave."""
    try:
        yield
    except EngineFault:
        raise
    except MemoryError as error:
        raise EngineError("The page needs more memory than there is.", "image_too_large") from error
    except Exception as error:
        raise EngineError(
            "The file made its reader fail. Print it to a new PDF and send that.", code
        ) from error
    finally:
        memory.give_back()


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
