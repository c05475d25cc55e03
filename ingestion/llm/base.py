"""The values of the language model engine. Nothing here touches the database or the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from documents.language import Prompt
from ingestion.engines.base import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation. role: "system", "user" or "assistant"; images: WebP, PNG
    or JPEG bytes that a model with eyes is shown after the text."""

    role: str
    text: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a call is made for: its project and, where there is one, job, document and pages."""

    project_id: int
    job: UUID | None = None
    document: UUID | None = None
    first_page: int | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked. schema: the JSON Schema (2020-12) that the answer must hold to,
    strict in all that it says; its arrays have `maxItems`, its objects name all properties."""

    prompt: Prompt
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    about: About


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What it said: `value` is valid against the question's schema. is_reused: it was there
    already and cost nothing; `usage` is then zero."""

    value: Mapping[str, Any]
    model: str
    is_reused: bool = False
    usage: Usage = field(default_factory=Usage)


def engine_name(prompt: Prompt, model: str) -> str:
    """As stored with what it made: "gpt-4o-mini extract v3"."""
    return f"{model} {prompt.purpose} v{prompt.number}"
