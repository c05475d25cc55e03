"""What a stage is: where its work comes from, the slow part, and the fast part."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from config.engines import EngineConfig
from ingestion.models import Job, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one step works on; all None means the whole job."""

    first: int | None = None
    last: int | None = None
    document: UUID | None = None


class Call(Protocol):
    """`call(engine, method, **arguments)` in the worker's engine child. config: another engine
    of that kind than the settings name."""

    def __call__(
        self, engine: str, method: str, *, config: EngineConfig | None = None, **arguments: Any
    ) -> Any: ...

    def tick(self) -> None:
        """Hold the step's lease; to be called several times a second by whatever else is slow.
        What it raises must end the work."""
        ...


class StageModule(Protocol):
    """What every module in `ingestion/stages` offers."""

    def targets(self, job: Job) -> Iterable[Target]:
        """The steps of this stage, once the stage before is over; none skips the stage."""
        ...

    def work(self, step: Step, call: Call) -> Any:
        """The slow part, outside any transaction. May store blobs at addresses of their own."""
        ...

    def save(self, step: Step, result: Any) -> Iterable[Target]:
        """The fast part, inside the fenced transaction: write by unique key, replace, never
        append. Returns further steps of this same stage, usually none."""
        ...

    def failed(self, step: Step) -> None:
        """The step has failed for good (`step.error_code` says why); inside a transaction."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A name and its module. A failed step of a fatal stage fails the job."""

    name: str
    module: StageModule
    is_fatal: bool = False
