"""What an embedder must do (`ENGINES["embed"]`)."""

from typing import Protocol


class Embedder(Protocol):
    """Turns texts into unit vectors. Raises EngineError or EngineUnavailable only."""

    name: str  # stored with every vector; a change of model is a change of name
    dimension: int
    max_tokens: int

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        """One vector of `dimension` numbers and length 1 for each text, in order."""
        ...

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        """Tokens of each text without truncation, special tokens not counted."""
        ...
