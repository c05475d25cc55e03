"""The engine child: its faults become ours, its limits hold, nothing of it is left behind."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from pytest_django.fixtures import Settings

from config.engines import EngineBusy, EngineError, EngineUnavailable
from ingestion import ledger, workers
from ingestion.engines.base import FileFacts, Limits
from ingestion.engines.host import EngineGone, EngineHost
from ingestion.errors import LeaseLost
from tests import factories

LIMITS = Limits(max_pages=10, max_pixels=10, max_side_px=10, ocr_dpi=10)


@pytest.fixture
def host() -> Iterator[EngineHost]:
    engines: Any = {"read": {"BACKEND": "tests.faulty_engines.Reader"}}
    made = EngineHost(engines, memory_bytes=400_000_000, restart_bytes=300_000_000)
    yield made
    made.close()


def read(host: EngineHost, tmp_path: Any, text: str, **values: Any) -> Any:
    path = tmp_path / "a.txt"
    path.write_text(text)
    arguments: dict[str, Any] = {
        "path": str(path),
        "media_type": "text/plain",
        "number": 1,
        "languages": ("eng",),
        "ignore_embedded": False,
        "limits": LIMITS,
        "limit_s": 20,
    }
    return host.call("read", "read", **arguments | values)


def child_of(host: EngineHost) -> int:
    assert host._child is not None
    return host._child.pid


def test_values_arrive_as_they_were_made(host: EngineHost, tmp_path: Any) -> None:
    assert read(host, tmp_path, "grün €").text == "grün €"
    path = str(tmp_path / "a.txt")
    facts = host.call(
        "read", "open", limit_s=20, path=path, media_type="", password="", limits=LIMITS
    )
    assert facts == FileFacts(pages=1)


def test_the_child_is_kept_warm_between_calls(host: EngineHost, tmp_path: Any) -> None:
    read(host, tmp_path, "one")
    first = child_of(host)
    read(host, tmp_path, "two")
    assert child_of(host) == first
    assert host.starts == 1


@pytest.mark.parametrize(
    ("text", "fault", "code"),
    [
        ("damaged", EngineError, "page_damaged"),
        ("unavailable", EngineUnavailable, "engine_unavailable"),
        ("busy", EngineBusy, "engine_busy"),
        ("garbage", EngineError, "engine_garbage"),
        ("crash", EngineGone, "engine_crashed"),
    ],
)
def test_a_fault_of_the_engine_is_named(
    host: EngineHost, tmp_path: Any, text: str, fault: type[Exception], code: str
) -> None:
    with pytest.raises(fault) as raised:
        read(host, tmp_path, text)
    assert raised.value.code == code  # type: ignore[attr-defined]
    assert read(host, tmp_path, "and on").text == "and on"


def test_a_hanging_engine_is_killed_at_the_limit(host: EngineHost, tmp_path: Any) -> None:
    started = time.monotonic()
    with pytest.raises(EngineGone) as raised:
        read(host, tmp_path, "hang", limit_s=1)
    assert raised.value.code == "time_limit"
    assert time.monotonic() - started < 5


def test_a_child_that_stops_before_it_has_read_the_call_is_killed_at_the_limit(
    host: EngineHost, tmp_path: Any
) -> None:
    read(host, tmp_path, "one")
    os.kill(child_of(host), signal.SIGSTOP)
    ticks: list[None] = []
    more = {"languages": ("x" * 1_000_000,), "limit_s": 1, "tick": lambda: ticks.append(None)}
    with pytest.raises(EngineGone) as raised:
        read(host, tmp_path, "two", **more)
    assert raised.value.code == "time_limit"
    assert len(ticks) >= 3
    assert read(host, tmp_path, "and on").text == "and on"


def test_a_call_larger_than_the_pipe_arrives_whole(host: EngineHost, tmp_path: Any) -> None:
    assert read(host, tmp_path, "one", languages=("x" * 5_000_000,)).text == "one"
    os.kill(child_of(host), signal.SIGKILL)
    assert read(host, tmp_path, "two", languages=("x" * 5_000_000,)).text == "two"


def test_a_swelling_engine_is_killed_at_the_limit(host: EngineHost, tmp_path: Any) -> None:
    with pytest.raises(EngineGone) as raised:
        read(host, tmp_path, "swell")
    assert raised.value.code == "memory_limit"


@pytest.mark.django_db
def test_a_step_that_copies_its_file_is_stopped_at_its_limit(settings: Settings) -> None:
    settings.CANCEL_CHECK_S = 0
    settings.STEP_LIMIT_S = settings.STEP_LIMIT_S | {"split": 0.05}
    factories.job()
    step = ledger.claim("worker")
    assert step is not None
    call = workers.Caller(step)
    call.tick()
    time.sleep(0.06)
    with pytest.raises(EngineGone) as raised:
        call.tick()
    assert raised.value.code == "time_limit"


def test_what_the_tick_raises_ends_the_call_and_the_child(host: EngineHost, tmp_path: Any) -> None:
    def tick() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        read(host, tmp_path, "hang", tick=tick)
    assert host._child is None


def test_a_child_does_not_outlive_its_worker(tmp_path: Any) -> None:
    code = (
        "import sys, time\n"
        "from ingestion.engines.host import EngineHost\n"
        "host = EngineHost({'read': {'BACKEND': 'tests.faulty_engines.Reader'}},"
        " memory_bytes=10**9, restart_bytes=10**9)\n"
        "child = host._running().pid\n"
        "print(child, flush=True)\n"
        "time.sleep(60)\n"
    )
    import subprocess
    import sys

    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    child = psutil.Process(int(worker.stdout.readline()))
    os.kill(worker.pid, 9)
    worker.wait()
    worker.stdout.close()
    child.wait(timeout=10)
    assert not child.is_running()
