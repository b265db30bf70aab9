"""Trees as arrays, the oracle of the laws, and random trees."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fusionc.algebra.clebsch import dense
from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.tree import Branch, Combination, Family, FusionTree, Leaf, Vertex

Array = NDArray[np.float64]


def random_irrep(rng: random.Random, group: Group, lmax: int) -> Irrep:
    return Irrep(rng.randint(0, lmax), rng.choice((1, -1)) if group is Group.O3 else 1)


def random_leaves(rng: random.Random, group: Group, count: int, lmax: int = 2) -> tuple[Leaf, ...]:
    return tuple(Leaf("abcdefgh"[n], random_irrep(rng, group, lmax)) for n in range(count))


def random_family(rng: random.Random, leaves: tuple[Leaf, ...]) -> Family:
    """A random bracketing of the leaves in random order."""
    parts: list[Family] = list(rng.sample(leaves, len(leaves)))
    while len(parts) > 1:
        n = rng.randrange(len(parts) - 1)
        parts[n : n + 2] = [Branch(parts[n], parts[n + 1])]
    return parts[0]


def random_tree(rng: random.Random, family: Family) -> FusionTree:
    if isinstance(family, Leaf):
        return family
    left, right = random_tree(rng, family.left), random_tree(rng, family.right)
    return Vertex(left, right, rng.choice(left.irrep * right.irrep))


def random_inputs(seed: int, leaves: tuple[Leaf, ...]) -> dict[str, Array]:
    generator = np.random.default_rng(seed)
    return {leaf.name: generator.normal(size=leaf.irrep.dim) for leaf in leaves}


def value(tree: FusionTree, inputs: Mapping[str, Array]) -> Array:
    """The tree contracted with a tensor a leaf."""
    if isinstance(tree, Leaf):
        return inputs[tree.name]
    vertex = np.sqrt(tree.irrep.dim) * dense(tree.left.irrep.l, tree.right.irrep.l, tree.irrep.l)
    return np.einsum("ijk,i,j->k", vertex, value(tree.left, inputs), value(tree.right, inputs))


def combination_value(combination: Combination, inputs: Mapping[str, Array]) -> Array:
    first, *rest = combination.leaves
    total = np.zeros(combination.terms[0][0][-1].dim)
    for labels, coefficient in combination.terms:
        comb: FusionTree = first
        for leaf, label in zip(rest, labels, strict=True):
            comb = Vertex(comb, leaf, label)
        total += float(coefficient) * value(comb, inputs)
    return total
