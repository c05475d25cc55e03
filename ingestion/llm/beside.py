"""A language model beside the rules: whether it is asked about a document, and what both say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from documents import calibration, drafts, prompts, schemas, trust
from documents.language import Prompt, Purpose
from documents.models import Document, ModelUse
from documents.relations import Read
from ingestion.engines.base import PageInput
from ingestion.llm import asking, company, examples, pictures, reading, together
from ingestion.llm.asking import Failure
from ingestion.llm.base import About
from ingestion.llm.reading import Paper, Said
from ingestion.llm.shape import shape_of
from ingestion.stages.base import Call
from ingestion.stages.inputs import as_reading

# As long as an outcome keeps the name of who read a value, and a reading the names of all.
_ENGINE_CHARS, _ENGINES_CHARS = 60, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How the model is asked. prompt: None for the active one; use: of `ModelUse`, "" as the
    type says; job: what it is asked for; is_last: a fault of this run would fail the step;
    others: documents that may be asked about with the same request; may_wait: for a batch."""

    prompt: Prompt | None = None
    use: str = ""
    job: UUID | None = None
    is_last: bool = False
    others: company.Others | None = None
    may_wait: bool = False


AS_USUAL = How()


def read(
    rules: Read,
    document: Document,
    pages: Sequence[PageInput],
    signals: Sequence[Mapping[str, Any]],
    *,
    call: Call,
    how: How,
) -> Read:
    """What the rules read, with what the model says where it is asked. Outside any transaction.

    signals: of each page, as classify left them. Raises EngineBusy, and EngineUnavailable where
    another run is left."""
    assert document.type is not None  # noqa: S101
    use = how.use or document.type.model_use
    if use == ModelUse.NEVER:
        return rules
    is_unsure = rules_are_unsure(rules, document)
    if is_unsure:
        rules = replace(rules, objections=[*rules.objections, *_unclassified(signals)])
    elif use != ModelUse.ALWAYS:
        return rules
    ask = partial(_asked, rules, document, pages, call=call, how=how)
    said = asking.tried(ask, is_last=how.is_last)
    if said is None:
        return rules
    if isinstance(said, Failure):
        told = [said.objection()] if is_unsure else []
        return replace(rules, objections=[*rules.objections, *told])
    return _together(rules, said)


def is_asked(rules: Read, document: Document) -> bool:
    """Whether a model is to be asked about a document, as its type says."""
    assert document.type is not None  # noqa: S101
    use = document.type.model_use
    return use == ModelUse.ALWAYS or (use == ModelUse.UNSURE and rules_are_unsure(rules, document))


def rules_are_unsure(rules: Read, document: Document) -> bool:
    """Whether a required value is missing or doubtful or a check failed; always for types of
    the operator's own, of which the rules know the labels only.

    What only a person can settle (the print against the file's data) is left out."""
    slug = rules.schema.type.slug
    if slug not in schemas.SHIPPED:
        return True
    draft = drafts.make(
        type_slug=slug,
        schema=rules.schema.schema,
        readings=rules.readings,
        labelled=rules.labelled,
        thresholds=trust.thresholds_of(document.project, slug),
        curves=calibration.active(slug),
    )
    return bool(draft.reasons)


def _asked(
    rules: Read, document: Document, pages: Sequence[PageInput], *, call: Call, how: How
) -> Said | None:
    """What the model says; None where there is nothing that it could read."""
    prompt = how.prompt or prompts.active(Purpose.EXTRACT, document.project_id)
    schema, simple = rules.schema.schema, [r for r in rules.readings if r.pointer.count("/") == 1]
    paper = paper_of(rules, document, pages, job=how.job)
    if prompt.sees_images:
        load = partial(pictures.of_pages, document.upload_id, tick=call.tick)
        paper = replace(paper, pictures=load)
    if paper.is_blank():
        return None
    if how.others is not None:
        company.ask_ahead(paper, rules, prompt, how.others, call)
    known = {one.pointer[1:]: one.value for one in simple}
    alike = examples.of(document, prompt, call=call, schema=schema, read=known)
    ask = reading.read_in_batch if how.may_wait else reading.read
    return ask(paper, prompt, call, alike)


def paper_of(
    rules: Read, document: Document, pages: Sequence[PageInput], *, job: UUID | None
) -> Paper:
    """A document as a model is to read it, without pictures."""
    return Paper(
        about=About(project_id=document.project_id, job=job, document=document.pk),
        type_slug=rules.schema.type.slug,
        type_name=rules.schema.type.name,
        schema=rules.schema.schema,
        pages=tuple(pages),
    )


def _together(rules: Read, said: Said) -> Read:
    engine = said.engine[:_ENGINE_CHARS]
    slug, schema = rules.schema.type.slug, rules.schema.schema
    weighed = together.weigh(
        rules.readings,
        [as_reading(one, engine=engine) for one in said.readings],
        type_slug=slug,
        shape=shape_of(slug, schema),
    )
    by_rules = rules.engine[:_ENGINE_CHARS]
    return replace(
        rules,
        readings=[one if one.engine else replace(one, engine=by_rules) for one in weighed.readings],
        conflicts=[*rules.conflicts, *weighed.conflicts],
        objections=[*rules.objections, *weighed.objections],
        engine=f"{rules.engine} + {said.engine}"[:_ENGINES_CHARS],
    )


def _unclassified(signals: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Why the model did not say what these pages are, a reason each kind."""
    codes = dict.fromkeys(str(one["model_failed"]) for one in signals if one.get("model_failed"))
    message = "The rules alone said what kind of paper this is: no model answered."
    return [{"code": code, "field": "", "message": message} for code in codes]
