"""The settings: documented, safe in production, and refused where they cannot work."""

import os
import re
import subprocess
import sys
from pathlib import Path

from pytest_django.fixtures import Settings

ROOT = Path(__file__).resolve().parent.parent.parent


def variables() -> set[str]:
    """Names that config/settings.py reads from the environment."""
    source = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    reads = r'(?:_text|_number|_list|_is_on|environ\.get)\(\s*"([A-Z][A-Z0-9_]+)"'
    return set(re.findall(reads, source))


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = {name for name in variables() if f"`{name}`" not in readme}
    assert variables()
    assert not missing


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_every_check() -> None:
    secret = "r3nwLq0ZcT7pYk2vXb9sHd4gFm6jUa1eOi8tQxWzCy5uVnKl" * 2
    done = check(DOCKET_ENV="production", SECRET_KEY=secret, DOCKET_ALLOWED_HOSTS="docket.test")
    assert done.returncode == 0, done.stderr


def test_a_shared_database_without_a_shared_secret_is_refused() -> None:
    done = check(DATABASE_URL="postgres://u:p@127.0.0.1:1/db", SECRET_KEY="")
    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


def test_a_step_that_may_outlive_its_task_is_refused(settings: Settings) -> None:
    from config.checks import steps_end_before_their_task

    settings.STEP_LIMIT_S = {"ocr": 290}
    assert [error.id for error in steps_end_before_their_task(None)] == ["docket.E003"]


def test_an_engine_that_is_not_there_is_refused(settings: Settings) -> None:
    from config.checks import engines_can_be_found

    settings.ENGINES = {"read": {"BACKEND": "nowhere.Reader"}}
    assert [error.id for error in engines_can_be_found(None)] == ["docket.E002"]


def test_a_model_for_embeddings_without_the_length_of_its_vectors_is_refused() -> None:
    done = check(DOCKET_EMBED_MODEL="m")
    assert "DOCKET_EMBED_DIMENSION" in done.stderr
    assert "docket.E008" not in check(DOCKET_EMBED_MODEL="m", DOCKET_EMBED_DIMENSION="8").stderr
