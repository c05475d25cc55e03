"""Engines that fail in the ways that real ones do; chosen through settings.ENGINES.

They read text files only, so that tests of the queue need no OCR. What a page does is written
in its text: "crash", "hang", "swell", "garbage", "unavailable", "damaged".
"""

import json
import os
import signal
import time
from dataclasses import replace

from config.engines import EngineBusy, EngineError, EngineUnavailable
from ingestion.engines.base import (
    Extraction,
    FieldReading,
    FileFacts,
    Limits,
    PageFacts,
    PageInput,
    PageReading,
    PageType,
    TextSource,
    TypeOption,
    ValueSource,
)


def _pages(path: str) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return file.read().split("\f")


def plain(text: str) -> PageReading:
    """A page that is text and nothing else."""
    return PageReading(
        image=b"",
        width_px=0,
        height_px=0,
        dpi=0.0,
        rotation=0,
        text=text,
        words=(),
        source=TextSource.EMBEDDED,
        confidence=1.0,
        engine="plain",
        engine_version="1",
    )


class Reader:
    """Pages are separated by form feeds. `slow_s` is how long a page takes."""

    def __init__(self, slow_s: float = 0.0) -> None:
        self.slow_s = slow_s

    def open(self, *, path: str, media_type: str, password: str, limits: Limits) -> FileFacts:
        pages = _pages(path)
        if "unopenable" in pages[0]:
            raise EngineError("The file is damaged; send it again.", "file_damaged")
        return FileFacts(pages=len(pages))

    def decrypt(self, *, path: str, password: str, target: str) -> None:
        raise EngineError("Plain text is not encrypted.", "file_damaged")

    def split(
        self, *, path: str, media_type: str, first: int, last: int, limits: Limits
    ) -> tuple[PageFacts, ...]:
        for number in range(first, last + 1):
            if "splitcrash" in _pages(path)[number - 1]:
                os.abort()
        return tuple(PageFacts(number=number) for number in range(first, last + 1))

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
        text = _pages(path)[number - 1]
        time.sleep(self.slow_s)
        if "hang" in text:
            time.sleep(3600)
        if text.startswith("crash"):
            os.abort()
        if "swell" in text:
            self.hoard = bytearray(os.urandom(1)) * 900_000_000
            time.sleep(30)
        if "garbage" in text:
            return {"pages": "none"}  # type: ignore[return-value]
        if "busy" in text:
            raise EngineBusy("Others are being read; it waits its turn.")
        if "unavailable" in text:
            raise EngineUnavailable("The reader is busy; it is tried again.")
        if "damaged" in text:
            raise EngineError("The page cannot be drawn.", "page_damaged")
        return plain(text)


class Classifier:
    """A page that begins with "bill" is one; "start" anywhere begins a paper."""

    def classify(
        self, *, pages: tuple[PageInput, ...], types: tuple[TypeOption, ...]
    ) -> tuple[PageType, ...]:
        if any("unclassifiable" in page.text for page in pages):
            raise EngineError("The page cannot be classified.", "no_type")
        return tuple(
            PageType(
                type="bill" if page.text.startswith("bill") else "",
                confidence=0.95,
                runner_up="",
                runner_up_confidence=0.0,
                starts=1.0 if "start" in page.text else 0.0,
                document_number="",
                page_label=0,
                page_count=0,
                engine="plain",
                engine_version="1",
            )
            for page in pages
        )


class Extractor:
    """Reads "name=value" words of the first page with confidence 0.99."""

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction:
        pairs = [word.split("=", 1) for word in pages[0].text.split() if "=" in word]
        return Extraction(
            readings=tuple(
                FieldReading(
                    pointer=f"/{name}",
                    value=value,
                    raw=value,
                    page=pages[0].number,
                    box=None,
                    source=ValueSource.LAYER,
                    confidence=0.99,
                )
                for name, value in pairs
            ),
            conflicts=(),
            labelled=(),
            engine="plain",
            engine_version="1",
        )


class ObedientExtractor(Extractor):
    """Reads only what the schema names; "unreadable" is a document that it cannot read."""

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction:
        if "unreadable" in pages[0].text:
            raise EngineError("The document cannot be read.", "unreadable")
        found = super().extract(type=type, schema=schema, pages=pages)
        names = json.loads(schema)["properties"]
        kept = tuple(r for r in found.readings if r.pointer[1:] in names)
        return replace(found, readings=kept)


class Embedder:
    """Vectors that say only how long a text is."""

    name = "length"
    dimension = 384
    max_tokens = 256

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        return tuple((1.0, *[0.0] * 383) for _ in texts)

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(text.split()) for text in texts)


class WorkerKiller(ObedientExtractor):
    """Writes the number of each document that it reads into a file. Of the one called `victim`
    the worker never hears: it is killed with -9 as soon as that is read for the first time."""

    def __init__(self, log: str, victim: str = "") -> None:
        self._log = log
        self._victim = victim

    def extract(self, *, type: str, schema: str, pages: tuple[PageInput, ...]) -> Extraction:
        found = super().extract(type=type, schema=schema, pages=pages)
        number = next(r.value for r in found.readings if r.pointer == "/document_number")
        with open(self._log, "a+", encoding="utf-8") as log:
            log.seek(0)
            is_first = number not in log.read().split()
            log.write(f"{number}\n")
        if number == self._victim and is_first:
            os.kill(os.getppid(), signal.SIGKILL)
        return found
