"""What the stages do when a language model does not answer: the rules' result stands.

answered for good or for now refused (EngineError)    the rules' result stands
away (EngineUnavailable), runs left                   the step backs off and tries again
away, on the last run                                 the rules' result stands
works for others, is left alone (EngineBusy)          the step waits its turn
silent for too long (EngineError, model_silent)       the rules' result stands
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings

from config.engines import EngineBusy, EngineError, EngineUnavailable
from documents.errors import OperatorError
from ingestion.llm import breaker, budget
from ingestion.models import Step

MODEL_FAILED, MODEL_BUDGET = "model_failed", "model_budget"
_OF_BUDGETS = (MODEL_BUDGET, budget.PRICE_UNKNOWN)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no answer. is_away: another question would get none either, now."""

    code: str
    message: str
    is_away: bool = False

    def objection(self) -> dict[str, str]:
        """As a reason for review: what the rules are unsure of was asked of nobody else."""
        return {"code": self.code, "field": "", "message": f"By rules alone: {self.message}"}


def is_last_run(step: Step) -> bool:
    """Whether a fault of this run fails the step."""
    return step.attempts + 1 >= settings.MAX_ATTEMPTS


def tried(ask: Callable[[], T], *, is_last: bool) -> T | Failure:
    """The answer, or why there is none. Raises EngineBusy, and EngineUnavailable where another
    run is left (`is_last` is False)."""
    try:
        return ask()
    except EngineBusy:
        raise
    except EngineError as fault:
        code = fault.code if fault.code in _OF_BUDGETS else MODEL_FAILED
        is_away = fault.code in (*_OF_BUDGETS, breaker.SILENT)
        return Failure(code=code, message=fault.message, is_away=is_away)
    except EngineUnavailable as fault:
        if not is_last:
            raise
        return Failure(code=MODEL_FAILED, message=fault.message, is_away=True)
    except OperatorError as fault:  # no prompt is active
        return Failure(code=MODEL_FAILED, message=str(fault), is_away=True)
