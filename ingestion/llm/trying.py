"""A prompt tried on one document while a person waits: what is asked, what comes back, what of it
stands on the page. Nothing is saved to the document; the call itself is recorded and paid like
any other.

A long document is asked about in parts; one question, the first, is tried. No examples are
shown: to find them takes an engine.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from config.engines import EngineBusy, EngineError, EngineUnavailable
from documents import schemas
from documents.errors import OperatorError
from documents.language import Prompt, Purpose
from documents.models import Document, DocumentType, Page
from ingestion.engines.base import FieldReading, PageInput, Usage
from ingestion.llm import calls, classifying, pictures, reading
from ingestion.llm.base import About, Question
from ingestion.llm.classifying import Slice, Verdict
from ingestion.llm.reading import Paper
from ingestion.stages.inputs import page_input

LIMIT_S = 20
PURPOSES = (Purpose.EXTRACT, Purpose.CLASSIFY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value as the model said it. page: where it stands, 0 for nowhere."""

    title: str
    value: str
    said: str
    page: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of it. asked: the filled prompt; answer: as JSON, "" where there is none, which
    `code` and `fault` then explain; parts: how many questions the whole document takes."""

    asked: str
    parts: int
    seconds: float
    answer: str = ""
    model: str = ""
    is_reused: bool = False
    usage: Usage | None = None
    values: tuple[Value, ...] = ()
    code: str = ""
    fault: str = ""


class _Briefly:
    """What a call asks of a worker, for a person who waits: no engine, and LIMIT_S seconds."""

    def __init__(self) -> None:
        self._until = time.monotonic() + LIMIT_S

    def __call__(self, engine: str, method: str, **arguments: Any) -> Any:
        raise EngineUnavailable("No engine works for this page.", "engine_unavailable")

    def tick(self) -> None:
        if time.monotonic() > self._until:
            told = f"There was no answer within {LIMIT_S} seconds; a worker would wait longer."
            raise EngineUnavailable(told, "model_slow")


def try_on(document: Document, prompt: Prompt) -> Tried:
    """Ask about a document by a prompt, which may be one that is not saved. Outside any
    transaction. Raises EngineError, model_input, where there is nothing to ask about."""
    call = _Briefly()
    rows = Page.objects.filter(document=document).select_related("upload").order_by("position")
    pages = tuple(page_input(page, with_attachments=False) for page in rows)
    if prompt.purpose == Purpose.CLASSIFY:
        return _classified(document, prompt, pages, call)
    return _read(document, prompt, pages, call)


def _read(
    document: Document, prompt: Prompt, pages: tuple[PageInput, ...], call: _Briefly
) -> Tried:
    kind = document.type
    version = kind.schema_versions.order_by("-number").first() if kind else None
    if kind is None or version is None:
        raise EngineError("It has no type, so that no fields are known.", "model_input")
    load = partial(pictures.of_pages, document.upload_id, tick=call.tick)
    paper = Paper(
        about=_about(document),
        type_slug=kind.slug,
        type_name=kind.name,
        schema=version.schema,
        pages=pages,
        pictures=load if prompt.sees_images else None,
    )
    if paper.is_blank():
        raise EngineError("Its pages have neither text nor a picture.", "model_input")
    parts, questions = reading.questions(paper, prompt)

    def values(said: Mapping[str, Any]) -> tuple[Value, ...]:
        found = reading.readings_of(paper, [said])
        return tuple(_value(one, version.schema) for one in found)

    return _ask(next(questions), parts, call, values)


def _classified(
    document: Document, prompt: Prompt, pages: tuple[PageInput, ...], call: _Briefly
) -> Tried:
    numbers = [page.number for page in pages if page.text.strip()]
    if not numbers:
        raise EngineError("Its pages have no text.", "model_input")
    load = partial(pictures.of_pages, document.upload_id, tick=call.tick)
    seen = load if prompt.sees_images else None
    part = Slice(about=_about(document), pages=pages, known={}, pictures=seen)
    types = list(DocumentType.objects.on())
    batch, question = next(classifying.questions(part, types, prompt, numbers))

    def values(said: Mapping[str, Any]) -> tuple[Value, ...]:
        found = classifying.verdicts(said, batch, "")
        return tuple(_kind(number, verdict) for number, verdict in sorted(found.items()))

    return _ask(question, classifying.requests(part, types, prompt, numbers), call, values)


def _ask(question: Question, parts: int, call: _Briefly, values: Any) -> Tried:
    """One question and what came of it. values: of an answer, as the page shows them."""
    asked = "\n\n".join(message.text for message in question.messages)
    began = time.monotonic()
    try:
        answer = calls.ask(question, call)
    except (EngineError, EngineUnavailable, OperatorError) as fault:
        seconds = time.monotonic() - began
        told = _told(fault)
        return Tried(asked=asked, parts=parts, seconds=seconds, code=fault.code, fault=told)
    seconds = time.monotonic() - began
    return Tried(
        asked=asked,
        parts=parts,
        seconds=seconds,
        answer=json.dumps(dict(answer.value), indent=2, ensure_ascii=False),
        model=answer.model,
        is_reused=answer.is_reused,
        usage=answer.usage,
        values=values(answer.value),
    )


def _told(fault: EngineError | EngineUnavailable | OperatorError) -> str:
    later = " Try it again in a moment." if isinstance(fault, EngineBusy) else ""
    return f"{fault.message}{later}"


def _about(document: Document) -> About:
    return About(project_id=document.project_id, document=document.pk)


def _value(found: FieldReading, schema: Mapping[str, Any]) -> Value:
    parts: Sequence[str] = found.pointer.strip("/").split("/")
    title = schemas.title_of(schema, found.pointer)
    if len(parts) == 3:
        title = f"{schemas.title_of(schema, '/' + parts[0])} {int(parts[1]) + 1}: {title}"
    said = "" if found.value is None else str(found.value)
    return Value(title=title, value=said, said=found.raw, page=found.page, note=found.note)


def _kind(number: int, verdict: Verdict) -> Value:
    first = "the first page of its paper" if verdict.is_first else "goes on with the page before"
    second = f", else {verdict.second}" if verdict.second else ""
    return Value(
        title=f"Page {number}",
        value=verdict.type or classifying.UNKNOWN,
        said=f"sure to {verdict.confidence:.2f}{second}; {first}",
        page=number,
        note="",
    )
