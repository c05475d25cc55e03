"""Which row of one table is which row of another."""

import itertools
import random

import numpy as np

from ingestion.assignment import MOST_PAIRS, Weights, assign


def table(rows: list[list[int]]) -> Weights:
    return np.array(rows, dtype=np.int64)


def best_of_all(weights: Weights) -> int:
    narrow = weights if weights.shape[0] <= weights.shape[1] else weights.T
    orders = itertools.permutations(range(narrow.shape[1]), narrow.shape[0])
    return max(sum(int(narrow[row, at]) for row, at in enumerate(order)) for order in orders)


def test_the_pairing_weighs_as_much_as_the_best_of_all_pairings() -> None:
    draw = random.Random(7)
    for _ in range(200):
        n, m = draw.randint(1, 5), draw.randint(1, 6)
        weights = table([[draw.choice([0, 0, 1, 3, 9]) for _ in range(m)] for _ in range(n)])
        pairs = assign(weights)
        assert sum(int(weights[pair]) for pair in pairs) == best_of_all(weights)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)


def test_rows_that_share_nothing_are_not_paired() -> None:
    assert assign(table([[0, 0], [0, 4]])) == [(1, 1)]
    assert assign(table([[]])) == []


def test_a_table_beyond_the_bound_is_paired_greedily() -> None:
    small = table([[9, 8], [8, 1]])
    assert assign(small) == [(0, 1), (1, 0)]
    large = np.zeros((MOST_PAIRS // 300 + 1, 300), dtype=np.int64)
    large[:2, :2] = small
    assert assign(large) == [(0, 0), (1, 1)]
