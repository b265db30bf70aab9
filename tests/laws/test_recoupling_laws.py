"""F, R, pentagon and hexagon: exactly, and as identities between the maps that the trees are."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from tree_values import (
    combination_value,
    random_family,
    random_inputs,
    random_leaves,
    random_tree,
    value,
)

from fusionc.algebra.irrep import Group
from fusionc.algebra.recoupling import f_symbol, r_symbol
from fusionc.algebra.surd import Surd, SurdSum
from fusionc.algebra.tree import (
    Expansion,
    Leaf,
    Vertex,
    bracketing,
    canonical,
    count_labelled_trees,
    expand,
    labelled_trees,
    leaves_of,
    reorder,
)

ONE = SurdSum.of(1)


def channels(a: int, b: int, c: int, d: int) -> list[int]:
    """The degrees that a and b couple to and from which c leads to d."""
    return list(range(max(abs(a - b), abs(c - d)), min(a + b, c + d) + 1))


def signed(value: Surd, *signs: int) -> SurdSum:
    return SurdSum.of(value if np.prod(signs) > 0 else -value)


@pytest.mark.parametrize("J", range(4))
def test_f_is_orthogonal(J: int) -> None:
    for j1, j2, j3 in product(range(4), repeat=3):
        rows, columns = channels(j1, j2, j3, J), channels(j2, j3, j1, J)
        assert len(rows) == len(columns)
        for k, m in product(rows, repeat=2):
            terms = (f_symbol(j1, j2, j3, J, k, l) * f_symbol(j1, j2, j3, J, m, l) for l in columns)
            assert sum(map(SurdSum.of, terms), SurdSum()) == (ONE if k == m else SurdSum())


def random_degrees(seed: int, lmax: int) -> tuple[int, int, int, int]:
    rng = random.Random(seed)
    a, b, c, d = (rng.randint(0, lmax) for _ in range(4))
    return a, b, c, d


@pytest.mark.parametrize("seed", range(25))
def test_pentagon(seed: int) -> None:
    """(((1 2)_a 3)_b 4)_J to (1 (2 (3 4)_c)_d)_J by two F-moves and by three."""
    j1, j2, j3, j4 = random_degrees(seed, 3)
    tried = 0
    for a in range(abs(j1 - j2), j1 + j2 + 1):
        for b in range(abs(a - j3), a + j3 + 1):
            for J in range(abs(b - j4), min(b + j4, 3) + 1):
                for c in channels(j3, j4, a, J):
                    for d in channels(j2, c, j1, J):
                        short = f_symbol(a, j3, j4, J, b, c) * f_symbol(j1, j2, c, J, a, d)
                        long = SurdSum()
                        for e in channels(j2, j3, j1, b):
                            step = f_symbol(j1, j2, j3, b, a, e) * f_symbol(j1, e, j4, J, b, d)
                            long += SurdSum.of(step * f_symbol(j2, j3, j4, d, e, c))
                        assert long == SurdSum.of(short)
                        tried += 1
    assert tried > 0


@pytest.mark.parametrize("seed", range(25))
def test_hexagon(seed: int) -> None:
    """((1 2)_k 3)_J to (2 (3 1)_m)_J, past 2 and then 3 or past (2 3) at once."""
    j1, j2, j3, J = random_degrees(100 + seed, 5)
    if j1 + j2 + j3 < J:
        J = j1 + j2 + j3
    for k in channels(j1, j2, j3, J):
        for m in channels(j1, j3, j2, J):
            stepwise = signed(f_symbol(j2, j1, j3, J, k, m), r_symbol(j1, j2, k), r_symbol(j1, j3, m))
            at_once = SurdSum()
            for l in channels(j2, j3, j1, J):
                at_once += signed(f_symbol(j1, j2, j3, J, k, l) * f_symbol(j2, j3, j1, J, l, m), r_symbol(j1, l, J))
            assert at_once == stepwise


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(12))
def test_a_tree_is_the_map_that_its_left_combs_are(seed: int, group: Group) -> None:
    rng = random.Random(seed)
    leaves = random_leaves(rng, group, count=rng.randint(2, 5))
    tree = random_tree(rng, random_family(rng, leaves))
    order = tuple(leaf.name for leaf in rng.sample(leaves, len(leaves)))
    inputs = random_inputs(seed, leaves)
    combs = canonical(tree, order)
    assert all(labels[-1] == tree.irrep for labels, _ in combs.terms)
    np.testing.assert_allclose(combination_value(combs, inputs), value(tree, inputs), rtol=0, atol=1e-10)


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(12))
def test_the_way_between_bracketings_does_not_matter(seed: int, group: Group) -> None:
    """Mac Lane's coherence, which pentagon and hexagon imply: all ways lead to the same coefficients."""
    rng = random.Random(1000 + seed)
    leaves = random_leaves(rng, group, count=rng.randint(3, 6))
    tree = random_tree(rng, random_family(rng, leaves))
    orders = [tuple(leaf.name for leaf in rng.sample(leaves, len(leaves))) for _ in range(3)]
    assert reorder(reorder(canonical(tree, orders[0]), orders[1]), orders[2]) == canonical(tree, orders[2])
    assert expand(reorder(canonical(tree, orders[0]), orders[1]), bracketing(tree)) == Expansion(((tree, ONE),), ())


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(8))
def test_expansions_are_isometric_and_keep_the_map(seed: int, group: Group) -> None:
    rng = random.Random(2000 + seed)
    leaves = random_leaves(rng, group, count=rng.randint(2, 5))
    tree = random_tree(rng, random_family(rng, leaves))
    found = expand(tree, random_family(rng, leaves))
    assert found.residual == ()
    assert sum((c * c for _, c in found.terms), SurdSum()) == ONE
    inputs = random_inputs(seed, leaves)
    total = sum(float(c) * value(part, inputs) for part, c in found.terms)
    np.testing.assert_allclose(total, value(tree, inputs), rtol=0, atol=1e-10)


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(4))
def test_different_labellings_are_orthogonal(seed: int, group: Group) -> None:
    rng = random.Random(3000 + seed)
    leaves = random_leaves(rng, group, count=4)
    family = bracketing(random_tree(rng, random_family(rng, leaves)))
    order = tuple(leaf.name for leaf in leaves)
    combs = [dict(canonical(tree, order).terms) for tree in labelled_trees(family)]
    assert len(combs) == count_labelled_trees(family)
    for (m, left), (n, right) in product(enumerate(combs), repeat=2):
        inner = sum((c * right.get(labels, SurdSum()) for labels, c in left.items()), SurdSum())
        assert inner == (ONE if m == n else SurdSum())


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("seed", range(6))
def test_exchanging_two_legs_gives_the_r_sign(seed: int, group: Group) -> None:
    rng = random.Random(4000 + seed)
    leaves = random_leaves(rng, group, count=4)
    tree = random_tree(rng, random_family(rng, leaves))
    assert not isinstance(tree, Leaf)
    swapped = Vertex(tree.right, tree.left, tree.irrep)
    sign = r_symbol(tree.left.irrep.l, tree.right.irrep.l, tree.irrep.l)
    order = tuple(leaf.name for leaf in leaves_of(tree))
    assert canonical(swapped, order) == canonical(tree, order).scaled(SurdSum.of(sign))
