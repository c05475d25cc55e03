"""How good a ranking is, as BEIR counts it. Pure."""

from collections.abc import Mapping, Sequence
from math import log2


def ndcg(ranked_ids: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float:
    """nDCG@k of a ranking, 0 to 1; 0 where no document is relevant.

    As pytrec_eval computes it for BEIR (trec_eval's m_ndcg_cut): the gain is the grade itself,
    not 2^grade - 1, the discount log2(rank + 1), and the ideal ranking holds all judged
    documents, found or not. A document that appears twice counts once, where it is first."""
    gains = [max(0, grades.get(found, 0)) for found in dict.fromkeys(ranked_ids)]
    ideal = sorted((max(0, grade) for grade in grades.values()), reverse=True)
    best = _discounted(ideal[:k])
    return _discounted(gains[:k]) / best if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))
