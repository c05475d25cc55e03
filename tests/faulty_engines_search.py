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
        return tuple(_vector(text) for text in texts)

    def count_tokens(self, *, texts: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(text.split()) for text in texts)


class Unavailable(Hashed):
    """Its server does not answer."""

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        raise EngineUnavailable("The embedding server does not answer; try again.")


class Broken(Hashed):
    """Its model is not the one that it should be."""

    def embed(self, *, texts: tuple[str, ...]) -> tuple[tuple[float, ...], ...]:
        raise EngineError("The embedding model has changed.", code="model_changed")


def _vector(text: str) -> tuple[float, ...]:
    sums = [1e-3] * DIMENSION
    for word in set(text.lower().split()):
        for place, byte in enumerate(hashlib.sha256(word.encode()).digest()[:DIMENSION]):
            sums[place] += byte - 127.5
    length = math.sqrt(sum(value * value for value in sums))
    return tuple(value / length for value in sums)
