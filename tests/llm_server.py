"""A language model's server of our own: OpenAI's API over HTTP on loopback, as scripted.

    llm_server.answers({"type": "bill"}, too_many(retry_after="2"), cut())
    llm_server.script(lambda body: says({"type": "bill"}))

`answers` is a queue, `script` decides by the request's body; what it did not expect is
refused with 400, so that a test that asks too much fails. Embeddings are answered without a
script: texts that share words have vectors that are near. Batches are worked off by the same
script, as `batch_statuses` says: `batches` holds all that were begun. `requests` holds all that
came.
"""

import array
import base64
import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

LOOPBACK = "127.0.0.1"
MODEL = "scripted"
KNOWS = frozenset({"json_schema", "tools", "json_object"})
LONGEST_HANG_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. content: what the model says, None for a message without any; raw: the body
    as it is sent, in place of all else; usage: {} for a server that counts no tokens, None for
    one that counts words; is_cut: the connection ends within the answer; is_hanging: nothing
    ever comes; delay_s: before the first byte."""

    content: str | None = None
    status: int = 200
    error: str = ""
    error_code: str | None = None
    refusal: str | None = None
    finish_reason: str = "stop"
    usage: Mapping[str, int] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay_s: float = 0
    is_cut: bool = False
    is_hanging: bool = False


Scripted = Reply | Mapping[str, Any] | str


def says(value: Mapping[str, Any] | str, **more: Any) -> Reply:
    """The model says this value as JSON, or this text."""
    return Reply(content=value if isinstance(value, str) else json.dumps(value), **more)


def fenced(value: Mapping[str, Any]) -> Reply:
    """JSON in a code block with words around it."""
    return says(f"Here it is:\n```json\n{json.dumps(value, indent=1)}\n```\nAnything else?")


def thinks(value: Mapping[str, Any]) -> Reply:
    """A model that thinks aloud, of braces among others, before it answers."""
    return says(f'<think>Is it {{"a": 1}}? Hm.</think>\n{json.dumps(value)}')


def truncated(value: Mapping[str, Any]) -> Reply:
    """Half of the JSON, at the limit of tokens."""
    text = json.dumps(value)
    return says(text[: len(text) // 2], finish_reason="length")


def refuses(sentence: str = "I cannot help with that.") -> Reply:
    return Reply(refusal=sentence)


def fails(status: int, message: str = "", code: str | None = None, **headers: str) -> Reply:
    """An error as OpenAI words it; `Retry_After="3"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, error=message or f"error {status}", error_code=code, headers=named)


def too_many(retry_after: str = "") -> Reply:
    """429; retry_after: seconds or an HTTP date, "" for none."""
    headers = {"Retry_After": retry_after} if retry_after else {}
    return fails(429, "Rate limit reached.", "rate_limit_exceeded", **headers)


def does_not_know(what: str) -> Reply:
    """400 for a way of asking, as servers word it."""
    return fails(400, f"'{what}' is not supported with this model.", "unsupported_parameter")


def broken() -> Reply:
    """200 with a body that is no JSON."""
    return Reply(raw=b'{"id": "x", "choices": [{"mess')


def cut() -> Reply:
    return Reply(is_cut=True)


def hangs() -> Reply:
    return Reply(is_hanging=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that came in; body: None where it had none."""

    path: str
    headers: Mapping[str, str]
    body: Any


class LlmServer:
    """What a test sees: `url` for OPENAI_BASE_URL, the script, and what was asked.

    knows: of `KNOWS`, the ways of asking for JSON that it takes; others get 400 before the
    script is looked at. key: refuses other keys with 401, "" takes any. dimensions: of its
    vectors. most_at_once: the most requests that were ever open together. batch_statuses: what
    the next looks at a batch find, then "completed"; begins: what the next beginnings answer in
    place of the batch, which begins all the same; files, batches: by their ids."""

    def __init__(self) -> None:
        self.url = ""
        self.knows: frozenset[str] = KNOWS
        self.key = ""
        self.dimensions = 64
        self.models: tuple[str, ...] = (MODEL,)
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self.is_over = threading.Event()
        self._queue: deque[Scripted] = deque()
        self._script: Callable[[Any], Scripted] | None = None
        self._embedding_queue: deque[Reply] = deque()
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.batch_statuses: deque[str] = deque()
        self.begins: deque[Reply] = deque()
        self.knows_batches = True
        self._at_once = 0
        self._lock = threading.Lock()

    def answers(self, *replies: Scripted) -> None:
        """Add to the queue of chat answers."""
        self._queue.extend(replies)

    def script(self, function: Callable[[Any], Scripted] | None) -> None:
        """Answer every chat request that finds the queue empty by `function(body)`."""
        self._script = function

    def embeds(self, *replies: Reply) -> None:
        """Answer the next requests for embeddings by these, instead of with vectors."""
        self._embedding_queue.extend(replies)

    @property
    def chats(self) -> list[Any]:
        """Bodies of the chat requests, in order."""
        return [asked.body for asked in self.requests if asked.path.endswith("/chat/completions")]

    @property
    def texts(self) -> list[str]:
        """All words of each chat request's messages, in order."""
        return [spoken(body) for body in self.chats]

    @contextmanager
    def open(self, asked: Asked) -> Iterator[Reply]:
        """The reply to one request, which counts as open for the length of the block."""
        with self._lock:
            self.requests.append(asked)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield self._reply(asked)
        finally:
            with self._lock:
                self._at_once -= 1

    def _reply(self, asked: Asked) -> Reply:
        if self.key and asked.headers.get("Authorization") != f"Bearer {self.key}":
            return fails(401, "Incorrect API key provided.", "invalid_api_key")
        if asked.path.endswith("/models"):
            listed = [{"id": name, "object": "model", "owned_by": "us"} for name in self.models]
            return _body({"object": "list", "data": listed})
        if asked.path.endswith("/embeddings"):
            with self._lock:
                scripted = self._embedding_queue.popleft() if self._embedding_queue else None
            return scripted or self._embeddings(asked.body)
        if asked.path.endswith("/chat/completions"):
            return self._chat(asked.body)
        if self.knows_batches and "/files" in asked.path:
            return self._file(asked)
        if self.knows_batches and "/batches" in asked.path:
            return self._batch(asked)
        return fails(404, "No such page.")

    def _file(self, asked: Asked) -> Reply:
        """POST /files, GET /files/ID/content, DELETE /files/ID."""
        name = asked.path.partition("/files")[2].strip("/").removesuffix("/content")
        if not name:
            name = f"file-{len(self.files) + 1}"
            self.files[name] = asked.body
            return _body({"id": name, "object": "file", "purpose": "batch", "bytes": 1,
                          "created_at": 1, "filename": "batch.jsonl", "status": "ok"})  # fmt: skip
        if name not in self.files:
            return fails(404, "No such file.")
        if asked.path.endswith("/content"):
            return Reply(raw=self.files[name])
        del self.files[name]
        return _body({"id": name, "object": "file", "deleted": True})

    def _batch(self, asked: Asked) -> Reply:
        """POST /batches, GET /batches, GET /batches/ID."""
        name = asked.path.partition("/batches")[2].partition("?")[0].strip("/")
        if asked.body is not None:
            name = f"batch-{len(self.batches) + 1}"
            self.batches[name] = {
                "id": name,
                "object": "batch",
                "created_at": 1,
                "status": "validating",
                "output_file_id": None,
                "error_file_id": None,
                **asked.body,
            }
            told = _body(self.batches[name])
            return self.begins.popleft() if self.begins else told
        if not name:
            listed = [*reversed(self.batches.values())]
            return _body({"object": "list", "data": listed, "has_more": False})
        batch = self.batches[name]
        batch["status"] = self.batch_statuses.popleft() if self.batch_statuses else "completed"
        if batch["status"] in ("completed", "expired", "cancelled"):
            self._work_off(batch)
        return _body(batch)

    def _work_off(self, batch: dict[str, Any]) -> None:
        """Answer each line by the script: a failure is a line of errors, a cut one is missing."""
        good: list[str] = []
        bad: list[str] = []
        for line in self.files[batch["input_file_id"]].splitlines():
            asked = json.loads(line)
            reply = self._chat(asked["body"])
            told: dict[str, Any] = {"id": "line", "custom_id": asked["custom_id"], "error": None}
            if reply.is_cut:
                continue
            error = {"error": {"message": reply.error, "code": reply.error_code}}
            body = error if reply.error else json.loads(reply.raw or b"{}")
            told["response"] = {"status_code": reply.status, "request_id": "r", "body": body}
            (bad if reply.error else good).append(json.dumps(told))
        for kind, lines in (("output", good), ("error", bad)):
            if lines:
                batch[f"{kind}_file_id"] = f"{kind}-{batch['id']}"
                self.files[f"{kind}-{batch['id']}"] = "\n".join(lines).encode()

    def _chat(self, body: Any) -> Reply:
        for way in ways(body):
            if way not in self.knows:
                return does_not_know("tools" if way == "tools" else f"response_format: {way}")
        with self._lock:
            scripted = self._queue.popleft() if self._queue else None
        if scripted is None:
            if self._script is None:
                return fails(400, "Nothing more was scripted for this test.", "unscripted")
            scripted = self._script(body)
        reply = scripted if isinstance(scripted, Reply) else says(scripted)
        is_whole = reply.raw is None and not reply.error and not reply.is_hanging
        return replace(reply, raw=_completion(body, reply)) if is_whole else reply

    def _embeddings(self, body: Any) -> Reply:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        size = body.get("dimensions") or self.dimensions
        entries = []
        for index, text in enumerate(texts):
            values: Any = vector(text, size)
            if body.get("encoding_format") == "base64":
                values = base64.b64encode(_float32(values)).decode()
            entries.append({"object": "embedding", "index": index, "embedding": values})
        words = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": words, "total_tokens": words}
        told = {"object": "list", "model": body["model"], "data": entries, "usage": usage}
        return _body(told)


def ways(body: Any) -> list[str]:
    """By which of `KNOWS` a chat request asks for JSON."""
    asked = [str((body.get("response_format") or {}).get("type", ""))]
    return [way for way in asked if way in KNOWS] + ["tools"] * bool(body.get("tools"))


def spoken(body: Any) -> str:
    """All text of a chat request's messages."""
    parts = []
    for message in body["messages"]:
        content = message.get("content") or ""
        if isinstance(content, str):
            parts.append(content)
        else:
            parts += [part["text"] for part in content if part["type"] == "text"]
    return "\n".join(parts)


def vector(text: str, size: int) -> list[float]:
    """Of unit length; each word has a direction of its own."""
    values = [0.0] * size
    for word in re.findall(r"\w+", text.lower()) or [""]:
        mark = hashlib.sha256(word.encode()).digest()
        for place in range(4):
            at = int.from_bytes(mark[4 * place : 4 * place + 3], "big") % size
            values[at] += 1 if mark[4 * place + 3] % 2 else -1
    length = sum(value * value for value in values) ** 0.5 or 1.0
    return [value / length for value in values]


def _float32(values: list[float]) -> bytes:
    return array.array("f", values).tobytes()


def _body(told: Mapping[str, Any]) -> Reply:
    return Reply(raw=json.dumps(told).encode())


def _completion(body: Any, reply: Reply) -> bytes:
    """The body of an answer; through a tool where the request offers one."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.content}
    finish = reply.finish_reason
    if reply.refusal is not None:
        message["refusal"] = reply.refusal
    elif body.get("tools") and reply.content:
        called = {"name": body["tools"][0]["function"]["name"], "arguments": reply.content}
        message |= {
            "content": None,
            "tool_calls": [{"id": "call-1", "type": "function", "function": called}],
        }
        finish = "tool_calls" if finish == "stop" else finish
    told: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }
    usage = _counted(body, reply) if reply.usage is None else dict(reply.usage)
    if usage:
        told["usage"] = usage
    return _streamed(told) if body.get("stream") else json.dumps(told).encode()


def _counted(body: Any, reply: Reply) -> dict[str, int]:
    asked, said = len(spoken(body).split()), len((reply.content or "").split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _streamed(told: Mapping[str, Any]) -> bytes:
    """The same answer as server-sent events, its text in two pieces."""
    choice = told["choices"][0]
    text = choice["message"]["content"] or ""
    halves = [text[: len(text) // 2], text[len(text) // 2 :]]
    events = []
    for place, part in enumerate(halves):
        finish = choice["finish_reason"] if place else None
        delta = {"index": 0, "delta": {"role": "assistant", "content": part}}
        chunk = {**told, "object": "chat.completion.chunk", "usage": None}
        events.append({**chunk, "choices": [{**delta, "finish_reason": finish}]})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def _uploaded(kind: str, form: bytes) -> bytes:
    """The file of a form."""
    parsed = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + form)
    parts = [part for part in parsed.walk() if part.get_filename()]
    return bytes(parts[0].get_payload(decode=True))


def _handler(server: LlmServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            kind = self.headers.get("Content-Type") or ""
            is_form = kind.startswith("multipart/form-data")
            self._serve(_uploaded(kind, body) if is_form else json.loads(body))

        def do_DELETE(self) -> None:
            self._serve(None)

        def _serve(self, body: Any) -> None:
            headers = {name.title(): value for name, value in self.headers.items()}
            asked = Asked(path=self.path, headers=headers, body=body)
            try:
                with server.open(asked) as reply:
                    is_stream = isinstance(body, dict) and bool(body.get("stream"))
                    self._send(reply, is_stream=is_stream)
            except (BrokenPipeError, ConnectionResetError):
                return  # the client gave it up

        def _send(self, reply: Reply, *, is_stream: bool) -> None:
            if reply.is_hanging or reply.delay_s:
                wait_s = LONGEST_HANG_S if reply.is_hanging else reply.delay_s
                if server.is_over.wait(wait_s) or reply.is_hanging:
                    return
            told = {"error": {"message": reply.error, "code": reply.error_code, "type": "error"}}
            content = json.dumps(told).encode() if reply.error else reply.raw or b""
            self.send_response(reply.status)
            kind = "text/event-stream" if is_stream and not reply.error else "application/json"
            headers = {"Content-Type": kind, "Content-Length": str(len(content)), **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if reply.is_cut else content)

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


@contextmanager
def running() -> Iterator[LlmServer]:
    """A server on a free port for the length of a block."""
    server = LlmServer()
    door = ThreadingHTTPServer((LOOPBACK, 0), _handler(server))
    door.daemon_threads = True
    server.url = f"http://{LOOPBACK}:{door.server_address[1]}/v1"
    thread = threading.Thread(target=door.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.is_over.set()
        door.shutdown()
        thread.join()
        door.server_close()


@pytest.fixture
def llm_server(settings: Settings) -> Iterator[LlmServer]:
    """A scripted server that the settings name as the language model."""
    with running() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_API_KEY = "test"
        settings.HAS_MODEL = True
        settings.MODEL = MODEL
        settings.MODEL_TIMEOUT_S = 5
        yield server
