"""The page reader that ships with Docket: the cheapest source that can be believed.

In order of cost: attached invoices, codes on the page, the text layer of a PDF, OCR. Owns this
order and the stored picture; every source stands in a module of its own.
"""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version

import pypdfium2 as pdfium
from PIL import Image

from config.engines import EngineError, EngineFault
from documents import thumbnails
from ingestion import render, render_pdf
from ingestion.engines import doubt, formfields, marks, memory, rapid, raster, textlayer
from ingestion.engines.base import (
    Box,
    FileFacts,
    Limits,
    Mark,
    PageFacts,
    PageReading,
    TextSource,
    Word,
)
from ingestion.engines.columns import in_reading_order
from ingestion.engines.layout import Reading, scaled, scaled_box
from ingestion.engines.ocr import ORDER, Ocr
from ingestion.engines.rapid import Rapid
from ingestion.engines.slots import Slots
from ingestion.engines.standing import Standing, as_asked
from ingestion.engines.tesseract import Tesseract, program

LAYER_DPI = 150.0
WEBP_QUALITY = 80
WEBP_EFFORT = 0


class AutoReader:
    """`ENGINES["read"]`.

    tesseract_cmd, poppler_path: None finds them on PATH, "" switches them off; poppler_path
    is a folder. order: the OCR engines that may be used, "rapid" and "tesseract". threads: for
    RapidOCR, 0 for all cores. slot_dir: a folder shared by the children of this host, ""
    for no rationing; slots: how many of them may hold RapidOCR (about 1 GB each), 0 for half
    as many as there are `cores` (0: those of the machine); slot_wait_s: how long to wait for
    one. timeout_s: for one call of Tesseract.
    """

    def __init__(
        self,
        tesseract_cmd: str | None = None,
        poppler_path: str | None = None,
        order: Sequence[str] = ORDER,
        threads: int = 1,
        slot_dir: str = "",
        slots: int = 0,
        slot_wait_s: float = 90,
        timeout_s: float = 60,
        cores: int = 0,
    ) -> None:
        cores = cores or os.cpu_count() or 1
        slots = slots or max(1, cores // 2)
        threads = threads or cores
        if slot_dir:  # the holders of the slots share all cores
            threads = max(threads, cores // slots)
        command = program(tesseract_cmd) if "tesseract" in order else ""
        has_rapid = "rapid" in order and rapid.is_installed()
        self.ocr = Ocr(
            order=order,
            rapid=Rapid(threads, Slots(slot_dir, slots, slot_wait_s)) if has_rapid else None,
            tesseract=Tesseract(command, timeout_s) if command else None,
        )
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
            attached = _attached(path, password, media_type)
        return FileFacts(pages=facts.pages, title=facts.title, marks=attached)

    def decrypt(self, *, path: str, password: str, target: str) -> None:
        """See `PageReader.decrypt`."""
        with _faults_as("file_damaged"), open(target, "wb") as file:
            file.write(render.decrypt(path, password))

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
        rotation: int | None = None,
    ) -> PageReading:
        with _faults_as("page_damaged"):
            if render.is_text(media_type):
                text = render.text_page(path=path, media_type=media_type, number=number)
                return _text_reading(text)
            if media_type == render.PDF and not ignore_embedded:
                layered = self._layered(path, number, languages, limits, rotation)
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
            # Turned first: an engine reads best what stands upright, and a person says how.
            image = raster.turned(raster.plain(drawn.image), rotation or 0)
            upright = self.ocr.read(image, languages)
            codes = () if ignore_embedded else marks.on_page(raster.grey_of(upright.image))
            if media_type == render.PDF and not ignore_embedded:
                is_as_drawn = upright.image is image and not rotation
                codes += _form_marks(path, number, image.size, is_as_drawn=is_as_drawn)
            stands = Standing(
                image=upright.image,
                reading=upright.reading,
                codes=codes,
                rotation=(upright.rotation + (rotation or 0)) % 360,
            )
            asked = as_asked(stands, rotation)
            return _stored(asked, drawn.dpi, source=TextSource.OCR, limits=limits)

    def _layered(
        self,
        path: str,
        number: int,
        languages: tuple[str, ...],
        limits: Limits,
        rotation: int | None,
    ) -> PageReading | None:
        """The page by its text layer, None where that cannot be believed or drawn."""
        try:
            with render_pdf.opened(path) as document:
                page = render_pdf.load_page(document, number)
                if not textlayer.has_any(page):
                    return None
                width, height = page.get_size()
                dpi = min(LAYER_DPI, limits.max_side_px / max(width, height, 1.0) * 72)
                image, dpi = render_pdf.draw_page(page, dpi, limits.max_pixels)
                layer = textlayer.read(page, raster.grey_of(image))
                image = raster.turned(image, layer.turn)
                if not (layer.is_legible and self._confirms(layer, image, languages)):
                    return None
                grey = raster.grey_of(image)
                codes = marks.on_page(grey, None if layer.turn else partial(_redrawn, page, dpi))
                reading = Reading(
                    lines=layer.lines, engine=textlayer.ENGINE, version=textlayer.engine_version()
                )
                known = [*textlayer.places(layer), *(code.box for code in codes if code.box)]
                if textlayer.uncovered(known, grey) >= textlayer.MANY_UNCOVERED:
                    finer, _ = render_pdf.draw_page(page, limits.ocr_dpi, limits.max_pixels)
                    reading = self._completed(
                        reading, known, raster.turned(finer, layer.turn), image.width, languages
                    )
        except EngineError:
            return None
        is_printed = reading.engine == textlayer.ENGINE
        stands = Standing(
            image=image,
            reading=reading,
            codes=(*codes, *formfields.marks(layer.fields)),
            rotation=layer.turn,
        )
        source = TextSource.LAYER if is_printed else TextSource.OCR
        return _stored(as_asked(stands, rotation), dpi, source=source, limits=limits)

    def _confirms(
        self, layer: textlayer.Layer, image: Image.Image, languages: tuple[str, ...]
    ) -> bool:
        """Whether words that are not the print itself say what is seen in their places."""
        if not layer.is_hidden or not layer.lines:
            return True
        lines, said = textlayer.probe(layer, image)
        return textlayer.agrees(said, self.ocr.read(lines, languages).reading.text)

    def _completed(
        self,
        layer: Reading,
        known: Sequence[Box],
        image: Image.Image,
        width_px: int,
        languages: tuple[str, ...],
    ) -> Reading:
        """The words of the layer, boxes on a page `width_px` wide, with what OCR reads outside
        `known` in `image`, the same page at another size; named after who read more."""
        factor = image.width / width_px
        rest = raster.wiped(image, [scaled_box(box, factor=factor) for box in known])
        seen = self.ocr.read(rest, languages)
        if seen.image is not rest:  # turned otherwise than the layer: not its page
            return layer
        found = [
            scaled(word, factor=1 / factor)
            for word in seen.reading.words
            if word.confidence >= doubt.LOW_CONFIDENCE
        ]
        if not found:
            return layer
        by = layer if len(layer.words) >= len(found) else seen.reading
        return Reading(
            lines=in_reading_order([*layer.words, *found]), engine=by.engine, version=by.version
        )


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


def _redrawn(page: pdfium.PdfPage, dpi: float, box: Box, finer: float) -> raster.Grey:
    return raster.grey_of(render_pdf.draw_part(page, box, dpi=dpi, finer=finer))


def _poppler_folder(path: str | None) -> str:
    """The folder of poppler's programs: `path`, or where PATH has them for None."""
    if path is None:
        program = shutil.which("pdftoppm")
        return os.path.dirname(program) if program else ""
    return path


def _attached(path: str, password: str, media_type: str) -> tuple[Mark, ...]:
    if media_type == render.XML:
        return marks.of_xml(path)
    if media_type != render.PDF:
        return ()
    try:
        with render_pdf.opened(path, password) as document:
            return marks.attached(document)
    except EngineError:
        return ()  # a file that only poppler opens; its pages are read all the same


def _form_marks(
    path: str, number: int, size: tuple[int, int], *, is_as_drawn: bool
) -> tuple[Mark, ...]:
    """The form on a page that was read by OCR; without boxes where the page was turned."""
    try:
        with render_pdf.opened(path) as document:
            page = render_pdf.load_page(document, number)
            filled = textlayer.filled_fields(page, width_px=size[0], height_px=size[1])
    except EngineError:
        return ()
    found = formfields.marks(filled)
    return found if is_as_drawn else tuple(replace(mark, box=None) for mark in found)


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


def _stored(page: Standing, dpi: float, *, source: TextSource, limits: Limits) -> PageReading:
    """The reading with its picture as it is stored, boxes in pixels of that."""
    image, reading = page.image, page.reading
    factor = min(1.0, limits.max_side_px / max(image.size))
    if factor < 1:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    words = tuple(scaled(word, factor=factor) for word in reading.words)
    target = io.BytesIO()
    image.save(target, "WEBP", quality=WEBP_QUALITY, method=WEBP_EFFORT)
    return PageReading(
        image=target.getvalue(),
        width_px=image.width,
        height_px=image.height,
        dpi=dpi * factor,
        rotation=page.rotation,
        text=reading.text,
        words=words,
        source=source,
        confidence=reading.confidence,
        engine=reading.engine,
        engine_version=reading.version,
        marks=tuple(
            Mark(kind=code.kind, payload=code.payload, box=scaled_box(code.box, factor=factor))
            for code in page.codes
        ),
        thumbnail=thumbnails.of_image(image),
    )
