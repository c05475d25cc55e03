"""The shorter form of `make chaos`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.acceptance


def test_killed_workers_engines_databases_and_storage_lose_nothing_and_double_nothing() -> None:
    words = ["--seconds=24", "--pages=24", "--scans=2", "--jobs=3"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.chaos", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    told = json.loads(run.stdout or "{}")
    assert told.get("complaints") == [], run.stderr[-4000:]
    assert run.returncode == 0
    assert {"postgres", "storage", "main process", "sentinel"} <= set(told["faults"])
