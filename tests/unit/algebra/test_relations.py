"""Relations between trees of identical leaves, against their values from dense 3j tensors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from fusionc.algebra.clebsch import dense
from fusionc.algebra.irrep import Irrep
from fusionc.algebra.relations import Span, Tree, Values, relation
from fusionc.algebra.symmetric import choice_dimension

LEAVES = (Irrep(1, -1), Irrep(2, 1), Irrep(3, -1))


def combs(leaves: tuple[int, ...], out: Irrep) -> Iterator[Tree]:
    for order in sorted(set(permutations(leaves))):
        yield from _longer(order[0], LEAVES[order[0]], order[1:], out)


def _longer(tree: Tree, label: Irrep, rest: tuple[int, ...], out: Irrep) -> Iterator[Tree]:
    if not rest:
        if label == out:
            yield tree
        return
    for wider in label * LEAVES[rest[0]]:
        yield from _longer((tree, rest[0], wider), wider, rest[1:], out)


def value(tree: Tree, tensors: list[NDArray[np.float64]]) -> tuple[NDArray[np.float64], int]:
    if isinstance(tree, int):
        return tensors[tree], LEAVES[tree].l
    (a, la), (b, lb), l = value(tree[0], tensors), value(tree[1], tensors), tree[2].l
    return np.sqrt(2 * l + 1) * np.einsum("ijk,i,j->k", dense(la, lb, l), a, b), l


@pytest.mark.parametrize(
    ("leaves", "out"),
    [((0, 1, 2), Irrep(2, 1)), ((1, 1, 2), Irrep(3, -1)), ((1, 1, 1), Irrep(2, 1)), ((0, 0, 1, 2), Irrep(2, -1))],
)
def test_every_tree_is_a_combination_of_a_basis(leaves: tuple[int, ...], out: Irrep) -> None:
    trees = list(combs(leaves, out))
    dimension = choice_dimension(tuple((LEAVES[leaf], len(tuple(same))) for leaf, same in groupby(leaves)), out)
    values, span = Values(LEAVES, dimension // out.dim + 2), Span()
    basis = [tree for tree in trees if span.add(values.row(tree))]
    assert len(basis) == dimension < len(trees)
    generator = np.random.default_rng(0)
    tensors = [generator.normal(size=irrep.dim) for irrep in LEAVES]
    for tree in trees:
        parts = relation(values, span, basis, tree)
        combined = sum(float(part) * value(other, tensors)[0] for part, other in zip(parts, basis, strict=True))
        np.testing.assert_allclose(combined, value(tree, tensors)[0], rtol=0, atol=1e-13)


def test_what_is_outside_the_span_has_no_coordinates() -> None:
    values = Values(LEAVES, 3)
    with pytest.raises(AssertionError, match="no combination"):
        Span().coordinates(values.row((0, 1, Irrep(1, -1))))
