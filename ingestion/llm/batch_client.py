"""OpenAI's Batch API through the `openai` package: files of requests, batches, their results.

Each function is one request (but `find`), of at most LIMIT_S seconds, and raises what
`client.told_faults` does: Rejected, Silent. No database here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.llm import client

LIMIT_S = 60.0
_PATH = "/v1/chat/completions"
_WINDOW = "24h"
# By which a batch is known to be ours, whoever heard of its beginning.
_MARK = "docket"
_MOST_LOOKED_THROUGH = 1_000
# Either names the limit of an answer.
_MOST_TOKENS = ("max_tokens", "max_completion_tokens")
AT_WORK = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
WITH_RESULTS = frozenset({"completed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a batch stands at its server. files: of results and of lines that failed."""

    number: str
    status: str
    files: tuple[str, ...] = ()


def upload(endpoint: str, requests: Mapping[str, Any]) -> str:
    """A file with the bodies of requests, by the id that each result will carry; its id."""
    lines = [
        json.dumps({"custom_id": key, "method": "POST", "url": _PATH, "body": body})
        for key, body in requests.items()
    ]
    content = "\n".join(lines).encode()
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        made = package.files.create(file=("batch.jsonl", content), purpose="batch", timeout=timeout)
        return str(made.id)


def begin(endpoint: str, file: str, mark: str) -> State:
    """Have a file worked off."""
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        made = package.batches.create(
            completion_window=_WINDOW,
            endpoint=_PATH,
            input_file_id=file,
            metadata={_MARK: mark},
            timeout=timeout,
        )
        return _state(made)


def find(endpoint: str, mark: str) -> State | None:
    """The batch that was begun with this mark, among the newest ones."""
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        listed = package.batches.list(limit=100, timeout=timeout)
        for at, batch in enumerate(listed):
            if (batch.metadata or {}).get(_MARK) == mark:
                return _state(batch)
            if at > _MOST_LOOKED_THROUGH:
                break
    return None


def look(endpoint: str, number: str) -> State:
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        return _state(package.batches.retrieve(number, timeout=timeout))


def results(endpoint: str, file: str) -> Iterator[Mapping[str, Any]]:
    """The lines of a file of results; those that cannot be read are left out."""
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        content = package.files.content(file, timeout=timeout).text
    for line in content.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict):
            yield told


def discard(endpoint: str, file: str) -> None:
    with client.told_faults(endpoint):
        package, timeout = client.connected(LIMIT_S)
        package.files.delete(file, timeout=timeout)


def said(line: Mapping[str, Any], request: Mapping[str, Any]) -> client.Said | None:
    """What the model said in a line of results to this body of a request; None where it has no
    answer."""
    from openai.types.chat import ChatCompletion

    response = line.get("response")
    if not isinstance(response, dict) or response.get("status_code") != 200:
        return None
    try:
        answer = ChatCompletion.model_validate(response.get("body"))
        return client.read_answer(answer, request[next(filter(request.get, _MOST_TOKENS))])
    except (ValueError, client.Silent):
        return None


def _state(batch: Any) -> State:
    files = (batch.output_file_id, batch.error_file_id)
    return State(
        number=str(batch.id), status=str(batch.status), files=tuple(one for one in files if one)
    )
