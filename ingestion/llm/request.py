"""What is sent to a server that speaks OpenAI's API: the body of a chat request. Pure."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingestion.llm.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent. form: further parts of the body by which JSON is asked for."""

    endpoint: str
    model: str
    messages: tuple[Message, ...]
    temperature: float
    max_output_tokens: int
    form: Mapping[str, Any] = field(default_factory=dict)


def body(request: Request, habits: frozenset[str]) -> dict[str, Any]:
    """habits: what the model is known to want, see `client`."""
    limit = "max_completion_tokens" if "completion_tokens" in habits else "max_tokens"
    messages = request.messages
    if "no_system" in habits:
        messages = _without_system(messages)
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [_message(message) for message in messages],
        limit: request.max_output_tokens,
        **request.form,
    }
    if "own_temperature" not in habits:
        body["temperature"] = request.temperature
    return body


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    pictures = [
        {"type": "image_url", "image_url": {"url": _data_url(image), "detail": "high"}}
        for image in message.images
    ]
    return {"role": message.role, "content": [{"type": "text", "text": message.text}, *pictures]}


def _data_url(image: bytes) -> str:
    kind = "webp" if image[8:12] == b"WEBP" else "png" if image[:4] == b"\x89PNG" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """System messages told at the head of the first message of the user."""
    rules = "\n\n".join(message.text for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    first = next((at for at, message in enumerate(others) if message.role == "user"), None)
    if first is None:
        return (Message(role="user", text=rules), *others)
    others[first] = replace(others[first], text=f"{rules}\n\n{others[first].text}")
    return tuple(others)
