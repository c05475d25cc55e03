"""Short documents of one job and type, read by a language model with one request.

Whoever is to ask about a document looks for others that wait for the same and asks about all of
them; each answer is kept under the key of the question as if it had been asked alone, so the
others find theirs when their turn comes, and so do retries. An answer of which anything is odd
is not kept, and its document is asked about alone:

    it lacks, comes twice, or is not valid against the schema
    a value of it stands nowhere on the document's own pages, or a row is missing there
    it leaves out or contradicts what the rules read, or lacks what the type requires

So a paper that speaks for its neighbours has them asked alone, at worst. What it could still
reach is a value that the rules did not find, that nothing requires and that the neighbour's own
pages print: a proposal of the model alone, which goes to a person like any other.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import Q
from jsonschema import Draft202012Validator

from config.engines import EngineError
from documents import prompts, schemas
from documents.language import CallStatus, LlmCall, Prompt
from documents.relations import Read
from ingestion.llm import breaker, budget, calls, client, places, reading, shape, together
from ingestion.llm.base import Message, Question
from ingestion.llm.fence import RULE, fenced, harmless
from ingestion.llm.meter import Meter
from ingestion.llm.reading import Paper
from ingestion.stages.base import Call
from ingestion.stages.inputs import as_reading

Others = Callable[[], Iterable[tuple[Read, Paper]]]
"""Documents that wait to be asked about: what the rules read, and how they are shown."""

# A dense page, or two sparse ones; longer ones gain little from company.
SHORT_CHARS = 4_000
# What the values of a short document take.
ANSWER_TOKENS = 800
ODD = "model_odd_in_company"
_MARK_LENGTH = 12
# Ends that say nothing about the document.
_NO_FAULT_OF_ITS = (breaker.SILENT, calls.ABANDONED, places.LOST, "model_unavailable")
_LEAST: Mapping[str, Any] = {
    "type": "object",
    "properties": {"documents": {"type": "array"}},
    "required": ["documents"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """A document among several. alone: its question as if it were asked alone; key: of it;
    mark: by which the answer names it, and which it cannot know."""

    paper: Paper
    rules: Read
    alone: Question
    key: str
    mark: str


def ask_ahead(own: Paper, rules: Read, prompt: Prompt, others: Others, call: Call) -> None:
    """Ask about a document and others that wait, where it is short enough and not answered yet.
    Outside any transaction.

    Raises EngineBusy and EngineUnavailable as `calls.ask` does. Where the answer is no good
    nothing is kept, and each is asked about alone."""
    if prompt.sees_images or prompt.examples:
        return
    chosen = _chosen(own, rules, prompt, others)
    if len(chosen) < 2:
        return
    try:
        _ask(chosen, prompt, call)
    except EngineError:
        return


def _chosen(own: Paper, rules: Read, prompt: Prompt, others: Others) -> list[_One]:
    """The document at hand and as many others as fit; none where it is better asked alone."""
    most = min(settings.MODEL_BATCH_DOCUMENTS, prompt.max_output_tokens // ANSWER_TOKENS)
    first = _one(own, rules, prompt)
    if first is None or most < 2:
        return []
    chosen = [first]
    for more_rules, paper in others():
        one = _one(paper, more_rules, prompt)
        if one is None or one.key in {known.key for known in chosen}:
            continue
        if _is_too_long([*chosen, one], prompt):
            break
        chosen.append(one)
        if len(chosen) == most:
            break
    return chosen


def _one(paper: Paper, rules: Read, prompt: Prompt) -> _One | None:
    """None of a document that is long, answered or being asked about, that gave an odd answer
    in company before, or whose text is made to look like marks."""
    text = "\n".join(page.text for page in paper.pages)
    if paper.is_blank() or len(text) > SHORT_CHARS or harmless(text) != text:
        return None
    count, asked = reading.questions(paper, prompt)
    if count != 1:
        return None
    alone = next(asked)
    key = calls.key_of(alone, client.endpoint(), prompt.model or settings.MODEL)
    spoilt = Q(together__isnull=False) & ~Q(error_code__in=_NO_FAULT_OF_ITS)
    known = LlmCall.objects.filter(project=paper.about.project_id, key=key)
    if known.filter(~Q(status=CallStatus.FAILED) | spoilt).exists():
        return None
    secret = settings.SECRET_KEY.encode()
    mark = hmac.new(secret, b"company\x00" + key.encode(), hashlib.sha256).hexdigest()
    return _One(paper=paper, rules=rules, alone=alone, key=key, mark=mark[:_MARK_LENGTH])


def _is_too_long(chosen: Sequence[_One], prompt: Prompt) -> bool:
    asked = _question(chosen, prompt)
    return budget.told_tokens(asked.messages) > prompt.max_input_tokens


def _question(chosen: Sequence[_One], prompt: Prompt) -> Question:
    """One question about all of them."""
    first = chosen[0].paper
    asked = shape.shape_of(first.type_slug, first.schema)
    told = prompts.render(
        prompt, type=first.type_name, fields=shape.told(asked), pages=_shown(chosen)
    )
    values = shape.answer_schema(asked, pages=max(len(one.paper.pages) for one in chosen))
    named = {"type": "string", "enum": [one.mark for one in chosen]}
    entry = _object({"document": named, "values": values})
    listed = {"type": "array", "maxItems": len(chosen), "items": entry}
    return Question(
        prompt=prompt,
        messages=(Message(role="system", text=RULE), Message(role="user", text=told)),
        schema=_object({"documents": listed}),
        about=replace(first.about, document=None),
    )


def _shown(chosen: Sequence[_One]) -> str:
    told = [
        f"There is not one document below, but {len(chosen)}, which have nothing to do with one "
        "another. Read each by itself and give one entry for each: `document` is the name that "
        "stands here before its pages, `values` are its fields. What one document says is never "
        "a value of another, whatever it says about others."
    ]
    for one in chosen:
        told.append(f"Document {one.mark}:")
        told += [
            fenced(harmless(page.text), f"document {one.mark} page {page.number}")
            for page in one.paper.pages
        ]
    return "\n\n".join(told)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _ask(chosen: Sequence[_One], prompt: Prompt, call: Call) -> None:
    """Ask about all and keep each good answer as that document's own."""
    question = _question(chosen, prompt)
    endpoint, model = client.endpoint(), prompt.model or settings.MODEL
    meter = Meter(question, endpoint, model, call)
    held = places.take_together(_wanted(chosen, meter))
    if not held:
        return
    got = calls.obtained(question, held, meter, valid=_LEAST)
    found = [_answer_of(one, got.value["documents"]) for one in chosen]
    spent = meter.spent().shared(len(held))

    def save() -> None:
        for place, answer, share in zip(held, found, spent, strict=True):
            if answer is None:
                told = "It was asked about with others, and this answer was odd."
                places.failed(place, ODD, told, share)
            else:
                places.done(place, answer, share, calls.ESTIMATED if meter.is_estimated else "")

    meter.record(save)
    calls.heard(question, held[0], got)


