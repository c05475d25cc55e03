"""answer: look up the passages that a question is about, and answer it from them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models.functions import Now

from config.engines import EngineFault
from ingestion.models import Job, Step
from ingestion.stages.base import Call, Target
from search import answers
from search.answers import Answered, Passage
from search.investigation import Investigation

_WORDS_ONLY = "Looked up by words only: the engine for meanings was not available."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    answered: Answered
    passages: tuple[Passage, ...]


def targets(job: Job) -> Iterable[Target]:
    return [Target()]


def work(step: Step, call: Call) -> Result:
    asked = Investigation.objects.select_related("project").get(job=step.job_id)
    vector, notice = _vector(asked.question, call)
    passages = answers.passages(asked.project, asked.question, vector=vector)
    return Result(answered=answers.best(passages, notice=notice), passages=passages)


def _vector(question: str, call: Call) -> tuple[list[float] | None, str]:
    """The question's vector, or None and what to say about it. The words alone find much, too."""
    try:
        (vector,) = call("embed", "embed", texts=(answers.cleaned(question),))
    except EngineFault:
        return None, _WORDS_ONLY
    return list(vector), ""


def save(step: Step, result: Result) -> Iterable[Target]:
    found = result.answered
    Investigation.objects.filter(job=step.job_id).update(
        answer=found.text,
        is_found=found.is_found,
        citations=[citation.as_json() for citation in found.citations],
        passages=[passage.as_json() for passage in result.passages],
        notice=found.notice,
        engine=found.engine,
        finished_at=Now(),
    )
    return ()


def failed(step: Step) -> None:
    """The job says why; a retry asks again."""
