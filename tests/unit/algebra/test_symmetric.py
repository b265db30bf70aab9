from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement
from math import comb, prod

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionc.algebra.clebsch import dense
from fusionc.algebra.irrep import Irrep, Irreps
from fusionc.algebra.symmetric import (
    CombTree,
    choice_dimension,
    comb_trees,
    count_comb_trees,
    symmetric_dimension,
    symmetric_trees,
)

Array = NDArray[np.float64]


def irreps(text: str) -> tuple[Irrep, ...]:
    return tuple(segment.irrep for segment in Irreps.parse(text))


def natural(lmax: int) -> tuple[Irrep, ...]:
    return tuple(Irrep.natural(l) for l in range(lmax + 1))


def value(tree: CombTree, segments: list[Array]) -> Array:
    """Shape (samples, 2L+1); every segment has shape (samples, 2l+1)."""
    out = segments[tree.leaves[0]]
    for leaf, label in zip(tree.leaves[1:], tree.labels, strict=True):
        right = segments[leaf]
        out = np.einsum("ijk,ni,nj->nk", dense(out.shape[1] // 2, right.shape[1] // 2, label.l), out, right)
        out = out * np.sqrt(label.dim)
    return out


def values(trees: list[CombTree], leaves: tuple[Irrep, ...], samples: int) -> Array:
    """A row a tree."""
    generator = np.random.default_rng(0)
    segments = [generator.normal(size=(samples, leaf.dim)) for leaf in leaves]
    return np.stack([value(tree, segments).ravel() for tree in trees])


def rank(rows: Array) -> int:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return int(np.linalg.matrix_rank(rows / np.where(norms > 1e-9, norms, 1), tol=1e-9)) if len(rows) else 0


@pytest.mark.parametrize(
    ("lmax", "before", "after"), [(3, (23, 51, 65, 65), (8, 12, 14, 15)), (2, (11, 21, 23), (5, 5, 6))]
)
def test_known_numbers_of_trees(lmax: int, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    leaves = natural(lmax)
    outs = leaves[: len(before)]
    assert tuple(len(list(comb_trees(leaves, 3, out))) for out in outs) == before
    assert tuple(count_comb_trees(leaves, 3, out) for out in outs) == before
    assert tuple(len(symmetric_trees(leaves, 3, out)) for out in outs) == after
    assert tuple(symmetric_dimension(leaves, 3, out) for out in outs) == after


@pytest.mark.parametrize(
    ("text", "order"),
    [("0e+1o+2e+3o", 3), ("1o+1o", 3), ("1e+1o+2o", 3), ("0o+2e", 4), ("1o+2e", 4), ("2e", 5), ("1o", 2), ("0e+1o", 1)],
)
def test_a_basis_is_independent_and_spans_all_combs(text: str, order: int) -> None:
    """Against values in floating point, with the real vertices."""
    leaves = irreps(text)
    for out in (Irrep(l, p) for l in range(4) for p in (1, -1)):
        chosen, every = list(symmetric_trees(leaves, order, out)), list(comb_trees(leaves, order, out))
        assert len(chosen) == symmetric_dimension(leaves, order, out)
        if every:
            rows = values(chosen + every, leaves, samples=20 + len(chosen))
            assert rank(rows[: len(chosen)]) == len(chosen) == rank(rows)
        else:
            assert not chosen


@pytest.mark.parametrize(("text", "order", "out"), [("1o+2e", 3, "1o"), ("1e+2e", 4, "2e"), ("0e+1o+2e", 4, "0e")])
def test_the_choice_is_greedy_in_sorted_order(text: str, order: int, out: str) -> None:
    leaves = irreps(text)
    every = [tree for tree in comb_trees(leaves, order, Irrep.parse(out)) if list(tree.leaves) == sorted(tree.leaves)]
    every.sort(key=lambda tree: (tree.leaves, tree.labels))
    rows = values(every, leaves, samples=40)
    greedy, chosen = [], []
    for n, tree in enumerate(every):
        if rank(rows[[*chosen, n]]) == len(chosen) + 1:
            chosen.append(n)
            greedy.append(tree)
    assert tuple(greedy) == symmetric_trees(leaves, order, Irrep.parse(out))


@pytest.mark.parametrize(("text", "order"), [("0e+1o+2e", 3), ("1e+1o", 4), ("1o+1o+0o+1o", 3), ("3o", 5), ("2e", 0)])
def test_dimensions_are_those_of_explicit_weights(text: str, order: int) -> None:
    states = [(m, irrep.p) for irrep in irreps(text) for m in range(-irrep.l, irrep.l + 1)]
    weights: Counter[tuple[int, int]] = Counter()
    for chosen in combinations_with_replacement(states, order):
        weights[sum(m for m, _ in chosen), prod(p for _, p in chosen)] += 1
    for out in (Irrep(l, p) for l in range(8) for p in (1, -1)):
        assert symmetric_dimension(irreps(text), order, out) == weights[out.l, out.p] - weights[out.l + 1, out.p]


@pytest.mark.parametrize(
    ("text", "order"),
    [("0e+1o+2e+3o", 4), ("1o+1e+12e", 6), ("+".join(["12e", "12o"] * 128), 6)],
    ids=["4", "6", "256 segments"],
)
def test_dimensions_add_up(text: str, order: int) -> None:
    highest = order * max(irrep.l for irrep in irreps(text))
    every = [Irrep(l, p) for l in range(highest + 1) for p in (1, -1)]
    total = sum(symmetric_dimension(irreps(text), order, out) * out.dim for out in every)
    assert total == comb(sum(irrep.dim for irrep in irreps(text)) + order - 1, order)


def test_choices_of_leaves_add_up_to_the_power() -> None:
    leaves = natural(3)
    for out in (Irrep(l, p) for l in range(9) for p in (1, -1)):
        total = 0
        for chosen in combinations_with_replacement(leaves, 3):
            total += choice_dimension(tuple((leaf, count) for leaf, count in Counter(chosen).items()), out)
        assert total == symmetric_dimension(leaves, 3, out)


def test_two_segments_of_one_irrep_are_different_leaves() -> None:
    pairs = symmetric_trees(irreps("1o+1o"), 2, Irrep.parse("1e"))
    assert pairs == (CombTree((0, 1), (Irrep.parse("1e"),)),)
    assert symmetric_trees(irreps("1o"), 2, Irrep.parse("1e")) == ()


def test_order_one_is_the_leaves_themselves() -> None:
    assert symmetric_trees(irreps("1o+0e+1o"), 1, Irrep.parse("1o")) == (CombTree((0,), ()), CombTree((2,), ()))


@pytest.mark.parametrize("out", natural(4))
def test_order_four_up_to_l_four(out: Irrep) -> None:
    assert len(symmetric_trees(natural(4), 4, out)) == symmetric_dimension(natural(4), 4, out) > 50


def test_impossible_orders_are_refused() -> None:
    with pytest.raises(ValueError, match="0 leaves"):
        symmetric_trees(natural(1), 0, Irrep(0, 1))
    with pytest.raises(ValueError, match="order -1"):
        symmetric_dimension(natural(1), -1, Irrep(0, 1))
