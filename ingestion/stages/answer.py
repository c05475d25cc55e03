"""answer: look up the passages that a question is about, and answer it from them.

Where no language model is configured, or none answers, the passages are the answer. Of a list it
is asked what the words mean that no rule knew; the rules' filters stand beside what it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from config.engines import EngineFault
from ingestion.llm import places
from ingestion.llm.asking import Failure, is_last_run, tried
from ingestion.llm.base import About
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target
from search import answers, embedders
from search.answers import Answered, Passage, Vector
from search.investigation import Form, Investigation

_WORDS_ONLY = "Looked up by words only: the engine for meanings was not available."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    answered: Answered
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What `Investigation.filters` gets as "proposal"."""

    told: dict[str, Any]


def targets(job: Job) -> Iterable[Target]:
    return [Target()]


def work(step: Step, call: Call) -> Result | Proposed:
    asked = Investigation.objects.select_related("project").get(job=step.job_id)
    if asked.form == Form.LIST:
        return _proposed(asked, step, call)
    vector, notice = _vector(asked.question, call)
    passages = answers.passages(asked.project, asked.question, vector=vector)
    answered = _answered(asked, passages, step, call)
    notices = " ".join(filter(None, (notice, answered.notice)))
    return Result(answered=replace(answered, notice=notices), passages=passages)


def _vector(question: str, call: Call) -> tuple[Vector | None, str]:
    """The question's vector, or None and what to say about it. The words alone find much, too."""
    embedder = embedders.active()
    config = embedders.config(embedder)
    try:
        (made,) = call("embed", "embed", config=config, texts=(answers.cleaned(question),))
    except EngineFault:
        return None, _WORDS_ONLY
    return Vector(embedder=embedder, numbers=tuple(made)), ""


def _answered(
    asked: Investigation, passages: Sequence[Passage], step: Step, call: Call
) -> Answered:
    if not settings.HAS_MODEL or not passages:
        return answers.best(passages)
    from ingestion.llm import answering  # slow, and of no use without a model

    about = About(project_id=asked.project_id, job=step.job_id)
    said = tried(
        lambda: answering.answer(asked.question, passages, about, call),
        is_last=is_last_run(step),
    )
    if isinstance(said, Failure):
        return answers.best(passages, notice=f"No language model answered: {said.message}")
    return said


def _proposed(asked: Investigation, step: Step, call: Call) -> Proposed:
    if not settings.HAS_MODEL:
        return Proposed(told={"fault": "No language model is configured any more."})
    from ingestion.llm import filtering  # slow, and of no use without a model

    about = About(project_id=asked.project_id, job=step.job_id)
    said = tried(lambda: filtering.propose(asked, about, call), is_last=is_last_run(step))
    if isinstance(said, Failure):
        return Proposed(told={"fault": f"No language model answered: {said.message}"})
    found, engine = said
    if found is None:
        return Proposed(told={"fault": "The language model knew no filter for it either."})
    return Proposed(told=found.as_json() | {"engine": engine})


def save(step: Step, result: Result | Proposed) -> Iterable[Target]:
    asked = Investigation.objects.select_related("project").get(job=step.job_id)
    if isinstance(result, Proposed):
        asked.filters = {**asked.filters, "proposal": result.told}
        asked.save(update_fields=["filters"])
        return ()
    there = answers.still_there(asked.project, (*result.passages, *result.answered.citations))
    found = answers.without_gone(result.answered, there)
    passages = [one for one in result.passages if one.document in there]
    if len(passages) < len(result.passages):
        places.forget(jobs=[step.job_id], documents=[])
    Investigation.objects.filter(job=step.job_id).update(
        answer=found.text,
        is_found=found.is_found,
        citations=[citation.as_json() for citation in found.citations],
        passages=[passage.as_json() for passage in passages],
        notice=found.notice,
        engine=found.engine,
        finished_at=Now(),
    )
    return ()


def failed(step: Step) -> None:
    """The job says why; a retry asks again."""
