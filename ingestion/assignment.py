"""Which row of one table is which row of another: the pairing of greatest total weight; pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_PAIRS = 90_000
"""Tables beyond this (300 rows by 300) are paired greedily: the best takes time n * n * m."""

Weights = NDArray[np.int64]


def assign(weights: Weights) -> list[tuple[int, int]]:
    """Pairs (row, column) of an n x m matrix of weights >= 0, each row and column once at most.

    Their weights sum to the greatest total there is; pairs of weight 0 are left out. Above
    MOST_PAIRS the greatest free weight is taken again and again, which may miss the best."""
    if not weights.size:
        return []
    if weights.size > MOST_PAIRS:
        pairs = _greedy(weights)
    elif weights.shape[0] > weights.shape[1]:
        pairs = [(row, column) for column, row in _cheapest(weights.max() - weights.T)]
    else:
        pairs = _cheapest(weights.max() - weights)
    return sorted((row, column) for row, column in pairs if weights[row, column])


def _cheapest(costs: Weights) -> list[tuple[int, int]]:
    """The assignment of least total cost of an n x m matrix, n <= m, costs >= 0.

    Shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987): row by
    row, the path of least reduced cost to a free column shifts those that were taken. Column
    0 is where each path begins."""
    n, m = costs.shape
    far = np.iinfo(np.int64).max // 4
    of_row = np.zeros(n, dtype=np.int64)
    of_column = np.zeros(m + 1, dtype=np.int64)
    taken_by = np.full(m + 1, -1, dtype=np.int64)
    for row in range(n):
        taken_by[0], column = row, 0
        least = np.full(m + 1, far, dtype=np.int64)
        before = np.zeros(m + 1, dtype=np.int64)
        is_open = np.ones(m + 1, dtype=bool)
        while taken_by[column] >= 0:
            is_open[column] = False
            at = taken_by[column]
            reduced: NDArray[Any] = np.append(far, costs[at] - of_row[at] - of_column[1:])
            is_shorter = is_open & (reduced < least)
            least[is_shorter], before[is_shorter] = reduced[is_shorter], column
            column = int(np.where(is_open, least, far + 1).argmin())
            step = least[column]
            of_row[taken_by[~is_open]] += step
            of_column[~is_open] -= step
            least[is_open] -= step
        while column:
            taken_by[column] = taken_by[before[column]]
            column = int(before[column])
    return [(int(taken_by[at]), at - 1) for at in range(1, m + 1) if taken_by[at] >= 0]


def _greedy(weights: Weights) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    rows: set[int] = set()
    columns: set[int] = set()
    for flat in np.argsort(-weights, axis=None, kind="stable").tolist():
        row, column = divmod(flat, weights.shape[1])
        if row not in rows and column not in columns:
            pairs.append((row, column))
            rows.add(row)
            columns.add(column)
    return pairs
