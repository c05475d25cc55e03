"""The fields of one document, read by a language model: what it is shown, what it is asked.

A document that is too long for one request is asked for in parts, page after page; what a part
leaves empty a later one may fill. What comes back is looked for on the pages (`evidence.py`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from documents import prompts
from documents.language import Prompt
from ingestion.engines.base import FieldReading, PageInput
from ingestion.engines.rules.locale import locale_of
from ingestion.llm import answers, calls, evidence, lines, shape
from ingestion.llm.base import About, Message, Question, engine_name
from ingestion.llm.budget import CHARS_A_TOKEN
from ingestion.llm.examples import Example
from ingestion.llm.fence import RULE, fenced, harmless
from ingestion.stages.base import Call

# Of the longest documents the model sees the first parts and the last one: heads and sums.
MOST_PARTS = 10
# Of a request; servers take no more than a few, and each costs as much as a page of text.
MOST_PICTURES = 10
# What a page's fence and the words around a request take.
_FENCE_CHARS, _FRAME_CHARS = 80, 200
_LEAST_ROOM = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document as it is read: its type and schema, its pages; where the model is to see them,
    what loads their pictures, by page number."""

    about: About
    type_slug: str
    type_name: str
    schema: Mapping[str, Any]
    pages: tuple[PageInput, ...]
    pictures: Callable[[Iterable[int]], Mapping[int, bytes]] | None = None

    def drawn(self) -> frozenset[int]:
        """The numbers of the pages that the model is to see."""
        drawn = (page.number for page in self.pages if page.width_px)
        return frozenset(drawn if self.pictures else ())

    def is_blank(self) -> bool:
        return not self.drawn() and not any(page.text.strip() for page in self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a model says of a document, as readings; engine: its name and the prompt's."""

    readings: tuple[FieldReading, ...]
    engine: str


Excerpt = tuple[int, str]
"""The number of a page, and its text or a stretch of it."""


def read(paper: Paper, prompt: Prompt, call: Call, examples: Sequence[Example] = ()) -> Said:
    """Ask for all fields of a document. Outside any transaction; raises what `calls.ask` does."""
    return _said(paper, prompt, call, questions(paper, prompt, examples)[1])


def read_in_batch(
    paper: Paper, prompt: Prompt, call: Call, examples: Sequence[Example] = ()
) -> Said:
    """The same by a batch, if it is shown no pictures. Raises what `lines.wait_for` does, too."""
    if paper.pictures is not None:
        return read(paper, prompt, call, examples)
    asked = list(questions(paper, prompt, examples)[1])
    lines.wait_for(asked)
    return _said(paper, prompt, call, asked)


def _said(paper: Paper, prompt: Prompt, call: Call, asked: Iterable[Question]) -> Said:
    found, engine = [], ""
    for question in asked:
        answer = calls.ask(question, call)
        found.append(answer.value)
        engine = engine_name(prompt, answer.model)
    return Said(readings=readings_of(paper, found), engine=engine)


def questions(
    paper: Paper, prompt: Prompt, examples: Sequence[Example] = ()
) -> tuple[int, Iterator[Question]]:
    """How many questions a document takes, one for each part of it, and each of them; the
    pictures of a part are loaded when its turn comes."""
    asked = shape.shape_of(paper.type_slug, paper.schema)
    places = {
        "type": paper.type_name,
        "fields": shape.told(asked),
        "examples": told_examples(examples),
    }
    spent = len(prompts.render(prompt, pages="", **places)) + len(RULE) + _FRAME_CHARS
    room = max(_LEAST_ROOM, prompt.max_input_tokens * CHARS_A_TOKEN - spent)
    parts = shown(parts_of(paper.pages, room, paper.drawn()))
    return len(parts), (_question(paper, part, prompt, asked, places) for part in parts)


def readings_of(paper: Paper, found: Sequence[Mapping[str, Any]]) -> tuple[FieldReading, ...]:
    """What the answers for the parts of a document say, each value with where it stands."""
    asked = shape.shape_of(paper.type_slug, paper.schema)
    locale = locale_of("\n".join(page.text for page in paper.pages))
    said = answers.proposals(answers.joined(found, asked), asked, locale)
    return evidence.located(said, paper.pages, locale)


def _question(
    paper: Paper,
    part: Sequence[Excerpt],
    prompt: Prompt,
    asked: shape.Shape,
    places: Mapping[str, str],
) -> Question:
    numbers = sorted({number for number, _ in part})
    pages = "\n\n".join(fenced(text, f"page {number}") for number, text in part)
    drawn = paper.drawn()
    seen = [number for number in numbers if number in drawn]
    pictures = paper.pictures(seen) if paper.pictures else {}
    return Question(
        prompt=prompt,
        messages=(
            Message(role="system", text=RULE),
            Message(
                role="user",
                text=prompts.render(prompt, pages=pages, **places),
                images=tuple(pictures[number] for number in seen if number in pictures),
            ),
        ),
        schema=shape.answer_schema(asked, pages=len(numbers)),
        about=About(
            project_id=paper.about.project_id,
            job=paper.about.job,
            document=paper.about.document,
            first_page=numbers[0],
            pages=len(numbers),
        ),
    )


def parts_of(
    pages: Sequence[PageInput], room: int, drawn: Set[int] = frozenset()
) -> list[list[Excerpt]]:
    """Pages in order, as many a part as `room` characters hold and at most MOST_PICTURES of those
    that are `drawn`; a longer page is cut at a line. Pages without text stand alone where nothing
    else is there."""
    parts: list[list[Excerpt]] = [[]]
    left = room
    for page in pages:
        for stretch in _stretches(harmless(page.text), room - _FENCE_CHARS):
            size = len(stretch) + _FENCE_CHARS
            seen = drawn & {page.number, *(number for number, _ in parts[-1])}
            if parts[-1] and (size > left or len(seen) > MOST_PICTURES):
                parts.append([])
                left = room
            parts[-1].append((page.number, stretch))
            left -= size
    return parts


def _stretches(text: str, most: int) -> Iterator[str]:
    """A text in stretches of at most `most` characters, cut at the end of a line if it has one."""
    while len(text) > most:
        cut = text.rfind("\n", most // 2, most) + 1 or most
        yield text[:cut]
        text = text[cut:]
    yield text


def shown(parts: list[list[Excerpt]]) -> list[list[Excerpt]]:
    """At most MOST_PARTS of them."""
    return parts if len(parts) <= MOST_PARTS else [*parts[: MOST_PARTS - 1], parts[-1]]


def told_examples(examples: Sequence[Example]) -> str:
    """Confirmed documents and their values, both fenced: a document's own words all the same."""
    told = []
    for number, example in enumerate(examples, 1):
        values = json.dumps(dict(example.values), ensure_ascii=False)
        text, kept = fenced(example.text, f"example {number}"), fenced(values, f"values {number}")
        told.append(f"Of another document:\n{text}\na person gave these values:\n{kept}")
    return "\n\n".join(["", *told, ""]) if told else ""
