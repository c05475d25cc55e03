"""A word with its place, the smallest thing that the rules look at."""

from dataclasses import dataclass

from ingestion.engines.base import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word on the straightened page; `box` is where it stands on the image, if there is one."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    box: Box | None

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2
