"""Tesseract as an OCR engine: words with boxes and confidences from a picture.

Owns the call of the program and nothing about when it is worth calling.
"""

import os
import shutil
from collections.abc import Sequence
from functools import cached_property

import pytesseract
from PIL import Image
from pytesseract import Output

from config.engines import EngineError, EngineUnavailable
from ingestion.engines.base import Box, Word
from ingestion.engines.layout import Line, Reading

# Codes of tessdata for the two-letter codes that people write.
LANGUAGES = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "nl": "nld",
    "hi": "hin", "bn": "ben", "ta": "tam", "te": "tel", "mr": "mar", "gu": "guj", "kn": "kan",
    "ml": "mal", "pa": "pan", "ur": "urd", "ar": "ara", "ru": "rus", "pl": "pol", "sv": "swe",
    "ja": "jpn", "ko": "kor", "zh": "chi_sim",
}  # fmt: skip


def program(command: str | None) -> str:
    """The program to call: `command`, or the one on PATH for None; "" means none."""
    if command is None:
        return shutil.which("tesseract") or ""
    return command


class Tesseract:
    """Reads pictures with the program at `command`, on one core, at most `timeout_s` each."""

    name = "tesseract"

    def __init__(self, command: str, timeout_s: float = 60) -> None:
        pytesseract.pytesseract.tesseract_cmd = command
        # One page per core: more threads make a page slower, not faster (measured).
        os.environ["OMP_THREAD_LIMIT"] = "1"
        self.timeout_s = timeout_s

    @cached_property
    def version(self) -> str:
        try:
            return str(pytesseract.get_tesseract_version()).splitlines()[0]
        except (pytesseract.TesseractNotFoundError, OSError, SystemExit) as error:
            raise _gone() from error

    @cached_property
    def installed(self) -> frozenset[str]:
        """Languages that can be asked for."""
        try:
            return frozenset(pytesseract.get_languages())
        except (pytesseract.TesseractError, pytesseract.TesseractNotFoundError, OSError) as error:
            raise _gone() from error

    def language(self, languages: Sequence[str]) -> str:
        """What to give to `-l`: the installed ones of `languages`, English where none is."""
        wanted = [LANGUAGES.get(code, code) for code in languages]
        usable = [code for code in dict.fromkeys(wanted) if code in self.installed]
        return "+".join(usable) or ("eng" if "eng" in self.installed else min(self.installed))

    def read(self, image: Image.Image, languages: Sequence[str], *, layout: int = 3) -> Reading:
        """Words in Tesseract's reading order; `layout` is its page segmentation mode."""
        picture = image.copy()
        picture.format = "PPM"  # the fastest of the formats that the program takes
        try:
            table = pytesseract.image_to_data(
                picture,
                lang=self.language(languages),
                config=f"--psm {layout} --dpi 300",
                output_type=Output.DICT,
                timeout=self.timeout_s,
            )
        except pytesseract.TesseractNotFoundError as error:
            raise _gone() from error
        except pytesseract.TesseractError as error:
            raise EngineError("Tesseract cannot read the page.", "page_damaged") from error
        except RuntimeError as error:
            raise EngineError(
                f"Tesseract needed more than {self.timeout_s:.0f} s for the page.", "page_damaged"
            ) from error
        return Reading(lines=_lines(table), engine=self.name, version=self.version)

    def turn(self, image: Image.Image) -> tuple[int, float]:
        """Degrees (0, 90, 180, 270) to turn `image` clockwise to stand upright, and how sure
        that is, as Tesseract counts it: below 1 is a guess."""
        picture = image.copy()
        picture.format = "PPM"
        try:
            told = pytesseract.image_to_osd(
                picture, config="--psm 0 --dpi 300", output_type=Output.DICT, timeout=self.timeout_s
            )
        except (pytesseract.TesseractError, RuntimeError, ValueError, KeyError, OSError):
            return 0, 0.0
        return int(told["rotate"]), float(told["orientation_conf"])


def _gone() -> EngineUnavailable:
    return EngineUnavailable("Tesseract cannot be started. Check TESSERACT_CMD.")


def _lines(table: dict[str, list[str | int]]) -> tuple[Line, ...]:
    lines: dict[tuple[int, ...], list[Word]] = {}
    columns = ("block_num", "par_num", "line_num", "left", "top", "width", "height")
    for row, text in enumerate(table["text"]):
        word = str(text).strip()
        confidence = float(table["conf"][row])
        if not word or confidence < 0:
            continue
        block, paragraph, line, left, top, width, height = (
            int(table[column][row]) for column in columns
        )
        box = Box(left=left, top=top, right=left + width, bottom=top + height)
        lines.setdefault((block, paragraph, line), []).append(
            Word(text=word, box=box, confidence=confidence / 100)
        )
    return tuple(tuple(line) for line in lines.values())
