"""Whether a confidence means what it says; pure.

Of values that were read with a confidence near 0.9, nine of ten should be right. Values are
put into bins by their confidence; the expected calibration error is the mean distance between
what a bin says and what came true, weighed by how many values it holds (Naeini, Cooper and
Hauskrecht, AAAI 2015)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log

# Finer near 1, where the thresholds of review lie and where most values are.
EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Lower ends of the bins; each reaches up to the next, the last one to 1 and includes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """n values whose confidence is at least `low` and below `high`. Means over n, 0 to 1."""

    low: float
    high: float
    n: int
    mean_confidence: float
    share_right: float


def bin_of(confidence: float) -> int:
    """The number of the bin that holds a confidence, 0 .. len(EDGES) - 1."""
    return max(0, bisect_right(EDGES, confidence) - 1)


def binned(values: Iterable[tuple[float, bool]]) -> list[Bin]:
    """Bins of (confidence, was right), lowest first; bins that hold nothing are left out."""
    sums = [[0, 0.0, 0] for _ in EDGES]
    for confidence, is_right in values:
        of_bin = sums[bin_of(confidence)]
        of_bin[0] += 1
        of_bin[1] += confidence
        of_bin[2] += is_right
    return [
        make_bin(at, n=int(n), said=said, right=int(right))
        for at, (n, said, right) in enumerate(sums)
        if n
    ]


def make_bin(at: int, *, n: int, said: float, right: int) -> Bin:
    """The bin of that number; `said` is the sum of its n confidences, n at least 1."""
    return Bin(
        low=EDGES[at],
        high=EDGES[at + 1] if at + 1 < len(EDGES) else 1.0,
        n=n,
        mean_confidence=said / n,
        share_right=right / n,
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error, 0 (says what comes true) to 1; 0 of no values."""
    total = sum(one.n for one in bins)
    apart = sum(one.n * abs(one.mean_confidence - one.share_right) for one in bins)
    return apart / total if total else 0.0


def at_most(wrong: int, n: int, *, sure: float = 0.95) -> float:
    """The share of wrong ones that is not exceeded with probability `sure`, when `wrong` of n
    drawn at random were wrong: the upper limit of Clopper and Pearson (1934). 1 for n = 0.

    None wrong of n gives about 3 / n: few documents prove little."""
    if wrong >= n:
        return 1.0
    low, high = wrong / n, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        # Beyond this the chance of so few wrong ones is below 1 - sure.
        is_too_low = _at_most_as_many(wrong, n, middle) > 1 - sure
        low, high = (middle, high) if is_too_low else (low, middle)
    return high


def _at_most_as_many(wrong: int, n: int, share: float) -> float:
    """The chance of at most `wrong` of n, each being wrong with probability `share`."""
    return sum(
        exp(
            lgamma(n + 1)
            - lgamma(k + 1)
            - lgamma(n - k + 1)
            + k * log(share)
            + (n - k) * log(1 - share)
        )
        for k in range(wrong + 1)
    )


def sign_test(better: int, worse: int) -> float:
    """The two-sided p-value of the sign test: how likely so uneven a split is by chance alone,
    where better and worse are equally likely; 1 without any."""
    n = better + worse
    tail = sum(comb(n, k) for k in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / (1 << n))
