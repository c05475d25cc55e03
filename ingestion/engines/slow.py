"""A reader that takes its time: for trying out the queue, and for the tests that shake it.

Chosen by DOCKET_SLOW_PAGE_MS; it reads as the reader in its options does."""

import time
from typing import Any

from config.engines import EngineConfig, load
from ingestion.engines.base import FileFacts, Limits, PageFacts, PageReading


class SlowReader:
    """`slow_s`: seconds that every page takes longer."""

    def __init__(self, reader: EngineConfig, slow_s: float) -> None:
        self._reader: Any = load(reader)
        self._slow_s = slow_s

    def open(self, *, path: str, media_type: str, password: str, limits: Limits) -> FileFacts:
        facts: FileFacts = self._reader.open(
            path=path, media_type=media_type, password=password, limits=limits
        )
        return facts

    def decrypt(self, *, path: str, password: str, target: str) -> None:
        self._reader.decrypt(path=path, password=password, target=target)

    def split(
        self, *, path: str, media_type: str, first: int, last: int, limits: Limits
    ) -> tuple[PageFacts, ...]:
        pages: tuple[PageFacts, ...] = self._reader.split(
            path=path, media_type=media_type, first=first, last=last, limits=limits
        )
        return pages

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
        time.sleep(self._slow_s)
        reading: PageReading = self._reader.read(
            path=path,
            media_type=media_type,
            number=number,
            languages=languages,
            ignore_embedded=ignore_embedded,
            limits=limits,
        )
        return reading
