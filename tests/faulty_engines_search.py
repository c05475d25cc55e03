"""Embedders that fail, and one that is quick; chosen through settings.ENGINES."""

import hashlib
import math

from config.engines import EngineError, EngineUnavailable

DIMENSION = 8


class Hashed:
    """A vector from the set of a text's words: the same words, the same vector. No model."""

    name = "hashed"
    dimension = DIMENSION
    max_tokens = 64

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        return tuple(_vector(text, self.dimension) for text in texts)

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(text.split()) for text in texts)


class Wide(Hashed):
    """Another one, which takes shorter texts and makes longer vectors."""

    name = "wide"
    dimension = 12
    max_tokens = 6


class Huge(Hashed):
    """Vectors that are too long for an index."""

    name = "huge"
    dimension = 4_100


class WideAway(Wide):
    """Its server does not answer."""

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        raise EngineUnavailable("The embedding server does not answer; try again.")


class Unavailable(Hashed):
    """Its server does not answer."""

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        raise EngineUnavailable("The embedding server does not answer; try again.")


class Broken(Hashed):
    """Its model is not the one that it should be."""

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        raise EngineError("The embedding model has changed.", code="model_changed")


def _vector(text: str, dimension: int) -> tuple[float, ...]:
    sums = [1e-3] * dimension
    for word in set(text.lower().split()):
        for place, byte in enumerate(hashlib.sha256(word.encode()).digest()[:dimension]):
            sums[place] += byte - 127.5
    length = math.sqrt(sum(value * value for value in sums))
    return tuple(value / length for value in sums)
