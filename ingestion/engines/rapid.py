"""RapidOCR (PP-OCR models on OpenVINO) as an OCR engine.

The models are inside the wheel; nothing is ever downloaded. The detector sees the page at
1,280 pixels a side, the recogniser cuts its lines out of the full picture: that keeps the
memory below 1.2 GB and reads small print better than one scale for both. The classifier for
lines upside down is left out: it turns good lines (word F1 0.952 with it, 0.967 without).
"""

import gc
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from config.engines import EngineError, EngineUnavailable
from ingestion.engines.base import Box, Word
from ingestion.engines.columns import in_reading_order
from ingestion.engines.layout import Reading
from ingestion.engines.slots import Slots

DETECTOR_SIDE_PX = 1280
LEAST_LINE_SCORE = 0.5
TRIED_LINES = 8
UPRIGHT_MARGIN = 0.05
# OpenVINO keeps some 3 MB for every shape of input that it has seen: few sizes of batches and
# few widths, narrow ones too, since padding short words to the usual 320 pixels misleads.
BATCH_SIZES = (6, 3, 1)
LINE_PX = 48
WIDTHS_PX = (80, 160, 240, 320, 400, 480, 560, 640, 800, 960, 1120, 1280, 1600, 1920, 2560)
WORD_GAP = 2.2

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """What the recogniser says of one crop; `info` is its `WordInfo`."""

    text: str
    score: float
    info: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A line as recognised: its corners clockwise from where its text begins, and for every
    character that is no space where it stands, as a share of the line's length."""

    corners: NDArray[np.float64]
    text: str
    places: tuple[float, ...]
    confidences: tuple[float, ...]


def is_installed() -> bool:
    """Whether the packages are there; they are loaded at the first page only."""
    return all(find_spec(package) for package in ("rapidocr", "openvino"))


class Rapid:
    """Reads pictures; loads its models at the first one and keeps them while it may."""

    name = "rapidocr"

    def __init__(self, threads: int, slots: Slots) -> None:
        self.threads = threads
        self.slots = slots
        self.version = version("rapidocr")
        self._engine: Any = None

    def read(self, image: Image.Image) -> Reading:
        """Words in lines. EngineUnavailable where no slot becomes free."""
        pixels = _pixels(image)
        with self.slots.held(self.unload):
            found = self._recognised(pixels)
        words = [word for line in found for word in _words(line)]
        return Reading(lines=in_reading_order(words), engine=self.name, version=self.version)

    def turn(self, image: Image.Image) -> int:
        """Degrees (0, 90, 180, 270) to turn `image` clockwise so that it stands upright: its
        longest lines are read both ways up."""
        pixels = _pixels(image)
        with self.slots.held(self.unload):
            engine = self._loaded()
            corners = self._detected(engine, pixels)
            if not len(corners):
                return 0
            longest = sorted(corners, key=_length, reverse=True)[:TRIED_LINES]
            crops = engine.crop_text_regions(pixels, np.array(longest))
            flipped = [np.ascontiguousarray(crop[::-1, ::-1]) for crop in crops]
            scores = np.array([line.score for line in self._read_crops(engine, crops + flipped)])
        as_is, turned = scores[: len(crops)].mean(), scores[len(crops) :].mean()
        upside_down = turned > as_is + UPRIGHT_MARGIN
        # Tall lines are turned counter-clockwise by RapidOCR before they are read.
        sideways = sum(_is_tall(quad) for quad in longest) * 2 > len(longest)
        if sideways:
            return 90 if upside_down else 270
        return 180 if upside_down else 0

    def unload(self) -> None:
        """Give the memory of the models back."""
        self._engine = None
        gc.collect()

    def _loaded(self) -> Any:
        if self._engine is not None:
            return self._engine
        try:
            from rapidocr import RapidOCR
            from rapidocr.utils.typings import EngineType

            engine: Any = RapidOCR(
                params={
                    "Global.use_cls": False,
                    "Global.log_level": "critical",
                    "Det.engine_type": EngineType.OPENVINO,
                    "Rec.engine_type": EngineType.OPENVINO,
                    "Det.limit_type": "max",
                    "Det.limit_side_len": DETECTOR_SIDE_PX,
                    "EngineConfig.openvino.inference_num_threads": self.threads,
                }
            )
            engine._load_det_model()
            engine._load_rec_model()
        except Exception as error:
            raise EngineUnavailable(
                "RapidOCR cannot load its models. Check that rapidocr and openvino are installed."
            ) from error
        self._engine = engine
        return engine

    def _recognised(self, pixels: Pixels) -> list[_Found]:
        engine = self._loaded()
        corners = self._detected(engine, pixels)
        if not len(corners):
            return []
        read = self._read_crops(engine, engine.crop_text_regions(pixels, corners))
        return [
            _found(quad, line.text, line.info)
            for quad, line in zip(corners, read, strict=True)
            if line.text.strip() and line.score >= LEAST_LINE_SCORE
        ]

    def _detected(self, engine: Any, pixels: Pixels) -> NDArray[np.float32]:
        try:
            boxes = engine.text_det(pixels).boxes
        except Exception as error:
            raise _failed() from error
        return np.empty((0, 4, 2), np.float32) if boxes is None else boxes

    def _read_crops(self, engine: Any, crops: list[Pixels]) -> list[_Text]:
        """The texts of `crops`, in their order."""
        from rapidocr.ch_ppocr_rec import TextRecInput

        read: list[_Text | None] = [None] * len(crops)
        order = sorted(range(len(crops)), key=lambda index: _ratio(crops[index]))
        try:
            for batch in _batches(order):
                width = LINE_PX * _ratio(crops[batch[-1]])
                engine.text_rec.rec_image_shape = [3, LINE_PX, _step_above(width)]
                found = engine.text_rec(
                    TextRecInput(img=[crops[index] for index in batch], return_word_box=True)
                )
                for index, text, score, info in zip(
                    batch, found.txts, found.scores, found.word_results, strict=True
                ):
                    read[index] = _Text(text=text, score=float(score), info=info)
        except Exception as error:
            raise _failed() from error
        return [text for text in read if text is not None]


