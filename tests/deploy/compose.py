"""What Docker Compose makes of deploy/compose.yaml.

Asked of the real Compose (its program comes with a wheel); it reads and checks a file against
the compose specification and fills in the variables without a Docker to talk to.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "deploy" / "compose.yaml"
PROGRAM = Path(sys.executable).with_name("docker-compose")
NEEDED = {
    "SECRET_KEY": "k" * 50,
    "POSTGRES_PASSWORD": "password",
    "S3_ACCESS_KEY": "access",
    "S3_SECRET_KEY": "a-secret",
    "DOCKET_ALLOWED_HOSTS": "docket.example.org",
}


def run(
    values: dict[str, str], *words: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` with these variables and no others; `text` instead of the file."""
    file = str(FILE) if text is None else "-"
    folder = ("--project-directory", str(FILE.parent), "--env-file", os.devnull)
    return subprocess.run(
        [str(PROGRAM), "-f", file, *folder, "--profile", "*", "config", *words],
        env={"PATH": os.defpath, "HOME": "/nonexistent", **values},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def services(**values: str) -> dict[str, Any]:
    """All services, profiles included, as Compose would start them."""
    done = run({**NEEDED, **values}, "--format", "json")
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)["services"]
    return told


def grace_s(service: str) -> int:
    """Seconds between SIGTERM and SIGKILL."""
    told = yaml.safe_load(FILE.read_text())["services"][service]["stop_grace_period"]
    return int(told.removesuffix("s"))
