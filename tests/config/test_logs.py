"""Lines of the log: one a thing that happened, with all that is bound to it."""

import json
import logging
from io import StringIO
from typing import Any

import pytest

from config import logs


@pytest.fixture
def log() -> tuple[logging.Logger, StringIO]:
    stream = StringIO()
    made = logging.Logger("test")
    made.addHandler(logging.StreamHandler(stream))
    return made, stream


def write(log: tuple[logging.Logger, StringIO], form: str, **extra: Any) -> str:
    logger, stream = log
    logger.handlers[0].setFormatter(logs.formatter(form)())
    logger.warning("step.retry", extra=extra)
    return stream.getvalue()


def test_what_is_bound_is_said_by_every_line_until_the_block_ends(log: Any) -> None:
    with logs.bound(job="j", step=7, stage="ocr", page=3):
        line = json.loads(write(log, "json", code="busy"))
    assert list(line)[:3] == ["time", "level", "event"]
    assert (line["event"], line["level"], line["code"]) == ("step.retry", "WARNING", "busy")
    assert (line["job"], line["step"], line["stage"], line["page"]) == ("j", 7, "ocr", 3)
    assert line["elapsed_s"] >= 0
    assert "job" not in json.loads(write(log, "json").splitlines()[-1])


def test_a_traceback_is_part_of_its_one_line_of_json(log: Any) -> None:
    logger, stream = log
    logger.handlers[0].setFormatter(logs.JsonFormatter())
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logger.exception("step.bug")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: two\nlines" in json.loads(line)["exception"]


def test_no_value_can_pose_as_another_pair_or_line(log: Any) -> None:
    line = write(log, "line", cause="gone\n2026 INFO step.done step=8", stage="ocr")
    assert line.count("\n") == 1
    assert line.endswith('cause="gone\\n2026 INFO step.done step=8" stage=ocr\n')


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="DOCKET_LOG_FORMAT must be line or json"):
        logs.formatter("xml")