def _failed() -> EngineError:
    return EngineError("RapidOCR cannot read the page.", "page_damaged")


def _batches(order: list[int]) -> Iterator[list[int]]:
    start = 0
    while start < len(order):
        size = next(size for size in BATCH_SIZES if size <= len(order) - start)
        yield order[start : start + size]
        start += size


def _step_above(width: float) -> int:
    return next((step for step in WIDTHS_PX if step >= width), math.ceil(width / 640) * 640)


def _ratio(crop: Pixels) -> float:
    return float(crop.shape[1] / crop.shape[0])


def _pixels(image: Image.Image) -> Pixels:
    """Blue, green, red, as OpenCV and the models count them."""
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _length(quad: NDArray[np.float32]) -> float:
    return float(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[0] - quad[3])))


def _is_tall(quad: NDArray[np.float32]) -> bool:
    """As `rapidocr.utils.process_img.get_rotate_crop_image` decides it."""
    wide = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    high = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    return bool(high >= 1.5 * wide)


def _found(quad: NDArray[np.float32], text: str, info: Any) -> _Found:
    corners = quad.astype(np.float64)
    if _is_tall(quad):
        corners = np.roll(corners, -1, axis=0)
    letters = [column for columns in info.word_cols for column in columns]
    confidences = [
        confidence
        for character, confidence in zip(text, info.confs, strict=False)
        if not character.isspace()
    ]
    length = max(float(info.line_txt_len), 1.0)
    places = tuple(min(1.0, (column + 0.5) / length) for column in letters)
    return _Found(corners=corners, text=text, places=places, confidences=tuple(confidences))


def _words(line: _Found) -> list[Word]:
    """The words of a line, each with the part of the line's box that its letters span."""
    advance = _advance(line)
    result = []
    for text, start in _split(line, WORD_GAP * advance):
        places = line.places[start : start + len(text)]
        confidences = line.confidences[start : start + len(text)]
        if not places or not confidences:
            continue
        left, right = max(0.0, places[0] - advance / 2), min(1.0, places[-1] + advance / 2)
        result.append(
            Word(
                text=text,
                box=_part(line.corners, left, right),
                confidence=sum(confidences) / len(confidences),
            )
        )
    return result


def _split(line: _Found, widest: float) -> Iterator[tuple[str, int]]:
    """Words and the place of their first letter: split at spaces, and where letters stand
    wider apart than `widest`, since the recogniser leaves out many a space."""
    start = 0
    for part in line.text.split():
        end = start + len(part)
        gaps = np.diff(line.places[start:end])
        cuts = [start + 1 + int(index) for index in np.flatnonzero(gaps > widest)]
        for first, last in pairwise([start, *cuts, end]):
            yield part[first - start : last - start], first
        start = end


def _advance(line: _Found) -> float:
    """Usual distance from letter to letter, as a share of the line's length."""
    gaps = np.diff(line.places)
    return float(np.median(gaps)) if len(gaps) else 1.0


def _part(corners: NDArray[np.float64], left: float, right: float) -> Box:
    """The upright box around the part of a line between two shares of its length."""
    top_left, top_right, bottom_right, bottom_left = corners
    points = [
        start + (end - start) * share
        for start, end in ((top_left, top_right), (bottom_left, bottom_right))
        for share in (left, right)
    ]
    xs, ys = [float(p[0]) for p in points], [float(p[1]) for p in points]
    return Box(left=min(xs), top=min(ys), right=max(xs), bottom=max(ys))
