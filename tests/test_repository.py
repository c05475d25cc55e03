"""What the repository promises of itself."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONG_LINES = 350
# Modules that may be longer, each with the reason.
LONG_ON_PURPOSE = {
    "documents/models.py": "all nouns stand in one file",
    "ingestion/models.py": "all nouns of the queue stand in one file",
    "documents/checks.py": "one rule of the law after the other",
    "documents/fields.py": "one kind of value after the other",
    "config/settings.py": "every setting, read in one place",
    "config/database.py": "all of the embedded Postgres: make, start, reach, stop",
    "ingestion/engines/rules/phrases.py": "a dictionary",
}


def tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split()]


def test_no_module_is_long_without_a_reason() -> None:
    long = {
        path.relative_to(ROOT).as_posix()
        for path in tracked("*.py")
        if "migrations" not in path.parts
        and "tests" not in path.parts
        and len(path.read_text(encoding="utf-8").splitlines()) > LONG_LINES
    }
    assert long <= set(LONG_ON_PURPOSE)


def test_everything_that_the_readme_names_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:config|documents|ingestion|search|bench|static)/[\w/.]*)`", readme)
    )
    named |= set(re.findall(r"\]\(((?!http)[\w/.]+)\)", readme))
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_every_requirement_is_pinned() -> None:
    for file in ("requirements.txt", "tests/requirements.txt"):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            assert not line or line[0] in "#-" or "==" in line, line
