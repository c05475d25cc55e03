"""Asking a language model: cache, budget, place, request and record of each call."""

from ingestion.llm.base import Answer, Question
from ingestion.stages.base import Call


def ask(question: Question, call: Call) -> Answer:
    """The answer to `question`: the one that is there, or a new one. Outside any transaction.

    `call.tick()` is called several times a second while the server works. The answer is
    committed before this returns, so that a worker that dies afterwards costs no second
    request. Raises

    EngineError        this question will get no good answer: `model_refused`, `model_truncated`,
                       `model_empty`, `model_invalid` (also after one repair), `model_rejected`
                       (400, 401, 403, 404, 413: configuration or input), `model_budget` (the
                       budget of the day would be passed), `model_input_too_long`
    EngineUnavailable  `model_unavailable`: no connection, time-out, 429, 5xx; try again
    EngineBusy         `model_busy`: all places of the server are taken, or the same question is
                       being asked by another worker; `model_paused`: the server has not
                       answered for a while and is left alone
    """
    raise NotImplementedError