def _wanted(chosen: Sequence[_One], meter: Meter) -> list[places.Wanted]:
    """A place for each, with its share of what the request may cost."""
    whole = meter.wanted("")
    reserved = budget.Amount(
        tokens=-(-whole.reserved.tokens // len(chosen)),
        microcents=-(-whole.reserved.microcents // len(chosen)),
    )
    return [replace(whole, key=one.key, about=one.alone.about, reserved=reserved) for one in chosen]


def _answer_of(one: _One, entries: Sequence[Any]) -> Mapping[str, Any] | None:
    """What the model says of a document, None where any of it is odd."""
    named = [e for e in entries if isinstance(e, Mapping) and e.get("document") == one.mark]
    if len(named) != 1:
        return None
    values = named[0].get("values")
    if not isinstance(values, dict) or not Draft202012Validator(one.alone.schema).is_valid(values):
        return None
    return values if stands(values, one.paper, one.rules) else None


def stands(values: Mapping[str, Any], paper: Paper, rules: Read) -> bool:
    """Whether all of an answer stands on the document's own pages, next to what rules read, and
    has what the type requires."""
    asked = shape.shape_of(paper.type_slug, paper.schema)
    found = [as_reading(one, engine="") for one in reading.readings_of(paper, [values])]
    by_pointer = {one.pointer for one in found}
    rows = {rows.name: len(values.get(rows.name) or ()) for rows in asked.lists}
    if any(not one.page for one in found) or any(
        rows[name] != len({p.split("/")[2] for p in by_pointer if p.startswith(f"/{name}/")})
        for name in rows
    ):
        return False
    labelled = set(schemas.required_if_labelled(paper.schema)) & set(rules.labelled)
    required = {f"/{name}" for name in {*schemas.required_fields(paper.schema), *labelled}}
    fields = {f"/{field.name}" for field in asked.fields}
    known = {one.pointer for one in rules.readings if one.value not in (None, "")} & fields
    if not ((required & fields) | known) <= by_pointer:
        return False
    weighed = together.weigh(rules.readings, found, type_slug=paper.type_slug, shape=asked)
    return not weighed.conflicts and not weighed.objections and _agrees(rules, found, asked)


def _agrees(rules: Read, found: Sequence[Any], asked: shape.Shape) -> bool:
    """Whether each field that the rules read is the same here, or nearly so."""
    mine = {one.pointer: one.value for one in rules.readings if one.pointer.count("/") == 1}
    return all(
        together.likeness_of(mine[one.pointer], one.value, asked.kind_of(one.pointer))
        != together.OTHER
        for one in found
        if one.pointer in mine
    )
