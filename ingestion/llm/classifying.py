"""Pages of a slice, classified by a language model where the rules are unsure.

Many pages go into one request, each with its head and tail where it is long. What rules and
model come to together (`merged`):

    the same type                     surer
    rules sure of a shipped type      the rules' word, and nobody is asked
    rules unknown, model a type       the model's type, so unsure that a person is asked, unless
                                      the rules had it as their second
    two types, or type and unknown    the rules' type, so unsure that a person is asked, with the
                                      other as runner-up
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.conf import settings

from documents import prompts, schemas
from documents.language import Prompt
from documents.models import DocumentType, ModelUse
from ingestion.engines.base import PageInput, PageType
from ingestion.llm import asking, calls
from ingestion.llm.asking import Failure
from ingestion.llm.base import About, Answer, Message, Question, engine_name
from ingestion.llm.budget import CHARS_A_TOKEN
from ingestion.llm.examples import excerpt
from ingestion.llm.fence import RULE, fenced, harmless
from ingestion.stages.base import Call
from search import teaching
from search.teaching import Said

# The rules' word for a page below this is asked about.
UNSURE = 0.9
UNKNOWN = "unknown"
# Below `documents.drafts.TYPE_THRESHOLD`: a person is asked.
ALONE, DISPUTED = 0.55, 0.5
# What the rules held possible, with at least this share, and the model says; a type of one's
# own asks for more.
BACKED, LEAST_BACKING = 0.75, 0.2
# A model that is no surer than this of a type that the rules do not see is not followed.
COIN_TOSS = 0.5
LEFT_OF_DOUBT = 0.5
FIRST, FOLLOWS = 0.9, 0.1
_CONTEXT_CHARS = 600
_LEAST_PAGE_CHARS, _FENCE_CHARS, _FRAME_CHARS = 400, 100, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the model says of a page. type, second: slug or "" for unknown."""

    type: str
    confidence: float
    second: str
    is_first: bool
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """By page number what the model said, and why it said nothing of others that it was asked."""

    said: dict[int, Verdict] = field(default_factory=dict)
    failed: dict[int, Failure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Pages in order with what is known of each; the first may be there as context only.

    pictures: where the model is to see the pages, what loads those of some, by page number."""

    about: About
    pages: tuple[PageInput, ...]
    known: Mapping[int, PageType]
    pictures: Callable[[Iterable[int]], Mapping[int, bytes]] | None = None


def asked_about(part: Slice, types: Sequence[DocumentType]) -> list[int]:
    """The numbers of the pages that the model is asked about: no blank ones."""
    uses = {kind.slug: kind.model_use for kind in types}
    if all(use == ModelUse.NEVER for use in uses.values()):
        return []
    return [
        page.number
        for page in part.pages
        if page.number in part.known
        and page.text.strip()
        and _is_open(part.known[page.number], uses)
    ]


def _is_open(kind: PageType, uses: Mapping[str, str]) -> bool:
    is_final = teaching.is_final(Said(type=kind.type, confidence=kind.confidence), schemas.SHIPPED)
    if is_final or uses.get(kind.type) == ModelUse.NEVER:
        return False
    is_always = ModelUse.ALWAYS in (uses.get(kind.type), uses.get(kind.runner_up))
    return is_always or not kind.type or kind.confidence < UNSURE


def classify(
    part: Slice,
    types: Sequence[DocumentType],
    prompt: Prompt,
    call: Call,
    *,
    numbers: Sequence[int],
    is_last: bool,
) -> Verdicts:
    """Ask about these pages, as few requests as their text allows. Outside any transaction.

    Raises what `asking.tried` does."""
    made = Verdicts()
    away: Failure | None = None
    for batch, question in questions(part, types, prompt, numbers):
        found: Answer | Failure | None = away
        if found is None:
            found = asking.tried(partial(calls.ask, question, call), is_last=is_last)
        if isinstance(found, Failure):
            made.failed.update(dict.fromkeys(batch, found))
            away = found if found.is_away else None
        else:
            engine = engine_name(prompt, found.model)
            made.said.update(verdicts(found.value, batch, engine))
    return made


def questions(
    part: Slice, types: Sequence[DocumentType], prompt: Prompt, numbers: Sequence[int]
) -> Iterator[tuple[list[int], Question]]:
    """What is asked about these pages: the pages of each request, and its question, whose
    pictures are loaded when its turn comes."""
    offered = [kind for kind in types if kind.model_use != ModelUse.NEVER]
    room, most = _room(prompt, offered)
    for batch in _batches(numbers, most):
        yield batch, _question(part, batch, offered, prompt, room)


def requests(
    part: Slice, types: Sequence[DocumentType], prompt: Prompt, numbers: Sequence[int]
) -> int:
    """How many questions that makes; no picture is loaded for it."""
    return sum(1 for _ in questions(replace(part, pictures=None), types, prompt, numbers))


def _batches(numbers: Sequence[int], most: int) -> Iterator[list[int]]:
    for start in range(0, len(numbers), most):
        yield list(numbers[start : start + most])


def _room(prompt: Prompt, offered: Sequence[DocumentType]) -> tuple[int, int]:
    """Characters that a page may have, and how many pages then fit into a request."""
    frame = len(prompts.render(prompt, types=_told(offered), pages="")) + len(RULE) + _FRAME_CHARS
    whole = prompt.max_input_tokens * CHARS_A_TOKEN - frame - _CONTEXT_CHARS
    most = max(1, settings.MODEL_BATCH_PAGES)
    room = max(_LEAST_PAGE_CHARS, whole // most - _FENCE_CHARS)
    return room, max(1, min(most, whole // (room + _FENCE_CHARS)))


def _told(offered: Sequence[DocumentType]) -> str:
    return "\n".join(f"- {kind.slug}: {kind.description or kind.name}" for kind in offered)


def _question(
    part: Slice,
    batch: Sequence[int],
    offered: Sequence[DocumentType],
    prompt: Prompt,
    room: int,
) -> Question:
    text = prompts.render(prompt, types=_told(offered), pages=_pages(part, batch, room))
    seen = part.pictures(batch) if part.pictures else {}
    pictures = tuple(seen[number] for number in batch if number in seen)
    return Question(
        prompt=prompt,
        messages=(
            Message(role="system", text=RULE),
            Message(role="user", text=text, images=pictures),
        ),
        schema=answer_schema([kind.slug for kind in offered], pages=len(batch)),
        about=replace(part.about, first_page=batch[0], pages=len(batch)),
    )


def _pages(part: Slice, batch: Sequence[int], room: int) -> str:
    by_number = {page.number: page for page in part.pages}
    told = []
    if (before := by_number.get(batch[0] - 1)) is not None and before.text.strip():
        text = excerpt(harmless(before.text), _CONTEXT_CHARS)
        told.append(f"The page before them, which is not asked about:\n{fenced(text, 'before')}")
    for number in batch:
        text = excerpt(harmless(by_number[number].text), room)
        told.append(f"Page {number}:\n{fenced(text, f'page {number}')}")
    return "\n\n".join(told)


def answer_schema(slugs: Sequence[str], *, pages: int) -> dict[str, Any]:
    """An entry a page at most: its number, its type, how sure, what comes second, whether it is
    the first page of its paper."""
    kinds = {"type": "string", "enum": [*slugs, UNKNOWN]}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    entry = {
        "page": {"type": "integer"},
        "type": kinds,
        "confidence": share,
        "second": kinds,
        "is_first": {"type": "boolean"},
    }
    items = _object(entry)
    return _object({"pages": {"type": "array", "maxItems": pages, "items": items}})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def verdicts(answer: Mapping[str, Any], batch: Sequence[int], engine: str) -> dict[int, Verdict]:
    """By page number; of a page that was not asked nothing, of one named twice the first."""
    made: dict[int, Verdict] = {}
    for entry in answer["pages"]:
        if entry["page"] in batch and entry["page"] not in made:
            made[entry["page"]] = Verdict(
                type=_slug(entry["type"]),
                confidence=entry["confidence"],
                second=_slug(entry["second"]),
                is_first=entry["is_first"],
                engine=engine,
            )
    return made


def _slug(named: str) -> str:
    return "" if named == UNKNOWN else named


def merged(kind: PageType, said: Verdict) -> PageType:
    """What a page is by the rules and the model together; see the table above."""
    made = _agreed(kind) if kind.type == said.type else _differing(kind, said)
    if made.type != kind.type and not kind.page_label:
        made = replace(made, starts=FIRST if said.is_first else FOLLOWS)
    return replace(made, engine=f"{kind.engine}+model")


def _agreed(kind: PageType) -> PageType:
    sure = min(0.99, 1 - LEFT_OF_DOUBT * (1 - kind.confidence))
    second = min(kind.runner_up_confidence, 1 - sure)
    return replace(kind, confidence=round(sure, 3), runner_up_confidence=round(second, 3))


def _differing(kind: PageType, said: Verdict) -> PageType:
    if kind.type:
        sure = min(kind.confidence, DISPUTED)
        return _ranked(kind, kind.type, sure, said.type, said.confidence)
    if said.confidence <= COIN_TOSS:
        return _ranked(kind, "", min(kind.confidence, DISPUTED), said.type, said.confidence)
    is_backed = said.type == kind.runner_up and kind.runner_up_confidence >= LEAST_BACKING
    backed = BACKED if is_backed else ALONE
    return _ranked(kind, said.type, min(backed, said.confidence), "", kind.confidence)


def _ranked(kind: PageType, first: str, sure: float, second: str, share: float) -> PageType:
    return replace(
        kind,
        type=first,
        confidence=round(sure, 3),
        runner_up=second,
        runner_up_confidence=round(min(share, 1 - sure), 3),
    )
