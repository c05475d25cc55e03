"""A reader that takes its time: for trying out the queue, and for the tests that shake it.

Chosen by DOCKET_SLOW_PAGE_MS; it reads as the reader in its options does."""

import time
from typing import Any

from config.engines import EngineConfig, load


class SlowReader:
    """`slow_s`: seconds that every page takes longer."""

    def __init__(self, reader: EngineConfig, slow_s: float) -> None:
        self._reader: Any = load(reader)
        self._slow_s = slow_s

    def read(self, **arguments: Any) -> Any:
        time.sleep(self._slow_s)
        return self._reader.read(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)
