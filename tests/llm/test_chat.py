"""Twenty bills and some other papers go through classify and extract with a real, weak model."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.llm.conftest import Docket

BILLS, OTHERS = 20, 4
# Asked beside the rules, too, for few fields: a model of 135 million parameters writes three
# tokens a second on a busy machine.
_ASK_ALWAYS = """
from documents import prompts
from documents.language import Prompt
from documents.models import DocumentType, ModelUse, SchemaVersion
DocumentType.objects.update(model_use=ModelUse.ALWAYS)
newest = SchemaVersion.objects.filter(type__slug="bill").latest("number")
few = ("document_number", "document_date", "supplier_name", "total_amount")
properties = {name: newest.schema["properties"][name] for name in few}
SchemaVersion.objects.create(
    type=newest.type, number=newest.number + 1, schema={**newest.schema, "properties": properties}
)
for old in Prompt.objects.filter(is_active=True, project=None, purpose__in=("classify", "extract")):
    fields = {name: getattr(old, name) for name in prompts.FIELDS}
    fields |= {"max_input_tokens": 3_000, "max_output_tokens": 160}
    prompts.create_version(old.purpose, None, fields, None, activate=True)
"""
# With what the answer had to be, worked out from what is stored.
_CALLS = """
import json
import sys
from documents.language import LlmCall
from documents.models import Document, DocumentType, ModelUse
from ingestion.llm import classifying, shape
slugs = [kind.slug for kind in DocumentType.objects.exclude(model_use=ModelUse.NEVER)]
def asked(call):
    if call.purpose == "classify":
        return classifying.answer_schema(slugs, pages=call.pages)
    kind = Document.objects.get(pk=call.document).type
    newest = kind.schema_versions.latest("number")
    return shape.answer_schema(shape.shape_of(kind.slug, newest.schema), pages=call.pages)
for call in LlmCall.objects.order_by("created_at"):
    print(json.dumps({
        "purpose": call.purpose, "status": call.status, "code": call.error_code,
        "requests": call.requests, "reused": call.reused, "latency_ms": call.latency_ms,
        "input": call.input_tokens, "output": call.output_tokens,
        "answer": call.answer, "schema": asked(call),
    }))
"""
_DOCUMENTS = """
import json
import sys
from documents.models import Document
for document in Document.objects.exclude(schema_version=None).select_related("schema_version"):
    print(json.dumps({"payload": document.payload, "schema": document.schema_version.schema}))
"""
# What a question may come to, short of an answer (`ingestion/llm/calls.py`).
REJECTIONS = {
    "model_refused",
    "model_truncated",
    "model_empty",
    "model_invalid",
    "model_input_too_long",
    # Slower than its time-out, which a machine that does other things makes it.
    "model_unavailable",
}


@pytest.fixture
def papers(docket: Docket, tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    for kind, count in (("bill", BILLS), ("unknown", OTHERS)):
        words = (f"--kinds={kind}", "--variants=born_digital", f"--count={count}", "--seed=7301")
        docket.run("make_samples", str(folder / kind), *words)
    return folder


def _end(call: dict[str, Any]) -> str:
    return f"{call['purpose']} {call['code'] or call['status']}"


def shell(docket: Docket, code: str) -> list[Any]:
    told = docket.run("shell", "--no-imports", "-v0", "-c", code)
    return [json.loads(line) for line in told.splitlines()]


def test_every_answer_is_valid_or_cleanly_rejected(docket: Docket, chat: str, papers: Path) -> None:
    shell(docket, _ASK_ALWAYS)
    asked = {
        "OPENAI_BASE_URL": chat,
        "DOCKET_MODEL": "smollm2",
        "DOCKET_MODEL_PARALLEL": "1",
        "DOCKET_MODEL_TIMEOUT_S": "110",
        "DOCKET_MODEL_BATCH_PAGES": "4",
        "DOCKET_JOB_LIMIT_S": "7200",
    }
    files = [str(path) for path in sorted(papers.rglob("*.pdf"))]
    reports = docket.lines("ingest", *files, "--json", **asked)
    calls = shell(docket, _CALLS)
    told = [
        {name: call[name] for name in call if name not in ("answer", "schema")} for call in calls
    ]
    sys.stdout.write(json.dumps({"calls": told, "ended": Counter(map(_end, calls))}) + "\n")

    assert [report["status"] for report in reports] == ["completed"] * (BILLS + OTHERS)
    assert {call["purpose"] for call in calls} == {"classify", "extract"}, told
    assert sum(call["purpose"] == "extract" for call in calls) >= BILLS, told
    for call in calls:
        if call["status"] == "done":
            Draft202012Validator(call["schema"]).validate(call["answer"])
        else:
            assert (call["answer"], call["code"] in REJECTIONS) == (None, True), told
    assert any(call["answer"] for call in calls), told
    for document in shell(docket, _DOCUMENTS):
        Draft202012Validator(document["schema"]).validate(document["payload"])
