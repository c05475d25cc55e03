"""Slots that ration a large model among the engine children of one host.

A slot is a file that its holder keeps locked (flock), so it is freed when the holder dies.
The holder keeps its model warm until another child waits: then it gives the slot up when it
is idle or had its share of time. The share is long, since a model that is loaded anew prepares
itself for every size of picture again. Waiting is told by a shared lock on one more file.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.engines import EngineBusy, EngineUnavailable

POLL_S = 0.2
BUSY_HOLD_S = 45.0
IDLE_HOLD_S = 3.0


class Slots:
    """`count` slots as files in `directory`; with "" there is no limit and no file."""

    def __init__(self, directory: str, count: int, wait_s: float) -> None:
        self.directory = directory
        self.count = count
        self.wait_s = wait_s
        self._using = threading.Lock()
        self._slot: int | None = None
        self._since = 0.0
        self._last_used = 0.0

    @contextmanager
    def held(self, give_up: Callable[[], None]) -> Iterator[None]:
        """Hold a slot for the block and after it, until another child waits for one: then
        `give_up` is called, from a thread, and the slot freed.

        EngineUnavailable after `wait_s` without a slot."""
        with self._using:
            if self.directory and self._slot is None:
                self._slot = self._taken()
                self._since = time.monotonic()
                threading.Thread(target=self._watch, args=(give_up,), daemon=True).start()
            try:
                yield
            finally:
                self._last_used = time.monotonic()

    def _taken(self) -> int:
        folder = Path(self.directory)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (slot := self._try_all(folder)) is not None:
                return slot
            waiting = os.open(folder / "waiting.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(waiting, fcntl.LOCK_SH)
                return self._waited(folder)
            finally:
                os.close(waiting)
        except OSError as error:
            raise EngineUnavailable(
                "The folder of the OCR slots cannot be used. Check its path and its owner."
            ) from error

    def _waited(self, folder: Path) -> int:
        deadline = time.monotonic() + self.wait_s
        while time.monotonic() < deadline:
            if (slot := self._try_all(folder)) is not None:
                return slot
            time.sleep(POLL_S)
        raise EngineBusy(
            "Other workers of this machine hold RapidOCR. The page is tried again later."
        )

    def _try_all(self, folder: Path) -> int | None:
        for number in range(self.count):
            slot = os.open(folder / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                return slot
        return None

    def _watch(self, give_up: Callable[[], None]) -> None:
        while True:
            time.sleep(POLL_S)
            if not self._wanted():
                continue
            with self._using:
                now = time.monotonic()
                if now - self._since < BUSY_HOLD_S and now - self._last_used < IDLE_HOLD_S:
                    continue
                give_up()
                if self._slot is not None:
                    os.close(self._slot)
                    self._slot = None
                return

    def _wanted(self) -> bool:
        """Whether another child waits: its shared lock refuses an exclusive one."""
        try:
            waiting = os.open(Path(self.directory) / "waiting.lock", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(waiting)
        return False
