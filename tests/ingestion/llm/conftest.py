"""Ground for tests of the language model engine: questions, and a worker's call without a step."""

from typing import Any

import pytest

from documents import prompts
from documents.language import Prompt, Purpose
from documents.models import Project
from ingestion.llm import client
from ingestion.llm.base import About, Message, Question
from tests import factories

SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["bill", "unknown"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["type", "confidence"],
    "additionalProperties": False,
}
ANSWER = {"type": "bill", "confidence": 0.9}


class Worker:
    """The `call` of a step: counts its ticks, and raises `stop` in the one after `stop_after`."""

    def __init__(self, stop: Exception | None = None, stop_after: int = 1) -> None:
        self.ticks = 0
        self._stop = stop
        self._stop_after = stop_after

    def __call__(self, engine: str, method: str, **arguments: Any) -> Any:
        raise AssertionError("no engine is asked here")

    def tick(self) -> None:
        self.ticks += 1
        if self._stop is not None and self.ticks > self._stop_after:
            raise self._stop


def question(
    text: str = "What is it?", project: Project | None = None, **of_prompt: Any
) -> Question:
    """A question of a project; `of_prompt` makes a version of its own."""
    home = project or factories.project()
    prompt: Prompt = prompts.active(Purpose.CLASSIFY, home.pk)
    if of_prompt:
        told = {"template": prompt.template} | of_prompt
        prompt = prompts.create_version(Purpose.CLASSIFY, home, told, None, activate=True)
    return Question(
        prompt=prompt,
        messages=(Message(role="system", text="Sort."), Message(role="user", text=text)),
        schema=SCHEMA,
        about=About(project_id=home.pk, pages=1),
    )


@pytest.fixture(autouse=True)
def _habits_of_no_other_test() -> None:
    """What a process found out about servers is of servers that are gone."""
    client._habits.clear()
