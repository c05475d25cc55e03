"""Two hosts that share nothing but the network; one is cut off and comes back."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.acceptance, pytest.mark.namespaces]


def may_make_namespaces() -> bool:
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare"))):
        return False
    return (
        subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not may_make_namespaces(), reason="namespaces: needs root and iproute2")
def test_a_host_that_is_cut_off_loses_nothing_and_its_late_results_are_refused() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.two_hosts"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    told = json.loads(run.stdout or "{}")
    assert told.get("complaints") == [], run.stderr[-4000:]
    assert told["held_when_cut"] >= 1
    assert told["refused"] >= 1
