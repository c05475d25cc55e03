"""What tokens cost. Pure: the prices come from `settings.MODEL_PRICES`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MICROCENTS_A_DOLLAR = 100_000_000
_PRICED_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens: of what is sent, and of what comes back."""

    into: float
    out: float

    def microcents(self, input_tokens: int, output_tokens: int) -> int:
        """Millionths of a US cent, rounded up: a budget must not be passed by fractions."""
        dollars = (input_tokens * self.into + output_tokens * self.out) / _PRICED_TOKENS
        # Nine digits are more than any price has; the rest is the floating point's own.
        return math.ceil(round(dollars * _MICROCENTS_A_DOLLAR, 3))


def parse(entries: Sequence[str]) -> dict[str, Price]:
    """{model: price} of entries like "gpt-4o-mini=0.15/0.60".

    Raises ValueError with a sentence about the first entry that cannot be read."""
    return dict(map(_priced, entries))


def price_of(model: str, entries: Sequence[str]) -> Price | None:
    """That of a model, None of one that is not named. One that costs nothing is named with 0/0."""
    return parse(entries).get(model)


def _priced(entry: str) -> tuple[str, Price]:
    model, _, both = entry.rpartition("=")
    try:
        into, out = (float(part) for part in both.split("/"))
        is_price = bool(model.strip()) and 0 <= into < math.inf and 0 <= out < math.inf
    except ValueError:
        is_price = False
    if not is_price:
        raise ValueError(f"{entry!r} is no price; write it as gpt-4o-mini=0.15/0.60.")
    return model.strip(), Price(into=into, out=out)
