"""Tesseract as an OCR engine: words with boxes and confidences from a picture.

Owns the call of the program and nothing about when it is worth calling.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pytesseract
from PIL import Image
from pytesseract import Output

from config.engines import EngineError, EngineUnavailable
from ingestion.engines import raster
from ingestion.engines.base import Box, Word
from ingestion.engines.layout import Line, Reading

# Codes of tessdata for the two-letter codes that people write.
LANGUAGES = {
    "en": "eng", "de": "deu", "fr": "fra", "es": "spa", "it": "ita", "pt": "por", "nl": "nld",
    "hi": "hin", "bn": "ben", "ta": "tam", "te": "tel", "mr": "mar", "gu": "guj", "kn": "kan",
    "ml": "mal", "pa": "pan", "ur": "urd", "ar": "ara", "ru": "rus", "pl": "pol", "sv": "swe",
    "ja": "jpn", "ko": "kor", "zh": "chi_sim",
}  # fmt: skip

# Languages written in the scripts that `--psm 0` tells; a pack for the script itself counts too.
SCRIPTS = {
    "Arabic": ("ara", "urd", "fas"), "Bengali": ("ben", "asm"), "Cyrillic": ("rus", "ukr", "bul"),
    "Devanagari": ("hin", "mar", "nep", "san"), "Greek": ("ell",), "Gujarati": ("guj",),
    "Gurmukhi": ("pan",), "Han": ("chi_sim", "chi_tra"), "Hangul": ("kor",), "Hebrew": ("heb",),
    "Japanese": ("jpn",), "Kannada": ("kan",), "Malayalam": ("mal",), "Oriya": ("ori",),
    "Sinhala": ("sin",), "Tamil": ("tam",), "Telugu": ("tel",), "Thai": ("tha",),
}  # fmt: skip

# What Tesseract itself takes for a resolution.
LEAST_DPI, MOST_DPI = 70, 2400


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a quick look tells. turn: degrees (0, 90, 180, 270) to turn the picture clockwise to
    stand upright; script: as Tesseract calls it, "" where it cannot tell; both with how sure
    that is as Tesseract counts it: below 1 is a guess."""

    turn: int = 0
    turn_sureness: float = 0.0
    script: str = ""
    script_sureness: float = 0.0


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

    def read(
        self,
        image: Image.Image,
        languages: Sequence[str],
        *,
        layout: int = 3,
        dpi: float | None = None,
    ) -> Reading:
        """Words in Tesseract's reading order; `layout` is its page segmentation mode, `dpi` what
        it is told of the resolution: None for what the file said, else left to its guess."""
        picture = _handed(image)
        try:
            table = pytesseract.image_to_data(
                picture,
                lang=self.language(languages),
                config=f"--psm {layout} {_resolution(image, dpi)}",
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

    def look(self, image: Image.Image) -> Seen:
        """Which way up a page stands, and its script."""
        picture = _handed(image)
        try:
            told = pytesseract.image_to_osd(
                picture, config="--psm 0 --dpi 300", output_type=Output.DICT, timeout=self.timeout_s
            )
            return Seen(
                turn=int(told["rotate"]),
                turn_sureness=float(told["orientation_conf"]),
                script=str(told["script"]),
                script_sureness=float(told["script_conf"]),
            )
        except (pytesseract.TesseractError, RuntimeError, ValueError, KeyError, OSError):
            return Seen()

    def languages_of(self, script: str) -> tuple[str, ...]:
        """The installed languages that are written in `script`."""
        wanted = (f"script/{script}", *SCRIPTS.get(script, ()))
        return tuple(code for code in wanted if code in self.installed)


def _handed(image: Image.Image) -> Image.Image:
    """The picture as the program gets it: of a grey one that is stored in colours it makes the
    same words in a third more time."""
    picture = raster.plain(image)
    picture = image.copy() if picture is image else picture
    picture.format = "PPM"  # the fastest of the formats that it takes
    return picture


def _resolution(image: Image.Image, dpi: float | None) -> str:
    """The option that tells the resolution; "" where nobody knows it."""
    if dpi is None:
        try:
            dpi = float(image.info["dpi"][0])
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    return f"--dpi {dpi:.0f}" if LEAST_DPI <= dpi <= MOST_DPI else ""


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
